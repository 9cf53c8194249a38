"""The conditions of an exhibit: the row of the validation that stands nearest, and the limits that follow from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from slim_cli.assessment.calibration import observed
from slim_cli.assessment.reference import Reference
from slim_cli.evidence.formats import NOT_VALIDATED, TELEPHONE, TELEPHONE_RATE_HZ, codec_of
from slim_cli.observations.stability import crossings
from slim_cli.reporting.comparison_records import Nearest, OriginRate, Stability
from slim_cli.reporting.error_rates import BY_CONDITION, rates
from slim_cli.reporting.numbers import Numbers
from slim_cli.reporting.view import FileRow
from slim_cli.results import FileResult
from slim_cli.words import Words

NAMED = 12
SHORT_S = 10.0
NARROW_HZ = 4200.0
CLIPPED = 0.001
NOISY_DB = 15.0
NOISE_DB = MappingProxyType({"noise-10db": 15.0, "noise-20db": 25.0})  # halfway between the validated ratios
TELEPHONE_BAND = "band-8k"


@dataclass(frozen=True)
class AppliedCondition:
    """A condition of an exhibit, as far as the validation tells it apart.

    Attributes:
        name: name of the condition in the validation.
        reason: what decided: `codec`, `rate`, `noise` or `clean`.
        lossy: whether the coding removes parts of the sound.
    """

    name: str
    reason: str
    lossy: bool


def condition_of(result: FileResult) -> AppliedCondition | None:
    """The condition that fits: that of the codec, or the telephone's rate; None where nothing was decoded."""
    if result.media is None:
        return None
    codec = codec_of(result.media.codec)
    own = codec.kind == TELEPHONE or codec.condition == NOT_VALIDATED
    if not own and result.media.sample_rate_hz <= TELEPHONE_RATE_HZ:
        return AppliedCondition(TELEPHONE_BAND, "rate", False)
    return AppliedCondition(codec.condition, "codec" if codec.lossy else "clean", codec.lossy)


def conditions_of(result: FileResult) -> tuple[AppliedCondition, ...]:
    """Every condition of the validation that applies: how the exhibit is stored, and the noise in it."""
    stored, snr = condition_of(result), observed(result, "snr_db")
    noise = next((name for name, limit in NOISE_DB.items() if snr is not None and snr < limit), None)
    found = [stored] if stored else []
    return (*found, AppliedCondition(noise, "noise", False)) if noise else tuple(found)


def nearest(result: FileResult, metrics: Mapping[str, Any], words: Words) -> Nearest:
    """The worst of the known error rates that apply to an exhibit, or that there is none for how it is stored.

    Args:
        result: a scored file.
        metrics: metrics of the reference statistics.
        words: the language.
    """
    numbers, media, top = Numbers(words), result.media, result.top_channel
    if media is None or top is None:
        raise ValueError(f"{result.path} was not decoded and scored")
    found = [(row, c) for c in conditions_of(result) if (row := _row(c.name, metrics))]
    seen = {
        "codec": codec_of(media.codec).name,
        "rate": numbers.frequency(media.sample_rate_hz),
        "speech": numbers.duration(top.net_speech_s),
        "snr": numbers.plain(observed(result, "snr_db"), 0),
    }
    stored = condition_of(result)
    if not found or stored is None or _row(stored.name, metrics) is None:
        return Nearest(False, words.say("exhibit.nearest_none", conditions=words.say("exhibit.conditions", **seen)))
    row, worst = max(found, key=lambda entry: entry[0].rate)
    reason = words.say(f"exhibit.because_{worst.reason}", **seen)
    rate = words.within(numbers.percent, row.rate, row.low, row.high)
    values = {"rate": rate, "n_bona_fide": row.n_bona_fide, "n_spoof": row.n_spoof, "reason": reason}
    return Nearest(True, words.say("exhibit.nearest_row", label=words.label("condition", worst.name), **values))


def _row(name: str, metrics: Mapping[str, Any]) -> OriginRate | None:
    return next((row for row in rates(metrics, BY_CONDITION) if row.origin == name), None)


def stability(result: FileResult, threshold: float, words: Words) -> Stability | None:
    """How the score changes under small changes; None where that was not tried."""
    if not result.stability or result.score is None:
        return None
    base, signed = result.score, Numbers(words).signed
    rows = tuple(
        (words.label("stability", name), signed(score), signed(None if score is None else score - base))
        for name, score in result.stability.items()
    )
    crossed = [words.label("stability", name) for name in unsteady_under(result, threshold)]
    most = max((abs(score - base) for score in result.stability.values() if score is not None), default=None)
    if crossed:
        return Stability(rows, True, words.say("exhibit.stability_flip", names=words.names(crossed)))
    steady = words.say("exhibit.stability_steady", most=Numbers(words).plain(most)) if most is not None else ""
    return Stability(rows, False, steady)


def unsteady_under(result: FileResult, threshold: float) -> list[str]:
    """Changes under which the score is not steady, by the rule of the scan's own remarks (`crossings`)."""
    if result.score is None:
        return []
    found = crossings(result.score, result.stability, threshold)
    return list(dict.fromkeys(str(remark.values["change"]) for remark in found))


class ConditionalLimits:
    """Collects the files that each limit concerns, in the order in which rows are added.

    Args:
        reference: reference statistics of the model.
    """

    def __init__(self, reference: Reference) -> None:
        self._metrics, self._threshold = reference.metrics, reference.operating_point.score
        self._first: dict[str, list[str]] = defaultdict(list)
        self._counts = Counter[str]()

    def add(self, row: FileRow) -> None:
        """Takes a row; one without a score is passed over."""
        if row.result.score is None:
            return
        stored = condition_of(row.result)
        met = [name for name, holds in _CHECKS.items() if holds(row.result)]
        met += ["unsteady"] if unsteady_under(row.result, self._threshold) else []
        met += ["unvalidated"] if stored is None or _row(stored.name, self._metrics) is None else []
        met += ["out_of_scope"] if row.evaluation and row.evaluation.status == "out_of_scope" else []
        for name in met:
            self._counts[name] += 1
            if self._counts[name] <= NAMED:
                self._first[name].append(row.label)

    def told(self, words: Words) -> tuple[tuple[str, str], ...]:
        """Limits whose conditions are met: the limit in words and the files that it concerns."""
        numbers = Numbers(words)
        values = {
            "short": numbers.tick(SHORT_S),
            "telephone": numbers.frequency(NARROW_HZ),
            "clipped": numbers.percent(CLIPPED),
            "noisy": numbers.tick(NOISY_DB),
        }
        return tuple(
            (
                words.say(f"limits.conditional_item.{name}", limit=values.get(name, "")),
                words.names(self._first[name], NAMED, self._counts[name]),
            )
            for name in (*_CHECKS, "unsteady", "unvalidated", "out_of_scope")
            if self._counts[name]
        )


def _short(result: FileResult) -> bool:
    top = result.top_channel
    return top is not None and top.net_speech_s < SHORT_S


def _narrow(result: FileResult) -> bool:
    band = observed(result, "effective_bandwidth_hz")
    return (band is not None and band < NARROW_HZ) or (result.media is not None and result.media.sample_rate_hz <= 8000)


def _lossy(result: FileResult) -> bool:
    found = condition_of(result)
    return found is not None and found.lossy


_CHECKS: Mapping[str, Callable[[FileResult], bool]] = MappingProxyType(
    {
        "short": _short,
        "telephone": _narrow,
        "lossy": _lossy,
        "warned": lambda result: bool(result.remarks),
        "channels": lambda result: sum(channel.score is not None for channel in result.channels) > 1,
        "clipped": lambda result: (observed(result, "clipping_fraction") or 0.0) > CLIPPED,
        "noisy": lambda result: (observed(result, "snr_db") or NOISY_DB) < NOISY_DB,
    }
)
