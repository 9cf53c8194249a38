"""What is paid for beside decoding, on the same files in one run.

`python -m tests.evidence.benchmark isolation`: decoding in confined processes against decoding in this one;
`python -m tests.evidence.benchmark count`: decoding with the count of what a file holds against decoding alone.
Both on recordings of usual formats, `--seconds` long (300), in so many `--rounds` (10).

Processor time of all processes is compared, since that of the clock depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.codecs import Break, Source
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.examination import Examination, Opening
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.ffmpeg_source import FfmpegSource
from slim_cli.evidence.sndfile_source import SndfileSource
from tests.conftest import EXAMPLES, RATE_HZ, encode

Decodes = Callable[[Path, Decoder], str]
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


def alone(path: Path, _: Decoder) -> str:
    """Decodes in this process what its decoder takes for the file, without a count; the hash as of `here`."""
    digest = hashlib.sha256()
    with Exhibit(path) as exhibit:
        kind, view = exhibit.kind(), ByteView(exhibit.fd)
        source: Source = SndfileSource(view, kind) if kind.sndfile else FfmpegSource(view, kind)
        for block in source.blocks():
            assert not isinstance(block, Break)
            digest.update(np.ascontiguousarray(block.T, "<f4")[0])
    return digest.hexdigest()


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


COMPARED: dict[str, tuple[Decodes, Decodes]] = {"isolation": (here, apart), "count": (alone, here)}


def compare(what: str, seconds: float, rounds: int) -> dict[str, np.ndarray]:
    """Processor time without and with what is paid for, (2,) seconds by file, and of `all` together.

    Raises:
        AssertionError: the two ways do not give the same samples.
    """
    ways = COMPARED[what]
    spent: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder, Decoder() as decoder:
        for path in make(Path(folder), seconds):
            assert len({decode(path, decoder) for decode in ways}) == 1, path
            spent[path.name] = np.zeros(2)
            for _ in range(rounds):
                for place, decode in enumerate(ways):
                    begun = processor_s(decoder)
                    decode(path, decoder)
                    spent[path.name][place] += (processor_s(decoder) - begun) / rounds
    return {**spent, "all": sum(spent.values(), np.zeros(2))}


def main() -> None:
    """Prints processor time and ratio for every format, and of all together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=COMPARED)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    for name, (without, added) in compare(asked.what, asked.seconds, asked.rounds).items():
        ratio = 100 * (added / without - 1)
        print(
            f"{name:<10} without {1000 * without:7.1f} ms   with {1000 * added:7.1f} ms   {ratio:+6.1f} %", flush=True
        )


if __name__ == "__main__":
    main()
