"""What a run can write for its readers: one table of formats with their files and writers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class OutputFormat:
    """A format.

    Attributes:
        file: the file, or the folder, that it is written to in the output folder.
        holds: what it is, for the help.
        writer: module and function in `slim_cli.reporting`.
        needs: package that it cannot do without; the extra of that name brings it. Empty for none.
    """

    file: str
    holds: str
    writer: str
    needs: str = ""


OUTPUT_FORMATS: Mapping[str, OutputFormat] = MappingProxyType(
    {
        "html": OutputFormat("report.html", "the report to read, one page with its pictures", "html:write_html"),
        "pdf": OutputFormat("report.pdf", "the report to print and to sign", "pdf:write_pdf"),
        "csv": OutputFormat("results.csv", "one line per file, for spreadsheets", "table:write_csv"),
        "jsonl": OutputFormat("results.jsonl", "all that was measured, one object per file", "json_lines:write_jsonl"),
        "parquet": OutputFormat("results.parquet", "the same columns with types", "parquet:write_parquet", "pyarrow"),
        "uco": OutputFormat("results.jsonld", "files and results in the ontologies CASE and UCO", "uco:write_uco"),
        "audacity": OutputFormat("audacity", "label tracks of where scores came from", "tracks:write_audacity"),
        "raven": OutputFormat("raven", "selection tables of where scores came from", "tracks:write_raven"),
    }
)
