"""Encoders from the hub or from a disk: what was pulled first is what may ever be loaded."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from slim_cli.detector import hub
from slim_cli.detector.encoders.ready_made import TransformersEncoder
from slim_cli.detector.hub import HubEncoder
from slim_cli.errors import EnvironmentUnfit, IntegrityError, SlimError, UsageError

ENCODER = HubEncoder("somebody/wav2vec2-tiny", "0123456789abcdef0123456789abcdef01234567")
SPEC = {"source": ENCODER.source, "revision": ENCODER.revision, "blocks": [0, 1]}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recognition model as the hub gives it: the encoder is a part of it."""
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        vocab_size=5,
    )
    folder = tmp_path_factory.mktemp("published") / "style"
    Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLIM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def disk(published: Path, tmp_path: Path) -> Path:
    """A disk that holds the model in the folder `style`, which a test may change."""
    shutil.copytree(published, tmp_path / "disk" / "style")
    return tmp_path / "disk"


def change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_a_pulled_encoder_loads_with_the_weights_that_were_published(disk: Path, published: Path) -> None:
    digests = hub.pull(ENCODER, disk, "style")
    assert set(digests) == {"config.json", "model.safetensors"}
    assert (
        hub.pull(ENCODER) == hub.pull(ENCODER, disk, "style") == hub.verify(ENCODER) == hub.recorded(ENCODER) == digests
    )
    shutil.rmtree(disk)
    encoder = TransformersEncoder.from_recipe(SPEC)
    whole = Wav2Vec2ForCTC.from_pretrained(published).wav2vec2.state_dict()
    loaded = encoder.model.state_dict()
    assert all(torch.equal(loaded[name], whole[name]) for name in loaded)
    described = encoder.describe()
    assert described["origin"] == {"source": ENCODER.source, "revision": ENCODER.revision}
    assert str(disk.parent) not in str(described), "no path of this machine enters a bundle"


def test_the_record_is_one_that_sha256sum_reads(disk: Path, home: Path) -> None:
    digests = hub.pull(ENCODER, disk, "style")
    lines = (home / "encoders" / "SHA256SUMS").read_text().splitlines()
    assert lines == [f"{digest}  {ENCODER.key}/{name}" for name, digest in sorted(digests.items())]


@pytest.mark.parametrize(
    "place", ["style", ENCODER.source, f"models--somebody--wav2vec2-tiny/snapshots/{ENCODER.revision}", ENCODER.key]
)
def test_a_disk_is_laid_out_by_part_by_id_as_the_hubs_cache_or_as_a_store(disk: Path, place: str) -> None:
    shutil.move(disk / "style", disk / "away")
    (disk / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(disk / "away", disk / place)
    assert hub.pull(ENCODER, disk, "style")


def load(_encoder: HubEncoder) -> TransformersEncoder:
    return TransformersEncoder.from_recipe(SPEC)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("act", [hub.verify, hub.pull, load], ids=["check", "pull", "load"])
def test_a_file_that_changed_since_the_first_pull_stops_everything(
    disk: Path, name: str, act: Callable[[HubEncoder], Any]
) -> None:
    hub.pull(ENCODER, disk, "style")
    change(ENCODER.folder / name)
    with pytest.raises(IntegrityError, match=name):
        act(ENCODER)


def test_a_folder_that_is_named_like_the_hub_id_does_not_stand_in_for_it(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(disk / "style", disk / ENCODER.source)
    monkeypatch.chdir(disk)
    with pytest.raises(EnvironmentUnfit, match="slim models pull"):
        TransformersEncoder.from_recipe(SPEC)
    assert TransformersEncoder.from_recipe({"source": "style", "blocks": [0, 1]}).dim == 16


def test_a_file_that_nobody_pulled_is_noticed(disk: Path) -> None:
    hub.pull(ENCODER, disk, "style")
    (ENCODER.folder / "adapter_config.json").write_text("{}")
    with pytest.raises(IntegrityError, match=r"adapter_config\.json"):
        TransformersEncoder.from_recipe(SPEC)


@pytest.mark.parametrize("gone", [False, True], ids=["still in the store", "deleted from the store"])
def test_a_later_pull_of_other_files_is_refused_and_changes_nothing(disk: Path, gone: bool) -> None:
    first = hub.pull(ENCODER, disk, "style")
    if gone:
        shutil.rmtree(ENCODER.folder)
    change(disk / "style" / "model.safetensors")
    with pytest.raises(IntegrityError, match="first pull"):
        hub.pull(ENCODER, disk, "style")
    assert hub.recorded(ENCODER) == first
    assert ENCODER.folder.exists() is not gone


def test_files_that_were_put_into_the_store_by_hand_are_refused(published: Path) -> None:
    shutil.copytree(published, ENCODER.folder)
    with pytest.raises(IntegrityError, match="not put there"):
        TransformersEncoder.from_recipe(SPEC)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, disk: Path) -> list[tuple[Any, ...]]:
    """The calls of the hub's download function, which copies from the disk what it was asked for."""
    calls: list[tuple[Any, ...]] = []

    def snapshot_download(repo_id: str, *, revision: str, local_dir: Path, allow_patterns: list[str]) -> str:
        calls.append((repo_id, revision, tuple(allow_patterns)))
        for path in (disk / "style").iterdir():
            if path.name in allow_patterns:
                shutil.copyfile(path, local_dir / path.name)
        (local_dir / ".cache").mkdir(exist_ok=True)
        return str(local_dir)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return calls


def test_the_hub_is_asked_once_for_the_commit_and_for_no_pickle(fetched: list[tuple[Any, ...]]) -> None:
    first = hub.pull(ENCODER)
    assert hub.pull(ENCODER) == first
    assert [(repo, revision) for repo, revision, _ in fetched] == [(ENCODER.source, ENCODER.revision)]
    assert not any(name.endswith(".bin") for name in fetched[0][2])
    assert TransformersEncoder.from_recipe(SPEC).dim == 16


def test_a_hub_that_gives_other_files_later_is_refused(fetched: list[tuple[Any, ...]], disk: Path) -> None:
    hub.pull(ENCODER)
    shutil.rmtree(ENCODER.folder)
    change(disk / "style" / "model.safetensors")
    for _ in "ab":
        with pytest.raises(IntegrityError, match=r"model\.safetensors"):
            hub.pull(ENCODER)
    assert len(fetched) == 3, "what was refused is not kept"


def pickled(folder: Path, weights: object) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")


def test_weights_of_tensors_alone_load_from_a_pickle(fetched: list[tuple[Any, ...]], disk: Path) -> None:
    pickled(disk / "style", Wav2Vec2ForCTC.from_pretrained(disk / "style").state_dict())
    assert set(hub.pull(ENCODER)) == {"config.json", "pytorch_model.bin"}
    assert TransformersEncoder.from_recipe(SPEC).dim == 16


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("exploded"),)


def test_a_pickle_of_anything_else_is_never_run(disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pickled(disk / "style", {"x": Bomb()})
    hub.pull(ENCODER, disk, "style")
    with pytest.raises(EnvironmentUnfit, match="cannot be loaded"):
        TransformersEncoder.from_recipe(SPEC)
    assert not (tmp_path / "exploded").exists()
    torch.load(ENCODER.folder / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "exploded").exists(), "it would have run"


def test_weights_that_lack_a_layer_are_refused_not_filled_with_random_numbers(disk: Path) -> None:
    state = Wav2Vec2ForCTC.from_pretrained(disk / "style").state_dict()
    pickled(disk / "style", {name: value for name, value in state.items() if "layers.1.attention.q_proj" not in name})
    hub.pull(ENCODER, disk, "style")
    with pytest.raises(EnvironmentUnfit, match=r"missing.*layers\.1\.attention\.q_proj"):
        TransformersEncoder.from_recipe(SPEC)


@pytest.mark.parametrize("failure", [ConnectionError("no\nroute"), FileNotFoundError("not in the cache")])
def test_without_network_one_line_names_the_way_out(monkeypatch: pytest.MonkeyPatch, failure: OSError) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(EnvironmentUnfit, match=r"--from DIR") as raised:
        hub.pull(ENCODER)
    assert "\n" not in str(raised.value)
    with pytest.raises(EnvironmentUnfit, match="slim models pull"):
        TransformersEncoder.from_recipe(SPEC)


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ({"source": "a/b", "revision": "main", "blocks": [0, 1]}, UsageError, "40 hexadecimal"),
        (
            {"source": "../../nowhere", "revision": "0" * 40, "blocks": [0, 1]},
            UsageError,
            "neither a folder nor a hub id",
        ),
        ({"source": "a/b", "revision": "0" * 40}, UsageError, "source and blocks"),
        ({"revision": "0" * 40, "blocks": [0, 1]}, UsageError, "source and blocks"),
        ({"source": "a/b", "revision": "0" * 40, "blocks": [0, 1]}, EnvironmentUnfit, "slim models pull"),
    ],
)
def test_a_wrong_table_is_explained(spec: dict[str, Any], error: type[SlimError], says: str) -> None:
    with pytest.raises(error, match=says):
        TransformersEncoder.from_recipe(spec)


def test_a_disk_without_the_encoder_is_refused_with_the_places_looked_at(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"wav2vec2-tiny.*looked for style"):
        hub.pull(ENCODER, tmp_path, "style")


def test_a_broken_record_stops_everything(disk: Path, home: Path) -> None:
    hub.pull(ENCODER, disk, "style")
    (home / "encoders" / "SHA256SUMS").write_text("what is this")
    with pytest.raises(IntegrityError, match="cannot be read"):
        TransformersEncoder.from_recipe(SPEC)
