"""What isolation costs: decoding in confined processes against decoding in this one, on the same files in one run.

`python -m tests.evidence.benchmark [SECONDS [ROUNDS]]`: recordings of that length (300 s) in usual formats, 10 rounds.

Processor time of all processes is compared, since that of the clock depends on what else the machine does.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.evidence.codecs import Break
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.examination import Examination, Opening
from slim_cli.evidence.exhibits import Exhibit
from tests.conftest import EXAMPLES, RATE_HZ, encode

MEDIA = {"call.m4a": ("aac", 44_100), "note.opus": ("libopus", 48_000), "video.mp4": ("aac", 48_000)}
PLAIN = {"call.wav": ("WAV", "PCM_16"), "call.flac": ("FLAC", "PCM_16"), "call.mp3": ("MP3", "MPEG_LAYER_III")}


def make(folder: Path, seconds: float) -> list[Path]:
    """Speech of the examples, repeated to a length, in every format."""
    speech, _ = soundfile.read(EXAMPLES / "recorded-english-voicemail.flac", dtype="float32")
    samples = np.resize(speech, int(seconds * RATE_HZ))
    for name, (container, codec) in PLAIN.items():
        soundfile.write(folder / name, samples, RATE_HZ, format=container, subtype=codec)
    for name, (codec, rate) in MEDIA.items():
        encode(folder / name, samples, codec, rate)
    return sorted(folder.iterdir())


def here(path: Path, _: Decoder) -> str:
    """Decodes in this process; the hash of the samples of the first channel."""
    digest = hashlib.sha256()
    with Exhibit(path) as exhibit:
        events = Examination(exhibit.fd, exhibit.kind()).events()
        for block in (event for event in events if not isinstance(event, Opening | Break)):
            digest.update(np.ascontiguousarray(block.T, "<f4")[0])
    return digest.hexdigest()


def apart(path: Path, decoder: Decoder) -> str:
    """Decodes as a scan does; the hash of the samples of the first channel."""
    with Exhibit(path) as exhibit, decoder.open(exhibit, exhibit.kind(), Limits()) as stream:
        for _ in stream:
            pass
    return stream.segments[0].pcm_sha256[0]


def processor_s(decoder: Decoder) -> float:
    """Processor time of this process and of all decoding ones that have ended, seconds."""
    spent = time.process_time()
    server = getattr(decoder, "_server", None)
    if server is None:
        return spent
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return spent + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def main(seconds: float = 300.0, rounds: int = 10) -> None:
    """Prints processor time and ratio for every format, and of all together."""
    with tempfile.TemporaryDirectory() as folder, Decoder() as decoder:
        total = np.zeros(2)
        for path in make(Path(folder), seconds):
            assert here(path, decoder) == apart(path, decoder), path
            spent = np.zeros(2)
            for _ in range(rounds):
                for place, decode in enumerate((here, apart)):
                    begun = processor_s(decoder)
                    decode(path, decoder)
                    spent[place] += processor_s(decoder) - begun
            _print(path.name, spent / rounds)
            total += spent / rounds
        _print("all", total)


def _print(name: str, spent: np.ndarray) -> None:
    here_s, apart_s = spent
    ratio = 100 * (apart_s / here_s - 1)
    print(f"{name:<10} here {1000 * here_s:7.1f} ms   apart {1000 * apart_s:7.1f} ms   {ratio:+6.1f} %", flush=True)


if __name__ == "__main__":
    main(*(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0, int(sys.argv[2]) if len(sys.argv) > 2 else 10))
