"""Which entries get a row, in which order and under which name."""

import os
from pathlib import Path

import pytest

from slim_cli.errors import UsageError
from slim_cli.evidence.discovery import discover
from slim_cli.results import Remark


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.wav", "a/z.wav", "a.wav", "a/deep/er/x", ".hidden", "Z.wav"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "tree"


def test_everything_is_found_in_the_byte_order_of_paths(tree):
    names = [c.name for c in discover([tree])]
    assert names == [".hidden", "Z.wav", "a.wav", "a/deep/er/x", "a/z.wav", "b.wav"]
    assert names == sorted(names, key=str.encode)


def test_a_root_may_be_one_file(tree):
    assert [c.name for c in discover([tree / "a" / "z.wav"])] == ["z.wav"]


def test_several_roots_are_told_apart_and_overlaps_give_each_file_once(tree):
    names = [c.name for c in discover([tree / "a", tree])]
    assert names == ["a/deep/er/x", "a/z.wav", "tree/.hidden", "tree/Z.wav", "tree/a.wav", "tree/b.wav"]


def test_a_link_inside_the_tree_is_examined_as_a_file(tree):
    (tree / "link.wav").symlink_to("a/z.wav")
    assert {c.name: c.refusal for c in discover([tree])}["link.wav"] is None


def test_a_folder_that_cannot_be_read_is_a_row(tree, monkeypatch):
    real = os.scandir

    def deny(path):
        if os.fsencode(path).endswith(b"/deep/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", deny)
    row = {c.name: c for c in discover([tree])}["a/deep"]
    assert (row.status, row.refusal) == ("unreadable", Remark("folder_unreadable", {"error": "EACCES"}))


@pytest.mark.parametrize(("roots", "words"), [([], "Nothing to scan"), (["missing"], "There is no file or folder")])
def test_useless_requests_are_usage_errors(tmp_path, roots, words):
    with pytest.raises(UsageError, match=words):
        list(discover([tmp_path / root for root in roots]))


@pytest.mark.parametrize(
    ("places", "names"),
    [
        (("a/call.wav", "b/call.wav"), ["a/call.wav", "b/call.wav"]),
        (("x/case", "y/case"), ["x/case/1.wav", "y/case/1.wav"]),
        (("x/case", "y/other"), ["case/1.wav", "other/1.wav"]),
        (("x/case", "x/case"), ["case/1.wav"]),
    ],
)
def test_names_stay_unique_across_roots_and_each_tells_its_root(
    tmp_path: Path, places: tuple[str, ...], names: list[str]
) -> None:
    for place in places:
        file = tmp_path / place if place.endswith(".wav") else tmp_path / place / "1.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    found = list(discover([tmp_path / place for place in places]))
    assert [candidate.name for candidate in found] == names
    assert [candidate.root for candidate in found] == [str(tmp_path / place) for place in places[: len(names)]]
