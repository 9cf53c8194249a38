"""One pass over the clips that gives every analysis what it needs; kept on disk, bound to the bundle's fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from slim_cli.audio.scoring import weighted_mean
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.runtime import BATCH, Detector
from slim_cli.engines.clips import read_clips
from slim_cli.errors import UsageError
from slim_cli.validation.scores import Scores
from slim_cli.whole_files import replacing
from slim_cli.words import load_words

SCHEMA = "slim-embeddings/1"

Report = Callable[[int, int], None]
Run = Callable[[Tensor, Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class Embeddings:
    """What a bundle makes of each of N clips, as means over the clip's windows.

    Attributes:
        score: (N,) log-odds, positive = synthetic.
        mismatch: (N,) 1 - cos(S, L).
        style: S, (N, dependency_dim).
        linguistics: L, (N, dependency_dim).
        style_subspace: X_s, mean over the valid frames too, (N, D_s).
        linguistics_subspace: X_l, likewise, (N, D_l).
    """

    score: np.ndarray
    mismatch: np.ndarray
    style: np.ndarray
    linguistics: np.ndarray
    style_subspace: np.ndarray
    linguistics_subspace: np.ndarray

    def scores(self, clips: Sequence[Clip]) -> Scores:
        """The scores with the clips they belong to, as the evaluation reads them."""
        return Scores(tuple(clips), self.score, self.mismatch)


def embed(detector: Detector, clips: Sequence[Clip], folder: Path, report: Report | None = None) -> Embeddings:
    """Embeds clips with a bundle, or opens what an earlier call with the same bundle and files has left.

    Windows and batches are those of a scan, so that the scores are the ones that `slim validate` gives.

    Args:
        detector: a loaded bundle.
        clips: the clips, at least one.
        folder: where embeddings are kept.
        report: called with (clips done, clips in all).

    Raises:
        UsageError: a clip cannot be read or holds no audio.
    """
    stored = folder / f"{_key(detector.fingerprint, clips)}.npz"
    names = [field.name for field in fields(Embeddings)]
    if stored.exists():
        with np.load(stored, allow_pickle=False) as arrays:
            return Embeddings(**{name: arrays[name] for name in names})
    means = window_means(clips, lambda waveforms, lengths: _outputs(detector, waveforms, lengths), report)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(stored) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **means)
    return Embeddings(**means)


def _key(fingerprint: str, clips: Sequence[Clip]) -> str:
    try:
        files = [(str(c.path.resolve()), c.path.stat().st_size, c.path.stat().st_mtime_ns) for c in clips]
    except OSError as error:
        raise UsageError(f"The clip {error.filename} cannot be read: {error.strerror}.") from error
    return hashlib.sha256(json.dumps([SCHEMA, fingerprint, files]).encode()).hexdigest()[:16]


def window_means(clips: Sequence[Clip], run: Run, report: Report | None = None) -> dict[str, np.ndarray]:
    """Means over each clip's windows of whatever a model says of them, of the channel that stands for the clip.

    Args:
        clips: the N clips.
        run: waveforms (BATCH, T) and lengths (BATCH,) → named outputs (BATCH, ...); the first two, (BATCH,), are score
            and mismatch.
        report: called with (clips done, clips in all).

    Returns:
        each output as (N, ...) float64.

    Raises:
        UsageError: a clip cannot be read or holds no audio.
    """
    names: list[str] = []

    def score(waveforms: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
        parts = [
            _batch(run, waveforms[at : at + BATCH], lengths[at : at + BATCH]) for at in range(0, len(lengths), BATCH)
        ]
        names[:] = parts[0]
        return [np.concatenate([part[name] for part in parts]) for name in names]

    means: list[list[np.ndarray]] = []
    for clip, (one,) in zip(clips, read_clips([clip.path for clip in clips], score), strict=True):
        top = one.result.top_channel
        if one.scorer is None or top is None:
            said = load_words().sentence(one.result.reason) if one.result.reason else one.result.status
            raise UsageError(f"The clip {clip.path} cannot be read: {said}; take it off the list.")
        windows = one.scorer.windows(top.index)
        weights, found = [w.speech_s for w in windows], zip(*(w.values or () for w in windows), strict=True)
        means.append([weighted_mean(values, weights) for values in found])
        if report:
            report(len(means), len(clips))
    return {name: np.stack(values) for name, values in zip(names, zip(*means, strict=True), strict=True)}


def _batch(run: Run, waveforms: np.ndarray, lengths: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of up to a batch, filled up with silence, so that a window never depends on how many share it."""
    count, filling = len(waveforms), BATCH - len(waveforms)
    with torch.inference_mode():
        outputs = run(
            torch.from_numpy(np.pad(waveforms, ((0, filling), (0, 0)))),
            torch.from_numpy(np.pad(lengths, (0, filling), constant_values=waveforms.shape[1])),
        )
    return {name: values[:count].double().cpu().numpy() for name, values in outputs.items()}


def _outputs(detector: Detector, waveforms: Tensor, lengths: Tensor) -> dict[str, Tensor]:
    x = detector.model.subspaces(waveforms.to(detector.device), lengths.to(detector.device))
    found = detector.model.head(x)
    return {
        "score": found.score,
        "mismatch": found.mismatch,
        "style": found.style,
        "linguistics": found.linguistics,
        "style_subspace": masked_mean(x.style, x.style_mask),
        "linguistics_subspace": masked_mean(x.linguistics, x.linguistics_mask),
    }


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """(B, F, D) and mask (B, F) → mean over the valid frames, (B, D)."""
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
