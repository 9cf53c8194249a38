"""Scoring windows with a bundle: fp32, in batches of one fixed size, so that no score depends on its neighbours.

On a processor each thread works through batches of its own, where the encoders allow it: their operations are too short
to be shared out. So the number of threads changes no score, not even its rounding.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from slim_cli.detector.bundle import BundleInfo, load_bundle
from slim_cli.detector.model import Slim
from slim_cli.detector.published import fingerprint
from slim_cli.errors import EnvironmentUnfit, UsageError

BATCH = 4
SMALL_BATCH = 2  # for a thread of its own
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES = 1 << 29


class Detector:
    """A loaded bundle on a device.

    Attributes:
        info: what the bundle says of itself.
        fingerprint: SHA-256 over the hashes of every file that decides a score, and over the packages of other makers
            that the bundle needs.
        device: where it runs, e.g. `cpu`.
        batch_windows: windows that are scored at once; always the same on a device, so that no score depends on its
            neighbours.
    """

    def __init__(self, model: Slim, info: BundleInfo, device: torch.device) -> None:
        self.model, self.info, self.device = model.to(device).eval(), info, str(device)
        apart = device.type == "cpu" and model.reentrant
        self.batch_windows = SMALL_BATCH if apart else BATCH
        self._threads = torch.get_num_threads() if apart else 1
        self._hands = self._start()
        self.fingerprint = fingerprint(info.sha256, info.plugs)

    def _start(self) -> ThreadPoolExecutor | None:
        if self._threads < 2:
            return None
        return ThreadPoolExecutor(self._threads, "slim-hand", torch.set_num_threads, (1,))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_hands": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._threads = min(self._threads, torch.get_num_threads())
        self._hands = self._start()

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores windows.

        Args:
            waveforms: (B, T) float32 at 16 kHz, any level, zero beyond `lengths`.
            lengths: (B,) valid samples.

        Returns:
            scores (B,), log-odds, positive = synthetic, uncalibrated; mismatches (B,), 1 - cos(S, L).
        """
        starts = range(0, len(waveforms), self.batch_windows)
        parts = [
            (waveforms[start : start + self.batch_windows], lengths[start : start + self.batch_windows])
            for start in starts
        ]
        pairs: Iterable[np.ndarray] = (self._hands.map if self._hands else map)(self._pairs, parts)
        scores, mismatches = np.concatenate([np.empty((2, 0)), *pairs], 1)
        return scores, mismatches

    def _pairs(self, part: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Scores and mismatches (2, n) of up to a batch of windows; a smaller one is filled up with silence."""
        waveforms, lengths = part
        count, samples = waveforms.shape
        batch, valid = torch.zeros(self.batch_windows, samples), torch.full((self.batch_windows,), samples)
        batch[:count] = torch.from_numpy(np.ascontiguousarray(waveforms, dtype=np.float32))
        valid[:count] = torch.from_numpy(np.asarray(lengths, dtype=np.int64))
        with torch.inference_mode():
            output = self.model(batch.to(self.device), valid.to(self.device))
        return torch.stack([output.score, output.mismatch])[:, :count].float().cpu().numpy()


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
