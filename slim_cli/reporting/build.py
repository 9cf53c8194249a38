"""From results to the view model: ranks, counts, comparisons with the reference, drawings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slim_cli.assessment.reference import Histogram, Reference
from slim_cli.audio.overview import Overview
from slim_cli.audio.proxy import proxy_name, proxy_url
from slim_cli.custody import audit
from slim_cli.errors import UsageError
from slim_cli.reporting import error_rates
from slim_cli.reporting.comparison_records import Share, Validation
from slim_cli.reporting.content import Content, number_of
from slim_cli.reporting.figures.distributions import HistogramLabels, histogram, tippett
from slim_cli.reporting.figures.raster import THUMBNAIL, level_range_db, spectrogram_url
from slim_cli.reporting.figures.strip import strip
from slim_cli.reporting.figures.timeline import Captions, Curves, timeline
from slim_cli.reporting.hear_first import FilesToHear
from slim_cli.reporting.made_on_demand import Made
from slim_cli.reporting.measures import measure_rows
from slim_cli.reporting.nearest_condition import ConditionalLimits, nearest, stability
from slim_cli.reporting.numbers import Numbers
from slim_cli.reporting.own_recordings import Undisputed, beside_undisputed, is_undisputed
from slim_cli.reporting.receipt import compare
from slim_cli.reporting.rows import Standings, Tally, list_rows, of_case
from slim_cli.reporting.selection import PRINTED, TRIAGE, Style
from slim_cli.reporting.view import Counts, ExhibitSection, FileRow, Report, Thumbnail
from slim_cli.results import FileResult
from slim_cli.run_record import RunRecord
from slim_cli.words import Words, load_measures, load_words


def build_report(
    results: Sequence[FileResult],
    run: RunRecord,
    reference: Reference,
    folder: Path,
    style: Style = TRIAGE,
) -> Report:
    """Decides and computes everything that the report shows.

    Args:
        results: one result per file found, in the order found.
        run: what was done with what.
        reference: reference statistics of the model.
        folder: the output folder, below which the overviews lie.
        style: what the report is to be: limit, case, language.

    Raises:
        UsageError: the limit or the language is unknown.
    """
    words = load_words(style.language)
    receipt = compare(style.case, results) if style.case else None
    standings, content = Standings(reference, style), Content(run, style)
    tally, limits, to_hear = Tally(), ConditionalLimits(reference), FilesToHear(reference, style)

    def add(row: FileRow) -> None:
        tally.add(row)
        limits.add(row)
        to_hear.add(row)

    for number, result in enumerate(results, start=1):
        standings.add(result)
        content.add(result)
        if receipt is None:
            add(standings.row(number, result, words))
    standings.rank()
    rows = list_rows(results, standings, reference, style, words)
    if receipt:
        rows = of_case(rows, run, style, receipt, words)
        for row in rows:
            add(row)
    draw, counts, printed = _SectionBuilder(words, reference, folder, style.audio), tally.counts(), _printed(standings)
    shown = [row for row in rows if row.shown and not _undisputed(row, style)]

    def row_of(number: int) -> FileRow:
        row = next((row for row in rows if row.number == number), None)
        return row or standings.row(number, results[number - 1], words)

    def section(row: FileRow) -> ExhibitSection:
        whole = dataclasses.replace(row, result=results[row.number - 1])
        return draw.exhibit(whole, _beside(row, results, style, words))

    return Report(
        identity=number_of(content.digest, run),
        digest=content.digest,
        style=style,
        words=words,
        run=run,
        reference=reference,
        counts=counts,
        rows=tuple(rows),
        printed=tuple(row for row in rows if row.number in printed),
        standings=standings,
        rows_digest=content.rows_digest,
        observed=content.observed,
        exhibits=Made(shown, section),
        gallery=Made(shown, draw.thumbnail),
        audible=any(draw.audible(row.result) for row in shown),
        overview_figure=draw.score_histogram(None, standings.scores()),
        validation=draw.validation(run.calibration),
        warnings=_warnings(words, run, counts),
        measures=load_measures(words.language),
        limits=limits.told(words),
        receipt=receipt,
        log=audit.extract(folder),
        hear=to_hear.told(row_of, results, folder if style.audio else None, words),
    )


def _printed(standings: Standings) -> frozenset[int]:
    return frozenset(standings.listed(PRINTED))


def share_at_or_above(one: Histogram, value: float) -> Share:
    """Files of a class at or above a value, bounded by the bin that holds it; the last bin also holds what lies beyond.

    >>> share_at_or_above(Histogram(10, (0.0, 1.0, 2.0), (6, 4)), 1.5)
    Share(least=0, most=4, n=10)
    """
    last = len(one.counts) - 1
    least = sum(c for low, c in zip(one.edges, one.counts, strict=False) if low >= value)
    most = sum(c for i, c in enumerate(one.counts) if one.edges[i + 1] > value or i == last)
    if value <= one.edges[0]:
        least = sum(one.counts[1:])
    return Share(least, most, one.n)


def _warnings(words: Words, run: RunRecord, counts: Counts) -> tuple[str, ...]:
    warnings = []
    if not run.complete:
        found = run.files_found
        far = words.say("warning.unfinished", done=counts.found, found=found) if found else ""
        warnings.append(" ".join(filter(None, (far, words.say("warning.incomplete")))))
    if run.counts and sum(run.counts.values()) != counts.found:
        warnings.append(words.say("warning.counts", run=sum(run.counts.values()), rows=counts.found))
    if counts.from_ledger:
        new = counts.found - counts.from_ledger
        warnings.append(words.say("warning.from_ledger", n=counts.from_ledger, new=new))
    return tuple(warnings)


def _undisputed(row: FileRow, style: Style) -> bool:
    return style.case is not None and any(is_undisputed(row.result, one) for one in style.case.references)


def _beside(row: FileRow, results: Sequence[FileResult], style: Style, words: Words) -> Undisputed | None:
    named = style.case and row.received and row.received.exhibit
    return beside_undisputed(row.result, row.label, style.case, results, words) if style.case and named else None


class _SectionBuilder:
    """Builds the sections that hold pictures."""

    def __init__(self, words: Words, reference: Reference, folder: Path, audio: bool) -> None:
        self._words, self._reference, self._folder, self._audio = words, reference, folder, audio
        self._numbers = Numbers(words)

    def exhibit(self, row: FileRow, undisputed: Undisputed | None = None) -> ExhibitSection:
        result, channel = row.result, row.result.top_channel
        if result.media is None or channel is None or channel.score is None:
            raise ValueError(f"row {row.number} has a score but no scored channel or no media")
        score, mismatch = result.score or 0.0, result.mismatch or 0.0
        overview, note = self._overview(result)
        threshold = self._reference.operating_point.score
        curves = Curves(channel.windows, score, mismatch, threshold, result.media.duration_s, result.occlusion, channel)
        pairs = self._reference
        ranges = pairs.ranges_for(result.media)
        measures = measure_rows(result.observations, ranges, self._words, result.media)
        cells = [measure.cell for measure in measures if measure.cell]
        return ExhibitSection(
            row=row,
            media=result.media,
            channel=channel,
            bona_fide=share_at_or_above(pairs.score.bona_fide, score),
            spoof=share_at_or_above(pairs.score.spoof, score),
            bona_fide_mismatch=share_at_or_above(pairs.mismatch.bona_fide, mismatch),
            spoof_mismatch=share_at_or_above(pairs.mismatch.spoof, mismatch),
            timeline=timeline(overview, curves, self._captions(row)),
            score_histogram=self.score_histogram(score),
            mismatch_histogram=self.mismatch_histogram(mismatch),
            picture_note=note,
            measures=measures,
            strip=strip(cells, self._words.say("figure.strip.title", n=len(cells))) if cells else None,
            audio=proxy_url(self._folder, result.overview) if self._audio else None,
            nearest=nearest(result, self._reference.metrics, self._words),
            stability=stability(result, threshold, self._words),
            undisputed=undisputed,
        )

    def thumbnail(self, row: FileRow) -> Thumbnail:
        overview = self._overview(row.result)[0]
        if overview is None:
            return Thumbnail(row, None)
        return Thumbnail(row, spectrogram_url(overview.mel_db, level_range_db(overview), THUMBNAIL))

    def audible(self, result: FileResult) -> bool:
        return bool(self._audio and result.overview and (self._folder / proxy_name(result.overview)).is_file())

    def validation(self, calibration: Mapping[str, Any]) -> Validation:
        metrics, words = self._reference.metrics, self._words
        point, conditions = self._reference.operating_point, error_rates.condition_rows(metrics, words)
        return Validation(
            figures=error_rates.figures(metrics, words.item("validation.figure")),
            calibration=error_rates.figures(calibration.get("metrics", {}), words.item("calibration.figure")),
            codecs=error_rates.codec_rates(calibration, words),
            origins=error_rates.rates(metrics, "eer_by_origin"),
            corpora=error_rates.rates(metrics, "false_alarms_by_corpus"),
            conditions=conditions,
            condition_files=error_rates.condition_files(conditions, words),
            false_alarms=error_rates.share(point.false_alarm_rate, point.n_bona_fide, words),
            misses=error_rates.share(point.miss_rate, point.n_spoof, words),
            misleading=error_rates.misleading(calibration, words),
            score_histogram=self.score_histogram(None),
            mismatch_histogram=self.mismatch_histogram(None),
            tippett=self._tippett(calibration.get("tippett", {})),
        )

    def _tippett(self, quantiles: Mapping[str, Sequence[float]]) -> Markup | None:
        if any(len(quantiles.get(kind, ())) < 2 for kind in ("bona_fide", "spoof")):
            return None
        say = self._words.say
        texts = {name: say(f"figure.tippett.{name}") for name in ("title", "axis", "share", "bona_fide", "spoof")}
        return tippett(
            quantiles, HistogramLabels(**texts, tick=self._numbers.tick, threshold=say("figure.tippett.even"))
        )

    def score_histogram(self, value: float | None, rug: Iterable[float] = ()) -> Markup:
        threshold = self._reference.operating_point.score
        return histogram(
            self._reference.score, self._labels("score", value, self._numbers.signed), value, threshold, rug
        )

    def mismatch_histogram(self, value: float | None) -> Markup:
        return histogram(self._reference.mismatch, self._labels("mismatch", value, self._numbers.plain), value)

    def _labels(self, quantity: str, value: float | None, shown: object) -> HistogramLabels:
        pair = getattr(self._reference, quantity)
        number = shown(value) if callable(shown) else ""
        say = self._words.say
        key = "title" if value is not None else "title_reference"
        return HistogramLabels(
            title=say(f"figure.{quantity}.{key}", value=number),
            axis=say(f"figure.{quantity}.axis"),
            share=say("figure.share"),
            bona_fide=say("figure.bona_fide", n=pair.bona_fide.n),
            spoof=say("figure.spoof", n=pair.spoof.n),
            value=say("figure.this_file", value=number),
            tick=self._numbers.tick,
            threshold=say("figure.threshold", value=self._numbers.signed(self._reference.operating_point.score)),
        )

    def _captions(self, row: FileRow) -> Captions:
        say = self._words.say
        score, mismatch = self._numbers.signed(row.result.score), self._numbers.plain(row.result.mismatch)
        point = self._numbers.signed(self._reference.operating_point.score)
        panels = ("waveform", "mel", "linear", "speech", "score", "mismatch", "occlusion", "time")
        return Captions(
            tick=self._numbers.tick,
            title=say("figure.timeline.title", score=score, mismatch=mismatch),
            threshold=say("figure.timeline.threshold", value=point),
            file_value=say("figure.timeline.file_value", value=score),
            **{name: say(f"figure.timeline.{name}") for name in panels},
        )

    def _overview(self, result: FileResult) -> tuple[Overview | None, str]:
        if result.overview is None:
            return None, self._words.say("figure.not_drawn")
        try:
            overview = Overview.load(inside(self._folder, result.overview))
        except UsageError as error:
            return None, self._words.say("figure.unreadable", reason=str(error))
        low, high = level_range_db(overview)
        note = self._words.say(
            "figure.parameters",
            channel=overview.channel + 1,
            window=self._numbers.plain(1000 * overview.window_s, 1),
            hop=self._numbers.plain(1000 * overview.spectrum_hop_s, 0),
            column=self._numbers.plain(1000 * overview.hop_s, 0),
            bands=len(overview.mel_hz),
            top=self._numbers.frequency(overview.sample_rate_hz / 2),
            low=self._numbers.plain(low, 0),
            high=self._numbers.plain(high, 0),
        )
        return overview, note if overview.linear_db is not None else f"{self._words.say('figure.no_linear')} {note}"


def inside(folder: Path, name: str) -> Path:
    """A file below a folder; names that lead elsewhere are refused.

    Raises:
        UsageError: the name points outside the folder.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UsageError(f"The overview {name!r} lies outside the output folder.")
    return path
