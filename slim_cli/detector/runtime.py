"""Scoring windows with a bundle: fp32, in batches of one fixed size, so that no score depends on its neighbours."""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

from slim_cli.detector.bundle import BundleInfo, load_bundle
from slim_cli.detector.model import Slim
from slim_cli.errors import EnvironmentUnfit, UsageError

BATCH = 4
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES = 1 << 29


class Detector:
    """A loaded bundle on a device.

    Attributes:
        info: what the bundle says of itself.
        fingerprint: SHA-256 over the hashes of every file that decides a score.
        device: where it runs, e.g. `cpu`.
    """

    def __init__(self, model: Slim, info: BundleInfo, device: torch.device) -> None:
        self.model, self.info, self.device = model.to(device).eval(), info, str(device)
        deciding = {k: v for k, v in info.sha256.items() if k == "config.json" or k.endswith(".safetensors")}
        self.fingerprint = hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores windows.

        Args:
            waveforms: (B, T) float32 at 16 kHz, any level, zero beyond `lengths`.
            lengths: (B,) valid samples.

        Returns:
            scores (B,), log-odds, positive = synthetic, uncalibrated; mismatches (B,), 1 - cos(S, L).
        """
        scores, mismatches = np.empty(len(waveforms)), np.empty(len(waveforms))
        for start in range(0, len(waveforms), BATCH):
            rows = slice(start, min(start + BATCH, len(waveforms)))
            count = rows.stop - rows.start
            batch = torch.zeros(BATCH, waveforms.shape[1])
            valid = torch.full((BATCH,), waveforms.shape[1])
            batch[:count] = torch.from_numpy(np.ascontiguousarray(waveforms[rows], dtype=np.float32))
            valid[:count] = torch.from_numpy(np.asarray(lengths[rows], dtype=np.int64))
            with torch.inference_mode():
                output = self.model(batch.to(self.device), valid.to(self.device))
            scores[rows] = output.score[:count].float().cpu().numpy()
            mismatches[rows] = output.mismatch[:count].float().cpu().numpy()
        return scores, mismatches


def load_detector(bundle: Path, device: str = "auto") -> Detector:
    """Loads a bundle onto a device.

    Args:
        bundle: the bundle's folder.
        device: `auto`, `cpu` or `cuda:N`.

    Raises:
        UsageError: no such device name.
        EnvironmentUnfit: the device is not there, or the bundle cannot be loaded.
        IntegrityError: a file of the bundle differs from its hash list.
    """
    chosen = choose_device(device)
    _keep_freed_memory()
    model, info = load_bundle(bundle)
    return Detector(model, info, chosen)


def _keep_freed_memory() -> None:
    """Asks glibc to keep freed memory for the next batch: giving pages back and touching new ones costs a fifth."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` takes the first CUDA device where there is one.

    Raises:
        UsageError: no such device name.
        EnvironmentUnfit: the device is not there.
    """
    if name == "auto":
        name = "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"There is no device called {name!r}; use auto, cpu or cuda:N.") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise EnvironmentUnfit(f"The device {name} was asked for, but no CUDA device can be used here.")
    return chosen
