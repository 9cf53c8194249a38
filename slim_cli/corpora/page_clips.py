"""Labelled clips from a fetched page: decoded, cut, brought to 16 kHz, each sound once, with a manifest.

Layout of the output: one folder per page (`owner+name/`) with its clips and a `manifest.csv`, which is written last: a
page that has one is done. Clips are drawn in the order of a hash of their paths, so that the same snapshot gives the
same clips everywhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

from slim_cli.corpora.page_rules import PageLabel, PageRules, read_rules
from slim_cli.corpora.snapshots import Snapshot, SnapshotFile
from slim_cli.errors import UsageError
from slim_cli.results import MODEL_RATE_HZ
from slim_cli.whole_files import replacing

MAX_S, SHORTEST_S, SHORTEST_EXCERPT_S = 12.0, 0.8, 3.0
SILENT = 1e-4  # of full scale
CEILING = 0.99
PER_SYSTEM = 80
MANIFEST = "manifest.csv"
PARTS = ("test", "tune", "train")

# Headerless formats: FFmpeg's name and the sample rate, Hz; the rate of .raw files is the page's.
HEADERLESS: Mapping[str, tuple[str, int]] = {
    "gsm": ("gsm", 8000),
    "g722": ("g722", 16000),
    "g729": ("g729", 8000),
    "ulaw": ("mulaw", 8000),
    "ul": ("mulaw", 8000),
    "alaw": ("alaw", 8000),
    "sln": ("s16le", 8000),
    "sln16": ("s16le", 16000),
    "raw": ("s16le", 8000),
}
PCM = ("mulaw", "alaw", "s16le")


@dataclass(frozen=True)
class PageClip:
    """A row of a page's manifest; times in seconds, rates in Hz, `pcm` a hash of the sound."""

    path: str
    label: str
    family: str
    system: str
    speaker: str
    language: str
    origin: str
    codec: str
    native_sr: int
    sample_rate: int
    duration_s: str
    source_path: str
    pcm: str


def read_pages(path: Path) -> list[tuple[str, str]]:
    """Repository and part of each page of a list (CSV with `repo` and `part`).

    Raises:
        UsageError: not readable, or a repository or part that cannot be.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            pages = [(row["repo"], row["part"]) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise UsageError(f"The list of pages {path} needs the columns repo and part: {error}.") from error
    for repository, part in pages:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII) or part not in PARTS:
            raise UsageError(f"{path}: {repository!r} of part {part!r} is no page; parts are {', '.join(PARTS)}.")
    return pages


def build_page(repository: str, rules: PageRules, snapshot: Snapshot | None, output: Path) -> list[PageClip] | None:
    """Cuts the clips of one page, unless that was done before.

    Args:
        repository: `owner/name`.
        rules: how its files are labelled.
        snapshot: its files; None where they are not here.
        output: folder of all pages.

    Returns:
        its clips; None where it was not cut before and has no snapshot.
    """
    home = output / repository.replace("/", "+")
    if (home / MANIFEST).is_file():
        with (home / MANIFEST).open(newline="", encoding="utf-8") as listed:
            return [PageClip(**row) for row in csv.DictReader(listed)]  # type: ignore[arg-type]
    if snapshot is None:
        return None
    home.mkdir(parents=True, exist_ok=True)
    rows: list[PageClip] = []
    counted, heard = Counter[tuple[str, str]](), set[str]()
    for file, told in _in_order(rules, snapshot):
        key = (told.label, told.system)
        if counted[key] >= (rules.per_system or PER_SYSTEM):
            continue
        for start, samples, rate, codec in _excerpts(snapshot.read(file), file, told, rules):
            clip = _at_model_rate(samples, rate)
            digest = sound_hash(clip)
            if digest in heard:
                continue
            heard.add(digest)
            counted[key] += 1
            name = f"{len(rows):05d}.flac"
            soundfile.write(home / name, clip, MODEL_RATE_HZ, subtype="PCM_16")
            where = file.path.encode("utf-8", "replace").decode() + (f"#t={start:g}" if start else "")
            rows.append(
                PageClip(
                    f"{home.name}/{name}",
                    told.label,
                    told.family,
                    told.system,
                    told.speaker,
                    told.language,
                    repository,
                    codec.lower(),
                    rate,
                    MODEL_RATE_HZ,
                    f"{len(clip) / MODEL_RATE_HZ:.2f}",
                    where,
                    digest,
                )
            )
    _write(home / MANIFEST, rows)
    return rows


def build_pages(rules: Path, snapshots: Path, output: Path, tell: Callable[[str], None] = lambda notice: None) -> str:
    """Cuts the clips of every page that has a snapshot and is not done, and joins all into one manifest.

    Args:
        rules: folder with `pages.csv` (repo,part,…) and `rules/OWNER+NAME.tsv`.
        snapshots: folder of fetched repositories, each `OWNER+NAME/repo`.
        output: folder for the clips.
        tell: called with notices.

    Returns:
        how many clips of how many pages there are, in words.
    """
    done, missing = [], []
    for repository, part in read_pages(rules / "pages.csv"):
        own = read_rules(rules / "rules" / f"{repository.replace('/', '+')}.tsv")
        clips = build_page(repository, own, Snapshot.find(repository, snapshots), output)
        if clips is None:
            missing.append(repository)
            continue
        done.append((part, clips))
        tell(f"{repository}: {len(clips)} clips")
    if missing:
        tell(f"{len(missing)} pages have no snapshot in {snapshots}; the first is {missing[0]}.")
    kept, left = join_pages(done, output / MANIFEST)
    return f"{kept} clips of {len(done)} pages; {left} with the sound of another left out"


def join_pages(pages: Iterable[tuple[str, Sequence[PageClip]]], manifest: Path) -> tuple[int, int]:
    """One manifest of all pages, each sound once: a clip of two parts stays in that which is looked at least.

    Args:
        pages: the part (`train`, `tune` or `test`) and the clips of each.
        manifest: the CSV to write, in the folder of all pages; the part stands in its column `subset`.

    Returns:
        clips kept, and clips left out because another page has the same sound.
    """
    ranked = sorted(pages, key=lambda page: PARTS.index(page[0]))
    heard, kept, left = set[str](), [], 0
    for part, clips in ranked:
        for clip in clips:
            left += clip.pcm in heard
            if clip.pcm not in heard:
                kept.append({**asdict(clip), "subset": part})
            heard.add(clip.pcm)
    _write(manifest, kept)
    return len(kept), left


def sound_hash(clip: np.ndarray) -> str:
    """A hash that two clips share whose samples agree to about 10 bits."""
    return hashlib.sha1((clip * 512).round().astype("int16").tobytes(), usedforsecurity=False).hexdigest()[:16]


def _in_order(rules: PageRules, snapshot: Snapshot) -> Iterator[tuple[SnapshotFile, PageLabel]]:
    files = snapshot.audio(rules.commits, rules.raw_rate_hz is not None)
    labelled = [(file, told) for file in files if (told := rules.label(file.path)) and told.label != "skip"]
    return iter(sorted(labelled, key=lambda pair: _order(pair[0].path)))


def _order(path: str) -> str:
    return hashlib.md5(path.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _excerpts(
    data: bytes, file: SnapshotFile, told: PageLabel, rules: PageRules
) -> Iterator[tuple[float, np.ndarray, int, str]]:
    """Start (s), samples at native rate, rate and codec of each excerpt that is of use."""
    try:
        samples, rate, codec = _decode(data, file.suffix, rules.raw_rate_hz)
    except (OSError, ValueError, IndexError, soundfile.LibsndfileError, av.FFmpegError):
        return
    for start in told.starts_s:
        at = start if start >= 0 else max(0.0, len(samples) / rate + start)
        excerpt = samples[int(at * rate) : int(at * rate) + int(rate * (MAX_S + 1))]
        long_enough = len(excerpt) >= rate * (SHORTEST_S if at == 0 else SHORTEST_EXCERPT_S)
        if long_enough and np.isfinite(excerpt).all() and _audible(excerpt):
            yield at, excerpt, rate, codec


def _audible(samples: np.ndarray) -> bool:
    return bool(np.abs(samples).max() >= SILENT and np.sqrt(np.mean(samples**2)) >= SILENT)


def _at_model_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    clip = soxr.resample(samples, rate, MODEL_RATE_HZ, "HQ") if rate != MODEL_RATE_HZ else samples
    clip = clip[: int(MODEL_RATE_HZ * MAX_S)]
    peak = np.abs(clip).max()
    return clip / peak * CEILING if peak > CEILING else clip


def _decode(data: bytes, suffix: str, raw_rate_hz: int | None) -> tuple[np.ndarray, int, str]:
    """Mono samples, their rate and the name of the format: by libsndfile where it can, else by FFmpeg."""
    headerless = HEADERLESS.get(suffix)
    if headerless is None:
        try:
            samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
            return samples.mean(1), rate, soundfile.info(io.BytesIO(data)).format
        except soundfile.LibsndfileError:
            return _by_ffmpeg(io.BytesIO(data), None, {})
    name, rate = headerless[0], raw_rate_hz or 8000 if suffix == "raw" else headerless[1]
    return _by_ffmpeg(io.BytesIO(data), name, {"sample_rate": str(rate)} if name in PCM else {})


def _by_ffmpeg(file: io.BytesIO, name: str | None, options: dict[str, str]) -> tuple[np.ndarray, int, str]:
    with av.open(file, "r", format=name, options=options) as container:
        stream = container.streams.audio[0]
        rate, codec = stream.codec_context.sample_rate, stream.codec_context.name
        mono = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        pieces = [piece for frame in container.decode(stream) for piece in mono.resample(frame)]
    return np.concatenate([piece.to_ndarray()[0] for piece in pieces]), rate, codec


def _write(path: Path, rows: Sequence[PageClip] | Sequence[dict[str, object]]) -> None:
    """Writes a manifest under its name when it is whole."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        data = [row if isinstance(row, dict) else asdict(row) for row in rows]
        out = csv.DictWriter(file, data[0] if data else ["path", "label"])
        out.writeheader()
        out.writerows(data)
