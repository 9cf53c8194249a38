"""Long recordings out of bona fide clips, and the same ones with a passage of synthetic speech put in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

import numpy as np

from slim_cli.audio.whole_signal import read_channels
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import EvidenceError, UsageError
from slim_cli.evidence.decoding import Decoder
from slim_cli.results import MODEL_RATE_HZ

FADE_S = 0.05
MARGIN_S = 5.0  # between an inserted passage and the ends of what it is put into
_FRAME_S = 0.02
_QUIET = 0.03  # of the loudest frame: leading and trailing frames below it are no speech


@dataclass(frozen=True)
class Host:
    """A recording made of bona fide clips, one after the other, cross-faded.

    Attributes:
        samples: (T,) float32 at 16 kHz.
        origin: origin of the clips that it is made around.
        speaker: their speaker, empty where not known.
        own: where the clips of that origin lie, first second and last.
        clips: how many clips it is made of.
        origins: of how many origins.
    """

    samples: np.ndarray
    origin: str
    speaker: str
    own: tuple[float, float]
    clips: int
    origins: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / MODEL_RATE_HZ


@dataclass(frozen=True)
class Insertion:
    """A passage of synthetic speech in a host, and the recording that holds it.

    Attributes:
        samples: (T,) the whole recording, as long as its host.
        start_s: where the passage starts.
        end_s: where it ends.
        system: what synthesised it.
        same_origin: whether it comes from the origin of the clips around it.
        same_speaker: whether it is stated to be in their speaker's voice.
    """

    samples: np.ndarray
    start_s: float
    end_s: float
    system: str
    same_origin: bool
    same_speaker: bool


class LongRecordings:
    """Makes recordings of any length; the same clips and seed give the same ones.

    A recording is made around clips of one origin, those of one speaker first where speakers are known; where they do
    not fill it, clips of other origins go before and behind them, of the same language first. No clip occurs twice in a
    recording; in several it may. Use as a context manager.

    Args:
        clips: bona fide and spoof.
        seed: of all that is chosen.
    """

    def __init__(self, clips: Sequence[Clip], seed: int = 0) -> None:
        self._decoder = Decoder()
        self._bona_fide = [clip for clip in clips if not clip.is_spoof]
        self._spoof = [clip for clip in clips if clip.is_spoof]
        self._random = np.random.default_rng(seed)
        with_both = {clip.origin for clip in self._spoof} & {clip.origin for clip in self._bona_fide}
        every = sorted(with_both) or sorted({clip.origin for clip in self._bona_fide})
        self._turns = [every[place] for place in self._random.permutation(len(every))]
        self._turn = 0

    def __enter__(self) -> LongRecordings:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._decoder.close()

    def host(self, seconds: float) -> Host | None:
        """The next recording of a length, None where the clips do not fill one.

        Raises:
            UsageError: a clip cannot be read.
        """
        if not self._turns:
            return None
        origin = self._turns[self._turn % len(self._turns)]
        self._turn += 1
        first = self._shuffled([clip for clip in self._bona_fide if clip.origin == origin])[0]
        ranked = sorted(self._shuffled(self._bona_fide), key=lambda clip: _distance(clip, first))
        taken, needed = [], round(seconds * MODEL_RATE_HZ)
        for clip in ranked:
            taken.append((clip, self._speech_of(clip)))
            if sum(len(samples) for _, samples in taken) - _fade() * len(taken) >= needed:
                return self._around(taken, needed, first)
        return None

    def insertion(self, host: Host, seconds: float) -> Insertion | None:
        """The host with a passage of a length in place of what was there, as loud as what is around it.

        Synthetic clips of the host's origin are taken first, of them those in its speaker's voice.

        Raises:
            UsageError: a clip cannot be read.
        """
        length = round(seconds * MODEL_RATE_HZ)
        for system, group in self._voices(host):
            passage = self._passage(group, length)
            if passage is not None:
                return self._put(host, passage, replace(group[0], system=system))
        return None

    def _shuffled(self, clips: Sequence[Clip]) -> list[Clip]:
        return [clips[place] for place in self._random.permutation(len(clips))]

    def _around(self, taken: Sequence[tuple[Clip, np.ndarray]], needed: int, first: Clip) -> Host:
        own = [samples for clip, samples in taken if clip.origin == first.origin]
        others = [samples for clip, samples in taken if clip.origin != first.origin]
        split = int(self._random.integers(len(others) + 1))
        joined, starts = _joined([*others[:split], *own, *others[split:]])
        stop = starts[split + len(own)] if split + len(own) < len(starts) else len(joined)
        at = max(0, min(starts[split], len(joined) - needed)) if stop > needed else 0
        place = tuple(min(max(0, edge - at), needed) / MODEL_RATE_HZ for edge in (starts[split], stop))
        origins = len({clip.origin for clip, _ in taken})
        speaker = first.speaker if first.speaker_known else ""
        kept = joined[at : at + needed]
        return Host(kept, first.origin, speaker, (place[0], place[1]), len(taken), origins)

    def _voices(self, host: Host) -> Iterator[tuple[str, list[Clip]]]:
        """Synthetic clips by system and voice, the nearest to the host first."""
        groups: dict[tuple[str, str, str], list[Clip]] = {}
        for clip in self._shuffled(self._spoof):
            groups.setdefault((clip.origin, clip.system, clip.speaker), []).append(clip)
        ranked = sorted(groups, key=lambda key: (key[0] != host.origin, not host.speaker or key[2] != host.speaker))
        yield from ((key[1], groups[key]) for key in ranked)

    def _put(self, host: Host, passage: np.ndarray, voice: Clip) -> Insertion:
        samples, length, margin = host.samples.copy(), len(passage), round(MARGIN_S * MODEL_RATE_HZ)
        low, high = (round(edge * MODEL_RATE_HZ) for edge in host.own)
        low, high = max(low, margin), min(high, len(samples) - margin) - length
        if high < low:
            low, high = margin, max(margin, len(samples) - margin - length)
        at = int(self._random.integers(low, high + 1))
        around = samples[max(0, at - 2 * margin) : at + length + 2 * margin]
        loud = passage * (_level(around) / max(_level(passage), 1e-9))
        blend = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / _fade()).astype(np.float32)
        samples[at : at + length] = np.clip(samples[at : at + length] * (1 - blend) + loud * blend, -1, 1)
        start, end = at / MODEL_RATE_HZ, (at + length) / MODEL_RATE_HZ
        known = bool(host.speaker) and voice.speaker == host.speaker
        return Insertion(samples, start, end, voice.system, voice.origin == host.origin, known)

    def _passage(self, clips: Sequence[Clip], length: int) -> np.ndarray | None:
        """The first samples of clips of one voice after each other, None where they are too few."""
        parts: list[np.ndarray] = []
        for clip in clips:
            parts.append(self._speech_of(clip))
            if sum(map(len, parts)) - _fade() * len(parts) >= length:
                return _joined(parts)[0][:length]
        return None

    def _speech_of(self, clip: Clip) -> np.ndarray:
        """A clip's first channel without quiet ends."""
        try:
            samples = read_channels(clip.path, self._decoder)[0]
        except EvidenceError as error:
            raise UsageError(f"The clip {clip.path} cannot be read: {error}.") from error
        frame = round(_FRAME_S * MODEL_RATE_HZ)
        levels = np.sqrt((samples[: len(samples) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1))
        loud = np.flatnonzero(levels > _QUIET * levels.max(initial=0.0))
        return samples[loud[0] * frame : (loud[-1] + 1) * frame] if len(loud) else samples


def _distance(clip: Clip, first: Clip) -> tuple[bool, bool, bool]:
    """How far a clip is from the one that a recording is made around."""
    same_speaker = clip.speaker_known and clip.speaker == first.speaker
    return clip.origin != first.origin, not same_speaker, clip.language != first.language


def _joined(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, list[int]]:
    """Signals one after the other, cross-faded, and where each starts."""
    fade, starts, at = _fade(), [], 0
    whole = np.zeros(sum(map(len, parts)), np.float32)
    for part in parts:
        starts.append(at)
        ramp = np.ones(len(part), np.float32)
        edge = min(fade, len(part) // 2)
        ramp[:edge], ramp[len(part) - edge :] = np.linspace(0, 1, edge), np.linspace(1, 0, edge)
        whole[at : at + len(part)] += part * ramp
        at += len(part) - edge
    return whole[: at + fade if parts else 0], starts


def _level(samples: np.ndarray) -> float:
    """Level of the louder half of the frames: that of the speech."""
    frame = round(_FRAME_S * MODEL_RATE_HZ)
    powers = np.sort((samples[: len(samples) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1))
    return float(np.sqrt(powers[len(powers) // 2 :].mean())) if len(powers) else 0.0


def _fade() -> int:
    return round(FADE_S * MODEL_RATE_HZ)
