"""What a likelihood ratio says in words, and why there is none where there is none; for evaluations, never a triage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from slim_cli.reporting.case_file import Case
from slim_cli.reporting.numbers import Numbers, significant
from slim_cli.reporting.robustness import NEUTRAL_BELOW, Robustness, robustness
from slim_cli.reporting.scale import Scale, load_scale
from slim_cli.results import FileResult, LikelihoodRatio
from slim_cli.words import Words


@dataclass(frozen=True)
class Evaluation:
    """What the measurements on one exhibit say about the propositions.

    Attributes:
        status: `given`, `uncalibrated`, `out_of_scope` or `no_propositions`.
        statement: the fixed sentence.
        short: the answer in the summary.
        figures: ratio, interval and logarithm, empty where none is given.
        cautions: what the reader must know with the ratio.
        robustness: the ratio after small changes, None where none was tried.
    """

    status: str
    statement: str
    short: str
    figures: str = ""
    cautions: tuple[str, ...] = ()
    robustness: Robustness | None = None


def evaluate(result: FileResult, exhibit: str, case: Case, words: Words, calibration: Mapping[str, Any]) -> Evaluation:
    """Puts the likelihood ratio of a scored file into words.

    Args:
        result: the file's row, with a score.
        exhibit: what the file is called in the report.
        case: the case, whose propositions decide whether there is anything to evaluate.
        words: the language.
        calibration: the calibration's account in the run record.
    """
    if not (case.items["propositions.h1"] and case.items["propositions.h2"]):
        return _none("no_propositions", words.say("evaluation.reason_no_propositions"), exhibit, words)
    if result.lr is None or result.lr_status != "given":
        status = "uncalibrated" if result.lr_status == "given" else result.lr_status
        reason = words.sentences(result.lr_reasons) or words.say("evaluation.reason_no_calibration")
        return _none(status, reason, exhibit, words)
    scale = load_scale(words.language, case.scale)
    given = _given(result.lr, exhibit, words, scale, calibration.get("bounds", {}))
    holds = robustness(result, calibration, scale, words)
    if holds is None or not holds.leaving:
        return replace(given, robustness=holds)
    first = words.say("evaluation.not_robust", names=words.names(holds.leaving))
    return replace(given, robustness=holds, short=f"{given.short} {first}", cautions=(first, *given.cautions))


def _none(status: str, reason: str, exhibit: str, words: Words) -> Evaluation:
    reason = reason.rstrip(".")
    return Evaluation(
        status,
        words.say("evaluation.none", exhibit=exhibit, reason=reason),
        words.say("evaluation.short_none", reason=reason),
    )


def _given(lr: LikelihoodRatio, exhibit: str, words: Words, scale: Scale, bounds: Mapping[str, Any]) -> Evaluation:
    numbers, size = Numbers(words), 10 ** abs(lr.log10)
    side = "h1" if lr.log10 > 0 else "h2"
    if significant(size) < NEUTRAL_BELOW:
        statement, short = words.say("evaluation.neutral", exhibit=exhibit), words.say("evaluation.short_neutral")
    else:
        # why: number and phrase are of the printed ratio, so that they never contradict each other
        shown = {"ratio": numbers.ratio(abs(lr.log10)), "phrase": scale.phrase(significant(size))}
        statement = words.say(f"evaluation.support_{side}", exhibit=exhibit, **shown)
        short = words.say(f"evaluation.short_{side}", **shown)
    if lr.bounded:
        short = f"{short} {words.say('evaluation.short_bounded')}"
    ratios = {"ratio": lr.log10, "low": lr.low, "high": lr.high}
    logs = {"log": lr.log10, "log_low": lr.low, "log_high": lr.high}
    figures = words.say(
        "evaluation.value",
        **{name: numbers.ratio(value) for name, value in ratios.items()},
        **{name: numbers.plain(value) for name, value in logs.items()},
    )
    limits = {name: numbers.ratio(float(bounds[name])) for name in ("low", "high") if name in bounds}
    cautions = (
        words.say("evaluation.interval_spans") if lr.low < 0 < lr.high else "",
        _interval_words(lr, words, scale),
        words.say("evaluation.bounded") if lr.bounded else "",
        words.say("evaluation.bound", **limits) if len(limits) == 2 else "",
        words.say("evaluation.not_probability"),
    )
    return Evaluation("given", statement, short, figures, tuple(filter(None, cautions)))


def _interval_words(lr: LikelihoodRatio, words: Words, scale: Scale) -> str:
    """That the ends of the interval have different phrases, where both lie on one side of 1."""
    if lr.low < 0 < lr.high:
        return ""
    least, most = (scale.phrase(significant(10**size)) for size in sorted((abs(lr.low), abs(lr.high))))
    return words.say("evaluation.interval_words", least=least, most=most) if least != most else ""
