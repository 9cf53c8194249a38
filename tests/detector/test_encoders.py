"""The encoders read the blocks they say they read, and dropping the others changes nothing."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2Model, WhisperConfig
from transformers.audio_utils import mel_filter_bank

from slim_cli.detector.encoders import build_encoder, describe_encoder
from slim_cli.detector.encoders.encoder_interface import Encoder, same_front
from slim_cli.detector.encoders.log_mel import LogMel
from slim_cli.detector.encoders.ready_made import TransformersEncoder
from slim_cli.detector.encoders.whisper import WhisperEncoder, WhisperEncoderConfig, load_openai_weights
from slim_cli.errors import UsageError

TINY = WhisperEncoderConfig(dim=32, heads=2, depth=2, hidden=48, mels=20, blocks=(0, 1))


@pytest.fixture
def tiny_wav2vec2(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=6,
        num_attention_heads=2,
        intermediate_size=48,
        conv_dim=(16, 16, 16, 16, 16, 16, 16),
        conv_bias=True,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    Wav2Vec2Model(config).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    waveforms, lengths = torch.randn(2, 16_000), torch.tensor([16_000, 12_000])
    waveforms[1, 12_000:] = 0
    return waveforms, lengths


@pytest.mark.parametrize("blocks", [(0, 0), (0, 2), (1, 3), (2, 4)])
def test_block_k_is_hidden_state_k_plus_one_of_the_whole_model(tiny_wav2vec2: Path, blocks: tuple[int, int]) -> None:
    waveforms, lengths = batch()
    whole = Wav2Vec2Model.from_pretrained(tiny_wav2vec2).eval()
    attention = torch.arange(16_000)[None] < lengths[:, None]
    encoder = TransformersEncoder.from_pretrained(str(tiny_wav2vec2), blocks)
    with torch.inference_mode():
        expected = whole(waveforms, attention_mask=attention.long(), output_hidden_states=True).hidden_states
        features, mask = encoder.front(waveforms, lengths)
        x = encoder.subspace(features, mask)
    picked = torch.stack(expected[blocks[0] + 1 : blocks[1] + 2]).mean(0)
    assert torch.allclose(x[mask], picked[mask], atol=1e-5)


def test_blocks_above_the_last_one_read_are_dropped(tiny_wav2vec2: Path) -> None:
    encoder = TransformersEncoder.from_pretrained(str(tiny_wav2vec2), (1, 3))
    assert len(encoder.model.encoder.layers) == 4


def test_a_block_that_does_not_exist_is_refused(tiny_wav2vec2: Path) -> None:
    with pytest.raises(ValueError, match="do not exist"):
        TransformersEncoder.from_pretrained(str(tiny_wav2vec2), (2, 6))


def test_an_encoder_is_built_again_from_its_description(tiny_wav2vec2: Path) -> None:
    waveforms, lengths = batch()
    made: list[Encoder] = [TransformersEncoder.from_pretrained(str(tiny_wav2vec2), (1, 3)), WhisperEncoder(TINY)]
    for encoder in made:
        encoder.eval()
        twin = build_encoder(describe_encoder(encoder)).eval()
        twin.load_state_dict(encoder.state_dict())
        with torch.inference_mode():
            assert torch.equal(
                twin.subspace(*twin.front(waveforms, lengths)), encoder.subspace(*encoder.front(waveforms, lengths))
            )


def test_equal_front_ends_are_recognised(tiny_wav2vec2: Path) -> None:
    first = TransformersEncoder.from_pretrained(str(tiny_wav2vec2), (0, 1))
    second = TransformersEncoder.from_pretrained(str(tiny_wav2vec2), (2, 3))
    assert same_front(first, second)
    with torch.no_grad():
        second.model.feature_projection.projection.bias += 1
    assert not same_front(first, second)


def test_the_length_of_the_padding_does_not_matter() -> None:
    torch.manual_seed(0)
    encoder = WhisperEncoder(TINY).eval()
    speech, lengths = torch.randn(1, 32_000), torch.tensor([32_000])
    with torch.inference_mode():
        outputs = []
        for padding in (16_000, 32_000):
            features, mask = encoder.front(torch.nn.functional.pad(speech, (0, padding)), lengths)
            outputs.append(encoder.subspace(features, mask)[mask])
    assert len(outputs[0]) == 100
    assert torch.allclose(outputs[0], outputs[1], atol=1e-4)


@pytest.mark.parametrize("mels", [20, 80])
def test_the_mel_filters_are_those_of_whisper(mels: int) -> None:
    expected = mel_filter_bank(LogMel.N_FFT // 2 + 1, mels, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney")
    assert torch.equal(LogMel(mels).filters, torch.tensor(expected.T, dtype=torch.float32))


def test_weights_of_a_published_whisper_are_taken_over_exactly(tmp_path: Path) -> None:
    from transformers.models.whisper.modeling_whisper import WhisperEncoder as Published

    torch.manual_seed(0)
    sizes = {"d_model": 32, "encoder_layers": 3, "encoder_attention_heads": 2, "encoder_ffn_dim": 48}
    published = Published(WhisperConfig(**sizes, num_mel_bins=20, max_source_positions=100)).eval()
    state = {f"model.encoder.{name}": value.clone() for name, value in published.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    encoder = WhisperEncoder.from_recipe({**vars(TINY), "start": str(tmp_path / "model.safetensors")}).eval()
    waveforms, lengths = torch.randn(1, 32_000), torch.tensor([32_000])
    with torch.inference_mode():
        expected = published(encoder.spectrogram(waveforms), output_hidden_states=True).hidden_states
        found = encoder.run_blocks(*encoder.front(waveforms, lengths))
    for block, theirs in zip(found, expected[1:3], strict=True):
        assert block.allclose(theirs, atol=1e-5)


def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(2, 2, 3)}, tmp_path / "other.safetensors")
    for name in ("other.safetensors", "missing.safetensors"):
        with pytest.raises(UsageError, match="not those of a Whisper encoder"):
            load_openai_weights(WhisperEncoder(TINY), tmp_path / name)
