import json
import tomllib
from pathlib import Path

import pytest

from slim_cli.engines import extras_and_fonts, installation
from slim_cli.engines.installation import FAILED, OK, InstallationCheck
from slim_cli.errors import IntegrityError
from tests.cli.conftest import Slim


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation with everything in its place."""
    (tmp_path / "slim-mini").mkdir()
    monkeypatch.setattr(installation, "bundled", lambda: iter([tmp_path / "slim-mini"]))
    monkeypatch.setattr("slim_cli.detector.bundle.verify_bundle", lambda folder: {"config.json": "00"})
    for part in ("_decoding", "_pdf", "_fonts"):
        monkeypatch.setattr(installation, part, lambda part=part: InstallationCheck(part, OK, "works"))


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
    monkeypatch.setattr(installation, "bundled", lambda: iter(()))
    ran = slim("doctor")
    assert ran.code == 5
    assert "FAILED  models" in ran.out


@pytest.mark.usefixtures("fit")
def test_a_changed_model_exits_with_4_even_if_parts_are_missing(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(folder: Path) -> None:
        raise IntegrityError("The model is not as published.")

    monkeypatch.setattr("slim_cli.detector.bundle.verify_bundle", changed)
    monkeypatch.setattr(installation, "_pdf", lambda: InstallationCheck("PDF", FAILED, "no Pango"))
    assert slim("doctor").code == 4


@pytest.mark.parametrize("part", ["_decoding", "_pdf", "_fonts"])
def test_the_parts_themselves_work_here(part: str) -> None:
    finding = getattr(installation, part)()
    assert finding.state == OK, finding.detail


@pytest.mark.usefixtures("fit")
def test_a_script_without_a_font_names_the_package_that_helps(slim: Slim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras_and_fonts, "fonts_for", lambda letters: [] if letters in ("ก", "한") else ["A Font"])
    ran = slim("doctor")
    assert ran.code == 0
    assert "no font for Thai in names: sudo apt-get install fonts-noto-core" in ran.out
    assert "no font for Korean in names: sudo apt-get install fonts-noto-cjk" in ran.out


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize(
    ("lacking", "line"),
    [
        ([], "ok      extra sign"),
        (["pyhanko"], "missing: pyhanko; pip install 'slim-audit[sign]'"),
    ],
)
def test_a_missing_extra_names_its_purpose_and_how_to_get_it(
    slim: Slim, monkeypatch: pytest.MonkeyPatch, lacking: list[str], line: str
) -> None:
    monkeypatch.setattr(extras_and_fonts, "missing_packages", lambda extra: lacking)
    ran = slim("doctor")
    assert ran.code == 0
    assert line in ran.out
    assert "signed reports (slim report --sign)" in ran.out


def test_every_extra_for_users_is_told_of() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras_and_fonts.EXTRAS) == set(project["optional-dependencies"]) - {"dev"}


@pytest.mark.parametrize(
    ("needed", "lacking"),
    [
        (["pyarrow>=18; extra == 'parquet'"], []),
        (["no-such-thing>=1; extra == 'parquet'", "pyarrow; extra == 'parquet'"], ["no-such-thing"]),
        (["pyarrow>=18; extra == 'other'"], None),
    ],
)
def test_what_an_extra_needs_is_read_from_the_package(
    monkeypatch: pytest.MonkeyPatch, needed: list[str], lacking: list[str] | None
) -> None:
    monkeypatch.setattr(extras_and_fonts.metadata, "requires", lambda name: needed)
    assert extras_and_fonts.missing_packages("parquet") == lacking
