"""The JSON Schema of a result row, derived from the records themselves and shipped as `results.schema.json`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

from slim_cli.results import LR_STATUSES, SCHEMA, STATUSES, FileResult

FILE = Path(__file__).with_name("results.schema.json")
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_CHOICES = {"status": STATUSES, "lr_status": LR_STATUSES}
_OPTIONAL_KEYS = {"path_hex"}


def result_schema() -> dict[str, Any]:
    """The schema of one line of `results.jsonl` (JSON Schema, draft 2020-12)."""
    row = _record(FileResult)
    row["properties"] = {"schema": {"const": SCHEMA}, **row["properties"]}
    row["required"] = ["schema", *row["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:slim-audit:{SCHEMA}", **row}


def schema_text() -> str:
    """What `results.schema.json` holds."""
    return json.dumps(result_schema(), indent=2, ensure_ascii=False) + "\n"


def _record(record: type) -> dict[str, Any]:
    hints, texts = typing.get_type_hints(record), _descriptions(record)
    properties = {}
    for entry in dataclasses.fields(record):
        described = {"description": texts[entry.name]} if entry.name in texts else {}
        choices = {"enum": list(_CHOICES[entry.name])} if entry.name in _CHOICES else {}
        properties[entry.name] = {**_type(hints[entry.name]), **choices, **described}
    return {
        "type": "object",
        "description": (inspect.getdoc(record) or "").split("\n", 1)[0],
        "properties": properties,
        "required": [name for name in properties if name not in _OPTIONAL_KEYS],
        "additionalProperties": False,
    }


def _type(hint: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _record(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return {"type": "array", "items": _type(parts[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(parts[1])}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_type(part) for part in parts]}
    raise TypeError(f"no JSON type for {hint}")


def _descriptions(record: type) -> dict[str, str]:
    """Texts of the `Attributes:` section of a docstring, continuation lines joined."""
    section = (inspect.getdoc(record) or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
