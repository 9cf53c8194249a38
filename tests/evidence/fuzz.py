"""Structure-aware fuzzing of everything between a file and its samples.

    python -m tests.evidence.fuzz 20000 [seed]

Recordings of every format are cut, joined, shifted, their size fields changed, their chunks swapped. Each file must end
in one outcome, quickly, without a crash, and no second may be missing unexplained: against what the file was made of
and, where `ffmpeg` is installed, for every tenth file against what that program decodes.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slim_cli.errors import EvidenceError
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.exhibits import Exhibit
from tests.evidence.recordings import FORMS, Form, make

SECONDS = 1.0
TOLERATED_S = 0.35
SLOWEST_S = 30.0
EVERY = 10  # files between two that the independent decoder reads too
CRASHES = ("decoder_crashed", "decoder_failed", "decoder_stalled", "decoder_protocol", "decoder_unfinished")
# what names a loss, or a place where there may be one
EXPLAINED = {
    *("bytes_not_examined", "bytes_skipped", "recording_not_decoded", "damaged", "packets_skipped", "packets_silent"),
    *("samples_missing", "seconds_missing", "bytes_missing", "frames_missing", "pages_lost", "end_page_missing"),
    *("reading_stopped", "decoding_stopped", "edit_list_hides", "several_tracks", "time_stamps_jump"),
    *("rate_unsupported", "channels_unsupported"),
}
Bytes = tuple[bytes, float | None]  # a file, and the seconds of sound that it must hold; None where nobody can tell


@dataclass
class Outcome:
    """What became of one file.

    Attributes:
        seconds: what was decoded.
        codes: its remarks, or the one reason why there is no sound.
        status: empty where it was decoded.
        took_s: time that it took.
        detail: the reason in words.
    """

    seconds: float = 0.0
    codes: set[str] = field(default_factory=set)
    status: str = ""
    took_s: float = 0.0
    detail: str = ""


@dataclass
class Tally:
    """Counts of a run, and what went wrong in it."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # though another program decodes something of it


def examine(path: Path, decoder: Decoder) -> Outcome:
    """Decodes a file as a scan does."""
    start = time.monotonic()
    try:
        with Exhibit(path) as exhibit, decoder.open(exhibit, exhibit.kind(), Limits(timeout_s=SLOWEST_S)) as stream:
            samples = sum(block.shape[1] for block in stream)
            seconds = samples / stream.media.sample_rate_hz
            outcome = Outcome(seconds, {remark.code for remark in stream.remarks})
            if stream.bytes_unexamined or stream.seconds_unexamined > 0.05:
                assert outcome.codes & EXPLAINED, "unexamined sound is counted but not named"
    except EvidenceError as error:
        outcome = Outcome(0.0, {error.remark.code}, error.status, detail=str(error))
    outcome.took_s = time.monotonic() - start
    return outcome


# --- changes -------------------------------------------------------------------------------------------------------


def cut(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """The end is missing."""
    return file[: rng.randrange(1, len(file))], None


def behead(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """The start is missing, as in a capture that began too late."""
    return file[rng.randrange(1, len(file)) :], None


def join(file: bytes, other: bytes, _: random.Random) -> Bytes:
    """A second recording stands behind the first."""
    return file + other, 2 * SECONDS


def shift(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """Something that is no sound stands before it."""
    tag = b"ID3\x03\x00\x00\x00\x00\x02\x00" + b"\0" * 256
    front = rng.choice((tag, bytes(rng.randrange(1, 5000)), b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"))
    return front + file, SECONDS


def append(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """Something that is no sound stands behind it."""
    tail = rng.choice((b"TAG" + bytes(125), rng.randbytes(rng.randrange(1, 3000)), bytes(rng.randrange(1, 9000))))
    return file + tail, SECONDS


def insert(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """Something that is no sound stands inside."""
    place = rng.randrange(len(file))
    return file[:place] + rng.randbytes(rng.randrange(1, 3000)) + file[place:], None


def drop(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """A stretch inside is missing."""
    start = rng.randrange(len(file))
    return file[:start] + file[start + rng.randrange(1, 3000) :], None


def flip(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """Some bytes are others."""
    changed = bytearray(file)
    for _ in range(rng.randrange(1, 20)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed), None


_SIZES = re.compile(
    rb"RIFF|FORM|LIST|data|SSND|fmt |COMM|fact|desc|moov|mdat|trak|mdia|stbl|stsz|stts|ftyp|OggS|fLaC|Xing|Info|\.snd|"
    rb"\x18\x53\x80\x67|\x1f\x43\xb6\x75|\x1a\x45\xdf\xa3|\x30\x26\xb2\x75|\x36\x26\xb2\x75"
)
_UNITS = re.compile(rb"OggS|LIST|data|moov|mdat|moof|\x1f\x43\xb6\x75|\x47[\x40\x01\x41]|\xff[\xf1\xfb\xf3]")


def resize(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """A size field in a header says something else."""
    places = [found.start() for found in _SIZES.finditer(file)] or [0]
    place = rng.choice(places) + rng.choice((-4, 4, 8, 12, 16))
    value = rng.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF024, rng.randrange(2**32), len(file) // 2, 2 * len(file)))
    order = rng.choice(("big", "little"))
    place = max(0, min(place, len(file) - 4))
    return file[:place] + value.to_bytes(4, order) + file[place + 4 :], None


def stale(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """The sound chunk announces less than is there, as after a loss of power."""
    share = rng.choice((0.0, 0.5, 0.9))
    for mark, order in ((b"data", "little"), (b"SSND", "big")):
        place = file.find(mark, 12)
        if file[:4] in (b"RIFF", b"FORM") and 0 < place < 4096:
            size = int.from_bytes(file[place + 4 : place + 8], order)
            even = int(size * share) & ~7
            return file[: place + 4] + even.to_bytes(4, order) + file[place + 8 :], SECONDS
    return flip(file, b"", rng)


def swap(file: bytes, _: bytes, rng: random.Random) -> Bytes:
    """Chunks, pages, packets or boxes have changed places, are doubled or missing."""
    marks = [found.start() for found in _UNITS.finditer(file)]
    if len(marks) < 4:
        marks = sorted(rng.randrange(len(file)) for _ in range(6))
    a, b, c = sorted(rng.sample(marks, 3))
    first, second = file[a:b], file[b:c]
    middle = rng.choice((second + first, first, second, first + first + second))
    return file[:a] + middle + file[c:], None


CHANGES: tuple[Callable[[bytes, bytes, random.Random], Bytes], ...] = (
    *(cut, behead, join, shift, append, insert, drop, flip, resize, resize, stale, swap),
)
# Formats without any header or sync: what stands behind or before them is sound to any reader.
BOUNDLESS = (".sln", ".ulaw", ".alaw", ".g722", ".gsm")


def base() -> list[tuple[Form, bytes, bytes]]:
    """Two recordings of each container and coding that can be made here."""
    seen, made = set(), []
    for form in FORMS:
        if (form.suffix, form.container, form.codec) in seen:
            continue
        seen.add((form.suffix, form.container, form.codec))
        pair = make(form, SECONDS, 1), make(form, SECONDS, 2)
        if pair[0] is not None and pair[1] is not None:
            made.append((form, pair[0], pair[1]))
    return made


def cases(count: int, seed: int) -> Iterator[tuple[str, Form, bytes, float | None]]:
    """Changed files: what was done, the form, the bytes, the seconds that must be accounted for."""
    recordings = base()
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        form, first, second = recordings[number % len(recordings)]
        change = rng.choice(CHANGES)
        content, seconds = change(first, second, rng)
        if rng.random() < 0.2:
            content, seconds = rng.choice(CHANGES)(content or b"\0", first, rng)[0], None
        yield f"{number}:{change.__name__}", form, content, seconds if form.suffix not in BOUNDLESS else None


def independent_s(path: Path, form: Form) -> float | None:
    """Seconds that the program `ffmpeg` decodes; None where it cannot tell."""
    if form.suffix in BOUNDLESS:
        return None
    form_of_output = ["-map", "0:a:0", "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    command = ["ffmpeg", "-v", "quiet", "-nostdin", "-i", str(path), *form_of_output]
    done = subprocess.run(command, capture_output=True, timeout=60)
    return len(done.stdout) / 16_000 if done.stdout else None


def run(count: int, seed: int = 0, independent: bool = True, tell: Callable[[str], None] | None = None) -> Tally:
    """Examines `count` changed files.

    Args:
        count: files.
        seed: which ones.
        independent: whether `ffmpeg` is asked, where it is installed.
        tell: called with a line now and then.
    """
    told, tally, other = 0, Tally(), independent and shutil.which("ffmpeg") is not None
    with tempfile.TemporaryDirectory() as folder, Decoder() as decoder:
        for number, (name, form, content, seconds) in enumerate(cases(count, seed)):
            path = Path(folder) / f"case{form.suffix}"
            path.write_bytes(content)
            outcome = examine(path, decoder)
            expected = seconds
            if other and number % EVERY == 0 and expected is None:
                expected = independent_s(path, form)
                tally.counts["compared with ffmpeg"] += 1
            _judge(tally, f"{name} {form.name}", outcome, expected)
            if tell and number % 500 == 499:
                for line in tally.faults[told:]:
                    tell(line)
                told = len(tally.faults)
                tell(json.dumps({"files": number + 1, **tally.counts, "faults": len(tally.faults)}))
    return tally


def _judge(tally: Tally, name: str, outcome: Outcome, expected: float | None) -> None:
    tally.counts["files"] += 1
    tally.counts[outcome.status or "decoded"] += 1
    crash = outcome.codes & set(CRASHES)
    if crash:
        tally.faults.append(f"{name}: {crash} {outcome.detail}")
    if outcome.took_s > SLOWEST_S:
        tally.faults.append(f"{name}: {outcome.took_s:.1f} s")
    if expected is None:
        return
    if outcome.status == "decode_failed":
        if expected > TOLERATED_S:
            tally.refused.append(f"{name}: {outcome.codes} {expected:.2f} s")
        return
    short = expected - outcome.seconds
    if short > TOLERATED_S:
        if outcome.status or not outcome.codes & EXPLAINED:
            tally.faults.append(f"{name}: {short:.2f} of {expected:.2f} s missing, {outcome.status} {outcome.codes}")
        else:
            tally.counts["missing, and said so"] += 1


def main() -> None:
    """Runs as many cases as asked for and prints the counts; exit code 1 where one failed."""
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    tally = run(count, seed, tell=lambda line: print(line, flush=True))
    print(*tally.faults, *(f"refused: {line}" for line in tally.refused), sep="\n")
    print(json.dumps({**tally.counts, "faults": len(tally.faults)}))
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
