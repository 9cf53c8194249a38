"""The view model: everything the templates show, already decided and computed; templates only lay it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from slim_cli.assessment.reference import Reference
from slim_cli.custody.audit import Extract
from slim_cli.reporting.comparison_records import HearFirst, Measure, Nearest, Share, Stability, Validation
from slim_cli.reporting.evaluation import Evaluation
from slim_cli.reporting.own_recordings import Undisputed
from slim_cli.reporting.receipt import Receipt, Received
from slim_cli.reporting.scale import Scale, load_scale
from slim_cli.reporting.sections import Section, load_sections, standard_rows
from slim_cli.reporting.selection import Style
from slim_cli.results import ChannelResult, FileResult, Media
from slim_cli.run_record import RunRecord
from slim_cli.words import MeasureWords, Words

if TYPE_CHECKING:
    from slim_cli.reporting.rows import Standings


@dataclass(frozen=True)
class FileRow:
    """One file in the summary table.

    Attributes:
        number: position in the order found, from 1.
        rank: position by score among the scored files, from 1; None when not scored.
        result: the file's result.
        flagged: scored at or above the review threshold.
        shown: whether the report has an exhibit section for it.
        position: small drawing of the score between the classes.
        label: what the report calls the file: `No. 3`, or the exhibit number of the case.
        received: what the case says of it, None in a triage.
        evaluation: what the measurements say, None in a triage and for files without a score.
        twin: number of the first file with the same content, None where there is none before.
    """

    number: int
    rank: int | None
    result: FileResult
    flagged: bool
    shown: bool
    position: Markup | None = None
    label: str = ""
    received: Received | None = None
    evaluation: Evaluation | None = None
    twin: int | None = None

    @property
    def state(self) -> str:
        """What the table says: `flagged` or `below`, the status of the evaluation, or that of a file without score."""
        if self.result.status != "scored":
            return self.result.status
        if self.evaluation:
            return self.evaluation.status
        return "flagged" if self.flagged else "below"

    @property
    def not_received(self) -> bool:
        """Whether the received hash is another than the measured one."""
        return self.received is not None and self.received.disagrees

    @property
    def anchor(self) -> str:
        return f"file-{self.number}"

    @property
    def net_speech_s(self) -> float | None:
        """Net speech of the channel that stands for the file, or the best channel's where none was scored."""
        channel = self.result.top_channel
        if channel:
            return channel.net_speech_s
        return max((c.net_speech_s for c in self.result.channels), default=None)


@dataclass(frozen=True)
class ExhibitSection:
    """The section of one scored file.

    Attributes:
        row: its row in the summary.
        media: how the audio was stored.
        channel: the channel that stands for the file.
        bona_fide: reference bona fide files with this score or a higher one.
        spoof: reference spoof files with this score or a higher one.
        bona_fide_mismatch: reference bona fide files with this mismatch or a larger one.
        spoof_mismatch: reference spoof files with this mismatch or a larger one.
        timeline: the panels on one time axis; a script may read its scale.
        score_histogram: reference distributions of the score.
        mismatch_histogram: reference distributions of the mismatch.
        picture_note: parameters of the spectrogram, in words; why there is none, otherwise.
        measures: artefact measures.
        strip: those with a reference range in one drawing, None where there is none.
        audio: listening proxy as a data URL, None where none is to be embedded.
        nearest: known error rate nearest to its conditions.
        stability: score after small changes, None where not tried.
        undisputed: how it lies among undisputed recordings of the case, None where there are none.
    """

    row: FileRow
    media: Media
    channel: ChannelResult
    bona_fide: Share
    spoof: Share
    bona_fide_mismatch: Share
    spoof_mismatch: Share
    timeline: Markup
    score_histogram: Markup
    mismatch_histogram: Markup
    picture_note: str
    measures: tuple[Measure, ...]
    strip: Markup | None
    audio: str | None
    nearest: Nearest
    stability: Stability | None
    undisputed: Undisputed | None = None

    @property
    def result(self) -> FileResult:
        return self.row.result

    @property
    def measured(self) -> tuple[Measure, ...]:
        """The measures that mean something here."""
        return tuple(measure for measure in self.measures if measure.usable)

    @property
    def unmeasured(self) -> list[tuple[str, str]]:
        """The others, those with the same reason together: names and reason."""
        reasons: dict[str, list[str]] = {}
        for measure in self.measures:
            if not measure.usable:
                reasons.setdefault(measure.note, []).append(measure.words.title)
        return [(", ".join(names), reason) for reason, names in reasons.items()]


@dataclass(frozen=True)
class Thumbnail:
    """A scored file in the gallery.

    Attributes:
        row: its row in the summary.
        picture: small spectrogram as a data URL, None where none was stored.
    """

    row: FileRow
    picture: str | None


@dataclass(frozen=True)
class Counts:
    """How the files found divide up; the parts add up to `found`.

    Attributes:
        found: all files.
        flagged: scored at or above the review threshold.
        below: scored below it.
        unscored: files without a score, by status.
        states: every file by what the table says of it.
        hashed: files whose content was hashed.
        from_ledger: files whose content was examined before, in another run or for another file of this one.
    """

    found: int
    flagged: int
    below: int
    unscored: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    hashed: int = 0
    from_ledger: int = 0

    @property
    def scored(self) -> int:
        return self.flagged + self.below

    @property
    def not_scored(self) -> int:
        return sum(self.unscored.values())


@dataclass(frozen=True)
class Report:
    """The whole report.

    Attributes:
        identity: report number, derived from the content.
        digest: SHA-256 over the content, of which the number shows the first digits.
        style: what was asked of it: limit, case, language.
        words: the language.
        run: what was done with what.
        reference: reference statistics of the model.
        counts: how the files divide up.
        rows: the files that lists show: scored ones by falling score, then the others in the order found.
        printed: those that they show on paper.
        standings: where every file stands.
        observed: names of the observations, opinions and stability checks that rows hold.
        rows_digest: SHA-256 over the rows as `results.jsonl` holds them.
        exhibits: sections of the scored files within the limit, in the same order.
        gallery: the same files as small pictures.
        audible: whether any of them can be listened to.
        overview_figure: the score distributions with all scored files below the axis.
        validation: what was measured of the model.
        warnings: what limits the report as a whole.
        measures: every artefact measure with its definition.
        limits: limits whose conditions are met, with the files they concern.
        receipt: the case compared with the scan, None in a triage.
        log: the audit log up to the end of the scan, None where none was kept.
        hear: what to hear first.
    """

    identity: str
    digest: str
    style: Style
    words: Words
    run: RunRecord
    reference: Reference
    counts: Counts
    rows: tuple[FileRow, ...]
    printed: tuple[FileRow, ...]
    standings: Standings
    rows_digest: str
    observed: Mapping[str, AbstractSet[str]]
    exhibits: Sequence[ExhibitSection]
    gallery: Sequence[Thumbnail]
    audible: bool
    overview_figure: Markup
    validation: Validation
    warnings: tuple[str, ...]
    measures: tuple[MeasureWords, ...]
    limits: tuple[tuple[str, str], ...] = ()
    receipt: Receipt | None = None
    log: Extract | None = None
    hear: HearFirst = field(default_factory=HearFirst)

    @property
    def mode(self) -> str:
        return self.style.mode

    @property
    def draft(self) -> bool:
        """Whether it is an evaluation that nobody has signed."""
        return self.style.draft and self.style.case is not None and not self.style.signatures

    @property
    def missing(self) -> list[tuple[str, str]]:
        """What the case file leaves out, for the case as a whole and for each exhibit."""
        entries = self.style.case.missing if self.style.case else ()
        return [
            (exhibit, self.words.item("list_join").join(self.words.say(f"case.item.{entry.key}") for entry in group))
            for exhibit, group in groupby(entries, key=lambda entry: entry.exhibit)
        ]

    @property
    def sections(self) -> tuple[Section, ...]:
        return load_sections()

    @property
    def scale(self) -> Scale:
        return load_scale(self.words.language, self.style.case.scale if self.style.case else None)

    @property
    def standards(self) -> list[tuple[str, str, str, str]]:
        return standard_rows(self.words)

    @property
    def scored(self) -> tuple[FileRow, ...]:
        return tuple(row for row in self.rows if row.rank is not None)

    @property
    def asked_about(self) -> tuple[FileRow, ...]:
        """The exhibits of the case; every file where the case file lists none."""
        exhibits = tuple(row for row in self.rows if row.received and row.received.exhibit)
        return exhibits or self.rows

    def unscored(self, medium: str) -> tuple[FileRow, ...]:
        """Those of them that have no score."""
        return tuple(row for row in self.listed(medium) if row.rank is None)

    @property
    def left_out(self) -> int:
        """Scored files without a section of their own."""
        return self.counts.scored - len(self.exhibits)

    def listed(self, medium: str) -> tuple[FileRow, ...]:
        """The files that lists show on screen (`html`) or on paper."""
        return self.rows if medium == "html" else self.printed

    def unlisted(self, medium: str) -> int:
        """How many files no list shows there."""
        return self.counts.found - len(self.listed(medium))
