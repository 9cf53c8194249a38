"""`results.parquet`: the columns of `results.csv` with types, and the windows of every channel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.reporting.table import flat
from slim_cli.results import FileResult

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

_INTEGERS = ("number", "rank", "size_bytes", "sample_rate_hz", "channels")
_TEXTS = (
    *("path", "path_hex", "status", "reason", "flagged", "lr_status", "lr_reasons", "lr_bounded", "sha256", "modified"),
    *("container", "codec", "decoder", "decoder_version", "remarks", "fingerprint"),
)


def write_parquet(findings: Findings, target: Path) -> None:
    """Writes `results.parquet`. Texts stand as in `results.jsonl`, not guarded against spreadsheets."""
    import pyarrow
    from pyarrow import parquet

    rows = flat(findings)
    columns = {name: _type(pyarrow, name) for name in (rows[0] if rows else ())}
    window = {"channel": pyarrow.int32()} | dict.fromkeys(
        ("start_s", "end_s", "speech_s", "score", "mismatch"), pyarrow.float64()
    )
    columns["windows"] = pyarrow.list_(pyarrow.struct(window))
    filled = [row | {"windows": _windows(result)} for row, result in zip(rows, findings.results, strict=True)]
    table = pyarrow.Table.from_pylist(filled, schema=pyarrow.schema(columns))
    parquet.write_table(table, target, compression="zstd")


def _type(pyarrow: Any, column: str) -> Any:
    if column in _TEXTS:
        return pyarrow.string()
    return pyarrow.int64() if column in _INTEGERS else pyarrow.float64()


def _windows(result: FileResult) -> list[dict[str, Any]]:
    return [{"channel": channel.index + 1, **vars(window)} for channel in result.channels for window in channel.windows]
