"""The ledger: what earlier runs found, so that equal content read in the same way is scored once (SQLite, WAL).

It is a convenience, not evidence: nothing in it is signed or chained, a row taken from it names the run whose folder
and log can be asked, and an evaluation of a case never reads it.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from slim_cli import hashing
from slim_cli.errors import EvidenceError, FormatError, UsageError
from slim_cli.evidence.exhibits import SHA256, Exhibit
from slim_cli.results import FileResult, LedgerOrigin, Remark

APPLICATION, VERSION = 0x534C494D, 1  # "SLIM"
KEPT = ("scored", "insufficient_speech", "no_audio")  # everything else failed, and is tried again
_WAIT_S = 60.0
_OF_THE_FILE = ("path", "path_hex", "root", "size_bytes", "modified", "sha256", "hashes")
_TABLES = """
CREATE TABLE examined (
    sha256 BLOB, reading TEXT, pipeline TEXT, run TEXT NOT NULL, date TEXT NOT NULL, recorded INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (sha256, reading, pipeline)
) WITHOUT ROWID;
CREATE TABLE stated (
    path BLOB PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER, modified INTEGER, changed INTEGER,
    sha256 BLOB NOT NULL
) WITHOUT ROWID;
"""


def hashed(exhibit: Exhibit, row: FileResult, others: Collection[str] = ()) -> FileResult:
    """The row with the SHA-256 of its file, and its hashes by other algorithms of `HASHES`."""
    found = exhibit.hashes((SHA256, *others))
    return replace(row, sha256=found.pop(SHA256), hashes=found or None)


_PROPOSE = """
INSERT INTO examined VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO UPDATE
SET run = excluded.run, date = excluded.date, recorded = 0, content = excluded.content
WHERE recorded = 0 OR run != excluded.run
"""  # what this run has recorded stays: a twin that was examined beside it comes too late


@dataclass
class Ledger:
    """One ledger, as one pipeline asks it; each process that it is sent to opens the file itself.

    Attributes:
        path: the file; made when needed.
        pipeline: SHA-256 over all that decides a row.
        run: the run that keeps rows now.
        date: when that run began, ISO 8601 UTC.
        answers: whether rows are taken from it; otherwise they are only added.
        trust_stat: whether a hash is taken from the ledger where path, size, times and inode are as they were.
    """

    path: Path
    pipeline: str
    run: str = ""
    date: str = ""
    answers: bool = True
    trust_stat: bool = False

    def __post_init__(self) -> None:
        self._opened: tuple[int, sqlite3.Connection] | None = None

    def of_run(self, run: str, date: str, earlier: Iterable[FileResult]) -> None:
        """From now on keeps rows for a run; those that it recorded before it was interrupted can be found too."""
        self.run, self.date = run, date
        for row in earlier:
            self.record(row)

    def recall(self, exhibit: Exhibit, row: FileResult, others: Collection[str] = ()) -> tuple[FileResult, bool]:
        """The row of a file with its hash, filled in where equal content was read in the same way before.

        What it takes over carries no likelihood ratio, which depends on the calibration at hand, and no pictures of
        another run's folder.

        Args:
            exhibit: the open file.
            row: what is known of it so far.
            others: as for `hashed`.

        Returns:
            the row, and whether all of it is known.

        Raises:
            EvidenceError: the medium cannot be read.
        """
        reading = _reading(exhibit)
        trusted = self._trusted_sha256(exhibit) if self.trust_stat else None
        if trusted:
            told = replace(row, sha256=trusted, remarks=(*row.remarks, Remark("hash_taken_on_trust")))
            if reading is None:
                return told, False
            if known := self._known(told, reading):
                return known, True
        row = hashed(exhibit, row, others)
        self._note(exhibit, row.sha256 or "")
        known = self._known(row, reading) if reading else None
        return known or row, known is not None

    def twin(self, row: FileResult) -> FileResult | None:
        """What this run recorded of equal content while a file was examined; None where that file was the first."""
        if row.from_ledger is not None or row.status not in KEPT:
            return None
        return self._row(row, "run = ?", self.run)

    def propose(self, exhibit: Exhibit, row: FileResult) -> None:
        """Keeps a row that was examined; nobody finds it before `record`. A failed one is passed over."""
        reading = _reading(exhibit)
        if row.status not in KEPT or row.sha256 is None or reading is None:
            return
        bare = replace(
            row, path="", path_hex=None, root=None, hashes=None, lr_status="uncalibrated", lr_reasons=(), lr=None
        )
        key = bytes.fromhex(row.sha256), reading, self.pipeline, self.run, self.date
        content = zlib.compress(bare.to_json().encode())
        self._change(_PROPOSE, *key, content)

    def record(self, row: FileResult) -> None:
        """Lets others find what this run examined, once its own log holds the row."""
        if row.sha256 is not None and row.from_ledger is None:
            key = bytes.fromhex(row.sha256), self.pipeline, self.run
            self._change("UPDATE examined SET recorded = 1 WHERE sha256 = ? AND pipeline = ? AND run = ?", *key)

    def _known(self, file: FileResult, reading: str) -> FileResult | None:
        return self._row(file, "reading = ?", reading)

    def _row(self, file: FileResult, condition: str, value: str) -> FileResult | None:
        """What is recorded of the content of a file, as the row of that file."""
        if file.sha256 is None or not self.answers:
            return None
        asked = "SELECT run, date, content FROM examined WHERE recorded AND sha256 = ? AND pipeline = ? AND "
        found = self._ask(asked + condition, bytes.fromhex(file.sha256), self.pipeline, value)
        if found is None:
            return None
        run, date, content = found
        try:
            known = FileResult.from_json(zlib.decompress(content).decode())
        except (FormatError, UnicodeDecodeError, zlib.error):
            return None  # why: what this version cannot read is examined anew, and then replaced
        own = {name: getattr(file, name) for name in _OF_THE_FILE}
        trust = tuple(remark for remark in file.remarks if remark.code == "hash_taken_on_trust")
        return replace(
            known,
            **own,
            remarks=(*trust, *known.remarks),
            from_ledger=LedgerOrigin(run, date),
            overview=known.overview if run == self.run else None,
        )

    def _trusted_sha256(self, exhibit: Exhibit) -> str | None:
        asked = "SELECT sha256 FROM stated WHERE path = ? AND device = ? AND inode = ? AND size = ? AND modified = ?"
        found = self._ask(asked + " AND changed = ?", *_state(exhibit))
        return found[0].hex() if found else None

    def _note(self, exhibit: Exhibit, sha256: str) -> None:
        kept = (*_state(exhibit), bytes.fromhex(sha256))
        self._change("INSERT OR REPLACE INTO stated VALUES (?, ?, ?, ?, ?, ?, ?)", *kept)

    def close(self) -> None:
        """Closes the file in this process."""
        if self._opened and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None

    def _ask(self, text: str, *values: Any) -> Any:
        try:
            return self.connection.execute(text, values).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _change(self, text: str, *values: Any) -> None:
        try:
            self.connection.execute(text, values)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @property
    def connection(self) -> sqlite3.Connection:
        """This process's connection, opened when it is first asked for.

        Raises:
            UsageError: the file is no ledger, or cannot be opened.
        """
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                self._opened = os.getpid(), self._open()
            except sqlite3.Error as error:
                raise self._unusable(error) from error
        return self._opened[1]

    def _open(self) -> sqlite3.Connection:
        opened = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)
        opened.execute("BEGIN IMMEDIATE")
        mark = (
            opened.execute("PRAGMA application_id").fetchone()[0],
            opened.execute("PRAGMA user_version").fetchone()[0],
        )
        if mark == (0, 0) and not opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";"):
                opened.execute(statement)
            opened.execute(f"PRAGMA application_id = {APPLICATION}")
            opened.execute(f"PRAGMA user_version = {VERSION}")
        elif mark != (APPLICATION, VERSION):
            opened.close()
            raise sqlite3.DatabaseError("it is a database of something else, or of another version")
        opened.execute("COMMIT")
        opened.execute("PRAGMA journal_mode = WAL")
        opened.execute("PRAGMA synchronous = NORMAL")
        return opened

    def _unusable(self, error: sqlite3.Error) -> UsageError:
        return UsageError(f"The ledger {self.path} cannot be used: {error}; name another file.")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}


def _reading(exhibit: Exhibit) -> str | None:
    """How the bytes of a file are read, as a short hash; None where it is no medium."""
    try:
        return hashing.digest(asdict(exhibit.kind()))[:16]
    except EvidenceError:
        return None


def _state(exhibit: Exhibit) -> tuple[Any, ...]:
    state = exhibit.state
    place = os.fsencode(os.path.abspath(exhibit.path))
    return place, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
