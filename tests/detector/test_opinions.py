"""A second opinion: a small classifier of random weights, saved here, or an entry point of another maker."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

from slim_cli.detector.opinions import load_opinion
from slim_cli.errors import EnvironmentUnfit, SlimError, UsageError

RATE = 16_000
LABELS = ("bonafide", "spoof", "music")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audio classifier with three classes."""
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=8,
        id2label=dict(enumerate(LABELS)),
        label2id={name: number for number, name in enumerate(LABELS)},
    )
    home = tmp_path_factory.mktemp("opinion")
    Wav2Vec2ForSequenceClassification(config).save_pretrained(home)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=True).save_pretrained(home)
    return home


def windows() -> tuple[np.ndarray, np.ndarray]:
    waveforms = np.random.default_rng(0).normal(0, 0.1, (3, 4 * RATE)).astype(np.float32)
    lengths = np.array([4 * RATE, 3 * RATE, 100])
    for row, count in zip(waveforms, lengths, strict=True):
        row[count:] = 0
    return waveforms, lengths


def test_the_score_is_the_log_odds_of_the_named_class_whatever_the_level_and_the_neighbours(folder: Path) -> None:
    opinion = load_opinion("tiny", {"source": str(folder), "synthetic": "spoof"}, "cpu")
    waveforms, lengths = windows()
    scores = opinion.score(waveforms, lengths)
    alone = np.concatenate([opinion.score(waveforms[i : i + 1] * 3, lengths[i : i + 1]) for i in range(3)])
    assert scores == pytest.approx(alone, abs=1e-4)
    model = Wav2Vec2ForSequenceClassification.from_pretrained(folder).eval()
    first = (waveforms[0] - waveforms[0].mean()) / np.sqrt(waveforms[0].var() + 1e-7)
    with torch.inference_mode():
        share = model(torch.from_numpy(first)[None]).logits[0].softmax(0)[1].item()
    assert scores[0] == pytest.approx(np.log(share / (1 - share)), abs=1e-4)
    assert (opinion.name, opinion.label) == ("tiny", "spoof")


def test_its_fingerprint_holds_its_files_and_the_class_that_was_chosen(folder: Path, tmp_path: Path) -> None:
    table = {"source": str(folder), "synthetic": "spoof"}
    first = load_opinion("tiny", table, "cpu").fingerprint
    assert load_opinion("other name", table, "cpu").fingerprint == first
    assert load_opinion("tiny", {**table, "synthetic": "music"}, "cpu").fingerprint != first
    weights = folder / "model.safetensors"
    before = weights.read_bytes()
    weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    changed = load_opinion("tiny", table, "cpu").fingerprint
    weights.write_bytes(before)
    assert changed != first


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"synthetic": "fake"}, UsageError, "its classes are bonafide, spoof, music"),
        ({"synthetic": ""}, UsageError, "knows no class ''"),
        ({"label": "spoof"}, UsageError, "has no key 'label'"),
        ({"source": "owner/name"}, UsageError, "40 hexadecimal"),
        ({"source": "owner/name", "revision": "0" * 40}, EnvironmentUnfit, "slim models pull"),
        ({"kind": "os:system"}, UsageError, "no second opinion of kind 'os:system'"),
    ],
)
def test_a_wrong_table_is_explained_in_one_line(
    folder: Path, changes: dict[str, str], error: type[SlimError], says: str
) -> None:
    with pytest.raises(error, match=says):
        load_opinion("tiny", {"source": str(folder), "synthetic": "spoof", **changes}, "cpu")


def test_a_folder_that_holds_an_encoder_alone_is_refused(tmp_path: Path, save_encoder: Callable[..., None]) -> None:
    save_encoder(tmp_path, 1)
    Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(EnvironmentUnfit, match=r"weights of the second opinion in .* are missing"):
        load_opinion("tiny", {"source": str(tmp_path), "synthetic": "LABEL_1"}, "cpu")


@pytest.fixture
def other_maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "loud.py").write_text(
        """
import numpy as np
from slim_cli.detector.opinions.opinion_interface import SecondOpinion

class Loud(SecondOpinion):
    kind, label = "loud", "loud"

    @classmethod
    def from_table(cls, table, device):
        made = cls()
        made.gain = table["gain"]
        return made

    def score(self, waveforms, lengths):
        return self.gain * np.array([np.square(w[:n]).mean() for w, n in zip(waveforms, lengths)])
""",
        encoding="utf-8",
    )
    info = tmp_path / "loud-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 0.1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[slim_cli.opinions]\nloud = loud:Loud\n", encoding="utf-8")
    (info / "RECORD").write_text("loud.py,,\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("loud", None)


def test_a_detector_of_another_maker_serves_and_its_table_decides_its_fingerprint(other_maker: None) -> None:
    opinion = load_opinion("mine", {"kind": "loud", "gain": 2}, "cpu")
    assert opinion.score(np.full((1, 8), 0.5), np.array([4]))[0] == pytest.approx(0.5)
    assert opinion.fingerprint != load_opinion("mine", {"kind": "loud", "gain": 3}, "cpu").fingerprint
