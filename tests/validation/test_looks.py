"""The log counts the models that were shown clips kept for testing, and those alone."""

from pathlib import Path

import numpy as np

from slim_cli.corpora.manifest import Clip
from slim_cli.validation.looks import log_look
from slim_cli.validation.scores import Scores, Trial


def scored(model: str, *names: str, subset: str = "test") -> Scores:
    clips = tuple(Clip(Path(name), "spoof", subset=subset) for name in names)
    return Scores(clips, np.zeros(len(names)), np.zeros(len(names)), (Trial(model=model),) * len(names))


def test_models_are_counted_that_were_shown_any_of_the_clips(tmp_path: Path) -> None:
    log = tmp_path / "new" / "looks.jsonl"
    looks = [scored("a", "1", "2"), scored("a", "2"), scored("b", "2", "3"), scored("c", "9"), scored("d", "1")]
    assert [log_look(look, log) for look in looks] == [1, 1, 2, 1, 2]
    assert len(log.read_text().splitlines()) == 5


def test_clips_to_choose_by_leave_no_trace(tmp_path: Path) -> None:
    log = tmp_path / "looks.jsonl"
    assert log_look(scored("a", "1", subset="tune"), log) == 0
    assert not log.exists()
    mixed = scored("a", "1", subset="tune") + scored("a", "2")
    assert log_look(mixed, log) == 1
