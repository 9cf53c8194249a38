"""Many files one after the other, read as a scan with a gate of 0 reads them; their windows share batches.

The same decoding process, the same channel rule, the same windows and weights as in a scan; changes, such as a codec or
noise, are put between decoding and the rest.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slim_cli.audio.scoring import ChannelScorer, Score, WindowBatches
from slim_cli.audio.silero import load_network
from slim_cli.audio.speech import ChannelSpeech
from slim_cli.audio.stream import AudioPass
from slim_cli.audio.whole_signal import WholeSignal
from slim_cli.errors import EvidenceError
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.results import MODEL_RATE_HZ, FileResult

GATE_S = 0.0
BATCH = 64

Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ClipReading:
    """What was read of a file, as it is or after a change.

    Attributes:
        result: its row: status and reason, media, channels with their scores; no hashes and no measures.
        duration_s: length of what was read, seconds; None where nothing could be.
        scorer: the windows of each channel with all that was found of them; None likewise.
    """

    result: FileResult
    duration_s: float | None = None
    scorer: ChannelScorer | None = None

    @property
    def net_speech_s(self) -> float | None:
        """Detected speech of the channel that stands for the file, seconds; None where nothing could be read."""
        top = self.result.top_channel
        return top.net_speech_s if top else None


def read_clips(
    paths: Iterable[str | os.PathLike[str]], score: Score, changes: Sequence[Change] = (), limits: Limits | None = None
) -> Iterator[tuple[ClipReading, ...]]:
    """Reads files; one that cannot be decoded is a reading with a status and a reason.

    Args:
        paths: the files.
        score: from waveforms (B, 64000) and lengths (B,) to arrays (B, ...), of which the first two are the scores (B,)
            and mismatches (B,).
        changes: what each file is also read after: samples (T,) at 16 kHz to the same as received, never longer; each
            channel is changed by itself. One from which nothing arrives raises EvidenceError.
        limits: what decoding may cost.

    Yields:
        for each file in order, its reading as it is, then one per change.
    """
    batches, waiting = WindowBatches(score, BATCH), deque[list[_Pending]]()
    with Decoder() as decoder:
        reader = _Reader(decoder, batches, changes, limits or Limits())
        for path in paths:
            waiting.append(reader.read(os.fspath(path)))
            while waiting and all(one.complete for one in waiting[0]):
                yield tuple(one.reading() for one in waiting.popleft())
        batches.flush()
    for ready in waiting:
        yield tuple(one.reading() for one in ready)


@dataclass
class _Pending:
    """A reading whose windows may still wait for their batch."""

    result: FileResult
    duration_s: float | None = None
    scorer: ChannelScorer | None = None
    speech: Sequence[ChannelSpeech] = ()

    @property
    def complete(self) -> bool:
        return self.scorer is None or self.scorer.complete

    def reading(self) -> ClipReading:
        if self.scorer is None:
            return ClipReading(self.result)
        result = replace(self.result, channels=self.scorer.channels(self.speech))
        top = result.top_channel
        if top:
            result = replace(result, score=top.score, mismatch=top.mismatch)
        return ClipReading(result, self.duration_s, self.scorer)


class _Reader:
    """What all files of a run share."""

    def __init__(self, decoder: Decoder, batches: WindowBatches, changes: Sequence[Change], limits: Limits) -> None:
        self._decoder, self._batches, self._changes, self._limits = decoder, batches, changes, limits
        self._network = load_network()

    def read(self, path: str) -> list[_Pending]:
        """Decodes a file once and hands its windows over, as it is and after each change."""
        scorer, signal = ChannelScorer(self._batches, GATE_S), WholeSignal()
        through = AudioPass([scorer, signal] if self._changes else [scorer], self._network)
        try:
            with Exhibit(Path(path)) as exhibit, self._decoder.open(exhibit, exhibit.kind(), self._limits) as stream:
                through.read(stream)
        except EvidenceError as error:
            return [_Pending(FileResult(path, error.status, error.remark)) for _ in (None, *self._changes)]
        scorer.close()
        row = FileResult(path, "scored", media=stream.media)
        changed = (self._changed(row, signal.samples, change) for change in self._changes)
        return [_Pending(row, through.seconds, scorer, through.speech), *changed]

    def _changed(self, row: FileResult, samples: np.ndarray, change: Change) -> _Pending:
        try:
            received = [change(channel) for channel in samples]
        except EvidenceError as error:
            return _Pending(replace(row, status=error.status, reason=error.remark))
        longest = max(map(len, received))
        together = np.stack([np.pad(channel, (0, longest - len(channel))) for channel in received])
        scorer = ChannelScorer(self._batches, GATE_S)
        through = AudioPass([scorer], self._network)
        blocks = (together[:, at : at + MODEL_RATE_HZ] for at in range(0, longest, MODEL_RATE_HZ))
        through.segment(MODEL_RATE_HZ, blocks)
        scorer.close()
        return _Pending(row, through.seconds, scorer, through.speech)
