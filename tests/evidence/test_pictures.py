"""Pictures beside the sound are told of, whatever decodes the file."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.exhibits import Exhibit

RATE = 16_000


def media(path: Path, codec: str, *, picture: str = "", attached: bool = False) -> Path:
    """A second of noise with a picture stream beside it."""
    with av.open(str(path), "w") as out:
        sound = out.add_stream(codec, rate=RATE, layout="mono")
        if picture:
            image = out.add_stream(picture, rate=1)
            image.width, image.height, image.pix_fmt = 64, 48, "yuvj420p" if picture == "mjpeg" else "yuv420p"
            if attached:
                image.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            out.mux(image.encode(frame))
            out.mux(image.encode(None))
        noise = np.random.default_rng(0).integers(-9000, 9000, (1, RATE), np.int16)
        block = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        block.sample_rate, block.pts = RATE, 0
        out.mux(sound.encode(block))
        out.mux(sound.encode(None))
    return path


def covered_flac(path: Path) -> Path:
    """A FLAC file with a PICTURE block after its STREAMINFO."""
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, RATE), RATE)
    content = path.read_bytes()
    picture = (
        struct.pack(">II", 3, 10) + b"image/jpeg" + struct.pack(">IIIIII", 0, 64, 48, 24, 0, 4) + b"\xff\xd8\xff\xd9"
    )
    block = bytes([6]) + len(picture).to_bytes(3) + picture
    path.write_bytes(content[:42] + block + content[42:])
    return path


def told(path: Path) -> dict[str, object]:
    with Decoder() as decoder, Exhibit(path) as exhibit, decoder.open(exhibit, exhibit.kind(), Limits()) as stream:
        assert sum(block.shape[1] for block in stream) > RATE // 2
        return {remark.code: remark.values["names"] for remark in stream.remarks if "names" in remark.values}


@pytest.mark.parametrize(
    ("name", "codec", "picture", "expected"),
    [
        ("plain.mkv", "pcm_s16le", "", {}),
        ("film.mkv", "pcm_s16le", "mpeg4", {"video_streams": "mpeg4 64 × 48"}),
        ("film.mp4", "aac", "mpeg4", {"video_streams": "mpeg4"}),  # MP4 leaves the size to the pictures themselves
    ],
)
def test_a_film_is_told_of(tmp_path: Path, name: str, codec: str, picture: str, expected: dict[str, str]) -> None:
    assert told(media(tmp_path / name, codec, picture=picture)) == expected


def test_a_cover_is_told_of_apart_from_films(tmp_path: Path) -> None:
    cover = media(tmp_path / "memo.mp4", "aac", picture="mjpeg", attached=True)
    assert told(cover) == {"cover_pictures": "mjpeg"}


def test_a_cover_in_the_tags_of_a_flac_file_is_told_of(tmp_path: Path) -> None:
    assert told(covered_flac(tmp_path / "a.flac")) == {"cover_pictures": "jpeg"}
