"""The record of training data: what it holds of the names, and what it finds in common with other clips."""

from pathlib import Path

import pytest

from slim_cli.corpora.manifest import Clip, leave_origin_out
from slim_cli.errors import EnvironmentUnfit
from slim_cli.training.record import TrainingRecord, read_record, write_record

TRAINING = [
    Clip(Path("1"), "bonafide", "read", "anna", "page1"),
    Clip(Path("2"), "bonafide", "read", "crowd:unknown", "corpus"),
    Clip(Path("3"), "spoof", "HiFi-GAN", "bert", "page1", relatives=frozenset({"hifi"})),
    Clip(Path("4"), "spoof", "copy", "", "synth", source_origin="elsewhere"),
]


@pytest.mark.parametrize(
    ("clip", "shared"),
    [
        (Clip(Path("x"), "bonafide", "read", "carl", "page1"), ""),
        (Clip(Path("x"), "bonafide", "read", "anna", "page9"), "the speaker anna"),
        (Clip(Path("x"), "bonafide", "read", "bert", "page9"), "the speaker bert"),
        (Clip(Path("x"), "bonafide", "read", "", "page9"), ""),
        (Clip(Path("x"), "bonafide", "read", "", "corpus"), "the origin corpus, of unknown speakers"),
        (Clip(Path("x"), "bonafide", "read", "some:unknown", "elsewhere"), "the origin elsewhere, of unknown speakers"),
        (Clip(Path("x"), "spoof", "hifi-gan", "", "page9"), "the system hifi-gan"),
        (Clip(Path("x"), "spoof", "glow+hifi", "", "page9"), "the system glow+hifi"),
        (Clip(Path("x"), "spoof", "glow", "anna", "page9"), "the speaker anna"),
        (Clip(Path("x"), "spoof", "glow", "", "page9"), ""),
    ],
)
def test_what_a_clip_has_in_common_with_the_training_data(clip: Clip, shared: str) -> None:
    assert TrainingRecord.of(TRAINING).shares(clip) == shared


def test_a_left_out_fold_shares_nothing_with_what_is_trained_on() -> None:
    clips = [
        Clip(Path(str(i)), "spoof" if i % 2 else "bonafide", f"s{i % 5}", f"p{i % 7}", f"o{i % 3}", role="test")
        for i in range(60)
    ]
    chosen, held = leave_origin_out(clips, {"o0": 0, "o1": 1, "o2": 2}, 0)
    record = TrainingRecord.of(chosen)
    assert len(held) == 20
    assert {record.shares(clip) for clip in held} == {""}


def test_the_record_is_kept_in_the_bundle_and_in_its_hash_list(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    write_record(tmp_path, TRAINING)
    assert read_record(tmp_path) == TrainingRecord.of(TRAINING)
    assert "training.json" in (tmp_path / "SHA256SUMS").read_text()


def test_a_broken_record_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    (tmp_path / "training.json").write_text('{"schema": "slim-training-data/9"}')
    with pytest.raises(EnvironmentUnfit, match=r"training\.json: schema: expected"):
        read_record(tmp_path)
