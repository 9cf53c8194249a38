"""The log of looks at clips that are kept for testing: who looks often chooses by them, whether meant or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from slim_cli import hashing
from slim_cli.validation.scores import Scores

TEST = "test"
FILE_NAME = "looks.jsonl"


def log_look(scores: Scores, log: Path) -> int:
    """Adds a look to the log, where clips of the subset `test` were scored.

    Args:
        scores: what was scored just now.
        log: the log, one line of JSON for each look.

    Returns:
        how many different models have been shown any of these clips, this look included; 0 where none is for testing.
    """
    shown = sorted({str(clip.path.resolve()) for clip in scores.clips if clip.subset == TEST})
    if not shown:
        return 0
    models = sorted({trial.model for trial in scores.trials})
    clips = [hashing.digest(path)[:16] for path in shown]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"date": when, "models": models, "clips": clips}) + "\n")
    return len(_models_shown(log.read_text(encoding="utf-8").splitlines(), set(clips)))


def _models_shown(lines: Sequence[str], clips: set[str]) -> set[str]:
    looks = [json.loads(line) for line in lines if line]
    return {model for look in looks if not clips.isdisjoint(look["clips"]) for model in look["models"]}
