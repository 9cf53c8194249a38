"""What a batch holds: classes in balance, copies beside their sources, one channel for both."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from slim_cli.corpora.audio_pack import AudioPack, BalancedSampler, read_mono
from slim_cli.corpora.channel_conditions import conditions
from slim_cli.corpora.manifest import Clip
from slim_cli.errors import UsageError
from slim_cli.training.batches import LabelledBatches

needs_encoders = pytest.mark.skipif(any(c.missing for c in conditions("channels")), reason="an encoder is missing")


def test_a_pack_keeps_sixteen_bit_audio_as_it_is(corpus: list[Clip], tmp_path: Path) -> None:
    pack = AudioPack(corpus, tmp_path)
    for clip in corpus[:4]:
        assert np.array_equal(pack(clip), read_mono(clip.path))


@pytest.mark.parametrize("torn", [b"", b"\x07"], ids=["", "in the middle of a clip"])
def test_a_killed_pack_goes_on_where_it_was_and_ends_the_same(corpus: list[Clip], tmp_path: Path, torn: bytes) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert killed.returncode == -signal.SIGKILL
    (data,), (journal,) = tmp_path.glob("pack/*.i16"), tmp_path.glob("pack/*.part")
    done = len(journal.read_bytes().splitlines())
    assert 0 < done < len(corpus)
    for half, file in ((torn, data), (torn and b"12", journal)):
        with file.open("ab") as out:
            out.write(half)
    read: list[Path] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("slim_cli.corpora.audio_pack.read_mono", lambda path: (read.append(path), read_mono(path))[1])
        resumed = AudioPack(corpus, tmp_path / "pack")
    whole = AudioPack(corpus, tmp_path / "whole")
    assert len(read) == len(corpus) - done
    assert all(np.array_equal(resumed(clip), whole(clip)) for clip in corpus)
    assert not list(tmp_path.glob("pack/*.part"))


KILLED = """
import os, signal, sys
from pathlib import Path
from slim_cli.corpora import audio_pack as corpus
from slim_cli.corpora.manifest import read_manifest
corpus._TOGETHER, home, read, seen = 3, Path(sys.argv[1]), corpus.read_mono, []
def dying(path):
    seen.append(path)
    if len(seen) > 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(path)
corpus.read_mono = dying
corpus.AudioPack(read_manifest(home / "manifest.csv"), home / "pack")
"""


def test_a_pack_is_made_again_when_a_file_changes(corpus: list[Clip], tmp_path: Path) -> None:
    before = AudioPack(corpus, tmp_path / "pack")(corpus[0])
    soundfile.write(corpus[0].path, np.zeros(len(before)), 16_000)
    assert not AudioPack(corpus, tmp_path / "pack")(corpus[0]).any()


def test_a_pack_cuts_clips_where_it_is_told_and_shares_no_folder_with_another_cut(
    corpus: list[Clip], tmp_path: Path
) -> None:
    pack = AudioPack(corpus, tmp_path / "pack", 2.5)
    assert max(map(pack.length, corpus)) == 40_000
    with pytest.raises(UsageError, match="cut at another length"):
        AudioPack(corpus, tmp_path / "pack")


def test_a_pack_names_what_is_missing_before_it_reads(corpus: list[Clip], tmp_path: Path) -> None:
    corpus[2].path.unlink()
    with pytest.raises(UsageError, match=r"1 of 16 audio files that are listed are missing; the first is .*02\.flac"):
        AudioPack(corpus, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


@needs_encoders
def test_half_of_a_labelled_batch_is_spoof(corpus: list[Clip], tmp_path: Path) -> None:
    batch = LabelledBatches(corpus, AudioPack(corpus, tmp_path), 24, 1.0)(np.random.default_rng(0))
    assert batch.heard.shape == (24, 16_000)
    assert batch.label.sum() == 12
    assert torch.isfinite(batch.heard).all()


@needs_encoders
def test_a_batch_depends_on_its_seed_alone(corpus: list[Clip], tmp_path: Path) -> None:
    pack = AudioPack(corpus, tmp_path)
    first, again = (LabelledBatches(corpus, pack, 24, 1.0)(np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(first.heard, again.heard)


@needs_encoders
def test_a_copy_lies_beside_its_source(corpus: list[Clip], tmp_path: Path) -> None:
    batch = LabelledBatches(corpus, AudioPack(corpus, tmp_path), 24, 1.0)(np.random.default_rng(0))
    for source, copy in zip(batch.clips[0:8:2], batch.clips[1:8:2], strict=True):
        assert copy.source == source.path
        assert (source.is_spoof, copy.is_spoof) == (False, True)


@needs_encoders
def test_a_recording_and_its_copy_go_through_one_channel(corpus: list[Clip], tmp_path: Path) -> None:
    batches = LabelledBatches(corpus, AudioPack(corpus, tmp_path), 24, 1.0)
    batch = batches(np.random.default_rng(0))
    as_they_are = [torch.equal(*pair) for pair in zip(batch.heard[:8], batch.clean[:8], strict=True)]
    assert as_they_are[::2] == as_they_are[1::2]
    assert 0 < sum(torch.equal(*pair) for pair in zip(batch.heard, batch.clean, strict=True)) < 24


def test_the_sampler_does_not_follow_the_sizes_of_corpora() -> None:
    clips = [Clip(Path(f"a{i}"), "bonafide", origin="large", speaker=f"s{i % 3}") for i in range(900)]
    clips += [Clip(Path(f"b{i}"), "bonafide", origin="small", speaker=f"s{i % 3}") for i in range(100)]
    drawn = BalancedSampler(clips).draw(4000, np.random.default_rng(0))
    assert 0.25 < sum(c.origin == "small" for c in drawn) / 4000 < 0.45
