"""`results.parquet`: the columns of `results.csv` with types, codes of reasons, and the windows of every channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.reporting.table import flat
from slim_cli.results import FileResult

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

PART = 5000  # rows in memory at a time
_INTEGERS = ("number", "rank", "size_bytes", "sample_rate_hz", "channels")
_TEXTS = (
    *("path", "path_hex", "status", "reason", "flagged", "lr_status", "lr_reasons", "lr_bounded", "sha256", "modified"),
    *(
        "container",
        "codec",
        "decoder",
        "decoder_version",
        "remarks",
        "fingerprint",
        "from_run",
        "from_date",
        "stretch_marked",
    ),
)


def write_parquet(findings: Findings, target: Path) -> None:
    """Writes `results.parquet`. Texts stand as in `results.jsonl`, not guarded against spreadsheets."""
    import pyarrow
    from pyarrow import parquet

    rows = zip(flat(findings), findings.results, strict=True)
    first = next(rows, None)
    columns = {name: _type(pyarrow, name) for name in (first[0] if first else ())}
    window = {"channel": pyarrow.int32()} | dict.fromkeys(
        ("start_s", "end_s", "speech_s", "score", "mismatch"), pyarrow.float64()
    )
    columns["reason_code"] = pyarrow.string()
    columns["windows"] = pyarrow.list_(pyarrow.struct(window))
    schema = pyarrow.schema(columns)
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        filled = (row | _whole(result) for row, result in chain([first] if first else (), rows))
        for part in batched(filled, PART):
            writer.write_table(pyarrow.Table.from_pylist(part, schema=schema))


def batched(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists of a size, the last one shorter."""
    source = iter(rows)
    while part := list(islice(source, size)):
        yield part


def _type(pyarrow: Any, column: str) -> Any:
    if column in _TEXTS:
        return pyarrow.string()
    return pyarrow.int64() if column in _INTEGERS or column.endswith("_channel") else pyarrow.float64()


def _whole(result: FileResult) -> dict[str, Any]:
    """What a row holds beside the columns of `results.csv`."""
    code = result.reason.code if result.reason else None
    return {"reason_code": code, "windows": _windows(result)}


def _windows(result: FileResult) -> list[dict[str, Any]]:
    return [{"channel": channel.index + 1, **vars(window)} for channel in result.channels for window in channel.windows]
