"""What to hear first of a file: its highest stretches over all channels, and voiced sound not taken for speech."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slim_cli.assessment.metrics import wilson
from slim_cli.assessment.reference import Reference, StretchReference
from slim_cli.audio.proxy import proxy_url
from slim_cli.audio.stretches import HIGHEST, LENGTHS_S
from slim_cli.reporting.comparison_records import FileToHear, HearFirst, ToHear
from slim_cli.reporting.numbers import Numbers
from slim_cli.reporting.selection import Style
from slim_cli.reporting.view import FileRow
from slim_cli.results import FileResult, Stretch, VoicedStretch
from slim_cli.words import Words

MOST = 40  # files of a triage


def highest_of_file(result: FileResult, length_s: float) -> list[tuple[int, Stretch]]:
    """The highest stretches of a length with their channel numbers, highest first; where channels hold the same time,
    the higher one stands.

    Args:
        result: the row.
        length_s: 10 or 30 s.
    """
    every = [(c.index, s) for c in result.channels for s in c.stretches if s.length_s == length_s]
    kept: list[tuple[int, Stretch]] = []
    for channel, one in sorted(every, key=lambda entry: -entry[1].score):
        if all(one.end_s <= other.start_s or other.end_s <= one.start_s for _, other in kept):
            kept.append((channel, one))
    return kept[:HIGHEST]


def rejected_of_file(result: FileResult) -> tuple[int, tuple[VoicedStretch, ...]]:
    """The channel that holds most voiced sound not taken for speech, and its stretches."""
    seconds = {c.index: sum(v.end_s - v.start_s for v in c.rejected_voiced) for c in result.channels}
    most = max(result.channels, key=lambda c: seconds[c.index], default=None)
    return (most.index, most.rejected_voiced) if most else (0, ())


class FilesToHear:
    """Finds the files that hold stretches to hear: with marked ones first, then unscored ones, then by falling score;
    those of a case in its order.

    Args:
        reference: of the model.
        style: what the report is to be.
    """

    def __init__(self, reference: Reference, style: Style) -> None:
        self._reference, self._case = reference, style.case
        self._held = self._below = 0
        self._first: list[tuple[tuple[bool, bool, float], int]] = []

    def add(self, row: FileRow) -> None:
        """Takes a row; only some are kept of a triage."""
        if not _worth_hearing(row.result):
            return
        if self._case and self._case.exhibits and not (row.received and row.received.exhibit):
            return
        marked = bool(self._reference.marks_any(row.result))
        self._held += 1
        self._below += self._reference.marked_below(row.result)
        self._first.append(((not marked, row.result.score is not None, -_top(row.result)), row.number))
        if self._case is None and len(self._first) > 2 * MOST:
            self._first = heapq.nsmallest(MOST, self._first)

    def told(
        self,
        rows: Callable[[int], FileRow],
        results: Sequence[FileResult],
        folder: Path | None,
        words: Words,
    ) -> HearFirst:
        """What to hear first.

        Args:
            rows: gives the row of a file by its number.
            results: every result, in the order found.
            folder: the output folder, below which listening proxies lie; None where none is to be embedded.
            words: the language.
        """
        kept = self._first if self._case else heapq.nsmallest(MOST, self._first)
        describe = _Describer(self._reference, words, folder)
        return HearFirst(
            tuple(describe.file(rows(number), results[number - 1]) for _, number in kept),
            self._held - len(kept),
            self._below,
            describe.rejected_rates(self._reference.metrics.get("rejected_voiced_by_class", {})),
        )


def _worth_hearing(result: FileResult) -> bool:
    return any(c.rejected_voiced or any(map(_long_enough, c.stretches)) for c in result.channels)


def _long_enough(stretch: Stretch) -> bool:
    """Whether it is part of a file: a shorter file is heard whole."""
    return stretch.end_s - stretch.start_s >= LENGTHS_S[0] - 1e-6


def _top(result: FileResult) -> float:
    return max((s.score for c in result.channels for s in c.stretches), default=float("-inf"))


@dataclass(frozen=True)
class _Describer:
    """Puts what is to be heard into words."""

    reference: Reference
    words: Words
    folder: Path | None

    def file(self, row: FileRow, result: FileResult) -> FileToHear:
        """What to hear of one file."""
        audio = proxy_url(self.folder, result.overview) if self.folder else None
        top = result.top_channel or max(result.channels, key=lambda c: (c.net_speech_s, len(c.rejected_voiced)))
        several = len(result.channels) > 1

        def told(
            what: str, channel: int, one: Stretch | VoicedStretch, beside: str = "", marked: bool = False
        ) -> ToHear:
            where = self.words.say("hear.channel", what=what, channel=channel + 1) if several else what
            playable = audio is not None and channel == top.index
            return ToHear(where, one.start_s, one.end_s, one.score, beside, marked, playable)

        found, rules = [], []
        for length in LENGTHS_S:
            high = [pair for pair in highest_of_file(result, length) if _long_enough(pair[1])]
            if not high:
                continue
            like = self.reference.stretches_like(length, result.media.duration_s if result.media else 0.0)
            rules.append(self._rule(length, like))
            for channel, one in high:
                what = self.words.say("hear.stretch", length=length)
                marked = bool(self.reference.marks(one, result.media))
                found.append(told(what, channel, one, self._beside(one, like), marked))
        channel, rejected = rejected_of_file(result)
        longest = sorted(rejected, key=lambda v: v.start_s - v.end_s)[:HIGHEST]
        what = self.words.say("hear.rejected")
        return FileToHear(
            label=row.label,
            path=result.path,
            anchor=row.anchor if row.shown or row.rank is None else "",
            player=row.anchor if row.shown else f"hear-{row.number}",
            duration_s=result.media.duration_s if result.media else 0.0,
            stretches=tuple(found),
            rejected=tuple(told(what, channel, one) for one in longest),
            more=len(rejected) - len(longest),
            rules=tuple(rules),
            audio=None if row.shown else audio,
        )

    def rejected_rates(self, measured: Mapping[str, Any]) -> str:
        """How often clips of each class hold voiced sound that is not taken for speech."""
        if not {"bona_fide", "spoof"} <= measured.keys():
            return ""
        numbers, values = Numbers(self.words), {}
        for name in ("bona_fide", "spoof"):
            values[name] = self.words.within(
                numbers.percent, *(measured[name][key] for key in ("value", "low", "high"))
            )
            values[f"n_{name}"] = measured[name]["n"]
        return self.words.say("hear.rejected_rate", **values)

    def _length(self, seconds: float) -> str:
        """An edge of the lengths that are told apart."""
        tick = Numbers(self.words).tick
        return f"{tick(seconds)}\u00a0s" if seconds < 60 else f"{tick(seconds / 60)}\u00a0min"

    def _beside(self, one: Stretch, like: StretchReference | None) -> str:
        if like is None or not like.highest:
            return self.words.say("hear.unmeasured")
        low, high = map(self._length, (like.from_s, like.to_s))
        return self.words.say("hear.reached", n=len(like.highest), k=like.reached(one.score), low=low, high=high)

    def _rule(self, length: float, like: StretchReference | None) -> str:
        say, numbers = self.words.say, Numbers(self.words)
        if like is None or like.threshold is None:
            return say("hear.rule_none", length=length)
        low, high = map(self._length, (like.from_s, like.to_s))
        least, n = numbers.signed(like.threshold), len(like.highest)
        rule = say("hear.rule", length=length, low=low, high=high, threshold=least, n=n, joined=like.joined)
        if not like.checked:
            return f"{rule} {say('hear.rule_unchecked')}"
        found = wilson(like.alarms, like.checked)
        rate = self.words.within(numbers.percent, found.value, found.low, found.high)
        return f"{rule} {say('hear.rule_checked', n=like.checked, k=like.alarms, rate=rate)}"
