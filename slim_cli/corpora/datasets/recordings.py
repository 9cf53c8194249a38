"""Read speech, all bona fide: LJSpeech, JSUT and M-AILABS, which others resynthesise, and Common Voice.

Formats: the README of LJSpeech 1.1, keithito.com/LJ-Speech-Dataset; JSUT 1.1, arXiv 1711.00354; M-AILABS as its
archives are laid out, with lists like those of LJSpeech; Common Voice's tables, commonvoice.mozilla.org. None but
Common Voice publishes a split: their clips are all of role `test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from slim_cli.corpora.datasets.lines import first_fields, first_folder, language, no_subset, rows
from slim_cli.corpora.manifest import Clip

SPLITS, VALIDATED = ("train", "dev", "test"), "validated"


def read_ljspeech(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads `LJSpeech-1.1`, or the folder that holds it."""
    no_subset("ljspeech", subset)
    home = first_folder(folder / "LJSpeech-1.1", folder)
    if (home / "wavs").is_dir():
        yield from _listed(
            home / "metadata.csv", "|", Clip(home / "wavs", "bonafide", "read", "ljspeech", "ljspeech", "en")
        )


def read_jsut(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads `jsut_ver1.1`, or the folder that holds it; a subset is one of its parts, such as `basic5000`."""
    home = first_folder(folder / "jsut_ver1.1", folder)
    for file in sorted(home.glob("*/transcript_utf8.txt")):
        part = file.parent.name
        if subset in (None, part):
            like = Clip(file.parent / "wav", "bonafide", "read", "jsut", "jsut", "ja", subset=part)
            yield from _listed(file, ":", like)


def read_m_ailabs(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads `<locale>/by_book/<gender>/<speaker>/<book>`, and `by_book/mix/<book>` of unknown speakers.

    Args:
        folder: what holds the folders of the locales, or one of these.
        subset: a locale or a language, such as `en_US` or `en`; None for all.
    """
    for books in sorted([*folder.glob("by_book"), *folder.glob("*/by_book")]):
        locale = books.resolve().parent.name
        spoken = language(locale)
        if subset not in (None, locale, spoken):
            continue
        for file in sorted([*books.glob("*/*/metadata.csv"), *books.glob("*/*/*/metadata.csv")]):
            gender, reader = file.relative_to(books).parts[:2]
            speaker = "" if gender == "mix" else reader
            like = Clip(file.parent / "wavs", "bonafide", "read", speaker, "m-ailabs", spoken, subset=locale)
            yield from _listed(file, "|", like)


def read_common_voice(folder: Path, subset: str | None) -> Iterator[Clip]:
    """Reads a language, or the folder that holds languages.

    Args:
        folder: what holds `clips` and the tables, or folders that do.
        subset: a table, such as `train` or `validated`; None for train, dev and test, or for validated in a language
            that has none of these.
    """
    for part in [subset] if subset else [*SPLITS, VALIDATED]:
        for file in sorted([*folder.glob(f"{part}.tsv"), *folder.glob(f"*/{part}.tsv")]):
            if not subset and part == VALIDATED and any(file.with_name(f"{one}.tsv").exists() for one in SPLITS):
                continue
            for place, row in rows(file, ("client_id", "path"), "\t"):
                path = place.audio(file.parent / "clips", f"{row['path'].removesuffix('.mp3')}.mp3")
                spoken = language(row.get("locale") or file.resolve().parent.name)
                role = "train" if part in ("train", "dev") else "test"
                yield Clip(path, "bonafide", "read", row["client_id"], "common-voice", spoken, role=role, subset=part)


def _listed(file: Path, separator: str, like: Clip) -> Iterator[Clip]:
    """The clips whose names stand first in the lines of a file; `like.path` is their folder."""
    for place, name in first_fields(file, separator):
        yield replace(like, path=place.audio(like.path, f"{name.removesuffix('.wav')}.wav"), role="test")
