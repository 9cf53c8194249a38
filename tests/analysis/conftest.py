"""Two dozen short clips and a bundle of tiny random encoders."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from slim_cli.corpora.manifest import Clip, read_manifest
from slim_cli.detector import BundleInfo, Slim, save_bundle
from slim_cli.detector.encoders.whisper import WhisperEncoder, WhisperEncoderConfig
from tests.cli.conftest import slim

__all__ = ["slim"]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips of each class in two origins, three systems, one with a hostile name; 0.5 to 4.5 s."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(0)
    rows = []
    for number in range(24):
        time = np.arange(8000 * (1 + 8 * (number % 6 == 0))) / 16_000
        signal = 0.1 * rng.standard_normal(len(time)) + 0.2 * np.sin(2 * np.pi * (120 + 20 * number) * time)
        soundfile.write(folder / f"{number:02}.flac", signal.astype(np.float32), 16_000)
        spoof = number % 2 == 1
        rows.append(
            {
                "path": f"{number:02}.flac",
                "label": "spoof" if spoof else "bonafide",
                "system": ("=cmd()|$x^{<b>\x1b[2J", "tts", "vc")[number // 2 % 3] if spoof else "",
                "speaker": f"speaker{number % 5}",
                "origin": f"origin{number // 22}",
                "language": ("en", "fr")[number % 2],
            }
        )
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    return folder / "manifest.csv"


@pytest.fixture(scope="session")
def clips(manifest: Path) -> list[Clip]:
    return read_manifest(manifest)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Style reads blocks 0 and 1 of 3, linguistics block 1 of 2; weights are random."""
    return save_tiny(tmp_path_factory.mktemp("bundle"), 0)


def save_tiny(folder: Path, seed: int) -> Path:
    """Writes a bundle with the random weights of a seed."""
    torch.manual_seed(seed)
    style, linguistics = (
        WhisperEncoder(WhisperEncoderConfig(dim=16, depth=depth, heads=2, hidden=16, mels=20, blocks=blocks))
        for depth, blocks in ((3, (0, 1)), (2, (1, 1)))
    )
    encoders = {"style": style, "linguistics": linguistics}
    head = {"kind": "attentive", "dependency_dim": 8, "pooled_dim": 8, "hidden_dim": 8}
    save_bundle(folder, Slim(encoders, head).eval(), BundleInfo("tiny", str(seed), "random"))
    return folder
