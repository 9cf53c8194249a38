"""Audio that no decoder reads is named by its coding; sound that an edit list hides is told of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slim_cli.errors import EvidenceError
from slim_cli.evidence.decoding import Decoder
from tests.evidence.test_examination import heard, recording


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as running:
        yield running


def m4a() -> bytes:
    return recording("ipod", "aac", 16_000)


def coded(code: bytes) -> Callable[[], bytes]:
    """An MP4 file whose only track is of another coding."""
    return lambda: m4a().replace(b"mp4a", code, 1).replace(b"esds", b"free", 1)


def usac() -> bytes:
    """An MP4 file that announces audio object type 42: 5 bits of 31, then 42 - 32 in 6 bits."""
    content = bytearray(m4a())
    place = content.index(b"\x05\x80\x80\x80", content.index(b"esds")) + 5
    content[place : place + 5] = (0b11111_001010_1000_0001 << 21).to_bytes(5, "big")
    return bytes(content)


def caf(code: bytes) -> Callable[[], bytes]:
    return lambda: recording("CAF", "PCM_16", 16_000).replace(b"lpcm", code, 1)


def wav_tagged() -> bytes:
    content = recording("WAV", "PCM_16", 8_000)
    return content[:20] + b"\x77\x77" + content[22:]


UNREAD = [
    ("a.mp4", coded(b"sawp"), "AMR-WB+"),
    ("a.m4a", coded(b"apac"), "Apple Positional Audio (APAC)"),
    ("b.mp4", coded(b"mhm1"), "MPEG-H 3D Audio"),
    ("c.mp4", coded(b"ac-4"), "AC-4"),
    ("d.mp4", coded(b"zzzz"), "zzzz"),
    ("b.m4a", usac, "xHE-AAC"),
    ("a.caf", caf(b"apac"), "Apple Positional Audio (APAC)"),
    ("b.caf", caf(b"usac"), "xHE-AAC"),
    ("a.wav", wav_tagged, "format tag 0x7777"),
    ("a.awb", lambda: b"#!AMR-WB+\n" + bytes(500), "AMR-WB+"),
    ("a.amr", lambda: b"#!AMR_MC1.0\n" + bytes(500), "AMR in several channels"),
    ("a.ds2", lambda: b"\x03ds2" + bytes(600), "DS2"),
]


@pytest.mark.parametrize(("name", "content", "coding"), UNREAD, ids=[f"{row[0]} of {row[2]}" for row in UNREAD])
def test_audio_without_a_decoder_is_named_by_its_coding(
    tmp_path: Path, decoder: Decoder, name: str, content: Callable[[], bytes], coding: str
) -> None:
    (tmp_path / name).write_bytes(content())
    with pytest.raises(EvidenceError, match="audio that was not examined") as caught:
        heard(decoder, tmp_path / name)
    assert caught.value.status == "decode_failed"
    assert coding in caught.value.remark.values.values()


@pytest.mark.parametrize(("shown_s", "hidden_s"), [(2.0, None), (1.25, 0.75), (0.5, 1.5)])
def test_sound_that_an_edit_list_hides_is_told_of(
    tmp_path: Path, decoder: Decoder, shown_s: float, hidden_s: float | None
) -> None:
    content = bytearray(m4a())
    scale = int.from_bytes(content[content.index(b"mvhd") + 16 :][:4], "big")
    edit = content.index(b"elst") + 12
    content[edit : edit + 4] = round(shown_s * scale).to_bytes(4, "big")
    (tmp_path / "a.m4a").write_bytes(content)
    stream, samples = heard(decoder, tmp_path / "a.m4a")
    assert samples.shape[1] / 16_000 == pytest.approx(shown_s, abs=0.15)
    told = {remark.code: remark.values for remark in stream.remarks}
    assert set(told) == ({"edit_list_hides"} if hidden_s else set())
    if hidden_s:
        assert told["edit_list_hides"]["hidden_s"] == pytest.approx(hidden_s, abs=0.15)
