"""What a scan says about a file: frozen records that cross every room, and their JSON form (`slim-results/2`)."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from slim_cli.media import Media, Segment, Track
from slim_cli.remarks import Remark
from slim_cli.window_scores import Stretch, VoicedStretch, WindowScore

__all__ = [
    "ChannelResult",
    "FileResult",
    "LedgerOrigin",
    "LikelihoodRatio",
    "Media",
    "Observation",
    "Occlusion",
    "Opinion",
    "Remark",
    "Segment",
    "Stretch",
    "Track",
    "VoicedStretch",
    "WindowScore",
]

SCHEMA = "slim-results/2"

Status = Literal["scored", "insufficient_speech", "no_audio", "decode_failed", "unreadable", "refused"]
LrStatus = Literal["given", "uncalibrated", "out_of_scope"]
STATUSES: tuple[Status, ...] = get_args(Status)
LR_STATUSES: tuple[LrStatus, ...] = get_args(LrStatus)
OMITTED_WHERE_NONE = ("path_hex", "root", "hashes")

WINDOW_S = 4.0
HOP_S = 2.0
MODEL_RATE_HZ = 16_000
MIN_NET_SPEECH_S = 2.0
STORED_DECIMALS = 4

_HIDDEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


@dataclass(frozen=True)
class ChannelResult:
    """One channel of a file.

    Attributes:
        index: channel number, from 0.
        pcm_sha256: SHA-256 of the channel's decoded float32 little-endian samples at the native rate.
        net_speech_s: detected speech, seconds.
        score: mean of the window scores weighted by each window's net speech; None when the channel was not scored.
        mismatch: the same mean of the window mismatches.
        windows: the analysis windows that hold speech, in time order; those without have weight 0 and are not scored.
        speech: detected speech, (start, end) in the decoded signal, seconds.
        rejected_voiced: voiced stretches that the speech detector did not take for speech.
        stretches: the three highest of 10 s, then of 30 s, highest first; none overlaps another of its length.
    """

    index: int
    pcm_sha256: str
    net_speech_s: float
    score: float | None = None
    mismatch: float | None = None
    windows: tuple[WindowScore, ...] = ()
    speech: tuple[tuple[float, float], ...] = ()
    rejected_voiced: tuple[VoicedStretch, ...] = ()
    stretches: tuple[Stretch, ...] = ()

    @property
    def peak_window(self) -> WindowScore | None:
        """The highest-scoring window, None when there is none."""
        return max(self.windows, key=lambda w: w.score, default=None)


@dataclass(frozen=True)
class LedgerOrigin:
    """The run that a row was taken from, where the same bytes were examined before in the same way."""

    run: str
    date: str


@dataclass(frozen=True)
class Opinion:
    """The score of a second detector; it stands beside SLIM's and is never mixed into it.

    Attributes:
        score: its own score, None where it gave none.
        fingerprint: SHA-256 over what decides that score.
        label: what the detector calls the class that the score stands for.
    """

    score: float | None
    fingerprint: str
    label: str


@dataclass(frozen=True)
class Observation:
    """One artefact measure: something seen in the signal, never an input to the score.

    Attributes:
        value: the measured value, None where it could not be measured.
        unit: its unit, empty for a pure number.
        usable: whether the conditions for reading it are met.
        note: why it is not usable, or what limits it.
    """

    value: float | None
    unit: str
    usable: bool = True
    note: Remark | None = None


@dataclass(frozen=True)
class LikelihoodRatio:
    """Weight of evidence of a file's score for "produced by speech synthesis" against "recorded speech".

    Attributes:
        log10: base-10 logarithm of the likelihood ratio, bounded; positive supports synthesis.
        low: lower end of its 95 % interval.
        high: upper end.
        bounded: whether the calibration's bounds (ELUB) cut it off.
    """

    log10: float
    low: float
    high: float
    bounded: bool = False


@dataclass(frozen=True)
class Occlusion:
    """What happens to a file's score when a stretch of it is replaced by the file's own noise.

    Attributes:
        starts_s: where each stretch starts, seconds.
        length_s: length of every stretch, seconds.
        change: score with the stretch replaced minus score of the file, one per stretch.
        faithfulness: Spearman correlation between the changes and those of random sets of stretches they predict; None
            when there are too few stretches.
    """

    starts_s: tuple[float, ...]
    length_s: float
    change: tuple[float, ...]
    faithfulness: float | None = None


@dataclass(frozen=True)
class FileResult:
    """One row of a scan: every file found gets exactly one.

    Attributes:
        path: path as found below the scanned folder, `/`-separated; undecodable bytes as U+FFFD.
        status: one of `STATUSES`.
        reason: why the file has no score; None when scored.
        path_hex: the raw path bytes in hex, only when the name is not valid UTF-8.
        root: the scanned folder that it was found below, only where several were given.
        sha256: SHA-256 of the file's bytes, None when it could not be read.
        hashes: its hashes by other algorithms (`md5`, `sha1`, ...), only those in which a received list is written.
        size_bytes: size in bytes, None when it could not be read.
        modified: modification time as found, ISO 8601 UTC.
        remarks: what limits the result or should be known with it.
        media: how the audio was stored; None when nothing decoded.
        container_start_s: the container's clock at the first decoded sample, seconds; None where it has no clock.
        segments: the parts that the decoded signal is made of, in order.
        tracks: the audio tracks of the container.
        seconds_examined: decoded audio that was examined, seconds.
        seconds_unexamined: audio that the file announces and that was not examined, seconds; None where unknown.
        bytes_examined: bytes of the file that were decoded.
        bytes_unexamined: bytes that may hold audio and were not decoded; None where unknown.
        score: the highest channel score (log-odds, positive = synthetic), uncalibrated.
        mismatch: that channel's mismatch.
        lr_status: whether a likelihood ratio is given, one of `LR_STATUSES`.
        lr_reasons: every reason why none is given.
        lr: the likelihood ratio, only with the status `given`.
        stability: score after each small change that should not matter, by name (`--stability`); None where the change
            left too little speech.
        occlusion: where in the file its score came from (`--occlusion`).
        channels: the channels, in order.
        observations: artefact measures by name.
        fingerprint: SHA-256 over everything that changes results (model, decoder rule, parameters).
        overview: file below the output folder that holds waveform envelope and spectrogram, None when not drawn.
        from_ledger: the run that the row was taken from; None where the file was examined in this one.
        opinions: scores of other detectors, by name.
    """

    path: str
    status: Status
    reason: Remark | None = None
    path_hex: str | None = None
    root: str | None = None
    sha256: str | None = None
    hashes: dict[str, str] | None = None
    size_bytes: int | None = None
    modified: str | None = None
    remarks: tuple[Remark, ...] = ()
    media: Media | None = None
    container_start_s: float | None = None
    segments: tuple[Segment, ...] = ()
    tracks: tuple[Track, ...] = ()
    seconds_examined: float | None = None
    seconds_unexamined: float | None = None
    bytes_examined: int | None = None
    bytes_unexamined: int | None = None
    score: float | None = None
    mismatch: float | None = None
    lr_status: LrStatus = "uncalibrated"
    lr_reasons: tuple[Remark, ...] = ()
    lr: LikelihoodRatio | None = None
    stability: dict[str, float | None] = field(default_factory=dict)
    occlusion: Occlusion | None = None
    channels: tuple[ChannelResult, ...] = ()
    observations: dict[str, Observation] = field(default_factory=dict)
    fingerprint: str = ""
    overview: str | None = None
    from_ledger: LedgerOrigin | None = None
    opinions: dict[str, Opinion] = field(default_factory=dict)

    @property
    def top_channel(self) -> ChannelResult | None:
        """The channel whose score stands for the file, None when nothing was scored."""
        scored = [c for c in self.channels if c.score is not None]
        return max(scored, key=lambda c: c.score or 0.0, default=None)

    def to_json(self) -> str:
        """One line of `results.jsonl`: keys in the order of the schema, numbers rounded to 4 decimals."""
        row = {"schema": SCHEMA, **_rounded(dataclasses.asdict(self))}
        left_out = [name for name in OMITTED_WHERE_NONE if row[name] is None]
        row = {name: value for name, value in row.items() if name not in left_out}
        return _visible(json.dumps(row, ensure_ascii=False, allow_nan=False))

    @classmethod
    def from_json(cls, line: str, name: str = "result row") -> FileResult:
        """Reads one line of `results.jsonl`, of this or an earlier schema.

        Raises:
            FormatError: the line is not JSON or not a row.
        """
        from slim_cli.loading import parse_json, read
        from slim_cli.upgrade import current_row

        return read(cls, current_row(parse_json(line, name), name), name)


def _visible(text: str) -> str:
    r"""JSON with invisible and direction-changing characters as escapes: the same data, harmless on a terminal.

    >>> print(_visible('"invoice\u202egpj.wav"'))
    "invoice\u202egpj.wav"
    """
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, STORED_DECIMALS)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
