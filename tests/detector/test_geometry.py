"""What `tests.detector.geometry` measures: half the blocks and one front end, with the outputs of the whole models."""

from __future__ import annotations

import torch

from slim_cli.detector.encoders.encoder_interface import normalise
from tests.detector.geometry import WHOLE, plain_models, slim_of

SMALL = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16, "conv_dim": (8,) * 7}
SMALL |= {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}


def test_the_preset_runs_one_front_end_and_no_block_above_the_last_one_read() -> None:
    models = plain_models(**(WHOLE | SMALL))
    audio, lengths = torch.randn(2, 16_000), torch.full((2,), 16_000)
    with torch.no_grad():
        features = models[0].feature_projection(models[0].feature_extractor(normalise(audio, lengths)).transpose(1, 2))
        slim = slim_of(models, ((0, 10), (14, 21)))
        assert slim.shares_front
        assert [len(slim.encoder(name).model.encoder.layers) for name in ("style", "linguistics")] == [11, 22]
        shared, _ = slim.style.front(normalise(audio, lengths), lengths)
        assert torch.equal(shared, features[0])
