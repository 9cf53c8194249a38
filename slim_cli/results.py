"""What a scan says about a file: frozen records that cross every room, and their JSON form (`slim-results/1`)."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "slim-results/1"
RUN_SCHEMA = "slim-run/1"

STATUSES = ("scored", "insufficient_speech", "no_audio", "decode_failed", "unreadable", "refused")
LR_STATUSES = ("given", "uncalibrated", "out_of_scope")

WINDOW_S = 4.0
HOP_S = 2.0
MODEL_RATE_HZ = 16_000
MIN_NET_SPEECH_S = 2.0

_HIDDEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


@dataclass(frozen=True)
class Remark:
    """A fact about a file or a run, as a code with values; its sentence stands in `words.*.toml` under `[remarks]`.

    Attributes:
        code: what is said, e.g. `format_changes`.
        values: what the sentence fills in, by name; text that comes from a file is made harmless before it gets here.
    """

    code: str
    values: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class WindowScore:
    """One analysis window of one channel.

    Attributes:
        start_s: where the window starts in the decoded signal, seconds.
        end_s: where it ends, seconds.
        speech_s: net speech inside it, seconds.
        score: log-odds of the classifier, positive = synthetic; not calibrated.
        mismatch: 1 - cos(style dependency, linguistic dependency), in [0, 2]; larger = less natural.
    """

    start_s: float
    end_s: float
    speech_s: float
    score: float
    mismatch: float


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
    """

    index: int
    pcm_sha256: str
    net_speech_s: float
    score: float | None = None
    mismatch: float | None = None
    windows: tuple[WindowScore, ...] = ()

    @property
    def peak_window(self) -> WindowScore | None:
        """The highest-scoring window, None when there is none."""
        return max(self.windows, key=lambda w: w.score, default=None)


@dataclass(frozen=True)
class Media:
    """How the audio was stored and who decoded it.

    Attributes:
        container: container format, e.g. `WAV`, `mov,mp4,m4a`.
        codec: codec of the audio stream, e.g. `PCM_16`, `aac`.
        sample_rate_hz: native sample rate, Hz.
        channels: number of channels.
        samples: decoded samples per channel.
        duration_s: decoded duration, seconds.
        bit_rate_bps: bit rate where the container states or the size implies one, bit/s.
        decoder: library that decoded it, e.g. `soundfile`, `PyAV`.
        decoder_version: its version with that of the codec library behind it.
        tags: metadata found in the file, text from the file itself and therefore hostile.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    samples: int
    duration_s: float
    decoder: str
    decoder_version: str
    bit_rate_bps: int | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """One artefact measure: something seen in the signal, never an input to the score.

    Attributes:
        value: the measured value, None where it could not be measured.
        unit: its unit, empty for a pure number.
        usable: whether the conditions for reading it are met.
        note: why it is not usable, or what limits it; empty otherwise.
    """

    value: float | None
    unit: str
    usable: bool = True
    note: str = ""


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
        reason: why the file has no score, in words; empty when scored.
        path_hex: the raw path bytes in hex, only when the name is not valid UTF-8.
        sha256: SHA-256 of the file's bytes, None when it could not be read.
        size_bytes: size in bytes, None when it could not be read.
        modified: modification time as found, ISO 8601 UTC.
        warnings: what limits the result, in words.
        media: how the audio was stored; None when nothing decoded.
        score: the highest channel score (log-odds, positive = synthetic), uncalibrated.
        mismatch: that channel's mismatch.
        lr_status: whether a likelihood ratio is given, one of `LR_STATUSES`.
        lr_reason: why none is given, in words; empty otherwise.
        lr: the likelihood ratio, only with the status `given`.
        stability: score after each small change that should not matter, by name (`--stability`); None where the change
            left too little speech.
        occlusion: where in the file its score came from (`--occlusion`).
        channels: the channels, in order.
        observations: artefact measures by name.
        fingerprint: SHA-256 over everything that changes results (model, decoder rule, parameters).
        overview: file below the output folder that holds waveform envelope and spectrogram, None when not drawn.
    """

    path: str
    status: str
    reason: str = ""
    path_hex: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    modified: str | None = None
    warnings: tuple[str, ...] = ()
    media: Media | None = None
    score: float | None = None
    mismatch: float | None = None
    lr_status: str = "uncalibrated"
    lr_reason: str = ""
    lr: LikelihoodRatio | None = None
    stability: dict[str, float | None] = field(default_factory=dict)
    occlusion: Occlusion | None = None
    channels: tuple[ChannelResult, ...] = ()
    observations: dict[str, Observation] = field(default_factory=dict)
    fingerprint: str = ""
    overview: str | None = None

    @property
    def top_channel(self) -> ChannelResult | None:
        """The channel whose score stands for the file, None when nothing was scored."""
        scored = [c for c in self.channels if c.score is not None]
        return max(scored, key=lambda c: c.score or 0.0, default=None)

    def to_json(self) -> str:
        """One line of `results.jsonl`: keys in the order of the schema, numbers rounded to 4 decimals."""
        row = {"schema": SCHEMA, **_rounded(dataclasses.asdict(self))}
        if row["path_hex"] is None:
            del row["path_hex"]
        return _visible(json.dumps(row, ensure_ascii=False, allow_nan=False))

    @classmethod
    def from_json(cls, line: str) -> FileResult:
        """Reads one line of `results.jsonl`.

        Raises:
            ValueError: the line is not JSON or has another schema.
        """
        row: dict[str, Any] = json.loads(line)
        if row.pop("schema", None) != SCHEMA:
            raise ValueError(f"not a {SCHEMA} row")
        media = row.pop("media")
        channels = [{**c, "windows": tuple(WindowScore(**w) for w in c["windows"])} for c in row.pop("channels")]
        observations = {name: Observation(**o) for name, o in row.pop("observations").items()}
        ratio, occlusion = row.pop("lr", None), row.pop("occlusion", None)
        return cls(
            **{**row, "warnings": tuple(row["warnings"])},
            media=Media(**media) if media else None,
            channels=tuple(ChannelResult(**channel) for channel in channels),
            observations=observations,
            lr=LikelihoodRatio(**ratio) if ratio else None,
            occlusion=Occlusion(**_tuples(occlusion)) if occlusion else None,
        )


@dataclass(frozen=True)
class RunRecord:
    """What was done, when and with what: everything a reader needs to do it again.

    Attributes:
        command: the command line, program name first.
        started: when the scan began, ISO 8601 UTC.
        finished: when it ended, ISO 8601 UTC.
        tool_version: version of this package.
        software: version of each part that takes part in the result, by name (Python, torch, decoders, system).
        model: the bundle's own account: `name`, `version`, `description`, `parameters` (number of weights), `sha256`
            (of every file in the bundle by name), `details`.
        parameters: everything else that changes results, by name.
        fingerprint: SHA-256 over model and parameters; equal to that of every result row.
        counts: number of result rows by status.
        complete: False when the scan was stopped before its end.
        files_found: how many files there are to examine; None where an older version did not tell.
        calibration: the calibration file's own account, empty where no likelihood ratio was asked for.
    """

    command: tuple[str, ...]
    started: str
    finished: str
    tool_version: str
    software: dict[str, str]
    model: dict[str, Any]
    parameters: dict[str, Any]
    fingerprint: str
    counts: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    files_found: int | None = None
    calibration: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The content of `run.json`."""
        return json.dumps({"schema": RUN_SCHEMA, **dataclasses.asdict(self)}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """Reads the content of `run.json`.

        Raises:
            ValueError: the text is not JSON or has another schema.
        """
        record: dict[str, Any] = json.loads(text)
        if record.pop("schema", None) != RUN_SCHEMA:
            raise ValueError(f"not a {RUN_SCHEMA} record")
        return cls(**{**record, "command": tuple(record["command"])})


def _tuples(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}


def _visible(text: str) -> str:
    r"""JSON with invisible and direction-changing characters as escapes: the same data, harmless on a terminal.

    >>> print(_visible('"invoice\u202egpj.wav"'))
    "invoice\u202egpj.wav"
    """
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
