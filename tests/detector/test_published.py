"""The fingerprint of the bundled model stands in code and README, and models check compares with it."""

import json
import shutil
from pathlib import Path

import pytest

from slim_cli.detector.bundle import verify_bundle, write_sums
from slim_cli.detector.published import PUBLISHED, fingerprint, published_as
from slim_cli.resources import models_dir

MINI = models_dir() / "slim-mini"
BUNDLED = sorted(path.parent for path in models_dir().glob("*/config.json"))


@pytest.mark.parametrize("bundle", BUNDLED, ids=lambda path: path.name)
def test_a_bundled_model_is_the_published_one(bundle: Path) -> None:
    found = fingerprint(verify_bundle(bundle))
    config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    assert PUBLISHED[found] == f"{config['name']} {config['version']}"
    assert found in (MINI.parents[1] / "README.md").read_text(encoding="utf-8")
    assert "as published: slim-mini" in published_as(found)


def test_a_changed_model_with_a_hash_list_of_its_own_is_not(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(MINI, tmp_path / "slim-mini"))
    (copy / "config.json").write_text((copy / "config.json").read_text("utf-8") + "\n", encoding="utf-8")
    write_sums(copy)
    assert "knows no model" in published_as(fingerprint(verify_bundle(copy)))
