"""Features of whole files: encoded once, in shards that survive a stop and belong to the encoders that made them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from slim_cli.corpora.audio_pack import AudioPack
from slim_cli.corpora.manifest import Clip
from slim_cli.detector.encoders.ready_made import TransformersEncoder
from slim_cli.detector.model import Slim
from slim_cli.errors import UsageError
from slim_cli.training import file_features
from slim_cli.training.file_features import FileFeatures, encode_files

CPU = torch.device("cpu")
HEAD = {"kind": "attentive", "dependency_dim": 8, "pooled_dim": 8, "hidden_dim": 8}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory, save_encoder: Callable[..., None]) -> Path:
    home = tmp_path_factory.mktemp("encoders")
    for seed, part in enumerate(("style", "linguistics")):
        save_encoder(home / part, 3, seed)
    return home


def load(encoders: Path, *, swapped: bool = False) -> Slim:
    parts = sorted(encoders.iterdir(), reverse=not swapped)
    style, linguistics = (TransformersEncoder.from_pretrained(part, (0, 1)) for part in parts)
    return Slim({"style": style, "linguistics": linguistics}, HEAD).eval()


@pytest.fixture
def slim(encoders: Path) -> Slim:
    return load(encoders)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_features, "SHARD_S", 12)
    monkeypatch.setattr(file_features, "BATCH_S", 8)


@pytest.fixture
def pack(corpus: list[Clip], tmp_path: Path) -> AudioPack:
    return AudioPack(corpus, tmp_path / "audio")


def frames(features: FileFeatures, row: int) -> list[np.ndarray]:
    place = features.places[row]
    style, linguistics = features.shards[place.shard]
    return [style[place.style], linguistics[place.linguistics]]


@pytest.mark.usefixtures("small_shards")
def test_each_file_has_the_frames_that_it_has_alone(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    features = encode_files(slim, corpus, pack, tmp_path / "features")
    assert len(features.shards) > 2
    assert features.labels.tolist() == [float(clip.is_spoof) for clip in corpus]
    for row, clip in enumerate(corpus):
        samples = torch.from_numpy(pack(clip))[None]
        with torch.inference_mode():
            alone = slim.subspaces(samples, torch.tensor([samples.shape[1]]))
        for kept, whole in zip(frames(features, row), alone[:2], strict=True):
            read = torch.from_numpy(np.array(kept)).view(torch.bfloat16).float()
            assert read.shape == whole[0].shape
            assert (read - whole[0]).abs().max() < 0.1 * whole.abs().max()


@pytest.mark.usefixtures("small_shards")
def test_files_of_like_length_are_encoded_together(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    encode = slim.subspaces

    def watch(waveforms: torch.Tensor, lengths: torch.Tensor) -> object:
        seen.append(lengths.tolist())
        return encode(waveforms, lengths)

    monkeypatch.setattr(slim, "subspaces", watch)
    encode_files(slim, corpus, pack, tmp_path / "features")
    assert [n for batch in seen for n in batch] == sorted(pack.length(clip) for clip in corpus)
    assert all(len(batch) * max(batch) <= 8 * 16_000 for batch in seen)


@pytest.mark.usefixtures("small_shards")
def test_nothing_is_encoded_twice_and_new_files_join(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "features"
    first = encode_files(slim, corpus[:10], pack, folder)
    told: list[tuple[int, int]] = []
    both = encode_files(slim, corpus, pack, folder, lambda done, total: told.append((done, total)))
    assert told[-1] == (16, 16)
    assert told[0][0] > 10
    assert all(np.array_equal(a, b) for a, b in zip(frames(first, 3), frames(both, 3), strict=True))
    monkeypatch.setattr(slim, "subspaces", None)
    again = encode_files(slim, corpus[::-1], pack, folder)
    assert all(np.array_equal(a, b) for a, b in zip(frames(again, 0), frames(both, 15), strict=True))


@pytest.mark.usefixtures("small_shards")
def test_a_changed_file_or_another_cut_is_encoded_anew(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    folder = tmp_path / "features"
    first = encode_files(slim, corpus, pack, folder)
    soundfile.write(corpus[0].path, np.zeros(32_000), 16_000)
    told: list[tuple[int, int]] = []
    changed = encode_files(slim, corpus, AudioPack(corpus, tmp_path / "new"), folder, lambda *done: told.append(done))
    assert told == [(16, 16)]
    assert len(frames(changed, 0)[0]) != len(frames(first, 0)[0])
    assert all(np.array_equal(a, b) for a, b in zip(frames(changed, 5), frames(first, 5), strict=True))
    cut = encode_files(slim, corpus, AudioPack(corpus, tmp_path / "cut", 2.0), folder)
    assert max(len(frames(cut, row)[0]) for row in range(16)) < 100


@pytest.mark.usefixtures("small_shards")
def test_after_a_shard_is_deleted_no_other_is_overwritten(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    folder = tmp_path / "features"
    whole = encode_files(slim, corpus, pack, folder)
    shards = sorted(folder.glob("shard-*"))
    kept = {shard: (shard / "files.json").read_bytes() for shard in shards if shard != shards[1]}
    shutil.rmtree(shards[1])
    again = encode_files(slim, corpus, pack, folder)
    assert {shard: (shard / "files.json").read_bytes() for shard in kept} == kept
    assert len(list(folder.glob("shard-*"))) == len(shards)
    for row in range(len(corpus)):
        assert all(np.array_equal(a, b) for a, b in zip(frames(again, row), frames(whole, row), strict=True))


@pytest.mark.usefixtures("small_shards")
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not list open files")
def test_any_number_of_shards_keeps_no_file_open(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    folder = tmp_path / "features"
    features = encode_files(slim, corpus, pack, folder)
    held = [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [name for name in held if name.startswith(str(folder))]
    for number, shard in enumerate(sorted(folder.glob("shard-*"))):
        for name, mapped in zip(("style", "linguistics"), features.shards[number], strict=True):
            assert np.array_equal(np.load(shard / f"{name}.npy"), mapped)


def test_features_of_other_encoders_are_refused(
    slim: Slim, encoders: Path, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    encode_files(slim, corpus[:2], pack, tmp_path / "features")
    with pytest.raises(UsageError, match=r"other encoders.*another output folder"):
        encode_files(load(encoders, swapped=True), corpus[:2], pack, tmp_path / "features")


KILLED = """
import os, signal, sys
from pathlib import Path
from slim_cli.training import file_features
from slim_cli.corpora.audio_pack import AudioPack
from slim_cli.corpora.manifest import read_manifest
from tests.training.test_file_features import load
encoders, home, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
file_features.SHARD_S, file_features.BATCH_S = 12, 8
slim, corpus, calls = load(encoders), read_manifest(home / "manifest.csv"), []
encode = slim.subspaces
def dying(*given):
    calls.append(given)
    if len(calls) > limit:
        os.kill(os.getpid(), signal.SIGKILL)
    return encode(*given)
slim.subspaces = dying
file_features.encode_files(slim, corpus, AudioPack(corpus, home / "audio"), home / "features")
"""


@pytest.mark.usefixtures("small_shards")
def test_a_killed_extraction_goes_on_where_it_was_and_ends_the_same(
    slim: Slim, encoders: Path, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    folder = tmp_path / "features"
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(encoders), str(tmp_path), "4"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    assert died.returncode == -signal.SIGKILL
    kept = sorted(shard.name for shard in folder.glob("shard-*"))
    assert kept
    (folder / "shard-00009.part").mkdir()
    (folder / "shard-00009.part" / "style.npy").write_bytes(b"half")
    told: list[int] = []
    resumed = encode_files(slim, corpus, pack, folder, lambda done, _: told.append(done))
    whole = encode_files(slim, corpus, pack, tmp_path / "whole")
    assert len(told) == len(whole.shards) - len(kept)
    for row in range(len(corpus)):
        assert all(np.array_equal(a, b) for a, b in zip(frames(resumed, row), frames(whole, row), strict=True))
    assert not list(folder.glob("*.part"))


def test_a_batch_is_windows_of_at_most_four_seconds_at_places_that_the_seed_decides(
    slim: Slim, corpus: list[Clip], pack: AudioPack, tmp_path: Path
) -> None:
    features = encode_files(slim, corpus, pack, tmp_path / "features")
    rows = np.array([3, 0, 1])
    x, labels = features.batch(rows, CPU, np.random.default_rng(1))
    assert features.crops == (200, 200)
    assert x.style_mask.sum(1).tolist() == [200, 74, 124]
    assert x.linguistics.shape == x.style.shape == (3, 200, 16)
    assert labels.tolist() == [0, 0, 0]
    same, _ = features.batch(rows, CPU, np.random.default_rng(1))
    other, _ = features.batch(rows, CPU, np.random.default_rng(2))
    assert torch.equal(x.style, same.style)
    assert not torch.equal(x.style[0], other.style[0])
    assert torch.equal(x.style[1:], other.style[1:]), "a short file is read whole"


def test_a_file_of_no_sound_at_all_still_has_a_frame(slim: Slim, corpus: list[Clip], pack: AudioPack) -> None:
    (style,), (linguistics,) = file_features._encode(slim, [torch.zeros(0)])
    assert len(style) == len(linguistics) == 1
