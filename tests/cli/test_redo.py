"""`slim redo`: a report made anew by another, from its PDF and the evidence alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest

from tests.cli.conftest import Slim

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with evidence and the report of a case about it."""
    folder = tmp_path_factory.mktemp("case")
    (folder / "evidence").mkdir()
    for name in (
        "recorded-english-voicemail.flac",
        "synthetic-piper-apartment.mp3",
        "synthetic-hibari-bridge.flac",
        "SOURCES.md",
    ):
        shutil.copy(EXAMPLES / "evidence" / name, folder / "evidence")
    asked = ["scan", folder / "evidence", "--case", EXAMPLES / "case.toml", "-o", folder / "out", "--format", "pdf"]
    program = "from slim_cli.cli.main import main; main()"
    command = [sys.executable, "-c", program, *asked, "--stability", "--quiet", "--no-progress"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)})
    return folder


def test_an_honest_report_is_borne_out(slim: Slim, case: Path) -> None:
    ran = slim("redo", case / "out" / "report.pdf", "--evidence", case / "evidence", "--all")
    assert (ran.code, ran.err) == (0, "")
    quantities = ("fingerprint", "sha256", "channels.0.pcm_sha256", "score", "channels.0.windows.0.score", "lr.low")
    for quantity in (*quantities, "stability.reencoded", "observations.snr_db.value", "channels.0.speech.0.1"):
        assert f": {quantity}: " in ran.out
    assert " 0 differ" in ran.out


def forge(case: Path, target: Path, old: bytes, new: bytes) -> Path:
    """The report with its rows changed."""
    with pikepdf.open(case / "out" / "report.pdf") as pdf:
        rows = pdf.attachments["results.jsonl"].get_file().read_bytes()
        assert old in rows
        pdf.attachments["results.jsonl"] = pikepdf.AttachedFileSpec(pdf, rows.replace(old, new, 1))
        pdf.save(target)
    return target


def test_a_planted_difference_is_named(slim: Slim, case: Path, tmp_path: Path) -> None:
    forged = forge(case, tmp_path / "forged.pdf", b'"score": -', b'"score": ')
    ran = slim("redo", forged, "--evidence", case / "evidence")
    assert ran.code == 4
    assert "DIFFERS recorded-english-voicemail.flac" in ran.out


def test_a_planted_error_rate_is_named(slim: Slim, case: Path, tmp_path: Path) -> None:
    with pikepdf.open(case / "out" / "report.pdf") as pdf:
        rates = json.loads(pdf.attachments["reference.json"].get_file().read_bytes())
        rates["operating_point"]["false_alarm_rate"] = 0.001
        pdf.attachments["reference.json"] = pikepdf.AttachedFileSpec(pdf, json.dumps(rates).encode())
        pdf.save(tmp_path / "forged.pdf")
    ran = slim("redo", tmp_path / "forged.pdf", "--evidence", case / "evidence")
    assert ran.code == 4
    assert "DIFFERS error rates: operating_point.false_alarm_rate: 0.0010 reported" in ran.out


def test_other_evidence_is_named(slim: Slim, case: Path, tmp_path: Path) -> None:
    evidence = Path(shutil.copytree(case / "evidence", tmp_path / "evidence"))
    (evidence / "recorded-english-voicemail.flac").write_bytes(
        (evidence / "synthetic-piper-apartment.mp3").read_bytes()
    )
    (evidence / "synthetic-piper-apartment.mp3").unlink()
    ran = slim("redo", case / "out" / "report.pdf", "--evidence", evidence)
    assert ran.code == 4
    assert "recorded-english-voicemail.flac: sha256: " in ran.out
    assert "synthetic-piper-apartment.mp3: file: there reported, nothing now" in ran.out


def test_another_model_is_refused_and_the_right_one_named_and_taken_from_a_disk(
    slim: Slim, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slim_cli.detector.bundle import write_sums
    from slim_cli.resources import models_dir

    bundle = Path(shutil.copytree(models_dir() / "slim-mini", tmp_path / "other"))
    config = (bundle / "config.json").read_text("utf-8")
    (bundle / "config.json").write_text(config.replace('"version"', ' "version"', 1), encoding="utf-8")
    write_sums(bundle)
    ran = slim("redo", case / "out" / "report.pdf", "--evidence", case / "evidence", "--model", bundle)
    assert (ran.code, "made with slim-mini" in ran.err) == (4, True)
    from slim_cli.detector.bundle import verify_bundle
    from slim_cli.detector.published import fingerprint

    needed = fingerprint(verify_bundle(models_dir() / "slim-mini"))
    assert needed in ran.err
    monkeypatch.setenv("SLIM_HOME", str(tmp_path / "home"))
    missing = slim("redo", case / "out" / "report.pdf", "--evidence", case / "evidence", "--model", needed)
    assert (missing.code, "slim models pull" in missing.err) == (2, True)
    assert slim("models", "pull", needed, "--from", tmp_path / "evidence").code == 2
    assert slim("models", "pull", needed, "--from", models_dir()).code == 0
    assert slim("redo", case / "out" / "report.pdf", "--evidence", case / "evidence", "--model", needed).code == 0


def test_what_is_no_report_is_wrong_use(slim: Slim, case: Path, tmp_path: Path) -> None:
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.4")
    assert slim("redo", tmp_path / "no.pdf", "--evidence", case / "evidence").code == 2
