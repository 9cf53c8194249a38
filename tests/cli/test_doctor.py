import json
from pathlib import Path

import pytest

from slim_cli.cli import doctor
from slim_cli.errors import IntegrityError
from tests.cli.conftest import Slim


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation with everything in its place."""
    (tmp_path / "slim-mini").mkdir()
    monkeypatch.setattr(doctor, "bundled", lambda: iter([tmp_path / "slim-mini"]))
    monkeypatch.setattr("slim_cli.detector.bundle.verify_bundle", lambda folder: {"config.json": "00"})
    for part in ("_decoding", "_pdf", "_fonts"):
        monkeypatch.setattr(doctor, part, lambda part=part: doctor.Finding(part, doctor.OK, "works"))


@pytest.mark.usefixtures("fit")
def test_a_fit_installation_is_described_part_by_part(slim: Slim) -> None:
    ran = slim("doctor")
    assert ran.code == 0
    for part in ("Python", "torch", "libsndfile", "FFmpeg", "cpu", "model slim-mini"):
        assert f"ok      {part}" in ran.out


@pytest.mark.usefixtures("fit")
def test_json_gives_one_object_per_finding(slim: Slim) -> None:
    findings = [json.loads(line) for line in slim("doctor", "--json").out.splitlines()]
    assert {f["state"] for f in findings} <= {"ok", "note"}


@pytest.mark.usefixtures("fit")
def test_a_missing_part_exits_with_5_and_says_what_to_do(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "bundled", lambda: iter(()))
    ran = slim("doctor")
    assert ran.code == 5
    assert "FAILED  models" in ran.out


@pytest.mark.usefixtures("fit")
def test_a_changed_model_exits_with_4_even_if_parts_are_missing(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(folder: Path) -> None:
        raise IntegrityError("The model is not as published.")

    monkeypatch.setattr("slim_cli.detector.bundle.verify_bundle", changed)
    monkeypatch.setattr(doctor, "_pdf", lambda: doctor.Finding("PDF", doctor.FAILED, "no Pango"))
    assert slim("doctor").code == 4


@pytest.mark.parametrize("part", ["_decoding", "_pdf", "_fonts"])
def test_the_parts_themselves_work_here(part: str) -> None:
    finding = getattr(doctor, part)()
    assert finding.state == doctor.OK, finding.detail
