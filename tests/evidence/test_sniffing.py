"""Content decides, not the name."""

import io

import numpy as np
import pytest
import soundfile

from slim_cli.evidence.sniffing import sniff


@pytest.mark.parametrize(
    ("head", "verdict", "label"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "media", "WAV"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "media", "AVI"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "other", "image_webp"),
        (b"FORM\x00\x00\x00\x00AIFC", "media", "AIFF"),
        (b"\x00\x00\x00\x20ftypisom", "media", "MP4/MOV"),
        (b"ID3\x04\x00", "media", "MP3"),
        (b"\xff\xf1\x50\x80", "media", "AAC (ADTS)"),
        (b"\x1a\x45\xdf\xa3", "media", "Matroska/WebM"),
        (b"\xff\xfea\x00b\x00", "other", "plain_text_utf16"),
        (b"\xff\xd8\xff\xe0", "other", "image_jpeg"),
        ("Grüße".encode(), "other", "plain_text"),
        (b"Gr\xfc\xdfe aus der alten Welt", "other", "unknown_binary"),
        (b"<!DOCTYPE html><html>", "other", "web_page"),
        (b"\0" * 1000, "other", "zero_bytes"),
        (b"[playlist]\nFile1=/etc/passwd", "refused", "playlist"),
        (b"<?xml version='1.0'?>\n<MPD>", "refused", "playlist"),
        (b"\0" * 257 + b"ustar", "refused", "archive_tar"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", "other", "office_document"),
    ],
)
def test_kinds(head, verdict, label):
    kind = sniff(head)
    assert (kind.verdict, kind.label) == (verdict, label)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_mp3_without_tags_is_known_by_its_frames(rate):
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, rate), rate, format="MP3")
    content = file.getvalue()
    assert sniff(content).label == "MP3"
    assert sniff(content[:2] + b"\0" + content[3:]).label != "MP3"
