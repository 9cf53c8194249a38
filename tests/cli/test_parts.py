import io
import signal
from collections.abc import Callable, Iterator

import pytest

from slim_cli.cli import progress
from slim_cli.cli.console import complain
from slim_cli.cli.quantities import score_threshold, seconds, size
from slim_cli.engines.interrupt import Stopper
from slim_cli.engines.scan_progress import Progress
from slim_cli.errors import UsageError


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (seconds, "90", 90.0),
        (seconds, "1.5h", 5400.0),
        (seconds, " 10 min ", 600.0),
        (seconds, ".5s", 0.5),
        (size, "1000", 1000),
        (size, "2K", 2048),
        (size, "1.5GiB", 1.5 * 1024**3),
        (score_threshold, "score>=2", 2.0),
        (score_threshold, " score >= -1.5 ", -1.5),
    ],
)
def test_quantities(read: Callable[[str], float], text: str, value: float) -> None:
    assert read(text) == value


@pytest.mark.parametrize("read", [seconds, size, score_threshold])
@pytest.mark.parametrize(
    "text", ["", "x", "0", "-3", "5 parsecs", "1e999", "nan", "score>2", "score>=nan", "score>=inf"]
)
def test_other_quantities_are_refused_with_the_text_quoted(read: Callable[[str], float], text: str) -> None:
    with pytest.raises(UsageError, match="''" if not text else None) as refusal:
        read(text)
    assert repr(text) in str(refusal.value)


def test_a_signal_while_a_row_is_handled_waits_for_its_end() -> None:
    handled = []
    with Stopper() as stopper:
        for number in stopper.until_stopped(iter(range(5))):
            if number == 1:
                signal.raise_signal(signal.SIGINT)
            handled.append(number)
    assert handled == [0, 1]
    assert stopper.signal_number == signal.SIGINT


def test_a_signal_while_a_row_is_made_drops_it_and_lets_the_scan_clean_up() -> None:
    steps = []

    def making() -> Iterator[int]:
        try:
            yield 0
            signal.raise_signal(signal.SIGTERM)
            yield 1
        finally:
            steps.append("cleaned up")

    with Stopper() as stopper:
        assert list(stopper.until_stopped(making())) == [0]
    assert steps == ["cleaned up"]
    assert stopper.signal_number == signal.SIGTERM


def test_after_the_iteration_ctrl_c_acts_as_before() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Stopper():
            pass
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def state(done: int = 3, name: str = "") -> Progress:
    return Progress(done, 12, done * 100, 1200, 360.0, name)


@pytest.mark.parametrize(
    ("at", "elapsed", "text"),
    [
        (state(3), 30.0, "3 of 12 files, 6.0 min of audio, 12.0 × real time, about 1.5 min left"),
        (state(0), 30.0, "0 of 12 files, 6.0 min of audio, 12.0 × real time"),
        (state(12), 30.0, "12 of 12 files, 6.0 min of audio, 12.0 × real time, about 0 s left"),
        (state(1), 3600.0, "1 of 12 files, 6.0 min of audio, 0.1 × real time, about 11.0 h left"),
    ],
)
def test_progress_in_words(at: Progress, elapsed: float, text: str) -> None:
    assert progress.describe(at, elapsed) == text


def test_without_a_terminal_progress_is_a_plain_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    lines = progress.Lines(every_s=0.0)
    lines(state())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("slim: 3 of 12 files")
    progress.Lines(every_s=60.0)(state())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("shown", "kind"), [(False, progress.Silent), (True, progress.Lines)])
def test_the_display_fits_the_stream(shown: bool, kind: type) -> None:
    assert type(progress.choose(shown)) is kind


def test_the_bar_shows_names_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "160")
    with progress.Bar() as bar:
        bar(state(3, "[red]\x1b[31m.wav"))
    assert r"[red]\x1b[31m.wav" in stream.getvalue()
    assert "3 of 12 files" in stream.getvalue()


def test_complaints_are_one_harmless_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain("a\nb\x1b[2J")
    assert capsys.readouterr().err == "slim: a\\nb\\x1b[2J\n"
