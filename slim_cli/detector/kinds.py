"""Every kind of encoder by its name: from what `Encoder.describe` wrote into a bundle back to the architecture."""

from __future__ import annotations

from typing import Any

from slim_cli.detector.codebook import CodebookEncoder, CodebookEncoderConfig
from slim_cli.detector.coherence import CoherenceEncoder, CoherenceEncoderConfig
from slim_cli.detector.encoders import Encoder, SpectrogramEncoder, SpectrogramEncoderConfig, TransformersEncoder


def build_encoder(spec: dict[str, Any]) -> Encoder:
    """Makes the architecture that `Encoder.describe` described, with fresh weights.

    Raises:
        ValueError: unknown kind or contradictory block range.
    """
    spec = dict(spec)
    kind = spec.pop("kind")
    if kind == "coherence":
        maps = tuple((str(name), int(bins), int(frames)) for name, bins, frames in spec.pop("maps"))
        resolutions = tuple(int(n) for n in spec.pop("resolutions"))
        return CoherenceEncoder(CoherenceEncoderConfig(**spec, maps=maps, resolutions=resolutions))
    if kind == "codebook":
        return CodebookEncoder(CodebookEncoderConfig(**spec))
    blocks = (int(spec["blocks"][0]), int(spec["blocks"][1]))
    if kind == "spectrogram":
        return SpectrogramEncoder(SpectrogramEncoderConfig(**{**spec, "blocks": blocks}))
    if kind == "transformers":
        from transformers import AutoConfig, AutoModel

        config = dict(spec["config"])
        model = AutoModel.from_config(AutoConfig.for_model(config.pop("model_type"), **config))
        return TransformersEncoder(model.eval(), blocks, spec.get("origin"))
    raise ValueError(f"unknown kind of encoder: {kind}")
