"""How fast scans are here: measured in turn, several times, so that what else the machine does weighs on all alike."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.audio.windows import WindowCutter
from slim_cli.engines.local import examine_files
from slim_cli.engines.options import ExaminationOptions, ScoresWindows
from slim_cli.resources import models_dir
from slim_cli.results import MODEL_RATE_HZ

SHORT_FILES, SHORT_S, ONE_S = 200, 0.5, 10.0


@dataclass(frozen=True)
class Speed:
    """What was measured; medians over the rounds.

    Attributes:
        machine: processor, processors that may be used, load and versions, by name.
        rounds: how many.
        encoders_x: audio scored by the detector alone, windows ready, by wall time (times real time).
        scan_x: the same audio, 16 kHz FLAC, by a scan with pictures and without a report.
        share: `scan_x` by `encoders_x`, each round by itself.
        short_files: files of 0.5 s of noise, too short to score, scanned in a second without a report.
        one_file_s: from the start of the command to the results of one file of 10 s, seconds.
        one_report_s: the same to HTML and PDF.
    """

    machine: dict[str, str]
    rounds: int
    encoders_x: float
    scan_x: float
    share: float
    short_files: float
    one_file_s: float
    one_report_s: float


def measure(detector: ScoresWindows, minutes: float, rounds: int, workers: int = 1) -> Speed:
    """Measures speeds with recordings that come with the package.

    Args:
        detector: the model.
        minutes: length of the long file.
        rounds: how often everything is measured.
        workers: processes of the scans.
    """
    with tempfile.TemporaryDirectory(prefix="slim-bench-") as name:
        folder = Path(name)
        audio = _speech(minutes * 60)
        for part in ("long", "short", "one"):
            (folder / part).mkdir()
        soundfile.write(folder / "long" / "speech.flac", audio, MODEL_RATE_HZ)
        soundfile.write(folder / "one" / "speech.flac", audio[: int(ONE_S * MODEL_RATE_HZ)], MODEL_RATE_HZ)
        noise = np.random.default_rng(0).normal(0, 0.05, (SHORT_FILES, int(SHORT_S * MODEL_RATE_HZ)))
        for number, samples in enumerate(noise):
            soundfile.write(folder / "short" / f"{number:04d}.wav", samples, MODEL_RATE_HZ)
        found: dict[str, list[float]] = {}
        tasks: dict[str, Callable[[], object]] = {
            "encoders": lambda: _score(detector, audio),
            "scan": lambda: _scan(folder, "long", detector, workers),
            "short": lambda: _scan(folder, "short", detector, workers),
            "one": lambda: _command(folder, "csv"),
            "report": lambda: _command(folder, "html,pdf"),
        }
        for _ in range(rounds):
            for task, run in tasks.items():
                begun = time.perf_counter()
                run()
                found.setdefault(task, []).append(time.perf_counter() - begun)
    length = len(audio) / MODEL_RATE_HZ
    middle = {task: statistics.median(times) for task, times in found.items()}
    shares = [encoders / whole for encoders, whole in zip(found["encoders"], found["scan"], strict=True)]
    return Speed(
        machine(),
        rounds,
        length / middle["encoders"],
        length / middle["scan"],
        statistics.median(shares),
        SHORT_FILES / middle["short"],
        middle["one"],
        middle["report"],
    )


def machine() -> dict[str, str]:
    """Processor, load and versions."""
    import torch

    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "processor": model,
        "processors": str(usable),
        "load": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads",
    }


def _speech(seconds: float) -> np.ndarray:
    """The control recordings, again and again."""
    parts = [soundfile.read(path, dtype="float32")[0] for path in sorted((models_dir() / "controls").glob("*.flac"))]
    return np.resize(np.concatenate(parts), int(seconds * MODEL_RATE_HZ))


def _score(detector: ScoresWindows, audio: np.ndarray) -> None:
    windows = list(WindowCutter(1).push(audio[None], last=True))
    for start in range(0, len(windows), 16):
        part = windows[start : start + 16]
        detector.score(np.concatenate([w.samples for w in part]), np.array([w.length for w in part]))


def _scan(folder: Path, part: str, detector: ScoresWindows, workers: int) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as output:
        options = ExaminationOptions(output=Path(output), workers=workers)
        for _ in examine_files([folder / part], detector=detector, options=options):
            pass


def _command(folder: Path, formats: str) -> None:
    program = "from slim_cli.cli.main import main; main()"
    output = folder / "out"
    done = subprocess.run(
        [sys.executable, "-c", program, "scan", str(folder / "one"), "-o", str(output), "--force", "--format", formats],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    done.check_returncode()
