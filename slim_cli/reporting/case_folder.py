"""A case file and a folder of evidence: one filled from the other, and one compared with the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slim_cli.errors import EvidenceError
from slim_cli.evidence.discovery import Candidate, discover
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.names import safe_name
from slim_cli.reporting.case_file import Case, blank_case
from slim_cli.reporting.own_recordings import is_undisputed
from slim_cli.reporting.receipt import compare
from slim_cli.results import FileResult

EXHIBIT = "[[exhibit]]"


@dataclass(frozen=True)
class Difference:
    """One thing in which folder and case file differ.

    Attributes:
        kind: `absent` (named, not there), `unnamed` (there, not named), `changed` (another hash), `unread`.
        name: exhibit or file.
        detail: hashes or the reason, empty where there is nothing to add.
    """

    kind: str
    name: str
    detail: str = ""


def filled_case(folder: Path) -> str:
    """A case file with one block for each recording below a folder, its hash filled in; nothing else is.

    What holds no audio is named in a comment.

    Raises:
        UsageError: there is no such folder, or nothing in it.
    """
    head, block = blank_case().split(EXHIBIT, 1)
    block, rest = _block(block)
    blocks: list[str] = []
    left_out: list[str] = []
    for candidate in discover([folder]):
        digest, reason = _digest(candidate)
        if reason:
            left_out.append(f"# no exhibit: {safe_name(candidate.name)} ({safe_name(reason)})")
            continue
        filled = _fill(_uncommented(block) if blocks else block, "file", candidate.name)
        filled = _fill(filled, "number", f"E-{len(blocks) + 1:02d}")
        blocks.append(EXHIBIT + _fill(filled, "sha256", digest))
    note = "# Hashes below were computed when this file was made; put those that came with the items in their place.\n"
    return head + note + "\n".join(blocks or [EXHIBIT + block]) + "".join(f"\n{line}" for line in left_out) + rest


def compare_folder(case: Case, folder: Path) -> Iterator[Difference]:
    """Every difference between the exhibits of a case and a folder.

    Raises:
        UsageError: there is no such folder, or nothing in it.
    """
    found, unread = [], []
    for candidate in discover([folder]):
        digest, reason = _digest(candidate)
        if digest:
            found.append(FileResult(candidate.name, "scored" if not reason else "no_audio", sha256=digest))
        elif candidate.refusal is None:
            unread.append(Difference("unread", candidate.name, reason))
    receipt = compare(case, found)
    for exhibit in receipt.not_found:
        yield Difference("absent", exhibit["number"] or exhibit["file"], exhibit["file"])
    for line in receipt.absent:
        if not any(line.name == exhibit["file"] for exhibit in receipt.not_found):
            yield Difference("absent", line.name, line.name)
    for result, received in zip(found, receipt.files, strict=True):
        if received.outcome == "mismatch" and received.listed:
            yield Difference("changed", result.path, f"{received.listed.digest} / {result.sha256}")
        own = any(is_undisputed(result, one) for one in case.references)
        if not received.exhibit and result.status == "scored" and not own:
            yield Difference("unnamed", result.path)
    yield from unread


def _digest(candidate: Candidate) -> tuple[str, str]:
    """SHA-256 of a file and why it is no recording, empty where it may be one."""
    if candidate.refusal is not None:
        return "", str(EvidenceError(candidate.refusal, candidate.status))
    digest = ""
    try:
        with Exhibit(candidate.path) as exhibit:
            digest = exhibit.sha256()
            exhibit.kind()
    except EvidenceError as error:
        return digest, "" if error.status == "decode_failed" else str(error)
    return digest, ""


def _block(text: str) -> tuple[str, str]:
    """The first block of a table, and what follows it."""
    end = text.find("\n\n")
    return (text, "") if end < 0 else (text[: end + 1], text[end + 1 :])


def _fill(block: str, key: str, value: str) -> str:
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    before, _, after = block.partition(f'\n{key} = ""')
    rest, newline, following = after.partition("\n")
    return f"{before}\n{key} = {text}{f'  {rest.strip()}' if rest.strip() else ''}{newline}{following}"


def _uncommented(block: str) -> str:
    return "\n".join(line.split("#")[0].rstrip() for line in block.split("\n"))
