"""Plugs: a kind is found by its name among those installed, whoever made it; a file can load nothing else."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from slim_cli.detector import BundleInfo, Slim, load_bundle, load_detector, save_bundle
from slim_cli.detector.encoders import ENCODERS, build_encoder
from slim_cli.detector.heads import HEADS, build_head
from slim_cli.detector.registry import Registry
from slim_cli.errors import EnvironmentUnfit, SlimError, UsageError

CODEBOOK = {"kind": "codebook", "codes": 8}
PLUG = """
import torch
from slim_cli.detector.encoders.encoder_interface import Encoder, frame_mask

class Envelope(Encoder):
    kind, frame_rate, dim, blocks = "envelope", 100.0, 4, (0, 0)

    @classmethod
    def from_spec(cls, spec):
        return cls()

    def describe(self):
        return {}

    def front(self, waveforms, lengths):
        frames = waveforms[:, : waveforms.shape[1] // 160 * 160].unflatten(1, (-1, 160))
        features = torch.stack([frames.abs().mean(2), frames.square().mean(2), frames.amax(2), frames.amin(2)], 2)
        return features, frame_mask(features.shape[1], 160, lengths)
"""


@pytest.fixture
def other_maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package of another maker that brings an encoder, and would replace one of ours."""
    (tmp_path / "plugged.py").write_text(PLUG, encoding="utf-8")
    info = tmp_path / "plugged-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.2\n", encoding="utf-8")
    entries = "envelope = plugged:Envelope\ncodebook = plugged:Envelope\nbroken = plugged:Missing\n"
    (info / "entry_points.txt").write_text(f"[slim_cli.encoders]\n{entries}", encoding="utf-8")
    (info / "RECORD").write_text("plugged.py,,\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "plugged.py"
    sys.modules.pop("plugged", None)


@pytest.mark.parametrize("registry", [ENCODERS, HEADS], ids=["encoders", "heads"])
def test_every_kind_of_the_package_is_named_as_its_class_says_and_came_with_it(registry: Registry) -> None:
    for kind in registry.kinds():
        assert registry.find(kind).kind == kind
        assert registry.provenance(kind) == {}


def test_an_encoder_of_another_maker_serves_in_a_bundle_and_its_files_decide_the_fingerprint(
    other_maker: Path, tmp_path: Path
) -> None:
    assert ENCODERS.kinds().count("codebook") == 1
    assert ENCODERS.find("codebook").__module__.startswith("slim_cli.")
    encoders = {
        "style": build_encoder({"kind": "envelope"}),
        "linguistics": build_encoder({"kind": "codebook", "codes": 8}),
    }
    torch.manual_seed(0)
    save_bundle(
        tmp_path / "bundle", Slim(encoders, {"kind": "attentive", "pooled_dim": 8}), BundleInfo("mixed", "1", "")
    )
    first = load_detector(tmp_path / "bundle", "cpu")
    assert first.info.plugs["envelope"]["package"] == "plugged"
    other_maker.write_text(PLUG + "# another release\n", encoding="utf-8")
    assert load_detector(tmp_path / "bundle", "cpu").fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ({"kind": "os:system"}, UsageError, "no encoder of kind 'os:system'; here are coherence, codebook"),
        ({"codes": 8}, UsageError, "must name its kind"),
        ({"kind": "broken"}, EnvironmentUnfit, "cannot be loaded"),
    ],
)
def test_what_is_not_installed_cannot_be_named(
    other_maker: Path, spec: dict[str, object], error: type[SlimError], says: str
) -> None:
    with pytest.raises(error, match=says):
        build_encoder(spec)


def test_an_unknown_head_is_refused() -> None:
    with pytest.raises(UsageError, match="no head of kind 'median'; here are attentive, moments, fused"):
        build_head({"kind": "median"}, {"style": 4, "linguistics": 4})


def test_a_bundle_of_the_first_schema_still_loads(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoders = {
        "style": build_encoder({"kind": "coherence"}),
        "linguistics": build_encoder({"kind": "codebook", "codes": 8}),
    }
    head = {"kind": "moments", "dependency_dim": 8, "families": ["vocoder"]}
    model = Slim(encoders, head).eval()
    save_bundle(tmp_path, model, BundleInfo("old", "1", ""))
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    old = {"pooling": "moments", "pooled_dim": 256, "hidden_dim": 256, "dropout": 0.1}
    old |= {"dependency_dim": 8, "families": ["vocoder"]}
    first = {"schema": "slim-bundle/1", **config.pop("encoders"), "head": old}
    (tmp_path / "config.json").write_text(json.dumps({**config, **first}), encoding="utf-8")
    from slim_cli.detector.bundle import write_sums

    write_sums(tmp_path)
    loaded, _ = load_bundle(tmp_path)
    waveforms, lengths = torch.randn(1, 32_000), torch.tensor([32_000])
    assert loaded(waveforms, lengths).score.item() == pytest.approx(model(waveforms, lengths).score.item(), abs=0.05)
