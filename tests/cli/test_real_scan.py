"""The whole way: real files, real decoding, a real though untrained model, real reports; through the command itself."""

import csv
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from slim_cli.detector import BundleInfo, Slim, save_bundle
from slim_cli.detector.bundle import write_sums
from slim_cli.detector.encoders import build_encoder
from slim_cli.evidence.names import safe_name
from slim_cli.results import FileResult
from tests.cli.conftest import Slim as Command
from tests.conftest import said

EXAMPLES = Path(__file__).parents[2] / "examples" / "evidence"
ENCODER = {"kind": "whisper", "dim": 32, "depth": 2, "heads": 2, "hidden": 64, "blocks": [0, 1]}


def _pair(low: float, high: float) -> dict[str, object]:
    histogram = {"n": 2, "edges": [low, high], "counts": [2], "quantiles": {"0.05": low, "0.5": 0.0, "0.95": high}}
    return {"bona_fide": histogram, "spoof": histogram}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny untrained model in the form of a published one."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    head = {"kind": "attentive", "dependency_dim": 16, "pooled_dim": 16, "hidden_dim": 16}
    model = Slim({name: build_encoder(ENCODER) for name in ("style", "linguistics")}, head)
    save_bundle(folder, model, BundleInfo("tiny", "0", "Untrained; for tests only."))
    point = {"score": 0.0, "false_alarm_rate": 0.5, "miss_rate": 0.5, "n_bona_fide": 2, "n_spoof": 2}
    reference = {"schema": "slim-reference/1", "description": "No data.", "operating_point": point}
    reference |= {"score": _pair(-1.0, 1.0), "mismatch": _pair(0.0, 2.0)}
    (folder / "reference.json").write_text(json.dumps(reference), encoding="utf-8")
    write_sums(folder)
    return folder


def awkward(folder: Path) -> None:
    """Every kind of file that is no ordinary recording."""
    rate = 16_000
    soundfile.write(folder / "silence.wav", np.zeros(5 * rate), rate)
    soundfile.write(folder / "tone.wav", 0.3 * np.sin(np.arange(5 * rate) * 0.1), rate)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("This is a letter, not a recording.\n" * 20, encoding="utf-8")
    (folder / "letter.txt").write_text("This is a letter.\n", encoding="utf-8")
    (folder / "playlist.m3u8").write_text("#EXTM3U\nhttp://example.org/a.ts\n", encoding="utf-8")
    (folder / "[bold]\x1b[2J\u202e.wav").write_bytes(b"")
    (folder / os.fsdecode(b"latin-\xe9.wav")).write_bytes(b"")
    (folder / "link.wav").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.wav")
    speech, rate = soundfile.read(EXAMPLES / "recorded-english-voicemail.flac")
    soundfile.write(folder / "brief.wav", speech[rate : rate + rate // 3], rate)
    soundfile.write(folder / "one-sided.wav", np.stack([speech, 0 * speech], axis=1), rate)
    whole = (EXAMPLES / "telephone" / "recorded-spanish-line.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) * 3 // 4])


@pytest.fixture(scope="module")
def scanned(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One scan of the examples and the awkward files, as a process of its own."""
    evidence, output = tmp_path_factory.mktemp("evidence"), tmp_path_factory.mktemp("results") / "out"
    shutil.copytree(EXAMPLES, evidence / "examples")
    awkward(evidence)
    return subprocess.run(command(evidence, output, bundle), capture_output=True, text=True), output


def command(evidence: Path, output: Path, bundle: Path, *options: str) -> list[str]:
    start = [sys.executable, "-c", "from slim_cli.cli.main import main; main()"]
    return [*start, "scan", str(evidence), "-o", str(output), "--model", str(bundle), *options]


def read_rows(output: Path) -> dict[str, FileResult]:
    lines = (output / "results.jsonl").read_text("utf-8").splitlines()
    return {r.path: r for r in map(FileResult.from_json, lines)}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("examples/recorded-english-voicemail.flac", "scored"),
        ("examples/recorded-italian-menu.m4a", "scored"),
        ("examples/répondeur – message du 3 mai.ogg", "scored"),
        ("examples/synthetic-espeak-ferry.flac", "scored"),
        ("examples/synthetic-hibari-bridge.flac", "scored"),
        ("examples/synthetic-piper-apartment.mp3", "scored"),
        ("examples/telephone/recorded-spanish-line.wav", "scored"),
        ("examples/telephone/synthetic-flite-parcel.wav", "scored"),
        ("examples/damaged-call.m4a", "decode_failed"),
        ("examples/SOURCES.md", "no_audio"),
        ("cut.wav", "scored"),
        ("one-sided.wav", "scored"),
        ("silence.wav", "insufficient_speech"),
        ("tone.wav", "insufficient_speech"),
        ("brief.wav", "insufficient_speech"),
        ("empty.wav", "decode_failed"),
        ("text.wav", "decode_failed"),
        ("[bold]\x1b[2J\u202e.wav", "decode_failed"),
        ("latin-\ufffd.wav", "decode_failed"),
        ("letter.txt", "no_audio"),
        ("playlist.m3u8", "refused"),
        ("link.wav", "refused"),
        ("pipe.wav", "refused"),
    ],
)
def test_every_file_has_a_row_with_its_status_and_a_reason(
    scanned: tuple[subprocess.CompletedProcess[str], Path], path: str, status: str
) -> None:
    row = read_rows(scanned[1])[path]
    assert row.status == status, said(row.reason)
    assert bool(row.reason) == (status != "scored")
    assert (row.score is not None) == (status == "scored")


def test_a_cut_file_is_scored_with_a_warning(scanned: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    assert read_rows(scanned[1])["cut.wav"].remarks


def test_terminal_csv_html_and_pdf_show_the_same_numbers(
    scanned: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    ran, output = scanned
    with (output / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        table = [row for row in csv.DictReader(file) if row["score"]]
    command = ["pdftotext", "-layout", str(output / "report.pdf"), "-"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("−", "-")
    screen = html.unescape((output / "report.html").read_text("utf-8")).replace("−", "-")
    lists = dict(re.findall(r"<tr data-state=.*?<bdi>(.*?)</bdi>(.*?)</tr>", screen, re.DOTALL))
    line = re.compile(r" *([+-]\S+) +(\S+) +(\S+) s +scored +(.*?)(?: {2,}.*)?$", re.MULTILINE)
    terminal = {name: numbers for *numbers, name in line.findall(ran.stdout)}
    for row in table:
        score, mismatch, speech = terminal[safe_name(row["path"])]
        stored = [float(row[column]) for column in ("score", "mismatch", "net_speech_s")]
        assert [float(score), float(mismatch)] == pytest.approx(stored[:2], abs=0.00501)
        assert float(speech) == pytest.approx(stored[2], abs=0.0501)
        cells = re.sub(r"<svg.*?</svg>", "", lists[row["path"]], flags=re.DOTALL)
        assert re.findall(r"<td[^>]*>([^<]+)</td>", cells)[:3] == [score, mismatch, speech]
        assert f"Score {score}, mismatch {mismatch}" in screen
        assert f"Score {score}, mismatch {mismatch}" in printed
    found, scored = len(read_rows(output)), len(table)
    flagged = sum(row["flagged"] == "yes" for row in table)
    assert f"{found} files: {scored} scored" in ran.stdout
    assert f"{flagged} of {scored} scored files reached" in ran.stdout
    told = f"{found} files were found. {scored} of them hold enough speech to be scored."
    for text in (re.sub(r"<[^>]+>", " ", screen), printed):
        assert told in " ".join(text.split())


def test_the_silent_side_of_a_call_is_not_scored(scanned: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    speaking, silent = read_rows(scanned[1])["one-sided.wav"].channels
    assert speaking.score is not None
    assert silent.score is None


def test_the_command_ends_with_3_in_plain_words(scanned: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    ran, output = scanned
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "\u202e" not in ran.stdout + ran.stderr
    assert "23 files: 10 scored, 3 with too little speech, 2 without audio, 5 not decodable, 3 refused." in ran.stdout
    assert ran.stderr.count("not examined: ") == 8
    assert ran.stderr.count("\n") == len([line for line in ran.stderr.splitlines() if line.startswith("slim: ")])
    assert len(read_rows(output)) == 23


def test_every_output_was_written(scanned: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    output = scanned[1]
    assert (output / "report.html").read_text("utf-8").startswith("<!")
    assert (output / "report.pdf").read_bytes().startswith(b"%PDF")
    with (output / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(line for line in file if not line.startswith("#")))) == 23
    assert json.loads((output / "run.json").read_text("utf-8"))["counts"]["scored"] == 10


def test_ctrl_c_during_a_real_scan_keeps_what_was_done(bundle: Path, tmp_path: Path) -> None:
    """The signal goes to the whole process group, as from a terminal."""
    evidence, output = tmp_path / "evidence", tmp_path / "out"
    evidence.mkdir()
    for number in range(40):
        shutil.copy(EXAMPLES / "recorded-english-voicemail.flac", evidence / f"{number:02d}.flac")
    running = subprocess.Popen(
        command(evidence, output, bundle, "--format", "csv"),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    journal = output / "results.jsonl"
    while running.poll() is None and not (journal.exists() and journal.stat().st_size):
        time.sleep(0.05)  # why: only the growing file tells from outside that a row was finished
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=300)
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    done = read_rows(output)
    assert 0 < len(done) < 40
    assert {r.status for r in done.values()} == {"scored"}
    assert json.loads((output / "run.json").read_text("utf-8"))["complete"] is False


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        pytest.param(lambda folder: None, "There is no file or folder", id="missing folder"),
        pytest.param(lambda folder: folder.mkdir(), "There are no files", id="empty folder"),
    ],
)
def test_nothing_to_scan_is_one_line_and_code_2(
    slim: Command, bundle: Path, tmp_path: Path, prepare: object, words: str
) -> None:
    prepare(tmp_path / "evidence")  # type: ignore[operator]
    ran = slim("scan", tmp_path / "evidence", "-o", tmp_path / "out", "--model", bundle)
    assert ran.code == 2
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_output_inside_the_evidence_is_refused(slim: Command, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    ran = slim("scan", tmp_path, "-o", tmp_path / "out", "--model", bundle)
    assert ran.code == 2
    assert "inside the evidence" in ran.err
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_changed_model_is_refused_with_4_and_a_missing_one_with_5(
    slim: Command, bundle: Path, tmp_path: Path
) -> None:
    changed = shutil.copytree(bundle, tmp_path / "changed")
    with (changed / "head.safetensors").open("ab") as file:
        file.write(b"\0")
    output = tmp_path / "out"
    for model, code in ((changed, 4), (tmp_path / "evidence", 5), ("no-such-model", 2)):
        (tmp_path / "evidence").mkdir(exist_ok=True)
        assert slim("scan", EXAMPLES, "-o", output, "--model", model).code == code
    assert slim("models", "check", changed).code == 4
    assert slim("models", "check", bundle).code == 0
    described = slim("models", "info", bundle)
    assert described.code == 0
    assert "Untrained; for tests only." in described.out
    assert "head.safetensors" in described.out
