import os
import resource
import subprocess
import sys

import pytest

from slim_cli import __version__
from slim_cli.errors import EnvironmentUnfit, IntegrityError, UsageError
from tests.cli.conftest import Slim


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("No folder."), 2, "slim: No folder."),
        (IntegrityError("Weights changed."), 4, "slim: Weights changed."),
        (EnvironmentUnfit("No model."), 5, "slim: No model."),
        (
            OSError(28, "No space left on device", "out/x"),
            5,
            "slim: The system refused: No space left on device (out/x).",
        ),
        (ValueError("odd"), 70, "slim: An error in slim itself: ValueError: odd."),
        (UsageError("bad \x1b[2J\nname"), 2, r"slim: bad \x1b[2J\nname"),
    ],
)
def test_every_error_becomes_one_line_and_an_exit_code(
    slim: Slim, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, line: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("slim_cli.cli.models.bundled", fail)
    ran = slim("models", "list")
    assert ran.code == code
    assert ran.err.startswith(line)
    assert len(ran.err.splitlines()) == 1


def test_slim_debug_shows_the_traceback(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("odd")

    monkeypatch.setenv("SLIM_DEBUG", "1")
    monkeypatch.setattr("slim_cli.cli.models.bundled", fail)
    with pytest.raises(ValueError, match="odd"):
        slim("models", "list")


def test_ctrl_c_outside_a_scan_exits_with_130(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("slim_cli.cli.models.bundled", stop)
    assert slim("models", "list").code == 130


def test_version(slim: Slim) -> None:
    assert slim("--version").out == f"slim {__version__}\n"


def test_help_names_commands_and_exit_codes(slim: Slim) -> None:
    out = slim("--help").out
    for word in ("scan", "doctor", "models", "train", "validate", "Exit codes"):
        assert word in out


def test_help_takes_less_than_half_a_second_of_work() -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv = ['slim', '--help']; from slim_cli.cli.main import main; main()",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
