"""How a scan's time grows with the length of a file. Run: python -m tests.engines.linearity 0.05 0.5 1 10 100

Each length, in hours, is one file of the recordings that come with the package, again and again, scanned by a process
of its own with the bundled model; what the start costs is measured with a file of a second and taken off. A straight
line through zero has the same seconds per hour at every length; the last column tells by how much each differs from
the longest.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.resources import models_dir
from slim_cli.results import MODEL_RATE_HZ

OPTIONS = ("--format", "csv", "--quiet", "--max-duration", "1000h")
START_H = 1 / 3600
SCAN = (
    "import sys; from slim_cli.cli.main import main; "
    "sys.argv = ['slim', 'scan', sys.argv[1], '-o', sys.argv[2], *sys.argv[3:]]; main()"
)


def write(path: Path, hours: float) -> None:
    """Writes a file of speech of that length, block by block."""
    parts = [soundfile.read(one, dtype="int16")[0] for one in sorted((models_dir() / "controls").glob("*.flac"))]
    loop, left = np.concatenate(parts), int(hours * 3600 * MODEL_RATE_HZ)
    with soundfile.SoundFile(path, "w", MODEL_RATE_HZ, 1, "PCM_16", format="RF64") as file:
        while left > 0:
            file.write(loop[:left])
            left -= len(loop)


def measure(hours: float) -> dict[str, float]:
    """Scans a file of that length; wall and processor seconds, and the most memory that a process held, bytes."""
    with tempfile.TemporaryDirectory(prefix="slim-hours-") as name:
        folder = Path(name)
        write(folder / "speech.wav", hours)
        begun = time.perf_counter()
        scan = [sys.executable, "-c", SCAN, str(folder / "speech.wav"), str(folder / "out"), *OPTIONS]
        subprocess.run(scan, check=True)
        wall = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "processor": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}


def main(lengths: list[float]) -> None:
    """Measures every length in a process of its own and prints a table."""
    found = {}
    for hours in (START_H, *lengths):
        command = [sys.executable, "-m", "tests.engines.linearity", "--one", str(hours)]
        found[hours] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    start = found.pop(START_H)
    slopes = {hours: (one["processor"] - start["processor"]) / hours for hours, one in found.items()}
    print(f"start: {start['wall']:.1f} s, {start['processor']:.1f} CPU s, {start['memory'] / 1e6:.0f} MB")
    print("   hours   wall s    CPU s   CPU s/hour   largest MB   beside the longest")
    for hours, one in found.items():
        beside = 100 * (slopes[hours] / slopes[max(slopes)] - 1)
        times = f"{hours:8.2f} {one['wall']:8.1f} {one['processor']:8.1f} {slopes[hours]:12.1f}"
        print(f"{times} {one['memory'] / 1e6:12.0f} {beside:+18.1f} %")


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(json.dumps(measure(float(sys.argv[2]))))
    else:
        main([float(one) for one in sys.argv[1:]])
