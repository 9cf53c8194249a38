"""The short forms of the campaigns against a run; `python -m tests.custody.campaign` runs the long ones."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.custody.campaign import archive, finished, forgeries, races, tampering
from tests.custody.ended_scans import disks, kills, mounts

Campaign = Callable[..., tuple[Counter[str], list[str]]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished scan."""
    return finished(tmp_path_factory.mktemp("scan"), 8)


def test_killed_scans_go_on_to_the_rows_of_an_unbroken_one(tmp_path: Path) -> None:
    happened, lost = kills(2, 5, tmp_path, seed=5)
    assert lost == []
    assert happened["runs"] >= 1


@pytest.mark.parametrize("campaign", [disks, mounts])
def test_scans_whose_disk_is_full_or_lost_go_on_to_the_same_rows(tmp_path: Path, campaign: Campaign) -> None:
    try:
        happened, lost = campaign(1, 6, tmp_path, seed=2)
    except PermissionError as error:
        pytest.skip(f"this process may not mount: {error}")
    assert lost == []
    assert happened.total() >= 1


def test_every_single_change_is_found(whole: Path, tmp_path: Path) -> None:
    done, missed = tampering(60, whole, tmp_path)
    assert missed == []
    assert done.total() > 50


def test_folders_written_anew_are_found_by_the_seal_alone(whole: Path, tmp_path: Path) -> None:
    done, missed = forgeries(2, whole, tmp_path)
    assert (done["fit their own log"], missed) == (2, [])


def test_of_two_writers_one_is_refused(tmp_path: Path) -> None:
    done, wrong = races(1, 6, tmp_path)
    assert (done.total(), wrong) == (1, [])


def test_an_archive_is_scanned_through_interruptions_and_then_known(tmp_path: Path) -> None:
    done, wrong = archive(36, tmp_path)
    assert wrong == []
    assert done["again: from the ledger"] == 31
