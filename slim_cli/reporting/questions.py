"""Questions to the rows of any number of runs, in SQL, by DuckDB."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slim_cli.errors import EnvironmentUnfit, UsageError

ROWS, PARQUET, RECORD = "results.jsonl", "results.parquet", "run.json"

_JSON_COLUMNS = {
    **dict.fromkeys(("path", "path_hex", "status", "sha256", "modified", "lr_status", "fingerprint"), "VARCHAR"),
    **dict.fromkeys(("reason", "media", "lr", "from_ledger"), "JSON"),
    **dict.fromkeys(("score", "mismatch"), "DOUBLE"),
    "size_bytes": "BIGINT",
    "channels": "STRUCT(net_speech_s DOUBLE)[]",
}
_FOLDER = "CASE WHEN rows.path LIKE '%/%' THEN regexp_replace(rows.path, '/[^/]*$', '') ELSE '' END"
_RUN = "JOIN runs ON runs.place = parse_dirpath(rows.filename)"
_FILES_OF_LINES = f"""
INSERT INTO files BY NAME SELECT
    runs.run, runs.started, rows.path, {_FOLDER} AS folder,
    rows.status, coalesce(rows.reason ->> 'code', nullif(rows.reason ->> '$', '')) AS reason,
    rows.score, rows.mismatch, (rows.lr ->> 'log10')::DOUBLE AS log10_lr, rows.lr_status,
    rows.media ->> 'container' AS container, rows.media ->> 'codec' AS codec,
    (rows.media ->> 'sample_rate_hz')::INTEGER AS sample_rate_hz, (rows.media ->> 'duration_s')::DOUBLE AS duration_s,
    list_max(list_transform(rows.channels, lambda c: c.net_speech_s)) AS speech_s,
    rows.size_bytes, try_cast(rows.modified AS TIMESTAMP) AS modified, rows.sha256, rows.fingerprint,
    rows.from_ledger ->> 'run' AS from_run, rows.from_ledger ->> 'date' AS from_date, rows.path_hex
FROM rows {_RUN}
"""
_FILES_OF_PARQUET = f"""
INSERT INTO files BY NAME SELECT
    runs.run, runs.started, rows.path, {_FOLDER} AS folder, rows.status, rows.reason_code AS reason, rows.score,
    rows.mismatch, rows.log10_lr, coalesce(rows.lr_status, 'uncalibrated') AS lr_status, rows.container, rows.codec,
    rows.sample_rate_hz, rows.duration_s, rows.net_speech_s AS speech_s, rows.size_bytes,
    try_cast(rows.modified AS TIMESTAMP) AS modified, rows.sha256, rows.fingerprint, rows.from_run, rows.from_date,
    rows.path_hex
FROM read_parquet(?, filename = true, union_by_name = true) AS rows {_RUN}
"""
_TABLES = """
CREATE TABLE runs (place VARCHAR, run VARCHAR, started TIMESTAMP, finished TIMESTAMP, complete BOOLEAN,
    files_found BIGINT, version VARCHAR, model VARCHAR, fingerprint VARCHAR);
CREATE TABLE files (run VARCHAR, started TIMESTAMP, path VARCHAR, folder VARCHAR, status VARCHAR, reason VARCHAR,
    score DOUBLE, mismatch DOUBLE, log10_lr DOUBLE, lr_status VARCHAR, container VARCHAR, codec VARCHAR,
    sample_rate_hz INTEGER, duration_s DOUBLE, speech_s DOUBLE, size_bytes BIGINT, modified TIMESTAMP, sha256 VARCHAR,
    fingerprint VARCHAR, from_run VARCHAR, from_date VARCHAR, path_hex VARCHAR);
"""

_SPREAD = """round(avg(score), 2) AS mean, round(median(score), 2) AS median,
    round(quantile_cont(score, 0.95), 2) AS p95"""
READY = {
    "new": """SELECT started, run, path, status, round(score, 2) AS score FROM files
        WHERE from_run IS NULL AND started >= $since ORDER BY started, path""",
    "worst": """SELECT round(max(score), 2) AS score, any_value(codec) AS codec,
        round(any_value(speech_s), 1) AS speech_s, min(path) AS path, count(DISTINCT path) AS paths, sha256
        FROM files WHERE score IS NOT NULL GROUP BY sha256, fingerprint
        ORDER BY max(score) DESC, min(path) LIMIT $top""",
    "folders": """SELECT folder, count(DISTINCT path) AS files,
        count(DISTINCT path) FILTER (score IS NOT NULL) AS scored, round(median(score), 2) AS median,
        round(max(score), 2) AS highest FROM files GROUP BY folder ORDER BY highest DESC NULLS LAST, folder""",
    "codecs": f"""SELECT codec, count(DISTINCT sha256) AS recordings, {_SPREAD}
        FROM files WHERE codec IS NOT NULL GROUP BY codec ORDER BY recordings DESC, codec""",
    "months": f"""SELECT strftime(modified, '%Y-%m') AS month, count(DISTINCT sha256) AS recordings, {_SPREAD}
        FROM files WHERE score IS NOT NULL AND modified IS NOT NULL GROUP BY month ORDER BY month""",
    "failed": """SELECT status, reason, count(DISTINCT path) AS files, min(path) AS first
        FROM files WHERE status IN ('decode_failed', 'unreadable', 'refused')
        GROUP BY status, reason ORDER BY files DESC, reason""",
}


@dataclass(frozen=True)
class Answer:
    """What came of a question.

    Attributes:
        columns: their names.
        rows: the rows.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def query(question: str, folders: Sequence[Path], values: Mapping[str, Any] | None = None) -> Answer:
    """Asks the rows of runs.

    Rows are read from `results.parquet` where a run has it, which is faster, otherwise from `results.jsonl`. There are
    two tables. `files` holds one row per file and run, its columns named in `docs/archive.md`; `runs` holds
    one row per run. Nothing outside the given folders can be read, and nothing is written.

    Args:
        question: one SQL statement in the words of DuckDB, or the name of one in `READY`.
        folders: output folders of runs, or folders that hold such.
        values: what `$name` in the question stands for.

    Raises:
        UsageError: no run is found there, or the question is none.
        EnvironmentUnfit: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise EnvironmentUnfit("Questions need DuckDB; install slim-audit[query].") from error
    places = find_runs(folders)
    asked = READY.get(question, question)
    settings: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    with duckdb.connect(":memory:", config=settings) as base:
        _load(base, places)
        base.execute("SET enable_external_access = false; SET lock_configuration = true")
        try:
            used = {name: value for name, value in (values or {}).items() if f"${name}" in asked}
            found = base.execute(asked, used)
            return Answer(tuple(column[0] for column in found.description or ()), found.fetchall())
        except duckdb.Error as error:
            raise UsageError(f"The question cannot be answered: {' '.join(str(error).split())[:300]}") from error


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """The output folders of runs among the given ones and directly below them, in the order of their names.

    Raises:
        UsageError: there are none.
    """
    found = dict.fromkeys(
        place
        for folder in folders
        for place in (folder, *(sorted(folder.iterdir()) if folder.is_dir() else ()))
        if (place / RECORD).is_file() and ((place / ROWS).is_file() or (place / PARQUET).is_file())
    )
    if not found:
        raise UsageError(f"There are no results of a scan in {', '.join(map(str, folders))}.")
    return list(found)


def _load(base: Any, places: Sequence[Path]) -> None:
    base.execute(_TABLES)
    for place in places:
        base.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _record(place))
    tables = [place for place in places if _has_codes(base, place / PARQUET)]
    lines = [str(place / ROWS) for place in places if place not in tables and (place / ROWS).is_file()]
    if tables:
        base.execute(_FILES_OF_PARQUET, [[str(place / PARQUET) for place in tables]])
    if lines:
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in _JSON_COLUMNS.items())
        base.execute(
            f"CREATE TEMP TABLE rows AS SELECT * FROM read_json(?, format = 'newline_delimited', "
            f"columns = {{{columns}}}, filename = true, maximum_object_size = 1073741824)",
            [lines],
        )
        base.execute(_FILES_OF_LINES)
        base.execute("DROP TABLE rows")


def _has_codes(base: Any, path: Path) -> bool:
    """Whether a table says why files have no score in codes; those of earlier versions say it in a sentence only."""
    asked = "SELECT count(*) FROM parquet_schema(?) WHERE name = 'reason_code'"
    return path.is_file() and bool(base.execute(asked, [str(path)]).fetchone()[0])


def _record(place: Path) -> list[Any]:
    try:
        record = json.loads((place / RECORD).read_text(encoding="utf-8"))
        times = [str(record[name]).removesuffix("Z").partition("+")[0] for name in ("started", "finished")]
        model = f"{record['model']['name']} {record['model']['version']}"
        facts = [record.get(name) for name in ("complete", "files_found", "tool_version")]
        return [str(place), place.name, *times, *facts, model, record["fingerprint"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{place / RECORD} cannot be read: {error}.") from error
