"""Ready-made encoders of the wav2vec 2.0 family, as `transformers` loads them."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from slim_cli.detector.encoders.encoder_interface import Encoder
from slim_cli.detector.hub import find_folder
from slim_cli.errors import EnvironmentUnfit, UsageError


class TransformersEncoder(Encoder):
    """Any `transformers` encoder of the wav2vec 2.0 family (Wav2Vec2, HuBERT, WavLM, ...).

    Block outputs are taken by hooks on the blocks themselves, so they do not depend on whether a library version
    layer-normalises the last entry of its `hidden_states` tuple.
    """

    kind = "transformers"
    frame_rate = 50.0
    shortest = 400
    ready_made = True
    reentrant = False  # the hooks of one call would hear another

    def __init__(self, model: Any, blocks: tuple[int, int], origin: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.model: Any
        depth = len(model.encoder.layers)
        if not 0 <= blocks[0] <= blocks[1] < depth:
            raise ValueError(f"blocks {blocks[0]}-{blocks[1]} do not exist in an encoder of {depth} blocks")
        model.encoder.layers = model.encoder.layers[: blocks[1] + 1]
        self.model, self.blocks, self.origin = model, blocks, origin or {}
        self.dim = model.config.hidden_size

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        from transformers import AutoConfig, AutoModel

        config = dict(spec["config"])
        model = AutoModel.from_config(AutoConfig.for_model(config.pop("model_type"), **config))
        return cls(model.eval(), _range(spec["blocks"]), spec.get("origin"))

    @classmethod
    def from_recipe(cls, table: Mapping[str, Any]) -> Self:
        """The encoder that a table names: a local folder as it is, a pulled one after comparing its hashes.

        Args:
            table: `source`, `blocks` (first and last, inclusive) and, for a hub id, `revision`.

        Raises:
            EnvironmentUnfit: not pulled, or not loadable.
            IntegrityError: a file differs from what was recorded at the first pull.
            UsageError: the table is wrong.
        """
        try:
            blocks = _range(table["blocks"])
            origin = {"source": str(table["source"]), "revision": table.get("revision")}
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise UsageError(
                "An encoder of a recipe needs source and blocks, the first and the last one read."
            ) from error
        try:
            return cls.from_pretrained(str(find_folder(table)), blocks, origin)
        except (OSError, ValueError, RuntimeError, SafetensorError, pickle.UnpicklingError) as error:
            raise EnvironmentUnfit(f"The encoder {table['source']} cannot be loaded: {error}") from error

    @classmethod
    def from_pretrained(cls, folder: str | Path, blocks: tuple[int, int], origin: dict[str, Any] | None = None) -> Self:
        """Loads a local folder in fp32: safetensors, else a pickle of tensors alone; no code comes with it.

        Args:
            folder: the folder.
            blocks: first and last block read, inclusive.
            origin: where the folder came from.

        Raises:
            OSError: not found, or no weights.
            ValueError: weights of an encoder are missing, which would otherwise be random numbers.
        """
        from transformers import AutoModel

        safe = {"local_files_only": True, "weights_only": True, "trust_remote_code": False}
        model, found = AutoModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True, **safe)
        lacking = sorted(name for name in found["missing_keys"] if "masked_spec_embed" not in name)
        if lacking:
            raise ValueError(f"{len(lacking)} weights are missing in {folder}, among them {lacking[0]}")
        model.config.name_or_path = (origin or {}).get("source", "")
        return cls(model.eval(), blocks, origin)

    def front(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        features = self.model.feature_extractor(waveforms).transpose(1, 2)
        projected = self.model.feature_projection(features)
        features = projected[0] if isinstance(projected, tuple) else projected
        frames = self.model._get_feat_extract_output_lengths(lengths)
        mask = torch.arange(features.shape[1], device=features.device)[None] < frames[:, None]
        return features, mask

    def run_blocks(self, features: Tensor, mask: Tensor) -> list[Tensor]:
        outputs: list[Tensor] = []

        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            outputs.append(output[0] if isinstance(output, tuple) else output)

        hooks = [layer.register_forward_hook(keep) for layer in self.model.encoder.layers]
        try:
            self.model.encoder(features, attention_mask=mask)
        finally:
            for hook in hooks:
                hook.remove()
        return outputs

    def front_state(self) -> dict[str, Tensor]:
        return {
            **{f"extractor.{k}": v for k, v in self.model.feature_extractor.state_dict().items()},
            **{f"projection.{k}": v for k, v in self.model.feature_projection.state_dict().items()},
        }

    def describe(self) -> dict[str, Any]:
        config = {**self.model.config.to_dict(), "num_hidden_layers": len(self.model.encoder.layers)}
        return {"blocks": list(self.blocks), "origin": self.origin, "config": config}


def _range(blocks: Any) -> tuple[int, int]:
    first, last = blocks
    return int(first), int(last)
