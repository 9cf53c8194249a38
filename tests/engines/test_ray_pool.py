"""A cluster: the same rows as on one machine, of files in an object store, whatever becomes of a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.engines.local import examine_files
from slim_cli.engines.options import ExaminationOptions
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.evidence.remote import discover_remote
from slim_cli.results import FileResult
from tests.conftest import RATE_HZ, FakeDetector
from tests.engines.test_worker_pool import Deadly, Unfit

ray = pytest.importorskip("ray", reason="Ray is not installed (extra ray)")
moto = pytest.importorskip("moto.server", reason="moto is not installed: no object store to test with")
pytest.importorskip("s3fs", reason="s3fs is not installed (extra ray)")

BUCKET = "s3://recordings/calls"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
WINDOWS_S = (12, 9, 6)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, speech: np.ndarray) -> Iterator[Path]:
    """Two Ray workers' worth of processes, and an object store on loopback that holds what a local folder holds."""
    import fsspec

    folder = tmp_path_factory.mktemp("evidence")
    for number, seconds in enumerate(WINDOWS_S):
        soundfile.write(folder / f"{number}.wav", speech[: seconds * RATE_HZ], RATE_HZ)
    (folder / "sub").mkdir()
    (folder / "sub" / "é.txt").write_bytes(b"Dear Sir,\n")
    (folder / "torn.flac").write_bytes(b"fLaC" + b"\xff" * 500)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {**KEYS, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "PYTHONPATH": str(Path(__file__).parents[2])}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (variables | {"RAY_USAGE_STATS_ENABLED": "0"}).items():
            patch.setenv(name, value)
        system = fsspec.filesystem("s3")
        system.mkdir("recordings")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                system.put_file(path, f"{BUCKET}/{path.relative_to(folder).as_posix()}")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield folder
        ray.shutdown()
    server.stop()


def examined(detector: object, earlier: Sequence[FileResult] = (), **options: object) -> list[FileResult]:
    """The rows of the object store."""
    entries = discover_remote([BUCKET])
    return list(
        examine_files([], detector=detector, options=ExaminationOptions(**options), entries=entries, earlier=earlier)
    )


def test_a_cluster_gives_the_rows_and_pictures_of_one_machine(cluster: Path, tmp_path: Path) -> None:
    near = list(examine_files([cluster], detector=FakeDetector(), options=ExaminationOptions(output=tmp_path / "near")))
    alone = examined(FakeDetector(), output=tmp_path / "alone")
    shared = examined(FakeDetector(), engine="ray", workers=2, output=tmp_path / "shared")
    assert [row.status for row in shared] == ["scored", "scored", "scored", "no_audio", "decode_failed"]
    assert shared == alone
    assert [replace(row, modified=None, root=None) for row in shared] == [replace(row, modified=None) for row in near]
    files = [{p.name: p.read_bytes() for p in (tmp_path / f / "overview").iterdir()} for f in ("near", "shared")]
    assert len(files[0]) == len(WINDOWS_S)
    assert files[0] == files[1]


def test_a_scan_goes_on_where_it_was_stopped(cluster: Path) -> None:
    whole = examined(FakeDetector())
    assert examined(FakeDetector(), engine="ray", earlier=whole[:2]) == whole[2:]


@pytest.mark.parametrize(("ends", "status"), [(1, "scored"), (2, "decode_failed")])
def test_a_worker_that_is_killed_costs_at_most_the_file_it_was_killed_over(
    cluster: Path, tmp_path: Path, ends: int, status: str
) -> None:
    alone = examined(FakeDetector())
    deadly = Deadly(len(alone[0].channels[0].windows), tmp_path / "count", ends)
    found = examined(deadly, engine="ray")
    assert (tmp_path / "count").stat().st_size == ends
    assert found[0].status == status
    assert found[1:] == alone[1:]


def test_an_error_that_is_no_fault_of_a_file_ends_the_scan(cluster: Path) -> None:
    with pytest.raises(EnvironmentUnfit, match="The device is gone"):
        examined(Unfit(), engine="ray")


def test_what_cannot_be_listed_is_said_so_at_once(cluster: Path) -> None:
    with pytest.raises(UsageError, match="There are no files in s3://recordings/nothing"):
        list(discover_remote(["s3://recordings/nothing"]))
    with pytest.raises(UsageError, match="nowhere"):
        list(discover_remote(["nowhere://x"]))
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
