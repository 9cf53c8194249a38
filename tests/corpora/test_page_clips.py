"""Clips from published pages: labelled by rules, cut the same way everywhere, each sound once."""

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.corpora.manifest import read_manifest
from slim_cli.corpora.page_clips import MAX_S, PageClip, join_pages
from slim_cli.corpora.page_rules import read_rules
from slim_cli.errors import UsageError
from tests.cli.conftest import slim  # noqa: F401 # why: a fixture

RATE = 22_050
RULES = """#! per-system 2
# demo of a vocoder
^samples/gt/\tbonafide\t\t\ten\tvctk:\\1
^samples/(\\w+)/.*\\.(wav|mp3)$\tspoof\tvocoder\t\\1
^long\\.wav$\tbonafide\tnatural\tparliament\tde\tmp\t0,20,-5
^raw/\tspoof\ttts\told\ten
readme\tskip
"""


def tone(seed: int, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.2 * rng.standard_normal(int(seconds * RATE))).astype(np.float32)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A repository with recordings, two systems, a copy of a clip, silence, text called audio, and a long file."""
    work = tmp_path / "mirror" / "owner+page" / "repo"
    files = {
        "samples/gt/a.wav": tone(1, 2),
        "samples/gt/same-as-a.wav": tone(1, 2),
        "samples/HifiGAN/a.wav": tone(2, 2),
        "samples/HifiGAN/b.wav": tone(3, 14),
        "samples/HifiGAN/c.wav": tone(4, 2),
        "samples/melgan/silent.wav": tone(5, 2) * 1e-6,
        "samples/melgan/short.wav": tone(6, 0.5),
        "long.wav": tone(7, 40),
    }
    for name, samples in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(work / name, samples, RATE)
    (work / "samples/melgan/text.wav").write_text("this is no sound")
    (work / "readme.wav").write_text("skipped")
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "page"],
    ):
        subprocess.run(["git", *command], cwd=work, check=True)
    rules = tmp_path / "rules"
    (rules / "rules").mkdir(parents=True)
    (rules / "rules" / "owner+page.tsv").write_text(RULES.replace("vctk:\\1", "vctk"), encoding="utf-8")
    (rules / "rules" / "other+page.tsv").write_text("x\tskip\n", encoding="utf-8")
    (rules / "pages.csv").write_text("repo,part\nowner/page,tune\nother/page,train\n", encoding="utf-8")
    return tmp_path


def test_a_page_becomes_labelled_clips_once(page: Path, slim: Callable[..., object]) -> None:  # noqa: F811
    ran = slim("datasets", "pages", page / "rules", page / "mirror", "-o", page / "clips")
    assert (ran.code, "1 pages have no snapshot" in ran.err) == (0, True)
    with (page / "clips" / "owner+page" / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    told = sorted(
        (row["label"], row["family"], row["system"], row["speaker"], float(row["duration_s"])) for row in rows
    )
    assert [row[:4] for row in told] == [
        ("bonafide", "natural", "natural", "vctk"),
        *[("bonafide", "natural", "parliament", "mp")] * 3,
        ("spoof", "vocoder", "hifigan", ""),
        ("spoof", "vocoder", "hifigan", ""),
    ]
    assert max(row[4] for row in told) == MAX_S
    assert {row["native_sr"] for row in rows} == {str(RATE)}
    clips = read_manifest(page / "clips" / "manifest.csv")
    assert {clip.subset for clip in clips} == {"tune"}
    assert all(soundfile.info(clip.path).samplerate == 16_000 for clip in clips)
    before = {path: path.stat().st_mtime_ns for path in (page / "clips").rglob("*.flac")}
    (page / "mirror" / "owner+page" / "repo").rename(page / "dropped")
    assert slim("datasets", "pages", page / "rules", page / "mirror", "-o", page / "clips").code == 0
    assert {path: path.stat().st_mtime_ns for path in (page / "clips").rglob("*.flac")} == before
    assert read_manifest(page / "clips" / "manifest.csv") == clips


def clip(repository: str, pcm: str) -> PageClip:
    return PageClip(f"{repository}/{pcm}", "spoof", "tts", "x", "", "en", repository, "wav", 1, 1, "1", "a", pcm)


def test_a_sound_of_two_parts_stays_where_it_is_looked_at_least(tmp_path: Path) -> None:
    pages = [("train", [clip("a", "1"), clip("a", "2")]), ("test", [clip("b", "2"), clip("b", "3"), clip("b", "3")])]
    assert join_pages(pages, tmp_path / "manifest.csv") == (3, 2)
    kept = read_manifest(tmp_path / "manifest.csv")
    assert sorted((c.subset, c.origin, c.path.name) for c in kept) == [
        ("test", "b", "2"),
        ("test", "b", "3"),
        ("train", "a", "1"),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("x\tfake\ttts\ta", "the label 'fake'"),
        ("x\tspoof\t\ta", "a spoof needs a system and a family"),
        ("x\tspoof\ttts", "a spoof needs a system"),
        ("(x\tbonafide", "unterminated subpattern"),
        ("x\tbonafide\t\t\t\t\tsoon", "could not convert"),
        ("#! ref --upload-pack=x", "is no commit"),
        ("#! per-system many", "invalid literal"),
        ("#! at-most 3", "at-most"),
    ],
)
def test_a_wrong_rule_is_named_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "a+b.tsv"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        read_rules(path)
