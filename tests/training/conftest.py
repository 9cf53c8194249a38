"""A miniature corpus: noise and tones, laid out and described like a real one."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.corpora.manifest import Clip, read_manifest


@pytest.fixture
def corpus(tmp_path: Path) -> list[Clip]:
    """Sixteen clips of 1.5 to 5 s: eight `bonafide` in four origins, four `spoof`, four copies of bona fide ones."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(16):
        seconds = 1.5 + number % 4
        time = np.arange(int(seconds * 16_000)) / 16_000
        signal = 0.1 * rng.standard_normal(len(time)) + 0.2 * np.sin(2 * np.pi * (120 + 20 * number) * time)
        name = f"{number:02d}.flac"
        soundfile.write(tmp_path / name, signal.astype(np.float32), 16_000)
        copy_of = number - 12 if number >= 12 else None
        rows.append(
            {
                "path": name,
                "label": "bonafide" if number < 8 else "spoof",
                "system": "" if number < 8 else f"system{number % 2}" if copy_of is None else "world",
                "speaker": f"speaker{number % 4}",
                "origin": f"origin{number % 4}" if copy_of is None else "synth:world",
                "emotion": "happy" if number == 0 else "",
                "source": "" if copy_of is None else f"{copy_of:02d}.flac",
                "source_origin": "" if copy_of is None else f"origin{copy_of % 4}",
                "role": "test" if copy_of is None else "train",
                "family": "" if number < 8 else "tts" if copy_of is None else "vocoder",
            }
        )
    with (tmp_path / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    return read_manifest(tmp_path / "manifest.csv")
