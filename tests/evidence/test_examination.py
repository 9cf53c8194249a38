"""Nothing is silently unheard, sound evidence is examined, and damage is told only where there is some."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from slim_cli.errors import EvidenceError
from slim_cli.evidence.audio_stream import AudioStream
from slim_cli.evidence.byte_views import ByteView
from slim_cli.evidence.decoding import Decoder, Limits
from slim_cli.evidence.exhibits import Exhibit
from slim_cli.evidence.mpeg_audio import runs
from tests.evidence import fuzz
from tests.evidence.recordings import FORMS, SECONDS, Form, make, store

ORDINARY = {"video_streams", "headerless"}  # stated of every such file
RARE = {"caf": {"ffmpeg_instead"}}  # FFmpeg writes forms of CAF that libsndfile leaves to it
ID3 = b"ID3\x03\x00\x00\x00\x00\x02\x00" + b"\0" * 256


@pytest.fixture(scope="module")
def decoder():
    with Decoder() as running:
        yield running


def heard(decoder: Decoder, path: Path, track: int | None = None) -> tuple[AudioStream, np.ndarray]:
    with Exhibit(path) as exhibit, decoder.open(exhibit, exhibit.kind(), Limits(), track) as stream:
        samples = np.concatenate(list(stream), axis=1)
    return stream, samples


def form(container: str, codec: str, rate_hz: int | None = None, channels: int = 1, video: bool = False) -> Form:
    return next(
        f
        for f in FORMS
        if (f.container, f.codec, f.channels, f.video) == (container, codec, channels, video)
        and rate_hz in (None, f.rate_hz)
    )


def recording(container: str, codec: str, rate_hz: int | None = None, seed: int = 0, video: bool = False) -> bytes:
    content = make(form(container, codec, rate_hz, video=video), seed=seed)
    if content is None:
        pytest.skip(f"no encoder for {codec} here")
    return content


def test_ordinary_files_are_read_whole_and_without_any_remark(tmp_path: Path, decoder: Decoder) -> None:
    told = {}
    count = 0
    for made, path in store(tmp_path, seconds=1.0):
        stream, samples = heard(decoder, path)
        account = stream.account()
        count += 1
        seconds = samples.shape[1] / stream.media.sample_rate_hz
        codes = {remark.code for remark in stream.remarks} - ORDINARY - RARE.get(made.container, set())
        fine = abs(seconds - 1.0) < 0.12 and not codes
        if not (fine and account["bytes_unexamined"] == 0 and account["seconds_unexamined"] == 0):
            told[made.name] = (seconds, codes)
        path.unlink()
    assert told == {}
    assert count >= 300


WAV = "WAV", "PCM_16", 8_000


def wav_sized(size: int) -> bytes:
    wav = bytearray(recording(*WAV))
    wav[40:44] = struct.pack("<I", size)
    wav[4:8] = struct.pack("<I", min(size + 36, 2**32 - 1))
    return bytes(wav)


def rf64_stale() -> bytes:
    rf64 = bytearray(recording("RF64", "PCM_16", 16_000))
    place = rf64.index(b"ds64") + 16
    rf64[place : place + 8] = struct.pack("<Q", 16_000)
    return bytes(rf64)


def stale(container: str, mark: bytes, skip: int, form_of_size: str, size: int) -> bytes:
    content = bytearray(recording(container, "PCM_16"))
    place = content.index(mark) + len(mark) + skip
    width = struct.calcsize(form_of_size)
    content[place : place + width] = struct.pack(form_of_size, size)
    return bytes(content)


def flac_total(samples: int) -> bytes:
    flac = bytearray(recording("FLAC", "PCM_16", 8_000))
    word = int.from_bytes(flac[18:26], "big") & ~(2**36 - 1) | samples
    flac[18:26] = word.to_bytes(8, "big")
    return bytes(flac)


def mp3(rate_hz: int = 16_000, seed: int = 0) -> bytes:
    return recording("MP3", "MPEG_LAYER_III", rate_hz, seed)


def mp3_frames(tmp: Path) -> tuple[bytes, list[int]]:
    content = mp3()
    path = tmp / "frames.mp3"
    path.write_bytes(content)
    with path.open("rb") as file:
        run = runs(ByteView(file.fileno()))[0]
    length = (run.stop - run.start) // run.frames
    return content, [run.start + length * (run.frames // 2)]


def mp3_with(inside: bytes) -> Callable[[Path], bytes]:
    def made(tmp: Path) -> bytes:
        content, (place,) = mp3_frames(tmp)
        view = tmp / "frames.mp3"
        with view.open("rb") as file:
            whole = ByteView(file.fileno())
            from slim_cli.evidence.mpeg_audio import find_frames

            place = find_frames(whole, place) or place
        return content[:place] + inside + content[place:]

    return made


def xing(frames: int) -> bytes:
    content = bytearray(mp3())
    place = max(content.find(b"Xing", 0, 64), content.find(b"Info", 0, 64))
    content[place + 8 : place + 12] = struct.pack(">I", frames)
    return bytes(content)


def ogg_without(page: int) -> bytes:
    content = recording("OGG", "OPUS", 48_000)
    pages = content.split(b"OggS")[1:]
    return b"".join(b"OggS" + p for number, p in enumerate(pages) if number != page)


# name of the file, its bytes (or how to make them), seconds that are heard, codes of its remarks
MORE = {"bytes_behind_announced"}
WHOLE = [
    ("wav announcing half", lambda: wav_sized(16_000), ".wav", SECONDS, MORE),
    ("wav announcing nothing", lambda: wav_sized(0), ".wav", SECONDS, {"header_unfinished"}),
    ("wav of a pipe", lambda: wav_sized(0xFFFF_FFFF), ".wav", SECONDS, set()),
    ("wav of SoX's pipe", lambda: wav_sized(0x7FFF_F024), ".wav", SECONDS, set()),
    ("rf64 announcing half", rf64_stale, ".wav", SECONDS, MORE),
    ("au announcing half", lambda: stale("AU", b".snd", 4, ">I", 16_000), ".au", SECONDS, MORE),
    (
        "aiff announcing half",
        lambda: stale("AIFF", b"SSND", 0, ">I", 16_008),
        ".aiff",
        SECONDS,
        {"bytes_behind_announced"},
    ),
    (
        "caf announcing half",
        lambda: stale("CAF", b"data", 0, ">Q", 16_004),
        ".caf",
        SECONDS,
        {"bytes_behind_announced"},
    ),
    ("flac announcing half", lambda: flac_total(8_000), ".flac", SECONDS, {"samples_behind_announced"}),
    ("flac of a stream", lambda: flac_total(0), ".flac", SECONDS, set()),
    ("two wav", lambda: recording(*WAV) + recording(*WAV, 1), ".wav", 2 * SECONDS, {"several_recordings"}),
    ("two flac", lambda: flac_total(16_000) * 2, ".flac", 2 * SECONDS, {"several_recordings"}),
    ("two m4a", lambda: recording("ipod", "aac", 16_000) * 2, ".m4a", 2 * SECONDS, {"several_recordings"}),
    ("two ogg", lambda: recording("OGG", "VORBIS", 16_000) * 2, ".ogg", 2 * SECONDS, {"several_recordings"}),
    ("two opus", lambda: recording("OGG", "OPUS", 48_000) * 2, ".opus", 2 * SECONDS, {"several_recordings"}),
    ("two amr", lambda: recording("amr", "libopencore_amrnb") * 2, ".amr", 2 * SECONDS, {"several_recordings"}),
    ("two mka", lambda: recording("matroska", "libopus") * 2, ".mka", 2 * SECONDS, {"several_recordings"}),
    ("two mp3 of other rates", lambda: mp3() + mp3(44_100), ".mp3", 2 * SECONDS, {"several_recordings"}),
    ("wav before mp3", lambda: recording(*WAV) + mp3(44_100), ".wav", 2 * SECONDS, {"several_recordings"}),
    ("mp3 whose header tells too few frames", lambda: xing(10), ".mp3", SECONDS, set()),
    ("mp3 with a tag inside", mp3_with(ID3), ".mp3", SECONDS, set()),
    ("mp3 with junk inside", mp3_with(b"\x55\xaa" * 1500), ".mp3", SECONDS, {"bytes_not_examined"}),
    ("tag before aac", lambda: ID3 + recording("adts", "aac", 16_000), ".aac", SECONDS, set()),
    ("tag before ogg", lambda: ID3 + recording("OGG", "VORBIS", 16_000), ".ogg", SECONDS, set()),
    ("tag before wav", lambda: ID3 + recording(*WAV), ".wav", SECONDS, set()),
    ("tag before m4a", lambda: ID3 + recording("ipod", "aac", 16_000), ".m4a", SECONDS, set()),
    ("http header before mp3", lambda: b"HTTP/1.1 200 OK\r\n\r\n" + mp3(), ".mp3", SECONDS, {"recording_starts_late"}),
    ("zeros before m4a", lambda: bytes(5000) + recording("ipod", "aac", 16_000), ".m4a", SECONDS, set()),
    ("junk before flac", lambda: b"\x55\xab" * 999 + flac_total(16_000), ".flac", SECONDS, {"recording_starts_late"}),
    ("junk behind wav", lambda: recording(*WAV) + b"LIST\x04\0\0\0INFO", ".wav", SECONDS, set()),
    ("id3v1 behind flac", lambda: flac_total(16_000) + b"TAG" + bytes(125), ".flac", SECONDS, set()),
]


@pytest.mark.parametrize(("name", "content", "suffix", "seconds", "codes"), WHOLE, ids=[row[0] for row in WHOLE])
def test_everything_in_a_file_is_heard(
    tmp_path: Path,
    decoder: Decoder,
    name: str,
    content: Callable[..., bytes],
    suffix: str,
    seconds: float,
    codes: set[str],
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content(tmp_path) if content.__qualname__.startswith("mp3_with") else content())
    stream, samples = heard(decoder, path)
    assert samples.shape[1] / stream.media.sample_rate_hz == pytest.approx(seconds, abs=0.25)
    assert {remark.code for remark in stream.remarks} - ORDINARY == codes
    assert sum(segment.duration_s for segment in stream.segments) == pytest.approx(seconds, abs=0.25)


LOSSES = [
    ("a page of ogg is lost", lambda: ogg_without(3), ".opus", {"pages_lost", "samples_missing"}),
    ("the end of wav is missing", lambda: recording(*WAV)[:20_000], ".wav", {"bytes_missing"}),
    ("the end of mka is missing", lambda: recording("matroska", "libopus")[:9_000], ".mka", {"bytes_missing"}),
    ("the end of mp3 is missing", lambda: mp3()[:9_000], ".mp3", {"frames_missing"}),
    ("noise behind flac", lambda: flac_total(16_000) + np.random.default_rng(0).bytes(5000), ".flac", None),
    ("a damaged frame of flac", lambda: _damaged(flac_total(16_000)), ".flac", {"damaged"}),
]


def _damaged(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + b"\x55" * 600 + content[place + 600 :]


@pytest.mark.parametrize(("name", "content", "suffix", "codes"), LOSSES, ids=[row[0] for row in LOSSES])
def test_what_is_lost_is_named(
    tmp_path: Path, decoder: Decoder, name: str, content: Callable[[], bytes], suffix: str, codes: set[str] | None
) -> None:
    (tmp_path / f"a{suffix}").write_bytes(content())
    stream, samples = heard(decoder, tmp_path / f"a{suffix}")
    told = {remark.code for remark in stream.remarks}
    assert told & fuzz.EXPLAINED
    assert codes is None or codes <= told
    if suffix == ".flac":
        assert samples.shape[1] > 0.7 * SECONDS * 8_000, "what stands behind the damage is heard"


SILENT = [
    ("._a.m4a", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(4000), "no_audio", "not_audio"),
    (".nomedia", b"", "no_audio", "empty_file"),
    ("a.wav", b"", "decode_failed", "empty_file"),
    ("a.mp3", b"<!-- saved -->\n<!DOCTYPE html><html></html>", "no_audio", "not_audio"),
    ("b.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "no_audio", "not_audio"),
    ("a.docx", b"PK\x03\x04" + bytes(26) + b"docProps/app.xml" + bytes(99), "no_audio", "not_audio"),
    ("a.odt", b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis", "no_audio", "not_audio"),
    ("a.xlsx", b"PK\x03\x04" + bytes(26) + b"xl/a.xml" + bytes(50), "no_audio", "not_audio"),
    ("a.zip", b"PK\x03\x04" + bytes(26) + b"a.wav" + bytes(50), "refused", "content_refused"),
    ("a.ds2", b"\x03ds2" + bytes(600), "decode_failed", "audio_not_examined"),
    ("a.sln", np.random.default_rng(0).bytes(9000), "decode_failed", "headerless_unlike"),
    ("c.wav", recording(*WAV)[:44], "no_audio", "no_samples"),
]


@pytest.mark.parametrize(("name", "content", "status", "code"), SILENT, ids=[row[0] for row in SILENT])
def test_what_is_no_recording_says_what_it_is(
    tmp_path: Path, decoder: Decoder, name: str, content: bytes, status: str, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EvidenceError) as caught:
        heard(decoder, tmp_path / name)
    assert (caught.value.status, caught.value.remark.code) == (status, code)


def test_a_later_part_at_another_rate_keeps_its_own_hash_and_is_heard_at_the_first_rate(
    tmp_path: Path, decoder: Decoder
) -> None:
    (tmp_path / "a.mp3").write_bytes(mp3() + mp3(44_100))
    stream, samples = heard(decoder, tmp_path / "a.mp3")
    assert [segment.rate_hz for segment in stream.segments] == [16_000, 44_100]
    assert samples.shape[1] == pytest.approx(2 * SECONDS * 16_000, rel=0.05)
    (tmp_path / "b.mp3").write_bytes(mp3(44_100))
    with (tmp_path / "b.mp3").open("rb"):
        alone, _ = heard(decoder, tmp_path / "b.mp3")
    assert abs(alone.segments[0].duration_s - stream.segments[1].duration_s) < 0.1
    assert stream.segments[1].offset_bytes == len(mp3())


def test_fuzzed_files_end_in_one_outcome_and_nothing_is_missing_unexplained() -> None:
    tally = fuzz.run(240, seed=3, independent=False)
    assert tally.faults == []
    assert tally.counts["files"] == 240
    assert tally.counts["decoded"] > 120


def two_tracks(path: Path) -> None:
    """A Matroska file with a quiet and a loud track, each with its language and title."""
    import av

    with av.open(str(path), "w") as out:
        tracks = []
        for language, title in (("eng", "room"), ("deu", "table")):
            track = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
            track.metadata.update(language=language, title=title)
            tracks.append(track)
        for track, level in zip(tracks, (0.01, 0.5), strict=True):
            frame = av.AudioFrame.from_ndarray(
                np.full((1, 16_000), level * 2**15, np.int16), format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = 16_000, 0
            out.mux(track.encode(frame))
            out.mux(track.encode(None))


TRACKS = [(None, 0.01, set()), (1, 0.5, set()), (7, 0.01, {"track_missing"})]


@pytest.mark.parametrize(("track", "level", "codes"), TRACKS)
def test_tracks_are_named_and_chosen(
    tmp_path: Path, decoder: Decoder, track: int | None, level: float, codes: set[str]
) -> None:
    two_tracks(tmp_path / "a.mkv")
    stream, samples = heard(decoder, tmp_path / "a.mkv", track)
    assert np.median(samples) == pytest.approx(level, rel=0.01)
    assert [(entry.language, entry.title) for entry in stream.tracks] == [("eng", "room"), ("deu", "table")]
    assert [entry.chosen for entry in stream.tracks] == [level == 0.01, level == 0.5]
    assert {remark.code for remark in stream.remarks} == {"several_tracks"} | codes


def test_a_pause_in_the_time_stamps_begins_a_segment_at_its_place(tmp_path: Path, decoder: Decoder) -> None:
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        track = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for start in (0, 1, 2, 32, 33):
            frame = av.AudioFrame.from_ndarray(np.full((1, 16_000), 99, np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 16_000, start * 16_000
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
    stream, _ = heard(decoder, tmp_path / "a.mkv")
    assert [(round(s.start_s), round(s.duration_s)) for s in stream.segments] == [(0, 3), (32, 2)]
    jump = next(remark for remark in stream.remarks if remark.code == "time_stamps_jump")
    assert (jump.values["after_s"], jump.values["gap_s"]) == (pytest.approx(3), pytest.approx(29))
