"""Typed loading of every TOML and JSON file through pydantic: data become frozen records, or one line says where not.

Why pydantic: it reads plain dataclasses as they stand, tells the place and the kind of an error apart from any prose,
and makes the JSON Schema from the same records (msgspec is smaller, but gives an error as one English text).
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails

from slim_cli.errors import FormatError
from slim_cli.results import OMITTED_WHERE_NONE, SCHEMA, FileResult

T = TypeVar("T")
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")

_CHOICES = ("str", "int", "float", "bool", "dict[")
_EXPECTED = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is unknown",
    "extra_forbidden": "is unknown",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "bool_type": "expected true or false",
    "string_type": "expected a text",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": "expected a table",
    "dataclass_type": "expected a table",
}


def read(kind: type[T], data: Any, name: str, at: str = "", extra: Literal["forbid", "ignore"] = "forbid") -> T:
    """Data as a record, strictly: no text becomes a number, and no key is left over.

    Args:
        kind: the record, a dataclass.
        data: parsed TOML or JSON.
        name: what the error calls the source, e.g. `recipe.toml`.
        at: where in the source the data stand, e.g. `stage2`; empty for the whole.
        extra: what becomes of keys that the record does not have.

    Raises:
        FormatError: something is missing, unknown or of another kind; names the place, e.g. `stage2.penalty`.
    """
    try:
        adapter: TypeAdapter[T] = _adapter(kind)  # type: ignore[arg-type]
        return adapter.validate_json(json.dumps(data, default=str), strict=True, extra=extra)
    except ValidationError as error:
        raise FormatError(f"{name}: {_told(error, at)}") from error


def load(path: Path, schema: str = "") -> dict[str, Any]:
    """The content of a TOML or JSON file as data, by its suffix.

    Args:
        path: the file.
        schema: what its entry `schema` must say; empty where it has none.

    Raises:
        FormatError: it cannot be read, is not of that form, or of another schema.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror}") from error
    data = (parse_toml if path.suffix == ".toml" else parse_json)(content, str(path))
    return of_schema(schema, data, str(path)) if schema else data


def parse_toml(text: str | bytes, name: str) -> dict[str, Any]:
    """A TOML file as data.

    Raises:
        FormatError: it is not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"{name}: not valid TOML: {error}") from error


def parse_json(text: str | bytes, name: str) -> dict[str, Any]:
    """A JSON object as data.

    Raises:
        FormatError: it is no JSON object.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise FormatError(f"{name}: not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise FormatError(f"{name}: expected a table")
    return data


def of_schema(schema: str, data: dict[str, Any], name: str) -> dict[str, Any]:
    """The data without its entry `schema`.

    Raises:
        FormatError: it is of another schema.
    """
    if data.get("schema") != schema:
        raise FormatError(f"{name}: schema: expected {schema}, found {data.get('schema')!r}")
    return {key: value for key, value in data.items() if key != "schema"}


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _told(error: ValidationError, at: str) -> str:
    """The first error: its place and what was expected there."""
    first, *others = error.errors(include_url=False)
    place, expected = first["loc"], _expected(first)
    if place and str(place[-1]).startswith(_CHOICES):  # why: of a value that may be of several kinds, each refuses it
        same = [other for other in others if other["loc"][:-1] == place[:-1]]
        place, expected = place[:-1], " or ".join(dict.fromkeys([expected, *map(_expected, same)]))
        expected = expected.replace(" or expected", " or")
    return ": ".join(filter(None, (".".join(filter(None, (at, *map(str, place)))), expected)))


def _expected(error: ErrorDetails) -> str:
    choices = error.get("ctx", {}).get("expected")
    return _EXPECTED.get(error["type"]) or (f"expected {choices}" if choices else error["msg"])


class _Described(GenerateJsonSchema):
    """A JSON Schema with the texts of the records' docstrings; every key is required but those left out where None."""

    def dataclass_schema(self, schema: Any) -> JsonSchemaValue:
        """One record."""
        made, texts = super().dataclass_schema(schema), _descriptions(schema["cls"])
        for name, entry in made["properties"].items():
            entry.pop("title", None)
            entry.pop("default", None)
            if name in texts:
                entry["description"] = texts[name]
        made["required"] = [name for name in made["properties"] if name not in OMITTED_WHERE_NONE]
        made["description"] = (inspect.getdoc(schema["cls"]) or "").split("\n", 1)[0]
        made["additionalProperties"] = False
        return made


def result_schema() -> dict[str, Any]:
    """The schema of one line of `results.jsonl` (JSON Schema, draft 2020-12)."""
    row = _adapter(FileResult).json_schema(schema_generator=_Described)
    row["properties"] = {"schema": {"const": SCHEMA}, **row["properties"]}
    row["required"] = ["schema", *row["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:slim-audit:{SCHEMA}", **row}


def schema_text() -> str:
    """What `results.schema.json` holds."""
    return json.dumps(result_schema(), indent=2, ensure_ascii=False) + "\n"


def _descriptions(record: type) -> dict[str, str]:
    """Texts of the `Attributes:` section of a docstring, continuation lines joined."""
    section = (inspect.getdoc(record) or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
