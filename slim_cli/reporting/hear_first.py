"""What to hear first of a file: its highest stretches over all channels, and voiced sound not taken for speech."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def hear_first(
    rows: Sequence[FileRow], results: Sequence[FileResult], reference: Reference, folder: Path, ask: tuple[Style, Words]
) -> HearFirst:
    """The files that hold stretches to hear: with marked ones first, then unscored ones, then by falling score; those
    of a case in its order.

    Args:
        rows: every row of the report, in its order; outlines suffice.
        results: every result, in the order found.
        reference: of the model.
        folder: the output folder, below which listening proxies lie.
        ask: what the report is to be, and its language.
    """
    style, words = ask
    held = [row for row in rows if _worth_hearing(row.result)]
    marked = {row.number for row in held if reference.marks_any(row.result)}
    if style.case is None:
        held = sorted(held, key=lambda row: (row.number not in marked, row.rank is not None, -_top(row.result)))
    elif style.case.exhibits:
        held = [row for row in held if row.received and row.received.exhibit]
    shown = held if style.case else held[:MOST]
    describe = _Describer(reference, words, folder if style.audio else None)
    return HearFirst(
        tuple(describe.file(row, results[row.number - 1]) for row in shown),
        len(held) - len(shown),
        sum(reference.marked_below(row.result) for row in held),
        describe.rejected_rates(reference.metrics.get("rejected_voiced_by_class", {})),
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
            anchor=row.anchor,
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
        return f"{tick(seconds)} s" if seconds < 60 else f"{tick(seconds / 60)} min"

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
