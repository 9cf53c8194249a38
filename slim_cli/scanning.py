"""The scan: from folders to one result per file, in memory that grows neither with the files nor with their length."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from slim_cli.audio.silero import load_network
from slim_cli.audio.speech import speech_rule
from slim_cli.errors import EvidenceError, IntegrityError, UsageError
from slim_cli.evidence.decoding import AudioStream, Decoder, Limits, decoder_rule
from slim_cli.evidence.discovery import Candidate, discover
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.listening import Hearing, Listener, StageTimes
from slim_cli.results import HOP_S, MIN_NET_SPEECH_S, MODEL_RATE_HZ, WINDOW_S, FileResult

__all__ = [
    "Progress",
    "ScanOptions",
    "ScoresWindows",
    "StageTimes",
    "Unscored",
    "scan",
    "scan_fingerprint",
    "scan_parameters",
]


class ScoresWindows(Protocol):
    """What a scan needs of a detector; `slim_cli.detector.runtime.Detector` is one."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything in the model that decides a score."""

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From (B, 64000) float32 at 16 kHz and (B,) valid samples to scores (B,) and mismatches (B,)."""


class Unscored:
    """Stands in for a detector where files are to be decoded and measured, but not scored."""

    fingerprint = "unscored"

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores nothing: not a number for every window."""
        nothing = np.full(len(waveforms), np.nan)
        return nothing, nothing


@dataclass(frozen=True)
class ScanOptions:
    """How a scan works.

    Attributes:
        output: folder for the overviews (waveform and spectrogram data); None to draw none.
        max_duration_s: audio beyond this is left out, with a warning, seconds.
        max_size_bytes: larger files are refused; None for no limit.
        timeout_s: longest wait for a decoder, seconds.
        min_net_speech_s: channels with less detected speech are not scored, seconds.
    """

    output: Path | None = None
    max_duration_s: float = 24 * 3600.0
    max_size_bytes: int | None = None
    timeout_s: float = 120.0
    min_net_speech_s: float = MIN_NET_SPEECH_S

    def __post_init__(self) -> None:
        for name in ("max_duration_s", "max_size_bytes", "timeout_s", "min_net_speech_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"The option {name} must be greater than zero; it is {value}.")


@dataclass(frozen=True)
class Progress:
    """How far a scan has come; sent before each file, after each block of audio and after each file.

    Attributes:
        files_done, files_total: result rows.
        bytes_done, bytes_total: bytes of evidence; inside a file an estimate from the announced duration.
        audio_s: decoded audio so far, seconds.
        name: the file at hand, text from the evidence and therefore hostile; empty at the end.
    """

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    audio_s: float
    name: str


def scan_parameters(options: ScanOptions) -> dict[str, Any]:
    """Everything but the model that changes results, for the record and the fingerprint."""
    return {
        "window_s": WINDOW_S,
        "hop_s": HOP_S,
        "min_net_speech_s": options.min_net_speech_s,
        "max_duration_s": options.max_duration_s,
        "model_rate_hz": MODEL_RATE_HZ,
        "speech_detector": load_network().version,
        "speech_rule": speech_rule(),
        "decoders": decoder_rule(),
    }


def scan_fingerprint(detector: ScoresWindows, options: ScanOptions) -> str:
    """SHA-256 over the model's fingerprint and `scan_parameters`, as canonical JSON."""
    deciding = {"detector": detector.fingerprint, **scan_parameters(options)}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def scan(
    paths: Sequence[str | os.PathLike[str]],
    *,
    detector: ScoresWindows,
    options: ScanOptions | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    times: StageTimes | None = None,
) -> Iterator[FileResult]:
    """Examines every file below the given paths.

    Args:
        paths: files and folders.
        detector: what scores the windows.
        options: how to work.
        on_progress: called as the scan goes on.
        times: where the time per stage is added up.

    Returns:
        an iterator over one result per entry found, in a fixed order. A file that cannot be examined is a result with a
        status and a reason; closing the iterator stops cleanly.

    Raises:
        UsageError: at once: a path is missing, nothing was found, or the output lies inside the evidence.
        EnvironmentUnfit: at once: a part of the installation is missing.
        IntegrityError: after the last result: evidence changed while it was examined.
    """
    options = options or ScanOptions()
    roots = [Path(path) for path in paths]
    _keep_apart(options.output, roots)
    candidates = list(discover(roots))
    fingerprint = scan_fingerprint(detector, options)
    draw = options.output is not None
    hearing = Hearing(detector.score, load_network(), options.min_net_speech_s, times or StageTimes(), draw)
    return _Session(hearing, options, _Reporter(on_progress, candidates)).run(candidates, fingerprint)


def _keep_apart(output: Path | None, roots: Sequence[Path]) -> None:
    for root in roots if output else []:
        if root.is_dir() and output and output.resolve().is_relative_to(root.resolve()):
            raise UsageError(f"The output folder {output} lies inside the evidence {root}; choose one outside it.")


class _Reporter:
    """Keeps count and tells whoever listens."""

    def __init__(self, listener: Callable[[Progress], None] | None, candidates: Sequence[Candidate]) -> None:
        self._listener = listener
        self._sizes = [0 if c.refusal else _size(c.path) for c in candidates] if listener else [0] * len(candidates)
        self._total, self._done, self._files, self.audio_s = sum(self._sizes), 0, 0, 0.0

    def tell(self, name: str, fraction: float = 0.0) -> None:
        """Reports on the file at hand, of which a fraction is done."""
        if self._listener:
            inside = int(self._sizes[self._files] * min(1.0, fraction)) if self._files < len(self._sizes) else 0
            files = (self._files, len(self._sizes))
            self._listener(Progress(*files, self._done + inside, self._total, self.audio_s, name))

    def finished(self) -> None:
        """Counts the file at hand as done."""
        self._done += self._sizes[self._files]
        self._files += 1
        self.tell("")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class _Session:
    """One scan: what all its files share."""

    def __init__(self, hearing: Hearing, options: ScanOptions, reporter: _Reporter) -> None:
        self._hearing, self._options, self._reporter = hearing, options, reporter
        self._limits = Limits(options.max_duration_s, options.timeout_s)
        self._decoder = Decoder()

    def run(self, candidates: Sequence[Candidate], fingerprint: str) -> Iterator[FileResult]:
        changed = []
        with self._decoder:
            for number, candidate in enumerate(candidates):
                self._reporter.tell(candidate.name)
                try:
                    result = self._examine(number, candidate)
                except IntegrityError as error:
                    changed.append(candidate.name)
                    result = FileResult(candidate.name, "unreadable", f"the file {error}; nothing of it was kept")
                self._reporter.finished()
                yield replace(result, path_hex=candidate.path_hex, fingerprint=fingerprint)
        if changed:
            names = ", ".join(repr(name) for name in changed)
            raise IntegrityError(f"Evidence changed during the scan: {names}. Work on a copy that nothing writes to.")

    def _examine(self, number: int, candidate: Candidate) -> FileResult:
        """One row; what is known of the file is kept whatever happens to its audio."""
        result = FileResult(candidate.name, candidate.status, candidate.refusal or "")
        if candidate.refusal:
            return result
        try:
            with Exhibit(candidate.path) as exhibit:
                result = replace(result, size_bytes=exhibit.size_bytes, modified=exhibit.modified)
                limit = self._options.max_size_bytes
                if limit and exhibit.size_bytes > limit:
                    raise EvidenceError(f"its {exhibit.size_bytes} bytes exceed the limit of {limit}", "refused")
                with self._hearing.times.measure("decode"):
                    result = replace(result, sha256=exhibit.sha256())
                try:
                    return self._hear(number, exhibit, result)
                finally:
                    exhibit.check_unchanged()
        except EvidenceError as error:
            return replace(result, status=error.status, reason=str(error))

    def _hear(self, number: int, exhibit: Exhibit, result: FileResult) -> FileResult:
        with self._decoder.open(exhibit, exhibit.kind(), self._limits) as stream:
            listener = Listener(stream.media, self._hearing)
            for block in self._timed(stream):
                listener.push(block)
                seconds = block.shape[1] / stream.media.sample_rate_hz
                self._reporter.audio_s += seconds
                self._hearing.times.audio_s += seconds
                self._reporter.tell(result.path, listener.seconds / stream.expected_s if stream.expected_s else 0.0)
            result = replace(result, warnings=tuple(stream.warnings))
            result = listener.finish(result, stream.media)
        overview = listener.overview(result)
        if overview is None or self._options.output is None or result.sha256 is None:
            return result
        name = f"overview/{number + 1}-{result.sha256[:12]}.npz"
        overview.save(self._options.output / name)
        return replace(result, overview=name)

    def _timed(self, stream: AudioStream) -> Iterator[np.ndarray]:
        blocks = iter(stream)
        while True:
            with self._hearing.times.measure("decode"):
                block = next(blocks, None)
            if block is None:
                return
            yield block
