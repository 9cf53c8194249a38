"""From a recipe and a miniature corpus to a bundle that scores, with small encoders and with the paper's kind."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from slim_cli.corpora.audio_pack import AudioPack
from slim_cli.corpora.channel_conditions import conditions
from slim_cli.corpora.manifest import Clip
from slim_cli.detector import load_detector
from slim_cli.detector.bundle import load_bundle
from slim_cli.errors import IntegrityError, UsageError
from slim_cli.resources import models_dir
from slim_cli.training.pipeline import Training
from slim_cli.training.recipe import Protocol, Recipe, build_slim, load_recipe
from slim_cli.training.record import TrainingRecord, read_record
from slim_cli.training.stage1 import Stage1Recipe
from slim_cli.validation.labelled_scan import scan_clips
from slim_cli.validation.scores import read_scores, summarise


def acoustic(codes: int, fit: dict[str, int]) -> dict[str, dict[str, Any]]:
    return {"style": {"kind": "coherence"}, "linguistics": {"kind": "codebook", "codes": codes, "fit": fit}}


SMALL = Recipe(
    name="tiny",
    version="0",
    description="Untrained in earnest: for tests only.",
    encoders=acoustic(32, {"clips": 4, "rounds": 1}),
    head={"kind": "attentive", "dependency_dim": 16, "pooled_dim": 16, "hidden_dim": 16},
    windows=32,
    stage1=Stage1Recipe(3, batch=16),
    stage2={"steps": 3, "batch": 8},
)


ACOUSTIC = Recipe(
    name="tiny-acoustic",
    version="0",
    description="The bundled model's kind, with a small codebook.",
    encoders=acoustic(64, {"clips": 6, "rounds": 2}),
    head={"kind": "moments", "dependency_dim": 8, "families": ["vocoder"]},
    prepare={"clips": 6, "rounds": 2},
    windows=0,
    stage1=Stage1Recipe(2, batch=8),
    stage2={"families": {"vocoder": 0.5}},
)


def workshop(recipe: Recipe, corpus: list[Clip], folder: Path) -> Training:
    torch.manual_seed(0)
    return Training(recipe, corpus, corpus, AudioPack(corpus, folder / "audio"), folder / "all", folder)


def test_a_recipe_becomes_a_bundle_that_scores(corpus: list[Clip], tmp_path: Path) -> None:
    shop = workshop(SMALL, corpus, tmp_path)
    shop.train_encoder()
    shop.train_stage1()
    bundle = shop.train_stage2()
    detector = load_detector(bundle, "cpu")
    test = [c for c in corpus if c.role == "test"]
    scores = scan_clips(detector, test)
    scores.write(tmp_path / "scores.csv")
    assert np.isfinite(scores.score).all()
    assert ((scores.mismatch >= 0) & (scores.mismatch <= 2)).all()
    assert 0 <= summarise(read_scores(tmp_path / "scores.csv"), rounds=20).pooled.value <= 1
    assert (bundle / "style.safetensors").stat().st_size > 0
    assert read_record(bundle) == TrainingRecord.of(corpus)


@pytest.mark.skipif(any(c.missing for c in conditions("channels")), reason="an encoder is missing")
def test_the_bundled_kind_reads_moments_along_whitened_directions_and_scores_as_it_was_fitted(
    corpus: list[Clip], tmp_path: Path
) -> None:
    shop = workshop(ACOUSTIC, corpus, tmp_path)
    shop.train_encoder()
    shop.train_stage1()
    slim, _ = load_bundle(shop.train_stage2())
    cache = shop.features(slim)
    assert slim.head.pooling.sounds.weight.sum(0).tolist() == [1.0] * 64
    standard = (torch.from_numpy(cache.summaries[:]) - slim.head.pooling.mean) / slim.head.pooling.scale
    logits = (slim.head.classifier[0].weight[:, 16:] @ standard[shop.windows_allowed(cache)].T).T
    families = [corpus[number].family for number in cache.clips[shop.windows_allowed(cache)]]
    for column, family in enumerate(("tts", "vocoder")):
        mine, real = ([f == wanted for f in families] for wanted in (family, ""))
        assert logits[mine, column].mean() > logits[real, column].mean()
        assert logits[mine].mean(0).argmax() == column


def test_a_score_does_not_depend_on_its_neighbours(corpus: list[Clip], tmp_path: Path) -> None:
    shop = workshop(SMALL, corpus, tmp_path)
    shop.train_encoder()
    shop.train_stage1()
    detector = load_detector(shop.train_stage2(), "cpu")
    waveforms = np.random.default_rng(0).standard_normal((11, 64_000)).astype(np.float32)
    lengths = np.full(11, 64_000)
    together, _ = detector.score(waveforms, lengths)
    alone, _ = detector.score(waveforms[9:10], lengths[:1])
    assert alone[0] == together[9]


def test_the_recipes_of_the_bundled_models_share_their_main_head() -> None:
    small, large = (load_recipe(models_dir() / name / "recipe.toml") for name in ("slim-mini", "slim-base"))
    assert large.head["main"] == small.head
    assert (large.stage1, large.stage2, large.encoders["style"]) == (
        small.stage1,
        small.stage2,
        small.encoders["style"],
    )
    widths = [layer.out_features for layer in build_slim(small).head.classifier if hasattr(layer, "out_features")]
    assert widths == [*small.head["hidden"], 1]


def test_steps_must_be_run_in_order(corpus: list[Clip], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="earlier training steps"):
        workshop(SMALL, corpus, tmp_path).train_stage1()


def test_a_stopped_training_ends_as_if_it_had_not_stopped(corpus: list[Clip], tmp_path: Path) -> None:
    whole = workshop(SMALL, corpus, tmp_path / "whole")
    whole.train_encoder()
    whole.train_stage1()
    parted = workshop(SMALL, corpus, tmp_path / "parted")
    calls = []

    class Stopped(Exception):
        pass

    def stop(step: int, steps: int, losses: dict[str, float]) -> None:
        calls.append(step)
        raise Stopped

    parted.train_encoder()
    with pytest.raises(Stopped):
        parted.train_stage1(report=stop)
    parted.train_stage1()
    name = "all/stage1/head.safetensors"
    assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parted" / name).read_bytes()


def test_a_changed_weight_is_noticed(corpus: list[Clip], tmp_path: Path) -> None:
    shop = workshop(SMALL, corpus, tmp_path)
    shop.train_encoder()
    shop.train_stage1()
    bundle = shop.train_stage2()
    weights = bundle / "head.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"head\.safetensors"):
        load_detector(bundle, "cpu")


def test_the_preset_of_the_paper_trains_and_scores(
    corpus: list[Clip], tmp_path: Path, save_encoder: Callable[..., None]
) -> None:
    preset = load_recipe(models_dir() / "slim-xlsr" / "recipe.toml")
    assert preset.encoders["style"]["blocks"] == [0, 10]
    assert preset.encoders["linguistics"]["blocks"] == [14, 21]
    encoders: dict[str, Any] = {}
    for seed, part in enumerate(("style", "linguistics")):
        save_encoder(tmp_path / part, 24, seed)
        encoders[part] = {**preset.encoders[part], "source": str(tmp_path / part)}
        del encoders[part]["revision"]
    recipe = replace(
        preset,
        encoders=encoders,
        protocol=Protocol(),
        stage1=Stage1Recipe(2, batch=8),
        stage2={"steps": 2, "batch": 8},
    )
    shop = workshop(recipe, corpus, tmp_path)
    shop.train_stage1()
    bundle = shop.train_stage2()
    config = json.loads((bundle / "config.json").read_text())
    assert [config["encoders"][p]["config"]["num_hidden_layers"] for p in ("style", "linguistics")] == [11, 22]
    scores = scan_clips(load_detector(bundle, "cpu"), corpus[:3])
    assert np.isfinite(scores.score).all()


PARTS = Protocol(stage1=("cv:train", "acted"), stage2=("la",))


@pytest.mark.parametrize(
    ("clip", "stages"),
    [
        (Clip(Path("a"), "bonafide", origin="cv", subset="train"), ["stage1"]),
        (Clip(Path("a"), "bonafide", origin="cv", subset="test"), []),
        (Clip(Path("a"), "bonafide", origin="acted", subset="any"), ["stage1"]),
        (Clip(Path("a"), "spoof", origin="acted"), []),
        (Clip(Path("a"), "spoof", origin="la", subset="dev"), ["stage2"]),
        (Clip(Path("a"), "bonafide", origin="elsewhere"), []),
    ],
)
def test_a_protocol_says_which_stage_learns_from_a_clip(clip: Clip, stages: list[str]) -> None:
    assert [stage for stage in ("stage1", "stage2") if PARTS.reads(stage, clip)] == stages
    assert PARTS.needs(clip) is bool(stages)


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        (Protocol(stage1=("synth:world",)), "stage1 of the recipe tiny reads synth:world: no bonafide"),
        (Protocol(stage2=("synth:world",)), "stage2 of the recipe tiny reads synth:world: no bonafide"),
    ],
)
def test_a_stage_without_clips_of_a_class_is_explained(
    corpus: list[Clip], tmp_path: Path, protocol: Protocol, says: str
) -> None:
    shop = workshop(replace(SMALL, protocol=protocol), corpus, tmp_path)
    shop.train_encoder()
    if protocol.stage2:
        shop.train_stage1()
    with pytest.raises(UsageError, match=says):
        shop.train_stage2() if protocol.stage2 else shop.train_stage1()


def test_left_out_clips_are_in_no_training_window(corpus: list[Clip], tmp_path: Path) -> None:
    kept = [c for c in corpus if "origin1" not in (c.origin, c.source_origin)]
    shop = replace(workshop(SMALL, corpus, tmp_path), chosen=kept)
    shop.train_encoder()
    cache = shop.features(build_slim(SMALL).eval())
    rows = shop.windows_allowed(cache)
    assert 0 < len(rows) < len(cache)
    assert {corpus[number] for number in cache.clips[rows]} <= set(kept)


def test_windows_are_encoded_anew_when_a_clip_has_changed(corpus: list[Clip], tmp_path: Path) -> None:
    shop, slim = workshop(SMALL, corpus, tmp_path), build_slim(SMALL).eval()
    for expected in (1, 1, 2):
        if expected == 2:
            os.utime(corpus[0].path, ns=(0, 0))
        shop.features(slim)
        assert len(list((tmp_path / "features").iterdir())) == expected
