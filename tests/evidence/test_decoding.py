"""Decoding one file in its own process."""

import os

import numpy as np
import pytest
import soundfile

from slim_cli.errors import EvidenceError
from slim_cli.evidence import wire
from slim_cli.evidence.decoding import AudioStream, Decoder, Limits, decoder_rule, open_audio
from slim_cli.evidence.frame_pipes import DescriptorPipe
from slim_cli.evidence.text import clean


def test_samples_come_back_exactly(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, (50_000, 3)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 22_050, subtype="FLOAT")
    with open_audio(tmp_path / "a.wav") as stream:
        decoded = np.concatenate(list(stream), axis=1)
        media = stream.media
    np.testing.assert_array_equal(decoded, samples.T)
    assert (media.samples, media.channels, media.sample_rate_hz) == (50_000, 3, 22_050)
    assert stream.remarks == []


def test_integers_are_scaled_alike_by_both_decoders(tmp_path, store_media):
    samples = (np.arange(-8000, 8000) / 2**15).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="PCM_16")
    store_media(tmp_path / "a.mkv", samples, "pcm_s16le", 16_000)
    decoded = []
    for name in ("a.wav", "a.mkv"):
        with open_audio(tmp_path / name) as stream:
            decoded.append(np.concatenate(list(stream), axis=1))
    np.testing.assert_array_equal(decoded[0], decoded[1])


def test_tags_are_kept_but_made_harmless(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 16_000, 1) as file:
        file.title = "call\x1b[2J\nhome"
        file.write(np.zeros(16_000))
    with open_audio(tmp_path / "a.wav") as stream:
        assert stream.media.tags["title"] == r"call\x1b[2J home"


def test_the_rule_names_both_decoders_and_their_versions():
    rule = decoder_rule()
    assert "libsndfile" in rule["soundfile"]
    assert "FFmpeg" in rule["PyAV"]
    assert "h264" not in rule["ffmpeg_codecs"]


@pytest.mark.parametrize(
    "answer",
    [
        (wire.BLOCK, b"\0\0\0\0"),
        (wire.HEADER, b"[]"),
        (wire.HEADER, b"{}"),
        (wire.HEADER, b"\xff"),
        (b"?", b""),
    ],
)
def test_a_decoder_taken_over_by_its_file_is_not_believed(answer):
    read_end, write_end = os.pipe()
    wire.send(write_end, *answer)
    os.close(write_end)
    with pytest.raises(EvidenceError, match="broke its protocol"):
        AudioStream(Decoder(), DescriptorPipe(read_end), Limits(), 1)
    os.close(read_end)


def test_text_from_files_is_one_bounded_line():
    assert clean("a\n\tb") == "a b"
    assert clean("x" * 500, 10) == "x" * 9 + "…"
    assert clean("\udc80") == "\ufffd"
