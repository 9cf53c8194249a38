"""Rows of earlier schemas in the form of the present one."""

from __future__ import annotations

from typing import Any

from slim_cli.loading import of_schema
from slim_cli.results import SCHEMA

FIRST = "slim-results/1"


def current_row(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row as `slim-results/2`, without its entry `schema`.

    Raises:
        FormatError: it is of a schema that nobody knows.
    """
    return _from_first(of_schema(FIRST, row, name)) if row.get("schema") == FIRST else of_schema(SCHEMA, row, name)


def _from_first(row: dict[str, Any]) -> dict[str, Any]:
    """`slim-results/1` held English sentences, which stay as they are, and knew of one segment per file."""
    media, measured = row.get("media"), row.get("observations", {})
    return {
        **{key: value for key, value in row.items() if key not in ("warnings", "lr_reason")},
        "reason": _remark(row.get("reason")),
        "remarks": [_remark(text) for text in row.get("warnings", [])],
        "lr_reasons": [_remark(row["lr_reason"])] if row.get("lr_reason") else [],
        "segments": [_segment(media, row.get("channels", []))] if media else [],
        "seconds_examined": media["duration_s"] if media else None,
        "observations": {name: {**seen, "note": _remark(seen.get("note"))} for name, seen in measured.items()},
    }


def _segment(media: dict[str, Any], channels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "offset_bytes": None,
        "start_s": 0.0,
        "duration_s": media["duration_s"],
        "rate_hz": media["sample_rate_hz"],
        "pcm_sha256": [channel["pcm_sha256"] for channel in channels],
    }


def _remark(text: str | None) -> dict[str, Any] | None:
    return {"code": "legacy_text", "values": {"text": text}} if text else None
