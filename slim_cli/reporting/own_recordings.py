"""The case's own recordings: undisputed ones beside the exhibit; its language beside those of the calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slim_cli.evidence.names import same_spelling
from slim_cli.reporting.case_file import Case
from slim_cli.reporting.numbers import Numbers
from slim_cli.results import FileResult, Remark
from slim_cli.words import Words


@dataclass(frozen=True)
class Undisputed:
    """Recordings whose origin nobody disputes, scored in the same way as an exhibit.

    Attributes:
        heading: what they are.
        sentences: how the exhibit's score lies among theirs, and what that says for and against.
    """

    heading: str
    sentences: tuple[str, ...]


def is_undisputed(result: FileResult, entry: Mapping[str, str]) -> bool:
    """Whether a `[[reference]]` block means a file: by its path, or by a folder above it."""
    name = same_spelling(entry["file"]).rstrip("/")
    path = f"/{same_spelling(result.path)}"
    return bool(name) and (path.endswith(f"/{name}") or path.startswith(f"/{name}/") or f"/{name}/" in path)


def beside_undisputed(
    result: FileResult, number: str, case: Case, results: Sequence[FileResult], words: Words
) -> Undisputed | None:
    """Puts the score of an exhibit beside those of the undisputed recordings of its case.

    Where the exhibit is one more recording like n others, each of the n + 1 is the highest with the same probability:
    that none of them scored higher is seen in 1 of n + 1 such cases.

    Args:
        result: the row of the exhibit, with a score.
        number: its number in the case.
        case: the case.
        results: every row of the run.
        words: the language.

    Returns:
        None where the case names no undisputed recordings for it, or the file is one itself.
    """
    entries = [one for one in case.references if number in _numbers(one) or not _numbers(one)]
    if any(is_undisputed(result, one) for one in case.references):
        return None
    found = [one for one in results if any(is_undisputed(one, entry) for entry in entries)]
    scores = [one.score for one in found if one.score is not None]
    if not found or result.score is None:
        return None
    alike = words.names(list(dict.fromkeys(one["alike"] for one in entries if one["alike"])))
    say, n, higher = words.say, len(scores), sum(score > result.score for score in scores)
    sentences = [say("undisputed.none_scored", n=len(found))]
    if scores:
        signed = Numbers(words).signed
        shown = {"low": signed(min(scores)), "high": signed(max(scores)), "score": signed(result.score)}
        sentences = [say("undisputed.count", n=n, higher=higher, **shown)]
        sentences.append(say("undisputed.within" if higher else "undisputed.above", n=n, cases=n + 1))
        if len(found) > n:
            sentences.append(say("undisputed.unscored", n=len(found) - n))
    return Undisputed(say("undisputed.heading"), (*sentences, _likeness(alike, words)))


def within_language(result: FileResult, exhibit: Mapping[str, str], scope: Mapping[str, Any]) -> FileResult:
    """The row without its ratio, and with the reason, where the stated language is none that the calibration covers.

    Args:
        result: the row.
        exhibit: its block of the case file.
        scope: the calibration's scope.
    """
    stated, covered = exhibit.get("language", "").strip(), [str(one) for one in scope.get("languages", ())]
    if not stated or not covered or _primary(stated) in map(_primary, covered):
        return result
    reason = Remark("language_outside_scope", {"language": stated, "covered": ", ".join(covered)})
    status = "out_of_scope" if result.lr_status == "given" else result.lr_status
    return replace(result, lr=None, lr_status=status, lr_reasons=(*result.lr_reasons, reason))


def _numbers(entry: Mapping[str, str]) -> list[str]:
    return [number.strip() for number in entry["exhibits"].split(",") if number.strip()]


def _likeness(alike: str, words: Words) -> str:
    return words.say("undisputed.alike", alike=alike) if alike else words.say("undisputed.alike_unstated")


def _primary(tag: str) -> str:
    return tag.lower().replace("_", "-").split("-")[0]
