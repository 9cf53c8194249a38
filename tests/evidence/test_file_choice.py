"""Which entries a scan takes: lists, patterns, age and shares."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from slim_cli.errors import UsageError
from slim_cli.evidence.discovery import Candidate, discover, discover_listed
from slim_cli.evidence.file_choice import FileChoice, parse_shard, parse_since, read_list


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a/one.wav", "a/two.WAV", "b/one.mp3", "b/c/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def chosen(tree: Path, **choice: object) -> list[str]:
    return [c.name for c in discover([tree]) if FileChoice(**choice).takes(c)]


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({}, ["a/one.wav", "a/two.WAV", "b/c/notes.txt", "b/one.mp3"]),
        ({"include": ("*.wav",)}, ["a/one.wav", "a/two.WAV"]),
        ({"include": ("*.wav", "*.mp3")}, ["a/one.wav", "a/two.WAV", "b/one.mp3"]),
        ({"include": ("b/*",)}, ["b/c/notes.txt", "b/one.mp3"]),
        ({"include": ("one.*",), "exclude": ("b/*",)}, ["a/one.wav"]),
        ({"exclude": ("*",)}, []),
    ],
)
def test_patterns(tree: Path, choice: dict[str, object], names: list[str]) -> None:
    assert chosen(tree, **choice) == names


def test_since_leaves_out_what_is_older(tree: Path) -> None:
    os.utime(tree / "a/one.wav", (1_000, 1_000))
    assert chosen(tree, since=2_000.0) == ["a/two.WAV", "b/c/notes.txt", "b/one.mp3"]
    assert "a/one.wav" in chosen(tree, since=1_000.0)


def test_shards_part_the_entries_whatever_else_is_there(tree: Path) -> None:
    shards = [chosen(tree, shard=(i, 3)) for i in (1, 2, 3)]
    assert sorted(name for names in shards for name in names) == chosen(tree)
    (tree / "a/zero.wav").write_bytes(b"x")
    again = [chosen(tree, shard=(i, 3)) for i in (1, 2, 3)]
    assert [[n for n in names if n != "a/zero.wav"] for names in again] == shards


def test_shards_are_of_about_equal_size() -> None:
    entries = [Candidate(Path(str(n)), f"{n}.wav") for n in range(3000)]
    sizes = [sum(FileChoice(shard=(i, 3)).takes(entry) for entry in entries) for i in (1, 2, 3)]
    assert sum(sizes) == 3000
    assert max(sizes) - min(sizes) < 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90m", 94_600.0), ("1.5d", -29_600.0), ("1970-01-01T06:00+01:00", 18_000.0), ("1970-01-02T00:00:00Z", 86_400.0)],
)
def test_since_is_a_time_or_a_span(text: str, expected: float) -> None:
    assert parse_since(text, now=100_000.0) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "5", "3y", "2026-13-01"])
def test_another_since_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--since takes"):
        parse_since(text)


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "a/b", "-1/2", "1/2/3"])
def test_another_shard_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--shard takes"):
        parse_shard(text)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (b"a\nb c\n", [b"a", b"b c"]),
        (b"a\r\nb", [b"a", b"b"]),
        (b"a\nb\0c\0", [b"a\nb", b"c"]),
        (b"\n\n", []),
    ],
)
def test_a_list_is_parted_by_nul_or_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, paths: list[bytes]
) -> None:
    (tmp_path / "list").write_bytes(text)
    assert list(read_list(str(tmp_path / "list"))) == paths
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert list(read_list("-")) == paths


def test_a_list_that_is_missing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_list(str(tmp_path / "none"))


def test_listed_entries_are_named_as_listed_and_given_once(tree: Path) -> None:
    outside = tree.parent / f"{tree.name}.wav"
    outside.write_bytes(b"x")
    listed = [b"b", b"a/one.wav", b"gone.wav", b"b/one.mp3", os.fsencode(outside)]
    found = {c.name: c for c in discover_listed(listed)}
    assert set(found) == {str(outside).lstrip("/"), "a/one.wav", "b/c/notes.txt", "b/one.mp3", "gone.wav"}
    assert (found["gone.wav"].status, found["gone.wav"].refusal.code) == ("unreadable", "unreachable")
    assert all(c.path.exists() for name, c in found.items() if name != "gone.wav")


def test_a_file_listed_in_two_ways_is_one_entry(tree: Path) -> None:
    assert len(list(discover_listed([b"a/one.wav", os.fsencode(tree / "a/one.wav"), b"a/../a/one.wav", b"a"]))) == 2


def test_a_list_without_entries_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="names none"):
        list(discover_listed([]))
