"""An audio classification model of `transformers` as a second opinion: a folder, or a hub id at a commit."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors import SafetensorError

from slim_cli.detector import hub
from slim_cli.detector.opinions.opinion_interface import SecondOpinion
from slim_cli.detector.runtime import choose_device
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.results import MODEL_RATE_HZ

KEYS = {"source", "revision", "synthetic"}
SHORTEST = MODEL_RATE_HZ // 2  # samples; what is shorter is filled up with silence


class AudioClassifier(SecondOpinion):
    """Log-odds of one of the model's classes against all its others; windows are heard one by one."""

    kind = "transformers"

    def __init__(self, model: Any, extractor: Any, label: str, device: torch.device) -> None:
        names = {str(name): int(number) for number, name in model.config.id2label.items()}
        if label not in names or len(names) < 2:
            raise UsageError(f"The model knows no class {label!r} beside others; its classes are {', '.join(names)}.")
        if extractor.sampling_rate != MODEL_RATE_HZ:
            raise UsageError(f"The model hears {extractor.sampling_rate} Hz; a scan hears {MODEL_RATE_HZ} Hz.")
        self._model, self._extractor, self._device = model.to(device).eval(), extractor, device
        self.label, self._class = label, names[label]

    @classmethod
    def from_table(cls, table: Mapping[str, Any], device: str) -> Self:
        if unknown := sorted(table.keys() - KEYS):
            raise UsageError(f"A second opinion has no key {unknown[0]!r}; it takes {', '.join(sorted(KEYS))}.")
        folder = hub.find_folder(table)
        model, extractor = _load(folder)
        opinion = cls(model, extractor, str(table.get("synthetic", "")), choose_device(device))
        opinion.digests = hub.digests(folder)
        return opinion

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        scores = [self._window(row[:count]) for row, count in zip(waveforms, lengths, strict=True)]
        return np.array(scores, dtype=np.float64)

    def _window(self, samples: np.ndarray) -> float:
        heard = np.pad(np.asarray(samples, np.float32), (0, max(0, SHORTEST - len(samples))))
        inputs = self._extractor(heard, sampling_rate=MODEL_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**{key: value.to(self._device) for key, value in inputs.items()}).logits[0].float()
        others = torch.cat([logits[: self._class], logits[self._class + 1 :]])
        return float(logits[self._class] - others.logsumexp(0))


def _load(folder: Path) -> tuple[Any, Any]:
    """Model and feature extractor of a folder: safetensors, else a pickle of tensors alone; no code comes with it."""
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        extractor = AutoFeatureExtractor.from_pretrained(folder, **safe)
        model, found = AutoModelForAudioClassification.from_pretrained(
            folder, dtype=torch.float32, weights_only=True, output_loading_info=True, **safe
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError, pickle.UnpicklingError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise EnvironmentUnfit(f"The second opinion in {folder} cannot be loaded: {why}") from error
    if lacking := sorted(found["missing_keys"]):
        raise EnvironmentUnfit(f"{len(lacking)} weights of the second opinion in {folder} are missing: {lacking[0]}.")
    return model, extractor
