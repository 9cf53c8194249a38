"""Small changes that should not matter: the scored channel without edge silence, cropped, and coded once more.

Each change is a filter on the stream, so that a second decoding pass hears all of them at once in flat memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from slim_cli.audio.scoring import ChannelScorer, Score, WindowBatches
from slim_cli.audio.silero import Network
from slim_cli.audio.speech import ChannelSpeech
from slim_cli.audio.stream import Passage, SpeechWindows
from slim_cli.errors import EnvironmentUnfit
from slim_cli.results import MODEL_RATE_HZ, Remark

CROPPED = 0.1  # half of it at either end
BIT_RATE_BPS = 32_000
ENCODER, DECODER = "libmp3lame", "mp3float"

CHANGES = ("edges_trimmed", "cropped", "reencoded")


def stability_rule() -> dict[str, str]:
    """What the changes are, for the record."""
    return {
        "edges_trimmed": "from the first detected speech to the last",
        "cropped": f"{CROPPED / 2:.0%} of the duration cut off at either end",
        "reencoded": f"MP3 ({ENCODER}), {BIT_RATE_BPS // 1000} kbit/s, mono, {MODEL_RATE_HZ} Hz",
    }


def check_codec() -> None:
    """Makes sure that the file can be coded once more.

    Raises:
        EnvironmentUnfit: PyAV was built without the encoder.
    """
    if ENCODER not in av.codecs_available:
        raise EnvironmentUnfit(f"--stability needs the encoder {ENCODER}; install the wheel of PyAV (pip install av).")


Change = Callable[[np.ndarray, bool], np.ndarray]


class Cut:
    """Passes the samples between two positions.

    Args:
        start: first sample passed.
        stop: the one behind the last.
    """

    def __init__(self, start: int, stop: int) -> None:
        self._start, self._stop, self._at = start, stop, 0

    def __call__(self, samples: np.ndarray, last: bool) -> np.ndarray:
        """The part of the next samples (n,) that lies inside."""
        at, self._at = self._at, self._at + len(samples)
        return samples[max(0, self._start - at) : max(0, self._stop - at)]


class Recode:
    """Codes a stream as MP3 and decodes it again; FFmpeg takes off the codec's delay, so that positions stay."""

    def __init__(self) -> None:
        self._encoder = cast(AudioCodecContext, av.CodecContext.create(ENCODER, "w"))
        self._encoder.sample_rate, self._encoder.layout, self._encoder.format = MODEL_RATE_HZ, "mono", "fltp"
        self._encoder.bit_rate = BIT_RATE_BPS
        self._encoder.open()
        self._decoder = cast(AudioCodecContext, av.CodecContext.create(DECODER, "r"))
        self._frames = av.AudioResampler("fltp", "mono", MODEL_RATE_HZ, self._encoder.frame_size)
        self._owed = 0

    def __call__(self, samples: np.ndarray, last: bool) -> np.ndarray:
        """The next coded samples; they lag behind until the end."""
        self._owed += len(samples)
        pieces = self._code(samples) if len(samples) else []
        pieces += self._end() if last else []
        passed = np.concatenate([*pieces, np.zeros(0, np.float32)])[: self._owed]
        self._owed -= len(passed)
        return np.pad(passed, (0, self._owed)) if last else passed

    def _code(self, samples: np.ndarray) -> list[np.ndarray]:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), "fltp", "mono")
        frame.sample_rate = MODEL_RATE_HZ
        return [piece for part in self._frames.resample(frame) for piece in self._pass(part)]

    def _end(self) -> list[np.ndarray]:
        rest = [piece for part in self._frames.resample(None) for piece in self._pass(part)]
        return rest + self._pass(None) + [frame.to_ndarray()[0] for frame in self._decoder.decode(None)]

    def _pass(self, frame: av.AudioFrame | None) -> list[np.ndarray]:
        packets = self._encoder.encode(frame)
        return [out.to_ndarray()[0] for packet in packets for out in self._decoder.decode(packet)]


@dataclass(frozen=True)
class Rescoring:
    """What a changed channel is scored with, as the file was.

    Attributes:
        score: from waveforms (B, 64000) and lengths (B,) to scores (B,) and mismatches (B,).
        network: weights of the speech detector.
        gate_s: net speech that a channel needs to be scored, seconds.
    """

    score: Score
    network: Network
    gate_s: float


class ChangedChannel:
    """Scores one channel as it comes out of a change.

    Args:
        change: from the next samples (n,) at 16 kHz and whether they are the last to the changed ones.
        scoring: what to score it with.
    """

    def __init__(self, change: Change, scoring: Rescoring) -> None:
        self._change, self._speech = change, SpeechWindows(scoring.network, 1)
        self._batches = WindowBatches(scoring.score)
        self._scorer = ChannelScorer(self._batches, scoring.gate_s)

    def push(self, samples: np.ndarray, last: bool = False) -> None:
        """The next samples before the change, (n,)."""
        self._scorer.read(*self._speech.push(self._change(samples, last)[None], last))

    def finish(self) -> float | None:
        """The score; None where too little speech is left."""
        self._scorer.close()
        self._batches.flush()
        return self._scorer.channels([ChannelSpeech(self._speech.tracks)])[0].score


class StabilityCheck:
    """Scores the scored channel of a file after each change, in a second pass over it; its segments are joined.

    Args:
        scoring: what to score it with.
        index: the channel.
        samples: its samples at 16 kHz.
        speech: its speech.
    """

    stage = "encoders"

    def __init__(self, scoring: Rescoring, index: int, samples: int, speech: ChannelSpeech) -> None:
        edge, stretches = round(samples * CROPPED / 2), speech.stretches()
        changes: tuple[Change, ...] = (
            Cut(int(stretches[0, 0]), int(stretches[-1, 1])) if len(stretches) else Cut(0, samples),
            Cut(edge, samples - edge),
            Recode(),
        )
        self._index = index
        self._changed = {name: ChangedChannel(change, scoring) for name, change in zip(CHANGES, changes, strict=True)}

    def take(self, passage: Passage) -> None:
        """See `slim_cli.audio.stream.Consumer`."""
        missing = self._index >= len(passage.samples)
        samples = np.zeros(passage.samples.shape[1], np.float32) if missing else passage.samples[self._index]
        for changed in self._changed.values():
            changed.push(samples)

    def finish(self) -> dict[str, float | None]:
        """The score after each change, by name; None where it left too little speech."""
        for changed in self._changed.values():
            changed.push(np.zeros(0, np.float32), last=True)
        return {name: changed.finish() for name, changed in self._changed.items()}


def crossings(score: float, stability: Mapping[str, float | None], review_score: float | None) -> tuple[Remark, ...]:
    """The changes after which a score lies on another side of zero or of the review threshold.

    >>> [remark.code for remark in crossings(0.4, {"cropped": -0.1, "reencoded": 0.6}, 0.5)]
    ['score_changes_sign', 'score_rises_to_review']
    """
    remarks = []
    for name, other in stability.items():
        if other is None:
            continue
        values: dict[str, str | int | float] = {"change": name, "score": score, "other": other}
        if (score > 0) != (other > 0):
            remarks.append(Remark("score_changes_sign", values))
        if review_score is None or (score >= review_score) == (other >= review_score):
            continue
        rises = other >= review_score
        remarks.append(
            Remark("score_rises_to_review" if rises else "score_falls_below_review", {**values, "review": review_score})
        )
    return tuple(remarks)
