"""The reference statistics of a bundle: what is written can be read, and the operating point keeps its promise."""

from pathlib import Path

import numpy as np
import pytest

from slim_cli.assessment.reference import load_reference
from slim_cli.training.evaluate import Scores
from slim_cli.training.manifest import Clip
from slim_cli.training.reference import write_reference


@pytest.mark.parametrize("seed", range(5))
def test_the_operating_point_flags_no_more_bona_fide_than_asked_for(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = ["bonafide"] * 97 + ["spoof"] * 61
    clips = tuple(Clip(Path(f"{i}.wav"), label, origin=f"o{i % 4}") for i, label in enumerate(labels))
    score = rng.normal(size=158) + 1.5 * np.array([label == "spoof" for label in labels])
    ranges = {"dc_offset": {"bona_fide": [0.01 * i for i in range(20)], "spoof": [0.5] * 19}}
    write_reference(tmp_path, Scores(clips, score, rng.random(158)), "made up", ranges)
    reference = load_reference(tmp_path)
    point = reference.operating_point
    assert (score[:97] >= point.score).mean() == pytest.approx(point.false_alarm_rate, abs=1e-4)
    assert 0.02 < point.false_alarm_rate <= 0.05
    assert (score[97:] < point.score).mean() == pytest.approx(point.miss_rate, abs=1e-4)
    assert (sum(reference.score.bona_fide.counts), sum(reference.score.spoof.counts)) == (97, 61)
    assert set(reference.observations["dc_offset"]) == {"bona_fide"}
