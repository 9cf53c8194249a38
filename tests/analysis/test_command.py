"""`slim analyze` as a user meets it."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from PIL import Image
from transformers import Wav2Vec2Config, Wav2Vec2Model

from slim_cli.analysis.gallery import ANALYSES
from slim_cli.cli.analyze import Analysis
from slim_cli.corpora.manifest import Clip
from tests.analysis.conftest import save_tiny
from tests.cli.conftest import Slim


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_all_writes_a_table_and_two_pictures_of_each_analysis(
    slim: Slim, manifest: Path, bundle: Path, tmp_path: Path
) -> None:
    ran = slim("analyze", "all", "-m", manifest, "--model", bundle, "-o", tmp_path, "--device", "cpu")
    assert (ran.code, len(ran.out.splitlines())) == (0, len(ANALYSES))
    for name in ANALYSES:
        assert read(tmp_path / f"{name}.csv")
        assert Image.open(tmp_path / f"{name}.png").convert("L").getextrema()[0] < 128
        assert ElementTree.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("svg")
    systems = {row["group"] for row in read(tmp_path / "correlation.csv")}
    assert systems == {"bona fide", "all systems", "'=cmd()|$x^{<b>\\x1b[2J", "tts", "vc"}
    blocks = read(tmp_path / "layers.csv")
    assert [row["read"] for row in blocks] == ["no", "yes", "no", "yes", "no", "no"]
    assert [row["path"] for row in read(tmp_path / "tsne.csv")] == [f"{number:02}.flac" for number in range(24)]
    assert all(len(row["path"]) == len("00.flac") for row in read(tmp_path / "spectrograms.csv"))


def test_pictures_are_the_same_bytes_at_every_run(slim: Slim, manifest: Path, bundle: Path, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        for name in ("mismatch", "spectrograms"):
            slim("analyze", name, "-m", manifest, "--model", bundle, "-o", tmp_path / folder, "--device", "cpu")
    written = sorted((tmp_path / "first").glob("*.*"))
    assert len(written) == 6
    for path in written:
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_every_analysis_can_be_asked_for() -> None:
    assert {*ANALYSES, "all"} == {*Analysis}


@pytest.mark.parametrize(
    ("what", "labels", "reason"),
    [
        ("correlation", {"bonafide"}, "needs clips of both classes"),
        ("layers", {"spoof"}, "needs at least 4 bona fide clips"),
        ("tsne", set(), "needs a header"),
    ],
)
def test_clips_that_do_not_suffice_end_in_one_line(
    slim: Slim, clips: list[Clip], bundle: Path, tmp_path: Path, what: str, labels: set[str], reason: str
) -> None:
    lines = [f"{clip.path},{clip.label}" for clip in clips if clip.label in labels]
    (tmp_path / "some.csv").write_text("\n".join(["path,label", *lines]))
    ran = slim("analyze", what, "-m", tmp_path / "some.csv", "--model", bundle, "-o", tmp_path)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert reason in ran.err


def test_without_the_drawing_library_the_extra_is_named(
    slim: Slim, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slim_cli.cli.analyze.find_spec", lambda name: None)
    ran = slim("analyze", "all", "-m", manifest, "-o", tmp_path)
    assert ran.code == 5
    assert "pip install 'slim-audit[analyze]'" in ran.err


def test_layers_reads_the_whole_encoders_of_the_papers_preset(
    slim: Slim, manifest: Path, bundle: Path, tmp_path: Path
) -> None:
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16, "conv_dim": (8,) * 7}
    stable = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
    positions = {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    parts = []
    for seed, (part, blocks) in enumerate({"style": [0, 2], "linguistics": [3, 4]}.items()):
        torch.manual_seed(seed)
        config = Wav2Vec2Config(num_hidden_layers=6, **sizes, **stable, **positions)
        Wav2Vec2Model(config).save_pretrained(tmp_path / part)
        parts.append(f'[encoders.{part}]\nkind = "transformers"\nsource = "{tmp_path / part}"\nblocks = {blocks}\n')
    head = 'name = "tiny"\nversion = "0"\ndescription = "random"\n'
    (tmp_path / "recipe.toml").write_text(head + "".join(parts))
    arguments = ("-m", manifest, "--model", bundle, "-o", tmp_path, "--recipe", tmp_path / "recipe.toml")
    ran = slim("analyze", "layers", *arguments, "--limit", 12, "--device", "cpu")
    assert ran.code == 0
    rows = read(tmp_path / "layers.csv")
    assert len(rows) == 36
    marked = {(row["style_block"], row["linguistics_block"]) for row in rows if row["read"] == "yes"}
    assert marked == {(style, linguistics) for style in "012" for linguistics in "34"}


def test_twins_are_shown_the_clips_that_they_left_out(slim: Slim, manifest: Path, bundle: Path, tmp_path: Path) -> None:
    twin = save_tiny(tmp_path / "twin", 1)
    (tmp_path / "folds.csv").write_text("origin,fold\norigin0,0\norigin1,1\n")
    models = ("--folds", tmp_path / "folds.csv", "--model", bundle, "--model", twin)
    ran = slim("analyze", "systems", "-m", manifest, *models, "-o", tmp_path, "--device", "cpu")
    assert (ran.code, len(list((tmp_path / "embeddings").iterdir()))) == (0, 2)
    assert [(row["dataset"], row["bonafide"]) for row in read(tmp_path / "systems.csv")] == [
        ("all clips", "12"),
        ("origin0", "11"),
    ]
