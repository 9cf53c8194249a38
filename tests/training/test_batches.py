"""What a batch holds: classes in balance, copies beside their sources, one channel for both."""

from pathlib import Path

import numpy as np
import pytest
import torch

from slim_cli.training.batches import LabelledBatches, UnlabelledBatches
from slim_cli.training.corpus import AudioPack, BalancedSampler, read_mono
from slim_cli.training.degrade import degrade
from slim_cli.training.manifest import Clip


def test_a_pack_keeps_sixteen_bit_audio_as_it_is(corpus: list[Clip], tmp_path: Path) -> None:
    pack = AudioPack(corpus, tmp_path)
    for clip in corpus[:4]:
        assert np.array_equal(pack(clip), read_mono(clip.path))


def test_half_of_a_labelled_batch_is_spoof(corpus: list[Clip], tmp_path: Path) -> None:
    batch = LabelledBatches(corpus, AudioPack(corpus, tmp_path), 24, 1.0)(np.random.default_rng(0))
    assert batch.heard.shape == (24, 16_000)
    assert batch.label.sum() == 12
    assert torch.isfinite(batch.heard).all()


def test_a_batch_depends_on_its_seed_alone(corpus: list[Clip], tmp_path: Path) -> None:
    pack = AudioPack(corpus, tmp_path)
    for kind in (LabelledBatches, UnlabelledBatches):
        first, again = (kind(corpus, pack, 24, 1.0)(np.random.default_rng(5)) for _ in range(2))
        assert torch.equal(first.heard, again.heard)


def test_a_copy_lies_beside_its_source(corpus: list[Clip], tmp_path: Path) -> None:
    batch = LabelledBatches(corpus, AudioPack(corpus, tmp_path), 24, 1.0)(np.random.default_rng(0))
    for source, copy in zip(batch.clips[0:8:2], batch.clips[1:8:2], strict=True):
        assert copy.source == source.path
        assert (source.is_spoof, copy.is_spoof) == (False, True)


def test_rows_of_one_group_get_one_channel() -> None:
    x = 0.1 * torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0)).repeat(4, 1)
    y = degrade(x, torch.Generator().manual_seed(1), torch.tensor([0, 0, 1, 1]))
    levels = y.square().mean(1).sqrt()
    assert levels[0] == pytest.approx(levels[1].item(), rel=0.2)
    spectra = torch.log(torch.fft.rfft(y).abs() + 0.1)
    same, other = (spectra[0] - spectra[1]).abs().mean(), (spectra[0] - spectra[2]).abs().mean()
    assert same < other


def test_the_sampler_does_not_follow_the_sizes_of_corpora() -> None:
    clips = [Clip(Path(f"a{i}"), "bonafide", origin="large", speaker=f"s{i % 3}") for i in range(900)]
    clips += [Clip(Path(f"b{i}"), "bonafide", origin="small", speaker=f"s{i % 3}") for i in range(100)]
    drawn = BalancedSampler(clips).draw(4000, np.random.default_rng(0))
    assert 0.25 < sum(c.origin == "small" for c in drawn) / 4000 < 0.45
