"""The encoders without a neural network: phase coherence and a codebook of spectral patterns."""

import json
import math

import numpy as np
import pytest
import torch

from slim_cli.detector.encoders import build_encoder, describe_encoder
from slim_cli.detector.encoders.codebook import CodebookEncoder, CodebookEncoderConfig
from slim_cli.detector.encoders.coherence import (
    CoherenceEncoder,
    mean_of_bands,
    mean_over_frames,
    mean_resultant_lengths,
    phase_differences,
)
from slim_cli.detector.encoders.encoder_interface import Encoder, normalise

RATE = 16_000


def tone(seconds: float = 4.0) -> torch.Tensor:
    return torch.sin(2 * math.pi * 1000 * torch.arange(int(seconds * RATE)) / RATE)[None]


def noise(seconds: float = 4.0) -> torch.Tensor:
    return torch.randn(1, int(seconds * RATE), generator=torch.Generator().manual_seed(0))


def lengths(phasors: torch.Tensor, bins: int, frames: int) -> torch.Tensor:
    """Mean resultant lengths of one clip's complex phasors (bins, frames) at every frame."""
    count = phasors.shape[1]
    everywhere = np.zeros(count, int), np.arange(count)
    mean = mean_over_frames(planes(phasors), frames, count, everywhere)
    wide, asked = mean_resultant_lengths(mean, [bins + 4, bins])
    assert wide.shape == asked.shape
    return asked.t()


def planes(phasors: torch.Tensor) -> torch.Tensor:
    """(bins, frames) complex → (1, frames, 2, bins)."""
    return torch.view_as_real(phasors).permute(1, 2, 0)[None]


def test_the_mean_resultant_length_is_one_in_step_and_the_root_of_the_count_at_random() -> None:
    generator = torch.Generator().manual_seed(0)
    angles = 2 * math.pi * torch.rand(400, 400, generator=generator)
    random = torch.polar(torch.ones_like(angles), angles)
    assert lengths(torch.ones_like(random), 5, 3).allclose(torch.ones(400, 400), atol=1e-4)
    expected = math.sqrt(math.pi / 4 / 15)  # Rayleigh: mean length of the mean of 15 random unit vectors
    assert lengths(random, 5, 3).mean().item() == pytest.approx(expected, rel=0.05)


def test_a_patch_is_averaged_over_what_there_is_of_it() -> None:
    values = torch.randn(6, 7, dtype=torch.complex64, generator=torch.Generator().manual_seed(1))
    got = lengths(values, 3, 5)
    assert got[0, 0].item() == pytest.approx(values[:2, :3].mean().abs().item(), rel=1e-4)
    assert got[3, 3].item() == pytest.approx(values[2:5, 1:6].mean().abs().item(), rel=1e-4)


def test_a_steady_tone_advances_by_its_offset_from_the_centre_of_the_bin() -> None:
    n, hop = 512, 128
    spectrum = torch.stft(tone()[0], n, hop, window=torch.hann_window(n), return_complex=True)
    advance = phase_differences(planes(spectrum / spectrum.abs().clamp(min=1e-9)), hop / n)["frequency"]
    real, imaginary = advance[0, 10:-10, :, 32].unbind(1)  # 1000 Hz is the centre of bin 32
    assert torch.atan2(imaginary, real).abs().max().item() < 0.02


def test_clicks_have_one_delay_in_all_bins_and_noise_has_not() -> None:
    encoder = CoherenceEncoder()
    clicks = torch.zeros(1, 4 * RATE)
    clicks[0, ::4000] = 1
    means = []
    for waveform in (clicks, noise()):
        lengths = torch.tensor([waveform.shape[1]])
        x, mask = encoder.front(normalise(waveform, lengths), lengths)
        means.append(x[0][mask[0]][:, -5 * 128 : -4 * 128].mean().item())  # delay over 9 bins, longest transform
    assert means[0] > 0.9 > 0.7 > means[1]


@pytest.mark.parametrize("bins", [64, 65, 70])
def test_bands_are_means_of_equal_parts(bins: int) -> None:
    x = torch.rand(5, bins, generator=torch.Generator().manual_seed(0))
    assert mean_of_bands(x, 16).allclose(torch.nn.functional.adaptive_avg_pool1d(x, 16), atol=1e-6)


def test_a_clip_is_measured_alike_alone_and_among_others_and_quiet_frames_are_left_at_zero() -> None:
    encoder, quiet = CoherenceEncoder(), noise()
    quiet[0, :RATE] *= 1e-4
    both = normalise(torch.cat([noise(), quiet]), torch.tensor([4 * RATE] * 2))
    together, mask = encoder.front(both, torch.tensor([4 * RATE] * 2))
    alone, _ = encoder.front(both[1:], torch.tensor([4 * RATE]))
    assert together[1].allclose(alone[0], atol=1e-6)
    assert together[1, 1:60].abs().max() == 0 < together[1][mask[1]].min()
    assert not mask[1, 1:60].any()


@pytest.mark.parametrize("encoder", [CoherenceEncoder(), CodebookEncoder(CodebookEncoderConfig(codes=16))])
def test_padding_beyond_the_signal_is_masked_and_a_description_makes_the_same_encoder(encoder: Encoder) -> None:
    waveform = torch.cat([noise(2.0), torch.zeros(1, 2 * RATE)], 1)
    x, mask = encoder.front(waveform, torch.tensor([2 * RATE]))
    assert x.shape == (1, mask.shape[1], encoder.dim)
    assert mask.float().mean().item() == pytest.approx(0.5, abs=0.02)
    twin = build_encoder(json.loads(json.dumps(describe_encoder(encoder))))
    twin.load_state_dict(encoder.state_dict())
    assert torch.equal(twin.front(waveform, torch.tensor([2 * RATE]))[0], x)


def test_a_patch_answers_its_own_pattern_most() -> None:
    encoder = CodebookEncoder(CodebookEncoderConfig(codes=8))
    with torch.no_grad():
        patches = encoder.whiten(encoder.patches(noise()))[0]
        encoder.codes.copy_(patches[10:18])
    x, _ = encoder.front(noise(), torch.tensor([4 * RATE]))
    assert x[0, 10:18].argmax(1).tolist() == list(range(8))
