"""Scans of the campaigns: short recordings, a stand-in for the detector, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.custody import audit

PROGRAM = """
from tests.custody.scans import stand_in
stand_in()
from slim_cli.cli.main import main
main()
"""


def stand_in() -> None:
    """Puts a plain function of the waveform in the detector's place, so that starts and windows cost little."""
    from slim_cli.engines import controls, scan_job
    from tests.conftest import FakeDetector

    scan_job.load_detector = lambda bundle, device: FakeDetector()
    controls.load_controls = lambda bundle: None  # the published scores are those of the detector that is replaced


def write_evidence(folder: Path, files: int, spoken: int = 10) -> None:
    """Short recordings, every tenth (or so) with speech from the examples, every seventh no recording at all."""
    speech, rate = soundfile.read(Path(__file__).parents[2] / "examples/evidence/recorded-english-voicemail.flac")
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True)
    for number in range(files):
        path = folder / f"{number:04d}.wav"
        if number % 7 == 6:
            path.with_suffix(".txt").write_text(f"note {number}", encoding="utf-8")
        elif number % spoken == 0:
            soundfile.write(path, speech[: 4 * rate] * (1 - number / 2000), rate)
        else:
            soundfile.write(path, 0.01 * rng.standard_normal(8000), 16_000)


def arguments(evidence: Path, output: Path) -> list[str]:
    """What the scan is asked for; one that finds a run goes on with it."""
    options = ["--allow-errors", "--no-progress", "--quiet", "--report", "top:3"]
    resume = ["--resume"] if began(output) else []
    return ["scan", str(evidence), "-o", str(output), *options, *resume]


def command(evidence: Path, output: Path, *options: str) -> list[str]:
    """The scan as a program of its own."""
    return [sys.executable, "-c", PROGRAM, *arguments(evidence, output), *options]


def environment() -> dict[str, str]:
    """As here, with this checkout in front."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}


class Scan:
    """A scan that runs, as a program of its own.

    Args:
        evidence: what it scans.
        output: where it writes.
    """

    def __init__(self, evidence: Path, output: Path) -> None:
        self._output, self._rows = output, rows_bytes(output)
        self._start(evidence, output)

    def _start(self, evidence: Path, output: Path) -> None:
        self._process = subprocess.Popen(
            command(evidence, output), env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )

    def wait_for_row(self) -> None:
        """Returns when it has written a row, prints, or has ended."""
        while self.running() and rows_bytes(self._output) == self._rows and moment(self._output) != PRINTING:
            time.sleep(0.01)

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send_signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def ended(self) -> tuple[int, str]:
        """Waits for its end: its exit code, negative for a signal, and what it complained of."""
        complaint = self._process.communicate()[1].strip()
        return self._process.returncode, complaint


class ForkedScan(Scan):
    """The same, forked from this process, which has loaded what a scan needs: starts cost little."""

    def _start(self, evidence: Path, output: Path) -> None:
        self._complaints = Path(tempfile.mkstemp(suffix=".err")[1])  # not on the disk that may be full
        self._code: int | None = None
        asked = arguments(evidence, output)
        self._pid = os.fork()
        if self._pid == 0:
            _run_here(asked, self._complaints)

    def running(self) -> bool:
        """See `Scan.running`."""
        self._wait(os.WNOHANG)
        return self._code is None

    def send_signal(self, number: signal.Signals) -> None:
        """See `Scan.send_signal`."""
        os.kill(self._pid, number)

    def ended(self) -> tuple[int, str]:
        """See `Scan.ended`."""
        self._wait(0)
        assert self._code is not None
        complaint = self._complaints.read_text("utf-8").strip() if self._complaints.exists() else ""
        self._complaints.unlink(missing_ok=True)
        return self._code, complaint

    def _wait(self, how: int) -> None:
        if self._code is None:
            pid, status = os.waitpid(self._pid, how)
            self._code = os.waitstatus_to_exitcode(status) if pid else None


def _run_here(asked: list[str], complaints: Path) -> None:
    """The child: the command in this process, which then ends."""
    code: int | str | None = 1
    try:
        files = os.open(os.devnull, os.O_RDWR), os.open(complaints, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for standard, descriptor in ((0, files[0]), (1, files[0]), (2, files[1])):
            os.dup2(descriptor, standard)
        sys.argv = ["slim", *asked]
        from slim_cli.cli.main import main

        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT  # as Python leaves
    except BaseException:  # noqa: BLE001 # why: Python would print it, too
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def load() -> Callable[[Path, Path], Scan]:
    """Loads what a scan needs into this process; gives what starts scans from it."""
    import slim_cli.reporting.pdf
    import slim_cli.reporting.writers  # noqa: F401

    stand_in()
    return ForkedScan


BEGINNING, SCANNING, PRINTING = "before the first row", "while scanning", "while printing"


def moment(output: Path) -> str:
    """What a scan is doing, as its log tells."""
    log = output / audit.FILE_NAME
    if not log.exists() or not rows_bytes(output):
        return BEGINNING
    content = log.read_bytes()
    ended = content.rfind(b'"event":"scan_ended"')
    return PRINTING if ended > content.rfind(b'"event":"scan_resumed"') else SCANNING


def began(output: Path) -> bool:
    """Whether its log holds a first entry: before that, the folder is as good as new."""
    log = output / audit.FILE_NAME
    return log.exists() and b"\n" in log.read_bytes()


def rows_bytes(output: Path) -> int:
    """How long the file of rows is."""
    path = output / "results.jsonl"
    return path.stat().st_size if path.exists() else 0
