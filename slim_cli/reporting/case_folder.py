"""A case file and a folder of evidence: one filled from the other, and one compared with the other."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from slim_cli.errors import EvidenceError
from slim_cli.evidence.discovery import Candidate, discover
from slim_cli.evidence.exhibits import SHA256, Exhibit
from slim_cli.evidence.names import safe_name
from slim_cli.reporting.case_file import Case, blank_case
from slim_cli.reporting.own_recordings import is_undisputed
from slim_cli.reporting.receipt import Received, compare
from slim_cli.results import FileResult, Status

EXHIBIT = "[[exhibit]]"


@dataclass(frozen=True)
class Difference:
    """One thing in which folder and case file differ.

    Attributes:
        kind: `contradiction` (received hashes that contradict each other), `changed` (another hash), `absent` (named,
            not there), `unnamed` (there, not named), `unread`.
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
        hashes, reason = _hashes(candidate)
        if reason:
            left_out.append(f"# no exhibit: {safe_name(candidate.name)} ({safe_name(reason)})")
            continue
        filled = _fill(_uncommented(block) if blocks else block, "file", candidate.name)
        filled = _fill(filled, "number", f"E-{len(blocks) + 1:02d}")
        blocks.append(EXHIBIT + _fill(filled, "sha256", hashes[SHA256]))
    note = "# Hashes below were computed when this file was made; put those that came with the items in their place.\n"
    return head + note + "\n".join(blocks or [EXHIBIT + block]) + "".join(f"\n{line}" for line in left_out) + rest


def compare_folder(case: Case, folder: Path) -> Iterator[Difference]:
    """Every difference between the exhibits of a case and a folder.

    Raises:
        UsageError: there is no such folder, or nothing in it.
    """
    found, unread = [], []
    for candidate in discover([folder]):
        hashes, reason = _hashes(candidate, (SHA256, *case.other_hashes))
        if hashes:
            status: Status = "no_audio" if reason else "scored"
            found.append(FileResult(candidate.name, status, sha256=hashes.pop(SHA256), hashes=hashes or None))
        elif candidate.refusal is None:
            unread.append(Difference("unread", candidate.name, reason))
    receipt = compare(case, found)
    together = list(zip(found, receipt.files, strict=True))
    differing = [_difference(result, received) for result, received in together if received.disagrees]
    yield from sorted(differing, key=lambda one: one.kind != "contradiction")
    for exhibit in (one for one in receipt.not_found if one["file"]):
        yield Difference("absent", exhibit["number"] or exhibit["file"], exhibit["file"])
    for line in receipt.absent:
        if not any(line.name == exhibit["file"] for exhibit in receipt.not_found):
            yield Difference("absent", line.name, line.name)
    for result, received in together:
        own = any(is_undisputed(result, one) for one in case.references)
        if not received.exhibit and result.status == "scored" and not own:
            yield Difference("unnamed", result.path)
    yield from unread


def _difference(result: FileResult, received: Received) -> Difference:
    """What does not agree, with the measured hash of that kind."""
    kind = received.lines[0].kind
    own = result.sha256 if kind == SHA256 else (result.hashes or {}).get(kind)
    told = " / ".join([*(f"{line.algorithm} {line.digest}" for line in received.lines), own or ""])
    return Difference("changed" if received.outcome == "mismatch" else received.outcome, result.path, told)


def _hashes(candidate: Candidate, kinds: Collection[str] = (SHA256,)) -> tuple[dict[str, str], str]:
    """Hashes of a file by algorithm, none where it cannot be read; why it is no recording, empty where it may be."""
    if candidate.refusal is not None:
        return {}, str(EvidenceError(candidate.refusal, candidate.status))
    hashes: dict[str, str] = {}
    try:
        with Exhibit(candidate.path) as exhibit:
            hashes = exhibit.hashes(kinds)
            exhibit.kind()
    except EvidenceError as error:
        return hashes, "" if error.status == "decode_failed" else str(error)
    return hashes, ""


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
