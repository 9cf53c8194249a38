"""Control recordings: a model's published scores, reproduced before any evidence is examined."""

import json
import shutil
from pathlib import Path

import pytest

from slim_cli.resources import models_dir
from tests.cli.conftest import Slim

MINI = models_dir() / "slim-mini"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the bundled model."""
    return Path(shutil.copytree(MINI, tmp_path / "mini"))


def publish(bundle: Path, **changes: object) -> None:
    """Changes what the bundle publishes of the first control."""
    from slim_cli.detector.bundle import write_sums

    published = json.loads((bundle / "controls.json").read_text(encoding="utf-8"))
    published["controls"][0] |= changes
    (bundle / "controls.json").write_text(json.dumps(published), encoding="utf-8")
    write_sums(bundle)


@pytest.mark.parametrize("model", sorted(path.parent.name for path in models_dir().glob("*/controls.json")))
def test_this_installation_measures_as_published(slim: Slim, model: str) -> None:
    ran = slim("selftest", "--model", model)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count(": as published") == 2


def test_publishing_again_gives_what_is_published(slim: Slim, bundle: Path) -> None:
    publish(bundle, score=0.0)
    assert slim("train", "controls", bundle).code == 0
    assert (bundle / "controls.json").read_text(encoding="utf-8") == (MINI / "controls.json").read_text("utf-8")
    assert (bundle / "SHA256SUMS").read_text("utf-8") == (MINI / "SHA256SUMS").read_text("utf-8")


@pytest.mark.parametrize("changes", [{"score": 0.0}, {"mismatch": 1.0}, {"sha256": "0" * 64}, {"recording": "x.flac"}])
def test_a_control_that_is_not_as_published_ends_test_and_scan(
    slim: Slim, bundle: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    publish(bundle, **changes)
    ran = slim("selftest", "--model", bundle)
    assert (ran.code, "does not measure as published" in ran.err) == (5, True)
    if "score" in changes:
        evidence = Path(__file__).parents[2] / "examples" / "evidence" / "telephone"
        assert slim("scan", evidence, "--model", bundle, "-o", tmp_path / "out").code == 5
        assert not (tmp_path / "out").exists()


def test_a_model_without_controls_says_so(slim: Slim, bundle: Path) -> None:
    from slim_cli.detector.bundle import write_sums

    (bundle / "controls.json").unlink()
    write_sums(bundle)
    ran = slim("selftest", "--model", bundle)
    assert (ran.code, "publishes no control recordings" in ran.err) == (2, True)
