"""The scan: from folders to one result per file, in memory that grows neither with the files nor with their length."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from slim_cli.assessment.occlusion import occlusion_rule
from slim_cli.audio.hearing import Hearing, StageTimes
from slim_cli.audio.proxy import ProxyWriter, check_encoder, proxy_name, proxy_rule
from slim_cli.audio.silero import load_network
from slim_cli.audio.speech import speech_rule
from slim_cli.custody.folder import check_apart
from slim_cli.errors import EvidenceError, IntegrityError
from slim_cli.evidence.decoding import AudioStream, Decoder, Limits, decoder_rule
from slim_cli.evidence.discovery import Candidate, discover
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.sniffing import Kind
from slim_cli.listening import Impression, Listener, SecondListener
from slim_cli.observations.provenance import read_provenance
from slim_cli.observations.stability import check_codec, flips, stability_rule
from slim_cli.progress import Progress, Reporter
from slim_cli.results import HOP_S, MODEL_RATE_HZ, WINDOW_S, ChannelResult, FileResult, Remark
from slim_cli.scan_options import Occluded, ScanOptions

__all__ = [
    "Progress",
    "ScanOptions",
    "ScoresWindows",
    "StageTimes",
    "Unscored",
    "scan",
    "scan_fingerprint",
    "scan_parameters",
    "side_parameters",
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


def side_parameters(options: ScanOptions) -> dict[str, Any]:
    """What else was done, for the record; it changes no score and is no part of the fingerprint."""
    return {
        "stability": stability_rule() if options.stability else "none",
        "occlusion": {"files": options.occlusion, **(occlusion_rule() if options.occlusion != "none" else {})},
        "listening_proxy": proxy_rule() if options.embed_audio else "none",
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
    earlier: Sequence[FileResult] = (),
) -> Examination:
    """Examines every file below the given paths.

    Args:
        paths: files and folders.
        detector: what scores the windows.
        options: how to work.
        on_progress: called as the scan goes on.
        times: where the time per stage is added up.
        earlier: rows of an interrupted scan that goes on; their files are not examined again.

    Returns:
        an iterator over one result per entry found, in a fixed order. A file that cannot be examined is a result with a
        status and a reason; closing the iterator stops cleanly.

    Raises:
        UsageError: at once: a path is missing, nothing was found, or the output lies inside the evidence.
        EnvironmentUnfit: at once: a part of the installation is missing.
        IntegrityError: after the last result: evidence changed while it was examined.
    """
    options = options or ScanOptions()
    if options.stability:
        check_codec()
    if options.embed_audio:
        check_encoder()
    roots = [Path(path) for path in paths]
    if options.output:
        check_apart(options.output, roots)
    candidates = list(discover(roots))
    fingerprint = scan_fingerprint(detector, options)
    draw = options.output is not None
    hearing = Hearing(detector.score, load_network(), options.min_net_speech_s, times or StageTimes(), draw)
    session = _Session(hearing, options, Reporter(on_progress, candidates))
    return Examination(len(candidates), session.run(candidates, fingerprint, earlier))


class Examination(Iterator[FileResult]):
    """The rows of a scan, made one by one as they are asked for.

    Attributes:
        files_found: how many rows there are in all, with those of the interrupted scan that it goes on with.
    """

    def __init__(self, files_found: int, rows: Iterator[FileResult]) -> None:
        self.files_found, self._rows = files_found, rows

    def __next__(self) -> FileResult:
        return next(self._rows)

    def close(self) -> None:
        """Stops cleanly."""
        self._rows.close()  # type: ignore[attr-defined]


class _Session:
    """One scan: what all its files share."""

    def __init__(self, hearing: Hearing, options: ScanOptions, reporter: Reporter) -> None:
        self._hearing, self._options, self._reporter = hearing, options, reporter
        self._occluded = Occluded(options)
        self._limits = Limits(options.max_duration_s, options.timeout_s)
        self._decoder = Decoder()

    def run(
        self, candidates: Sequence[Candidate], fingerprint: str, earlier: Sequence[FileResult]
    ) -> Iterator[FileResult]:
        changed = []
        known = {row.path_hex or row.path for row in earlier}
        for row in earlier:
            self._occluded.includes(row.score)  # why: which files get a curve depends on the scores before theirs
        with self._decoder:
            for number, candidate in enumerate(candidates):
                if (candidate.path_hex or candidate.name) in known:
                    self._reporter.finished()
                    continue
                self._reporter.tell(candidate.name)
                try:
                    result = self._examine(number, candidate)
                except IntegrityError:
                    changed.append(candidate.name)
                    result = FileResult(candidate.name, "unreadable", Remark("changed_while_examined"))
                self._reporter.finished()
                yield self._weigh(replace(result, path_hex=candidate.path_hex, fingerprint=fingerprint))
        if changed:
            names = ", ".join(repr(name) for name in changed)
            raise IntegrityError(f"Evidence changed during the scan: {names}. Work on a copy that nothing writes to.")

    def _examine(self, number: int, candidate: Candidate) -> FileResult:
        """One row; what is known of the file is kept whatever happens to its audio."""
        result = FileResult(candidate.name, candidate.status, candidate.refusal)
        if candidate.refusal:
            return result
        try:
            with Exhibit(candidate.path) as exhibit:
                result = replace(result, size_bytes=exhibit.size_bytes, modified=exhibit.modified)
                limit = self._options.max_size_bytes
                if limit and exhibit.size_bytes > limit:
                    raise EvidenceError(
                        Remark("size_over_limit", {"bytes": exhibit.size_bytes, "limit": limit}), "refused"
                    )
                with self._hearing.times.measure("decode"):
                    result = replace(result, sha256=exhibit.sha256())
                try:
                    return self._hear(number, exhibit, result)
                finally:
                    exhibit.check_unchanged()
        except EvidenceError as error:
            return replace(result, status=error.status, reason=error.remark)

    def _hear(self, number: int, exhibit: Exhibit, result: FileResult) -> FileResult:
        kind = exhibit.kind()
        with self._decoder.open(exhibit, kind, self._limits) as stream:
            listener = Listener(stream.media, self._hearing)
            for block in self._timed(stream):
                listener.push(block)
                seconds = block.shape[1] / stream.media.sample_rate_hz
                self._reporter.audio_s += seconds
                self._hearing.times.audio_s += seconds
                self._reporter.tell(result.path, listener.seconds / stream.expected_s if stream.expected_s else 0.0)
            result = replace(result, remarks=tuple(stream.remarks))
            result = listener.finish(result, stream.media)
        with self._hearing.times.measure("decode"):
            made = read_provenance(exhibit.fd, kind, stream.media)
        result = replace(result, observations={**result.observations, **made})
        first = listener.impression(result)
        occluded = first is not None and self._occluded.includes(result.score)
        if first is not None and (self._options.stability or occluded):
            result = self._hear_again(exhibit, kind, first, result, occluded)
        overview = listener.overview(result)
        if overview is None or self._options.output is None or result.sha256 is None:
            return result
        name = f"overview/{number + 1}-{result.sha256[:12]}.npz"
        overview.save(self._options.output / name)
        if first is not None and self._options.embed_audio:
            result = self._copy(exhibit, kind, first.channel, self._options.output / proxy_name(name), result)
        return replace(result, overview=name)

    def _hear_again(
        self, exhibit: Exhibit, kind: Kind, first: Impression, result: FileResult, occlusion: bool
    ) -> FileResult:
        """A second decoding pass, because memory must not grow with the file."""
        stability = self._options.stability
        try:
            with self._decoder.open(exhibit, kind, self._limits) as stream:
                second = SecondListener(stream.media, self._hearing, first, stability, occlusion)
                for block in self._timed(stream):
                    second.push(block)
                second.push(np.zeros((stream.media.channels, 0), np.float32), last=True)
        except EvidenceError as error:
            return replace(result, remarks=(*result.remarks, Remark("second_pass_failed"), error.remark))
        result = second.finish(result)
        remarks = flips(result.score or 0.0, result.stability, self._options.review_score)
        if occlusion and result.occlusion is None:
            remarks += (Remark("no_occlusion"),)
        return replace(result, remarks=result.remarks + remarks)

    def _copy(self, exhibit: Exhibit, kind: Kind, channel: ChannelResult, path: Path, result: FileResult) -> FileResult:
        """The listening proxy: decoded once more, and kept only if the samples are those that were examined."""
        try:
            with (
                self._decoder.open(exhibit, kind, self._limits) as stream,
                ProxyWriter(path, stream.media.sample_rate_hz) as proxy,
            ):
                for block in self._timed(stream):
                    proxy.push(block[channel.index])
                if proxy.keep(channel.pcm_sha256):
                    return result
                reasons = [Remark("no_proxy_samples_differ")]
        except EvidenceError as error:
            reasons = [Remark("no_proxy"), error.remark]
        return replace(result, remarks=(*result.remarks, *reasons))

    def _weigh(self, result: FileResult) -> FileResult:
        if result.score is None or self._options.calibration is None:
            return result
        status, reasons, ratio = self._options.calibration.assess(result, result.fingerprint)
        return replace(result, lr_status=status, lr_reasons=reasons, lr=ratio)

    def _timed(self, stream: AudioStream) -> Iterator[np.ndarray]:
        blocks = iter(stream)
        while True:
            with self._hearing.times.measure("decode"):
                block = next(blocks, None)
            if block is None:
                return
            yield block
