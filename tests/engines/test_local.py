"""From a folder to results: formats, statuses, channels, and what happens when things go wrong."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest
import soundfile
import soxr

from slim_cli.audio.proxy import proxy_name
from slim_cli.audio.stage_times import StageTimes
from slim_cli.engines.fingerprint import scan_fingerprint
from slim_cli.engines.local import examine_files
from slim_cli.engines.options import ExaminationOptions
from slim_cli.engines.scan_progress import Progress
from slim_cli.errors import EvidenceError, IntegrityError, UsageError
from slim_cli.evidence import frame_pipes
from slim_cli.results import FileResult, LikelihoodRatio, Remark
from tests.conftest import FakeDetector, at_level, gliding_voice, said

RATE = 16_000

SNDFILE = [
    ("WAV", "PCM_U8", RATE),
    ("WAV", "PCM_16", 6_000),
    ("WAV", "PCM_16", 8_000),
    ("WAV", "PCM_16", 192_000),
    ("WAV", "PCM_24", 44_100),
    ("WAV", "PCM_32", 48_000),
    ("WAV", "FLOAT", RATE),
    ("WAV", "DOUBLE", RATE),
    ("WAV", "ULAW", 8_000),
    ("WAV", "ALAW", 8_000),
    ("WAV", "GSM610", 8_000),
    ("RF64", "PCM_16", RATE),
    ("W64", "PCM_16", RATE),
    ("AIFF", "PCM_16", RATE),
    ("AU", "PCM_16", RATE),
    ("CAF", "PCM_16", RATE),
    ("FLAC", "PCM_16", RATE),
    ("OGG", "VORBIS", RATE),
    ("OGG", "OPUS", RATE),
    ("MP3", "MPEG_LAYER_III", RATE),
]

FFMPEG = [
    ("a.m4a", "aac", "aac", 44_100, False),
    ("lossless.m4a", "alac", "alac", 48_000, False),
    ("a.amr", "libopencore_amrnb", "amrnb", 8_000, False),
    ("a.3gp", "libopencore_amrnb", "amrnb", 8_000, False),
    ("a.aac", "aac", "aac", 16_000, False),
    ("a.wma", "wmav2", "wmav2", 44_100, False),
    ("a.webm", "libopus", "opus", 48_000, False),
    ("a.mp4", "aac", "aac", 48_000, True),
    ("a.mov", "pcm_s16le", "pcm_s16le", 48_000, True),
    ("a.mkv", "libopus", "opus", 48_000, True),
    ("a.avi", "libmp3lame", "mp3float", 44_100, True),
]


def examine(folder: Path, detector, **options) -> dict[str, FileResult]:
    return {r.path: r for r in examine_files([folder], detector=detector, options=ExaminationOptions(**options))}


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(samples, RATE, rate)


@pytest.fixture(scope="module")
def formats(tmp_path_factory, speech, shared_detector, store_media) -> dict[str, FileResult]:
    """One scan of the same speech in every format, by name of the file."""
    folder = tmp_path_factory.mktemp("formats")
    for container, codec, rate in SNDFILE:
        path = folder / f"{container}-{codec}-{rate}"
        soundfile.write(path, resampled(speech, rate), rate, format=container, subtype=codec)
    for name, encoder, _, rate, video in FFMPEG:
        store_media(folder / name, speech, encoder, rate, video)
    return examine(folder, shared_detector)


@pytest.mark.parametrize(("container", "codec", "rate"), SNDFILE)
def test_formats_that_libsndfile_reads(formats, container, codec, rate):
    result = formats[f"{container}-{codec}-{rate}"]
    assert (result.status, result.reason, result.remarks) == ("scored", None, ())
    media = result.media
    assert (media.container, media.codec, media.sample_rate_hz) == (container, codec, rate)
    assert media.decoder == "soundfile"
    assert "libsndfile" in media.decoder_version
    assert media.duration_s == pytest.approx(12, abs=0.1)
    assert result.channels[0].net_speech_s > 6


@pytest.mark.parametrize(("name", "codec", "rate"), [(name, codec, rate) for name, _, codec, rate, _ in FFMPEG])
def test_formats_that_ffmpeg_reads(formats, name, codec, rate):
    result = formats[name]
    told = {remark.code for remark in result.remarks}
    assert (result.status, result.reason, told - {"video_streams"}) == ("scored", None, set())
    media = result.media
    assert media.codec == codec
    assert media.decoder == "PyAV"
    assert "FFmpeg" in media.decoder_version
    assert (media.sample_rate_hz, media.channels) == (rate, 1)
    assert media.duration_s == pytest.approx(12, abs=0.3)
    assert result.channels[0].net_speech_s > 6


def test_wideband_amr_is_decoded(tmp_path, fake_detector):
    (tmp_path / "a.amr").write_bytes(b"#!AMR-WB\n" + b"\x7c" * 250)  # frames without data, 20 ms each
    result = examine(tmp_path, fake_detector)["a.amr"]
    assert (result.status, result.media.codec, result.media.sample_rate_hz) == ("insufficient_speech", "amrwb", RATE)


def test_windows_follow_the_whole_file_and_the_channel_is_their_weighted_mean(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", speech[: 9 * RATE], RATE, subtype="FLOAT")
    result = examine(tmp_path, fake_detector)["a.wav"]
    channel = result.channels[0]
    assert [(w.start_s, w.end_s) for w in channel.windows] == [(0, 4), (2, 6), (4, 8), (5, 9)]
    for window in channel.windows:
        piece = speech[int(window.start_s * RATE) : int(window.end_s * RATE)].astype(float)
        assert window.mismatch == pytest.approx(np.sqrt(np.mean(piece**2)), rel=1e-5)
    weights = [w.speech_s for w in channel.windows]
    assert channel.score == pytest.approx(np.average([w.score for w in channel.windows], weights=weights))
    assert (result.score, result.mismatch) == (channel.score, channel.mismatch)


def test_the_highest_channel_stands_for_the_file(tmp_path, speech, fake_detector):
    pair = np.stack([speech * 0.2, speech], axis=1)
    soundfile.write(tmp_path / "a.wav", pair, RATE, subtype="FLOAT")
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert len(result.channels) == 2
    assert result.top_channel is not None
    assert result.top_channel.index == 1
    assert result.score == result.channels[1].score > result.channels[0].score


def test_equal_channels_are_scored_once(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", np.stack([speech, speech], axis=1), RATE)
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert sum(fake_detector.batches) == len(result.channels[0].windows)
    assert result.channels[0].windows == result.channels[1].windows
    assert result.channels[0].pcm_sha256 == result.channels[1].pcm_sha256


def test_a_silent_channel_is_a_warning_and_the_file_is_scored(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", np.stack([speech, 0 * speech], axis=1), RATE)
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert result.status == "scored"
    assert result.channels[1].score is None
    assert result.channels[1].windows == ()
    assert said(result.remarks) == "channel 2 of 2 was not scored: digital silence, every sample has the same value"


def test_the_pcm_hash_covers_the_native_samples(tmp_path, fake_detector):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (44_100, 2)).astype("<f4")
    soundfile.write(tmp_path / "a.wav", samples, 44_100, subtype="FLOAT")
    channels = examine(tmp_path, fake_detector)["a.wav"].channels
    assert [c.pcm_sha256 for c in channels] == [hashlib.sha256(samples[:, i].tobytes()).hexdigest() for i in (0, 1)]


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.05, int(seconds * RATE))


def chord(seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * f * t) for f in (220, 277.2, 329.6)) * 0.1


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(5 * RATE), "digital silence"),
        (noise(5), "no speech found in 5.0 s of sound; 2.0 s needed"),
        (chord(5), "no speech found in 5.0 s of sound; 2.0 s needed"),
        (np.zeros(10), "digital silence"),
    ],
    ids=["zeros", "noise", "music", "ten samples"],
)
def test_sound_without_speech_has_a_reason_and_never_reaches_the_detector(tmp_path, fake_detector, samples, words):
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert result.status == "insufficient_speech"
    assert words in said(result.reason)
    assert (result.score, fake_detector.batches) == (None, [])


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_too_little_speech_is_told_in_seconds(tmp_path, speech, fake_detector, rate):
    start = int(np.argmax(np.convolve(speech[: 6 * RATE] ** 2, np.ones(4800), mode="valid")))
    short = np.concatenate([np.zeros(RATE), speech[start : start + 4800], np.zeros(RATE)])
    soundfile.write(tmp_path / "a.wav", resampled(short, rate), rate)
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert result.status == "insufficient_speech"
    assert said(result.reason).endswith("s of speech found, 2.0 s needed")
    assert 0.2 < result.channels[0].net_speech_s < 0.6


NO_AUDIO = [
    ("empty.wav", b"", "decode_failed", "the file is empty (0 bytes)"),
    ("text.wav", b"Dear Sir,\n", "decode_failed", "named .wav but its content is plain text"),
    ("notes.txt", b"Dear Sir,\n", "no_audio", "not an audio file (plain text)"),
    ("picture.png", b"\x89PNG\r\n\x1a\n", "no_audio", "not an audio file (an image (PNG))"),
    ("blob", bytes(range(256)), "no_audio", "not an audio file (unknown binary data)"),
    ("list.m3u8", b"#EXTM3U\nhttp://example.org/a.ts\n", "refused", "a playlist that points to other files"),
    ("list.mp3", b"#EXTM3U\n/etc/passwd\n", "refused", "a playlist that points to other files"),
    ("all.zip", b"PK\x03\x04" + b"\0" * 60, "refused", "an archive (ZIP)"),
    ("broken.flac", b"fLaC" + b"\xff" * 500, "decode_failed", "cannot be opened"),
    ("broken.m4a", b"\0\0\0\x18ftypM4A " + b"\xff" * 500, "decode_failed", "cut short or never finished"),
    ("broken.wma", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9" + b"\xff" * 99, "decode_failed", "cannot be opened"),
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory, shared_detector) -> dict[str, FileResult]:
    """One scan of a folder in which nothing is audio."""
    folder = tmp_path_factory.mktemp("refusals")
    for name, content, _, _ in NO_AUDIO:
        (folder / name).write_bytes(content)
    return examine(folder, shared_detector)


@pytest.mark.parametrize(("name", "content", "status", "words"), NO_AUDIO, ids=[row[0] for row in NO_AUDIO])
def test_what_is_no_audio_has_a_status_and_a_reason(refusals, name, content, status, words):
    result = refusals[name]
    assert result.status == status
    assert words in said(result.reason)
    assert result.sha256 == hashlib.sha256(content).hexdigest()
    assert result.size_bytes == len(content)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.w64", {"subtype": "PCM_16"}),
        ("a.aiff", {"subtype": "PCM_16"}),
        ("a.flac", {}),
        ("a.mp3", {}),
        ("a.ogg", {}),
    ],
)
def test_a_truncated_file_is_scored_with_a_warning(tmp_path, speech, fake_detector, name, options):
    soundfile.write(tmp_path / name, speech, RATE, **options)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * 0.7)])
    result = examine(tmp_path, fake_detector)[name]
    assert result.status == "scored"
    assert "truncated: " in said(result.remarks)


def test_a_truncated_media_file_is_scored_with_a_warning(tmp_path, speech, fake_detector, store_media):
    store_media(tmp_path / "a.mkv", speech, "libopus", 48_000)
    content = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(content[: len(content) // 2])
    result = examine(tmp_path, fake_detector)["a.mkv"]
    assert result.status == "scored"
    assert "truncated: " in said(result.remarks)


def test_a_video_without_sound_holds_no_audio(tmp_path, fake_detector):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        track = container.add_stream("mpeg4", rate=5)
        track.width = track.height = 64
        track.pix_fmt = "yuv420p"
        container.mux(track.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(track.encode(None))
    result = examine(tmp_path, fake_detector)["a.mp4"]
    assert (result.status, said(result.reason)) == ("no_audio", "a MP4/MOV file without an audio track")


@pytest.mark.parametrize(("rate", "channels", "words"), [(4_000, 1, "4,000 Hz"), (8_000, 65, "65 channels")])
def test_unsupported_signals_fail_in_words(tmp_path, fake_detector, rate, channels, words):
    soundfile.write(tmp_path / "a.wav", np.zeros((rate, channels)), rate)
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert result.status == "decode_failed"
    assert words in said(result.reason)


def test_samples_that_are_not_numbers_are_taken_as_silence(tmp_path, speech, fake_detector):
    damaged = speech.copy()
    damaged[100:103] = (np.nan, np.inf, -np.inf)
    soundfile.write(tmp_path / "a.wav", damaged, RATE, subtype="FLOAT")
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert result.status == "scored"
    assert np.isfinite(result.score)
    assert said(result.remarks) == "3 samples are not numbers; they were taken as silence"


def test_limits_are_kept_and_told(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    result = examine(tmp_path, fake_detector, max_duration_s=6.0)["a.wav"]
    assert result.media.duration_s == 6.0
    assert said(result.remarks) == "longer than the limit; only the first 6 s were read"
    result = examine(tmp_path, fake_detector, max_size_bytes=1000)["a.wav"]
    assert (result.status, said(result.reason)) == ("refused", "its 384,044 bytes exceed the limit of 1,000")


@pytest.mark.parametrize(
    ("option", "value"), [("max_duration_s", 0), ("timeout_s", 0), ("min_net_speech_s", -1), ("max_size_bytes", 0)]
)
def test_limits_out_of_range_are_usage_errors(option, value):
    with pytest.raises(UsageError, match=option):
        ExaminationOptions(**{option: value})


def test_a_missing_folder_and_an_empty_one_are_usage_errors(tmp_path, fake_detector):
    with pytest.raises(UsageError, match="There is no file or folder"):
        examine_files([tmp_path / "missing"], detector=fake_detector)
    with pytest.raises(UsageError, match="nothing was scanned"):
        examine_files([tmp_path], detector=fake_detector)


def test_output_inside_the_evidence_is_a_usage_error(tmp_path, fake_detector):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="lies inside the evidence"):
        examine_files([tmp_path], detector=fake_detector, options=ExaminationOptions(output=tmp_path / "out"))


def test_special_files_and_links_are_refused_in_words(tmp_path, fake_detector):
    tree, outside = tmp_path / "tree", tmp_path / "outside.wav"
    tree.mkdir()
    outside.write_bytes(b"x")
    os.mkfifo(tree / "fifo.wav")
    (tree / "escape.wav").symlink_to(outside)
    (tree / "dangling.wav").symlink_to(tree / "nowhere")
    (tree / "self.wav").symlink_to("self.wav")
    (tree / "up").symlink_to("..")
    (tree / "here").symlink_to(".")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "socket"))
        results = examine(tree, fake_detector)
    assert {name: said(result.reason) for name, result in results.items()} == {
        "dangling.wav": "a symbolic link that leads nowhere",
        "escape.wav": "a symbolic link that leads out of the scanned folder",
        "fifo.wav": "a named pipe (FIFO), not a file",
        "here": "a symbolic link to a folder whose files have rows of their own",
        "self.wav": "a symbolic link that leads back to itself",
        "socket": "a socket, not a file",
        "up": "a symbolic link that leads out of the scanned folder",
    }
    assert {result.status for result in results.values()} == {"refused"}


def test_an_unreadable_file_is_a_row(tmp_path, fake_detector, monkeypatch):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    real = os.open

    def deny(path, *args, **kwargs):
        if str(path).endswith("a.wav"):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", deny)
    result = examine(tmp_path, fake_detector)["a.wav"]
    assert (result.status, said(result.reason)) == ("unreadable", "it cannot be read: permission denied")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"new\nline.wav", "new\nline.wav"),
        (b"\x1b[31mred.wav", "\x1b[31mred.wav"),
        (b"\xff\xfe.wav", "\ufffd\ufffd.wav"),
        (b"n" * 251 + b".wav", "n" * 251 + ".wav"),
        ("\u202evaw.exe.wav".encode(), "\u202evaw.exe.wav"),
    ],
    ids=["newline", "escape", "not UTF-8", "255 bytes", "right to left"],
)
def test_hostile_names_are_examined_and_stored(tmp_path, speech, fake_detector, raw, shown):
    soundfile.write(tmp_path / "a.wav", speech[: 4 * RATE], RATE)
    os.rename(os.fsencode(tmp_path / "a.wav"), os.path.join(os.fsencode(tmp_path), raw))
    result = examine(tmp_path, fake_detector)[shown]
    assert result.status == "scored"
    assert result.path_hex == (raw.hex() if "\ufffd" in shown else None)
    assert FileResult.from_json(result.to_json()).path == shown


def test_a_decoder_killed_at_work_costs_one_row(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", np.tile(speech, 50), RATE)
    soundfile.write(tmp_path / "b.wav", speech, RATE)
    killed = []

    def kill_once(progress: Progress) -> None:
        if progress.name == "a.wav" and progress.audio_s and not killed:
            killed.append(_kill_grandchild())

    results = list(examine_files([tmp_path], detector=fake_detector, on_progress=kill_once))
    assert [r.status for r in results] == ["decode_failed", "scored"]
    assert said(results[0].reason) == "the decoder was killed on this file (SIGKILL)"


def test_a_decoding_process_killed_whole_is_started_anew(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", np.tile(speech, 50), RATE)
    soundfile.write(tmp_path / "b.wav", speech, RATE)
    killed = []

    def kill_once(progress: Progress) -> None:
        if progress.name == "a.wav" and progress.audio_s and not killed:
            server, child = _children(os.getpid())[-1], _kill_grandchild()
            os.kill(server, signal.SIGKILL)
            killed.append(child)

    results = list(examine_files([tmp_path], detector=fake_detector, on_progress=kill_once))
    assert [r.status for r in results] == ["decode_failed", "scored"]
    assert "was killed" in said(results[0].reason)


def test_stopping_early_leaves_no_process(tmp_path, speech, fake_detector):
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, speech, RATE)
    before = _children(os.getpid())
    results = examine_files([tmp_path], detector=fake_detector)
    assert next(results).path == "a.wav"
    assert len(_children(os.getpid())) == len(before) + 1
    results.close()
    assert _children(os.getpid()) == before


def test_a_silent_decoder_is_stopped(tmp_path, speech, fake_detector, monkeypatch):
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    monkeypatch.setattr(frame_pipes.select, "select", lambda *_: ([], [], []))
    result = examine(tmp_path, fake_detector, timeout_s=5.0)["a.wav"]
    assert (result.status, said(result.reason)) == ("decode_failed", "the decoder gave nothing for 5 s and was stopped")


def test_evidence_that_changes_is_a_row_and_then_an_integrity_error(tmp_path, speech, fake_detector):
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, speech, RATE)

    def meddle(progress: Progress) -> None:
        if progress.name == "a.wav" and progress.audio_s:
            (tmp_path / "a.wav").write_bytes(b"gone")

    results = examine_files([tmp_path], detector=fake_detector, on_progress=meddle)
    assert [(r.status, r.sha256 is None) for r in (next(results), next(results))] == [
        ("unreadable", True),
        ("scored", False),
    ]
    with pytest.raises(IntegrityError, match=r"a\.wav"):
        next(results)


def test_progress_and_times_add_up(tmp_path, speech, fake_detector):
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, speech, RATE)
    seen: list[Progress] = []
    times = StageTimes()
    list(examine_files([tmp_path], detector=fake_detector, on_progress=seen.append, times=times))
    assert (seen[0].files_done, seen[0].bytes_done, seen[0].audio_s) == (0, 0, 0)
    last = seen[-1]
    assert last.files_done == last.files_total == 2
    assert last.bytes_done == last.bytes_total == 2 * (tmp_path / "a.wav").stat().st_size
    assert last.audio_s == times.audio_s == pytest.approx(24)
    assert [p.bytes_done for p in seen] == sorted(p.bytes_done for p in seen)
    assert all(seconds > 0 for seconds in times.seconds.values())


def test_the_fingerprint_changes_with_what_changes_results_only(tmp_path, fake_detector):
    base = scan_fingerprint(fake_detector, ExaminationOptions())
    assert base == scan_fingerprint(fake_detector, ExaminationOptions(timeout_s=5, output=tmp_path))
    assert base != scan_fingerprint(fake_detector, ExaminationOptions(min_net_speech_s=1.0))
    fake_detector.fingerprint = "other"
    assert base != scan_fingerprint(fake_detector, ExaminationOptions())


def test_results_do_not_depend_on_neighbours(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "b.wav", speech, RATE)
    alone = examine(tmp_path, fake_detector)["b.wav"]
    soundfile.write(tmp_path / "a.wav", speech * 0.1, RATE)
    assert examine(tmp_path, fake_detector)["b.wav"] == alone


def _children(pid: int) -> list[int]:
    return sorted(int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _kill_grandchild() -> int:
    server = _children(os.getpid())[-1]
    child = _children(server)[0]
    os.kill(child, signal.SIGKILL)
    return child


class StartsSilent:
    """Scores a window that begins with digital silence +5, any other -1."""

    fingerprint = "starts silent"

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        silent = (waveforms[:, :1000] == 0).all(axis=1)
        return np.where(silent, 5.0, -1.0), np.zeros(len(waveforms))


def test_stability_is_measured_on_request_and_a_score_that_rests_on_edge_silence_is_told(tmp_path, speech):
    padded = np.concatenate([np.zeros(RATE // 2), speech[: 4 * RATE]])
    soundfile.write(tmp_path / "a.wav", np.stack([padded, 0 * padded], axis=1), RATE)
    assert examine(tmp_path, StartsSilent())["a.wav"].stability == {}
    result = examine(tmp_path, StartsSilent(), stability=True, review_score=0.5)["a.wav"]
    assert result.score > 0.5
    assert set(result.stability) == {"edges_trimmed", "cropped", "reencoded"}
    assert result.stability["edges_trimmed"] == -1
    told = [said(r) for r in result.remarks if said(r).startswith("unsteady: ")]
    assert told[0].startswith("unsteady: without silence at both ends, the score changes its sign")
    assert told[1].startswith("unsteady: without silence at both ends, the score falls below the review threshold")
    assert FileResult.from_json(result.to_json()).stability == pytest.approx(result.stability, abs=1e-4)


def test_a_steady_score_is_not_called_unstable_and_a_crop_may_leave_too_little(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    result = examine(tmp_path, fake_detector, stability=True, review_score=1000.0)["a.wav"]
    assert result.remarks == ()
    for score in result.stability.values():
        assert score == pytest.approx(result.score, rel=0.15)
    net = result.channels[0].net_speech_s
    scarce = examine(tmp_path, fake_detector, stability=True, min_net_speech_s=net)["a.wav"]
    assert (scarce.status, scarce.stability["cropped"]) == ("scored", None)


@pytest.mark.parametrize(
    ("occlusion", "review_score", "drawn"),
    [
        ("none", -9.0, False),
        ("flagged", 9.0, False),
        ("flagged", -9.0, True),
        ("flagged", None, False),
        ("all", 9.0, True),
        ("top:1", None, True),
    ],
)
def test_occlusion_curves_are_drawn_for_the_files_asked_for(
    tmp_path, speech, fake_detector, occlusion, review_score, drawn
):
    samples = np.concatenate([noise(1), speech[: 8 * RATE]])
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    result = examine(tmp_path, fake_detector, occlusion=occlusion, review_score=review_score)["a.wav"]
    assert (result.occlusion is not None) == drawn
    if result.occlusion:
        assert len(result.occlusion.change) == len(result.occlusion.starts_s) == 9
        assert FileResult.from_json(result.to_json()).occlusion.starts_s[1] == 1


def test_only_files_among_the_highest_so_far_are_heard_again(tmp_path, speech, fake_detector):
    for name, level in (("a", 0.8), ("b", 0.4), ("c", 1.0), ("d", 0.6)):
        soundfile.write(tmp_path / f"{name}.wav", level * np.concatenate([noise(1), speech[: 8 * RATE]]), RATE)
    found = examine(tmp_path, fake_detector, occlusion="top:1")
    assert [name for name, result in found.items() if result.occlusion] == ["a.wav", "c.wav"]


@pytest.mark.parametrize("choice", ["some", "top:", "top:0", "top:-1", "top:x", "7"])
def test_an_unknown_choice_of_occlusion_is_a_usage_error(choice):
    with pytest.raises(UsageError, match="none, flagged, all or top:N"):
        ExaminationOptions(occlusion=choice)


def test_a_second_pass_changes_no_score_and_no_fingerprint(tmp_path, speech, fake_detector):
    soundfile.write(tmp_path / "a.wav", speech[: 6 * RATE], RATE)
    once = examine(tmp_path, fake_detector)["a.wav"]
    twice = examine(tmp_path, fake_detector, stability=True, occlusion="all")["a.wav"]
    assert (once.channels, once.observations, once.fingerprint) == (
        twice.channels,
        twice.observations,
        twice.fingerprint,
    )


def test_a_second_pass_that_fails_costs_only_itself(tmp_path, speech, fake_detector, monkeypatch):
    def fail(*_: object) -> None:
        raise EvidenceError(Remark("decoder_crashed", {"signal": "SIGSEGV"}), "decode_failed")

    soundfile.write(tmp_path / "a.wav", speech[: 6 * RATE], RATE)
    monkeypatch.setattr("slim_cli.engines.examine.StabilityCheck.take", fail)
    result = examine(tmp_path, fake_detector, stability=True)["a.wav"]
    assert (result.status, result.stability) == ("scored", {})
    assert [remark.code for remark in result.remarks] == ["second_pass_failed", "decoder_crashed"]


def test_listening_proxies_are_made_on_request_for_scored_files_and_change_no_result(tmp_path, speech, fake_detector):
    evidence, out = tmp_path / "evidence", tmp_path / "out"
    evidence.mkdir()
    soundfile.write(evidence / "a.wav", np.stack([0 * speech[: 6 * RATE], speech[: 6 * RATE]], axis=1), RATE)
    soundfile.write(evidence / "b.wav", np.zeros(6 * RATE), RATE)
    before = examine(evidence, fake_detector, output=out)
    assert not (out / "proxy").exists()
    heard = examine(evidence, fake_detector, output=out, embed_audio=True)
    assert heard == before
    assert [p.name for p in (out / "proxy").iterdir()] == [Path(proxy_name(heard["a.wav"].overview)).name]


def test_voiced_sound_that_is_not_taken_for_speech_is_scored_apart_and_can_be_heard(tmp_path, speech, fake_detector):
    evidence, out = tmp_path / "evidence", tmp_path / "out"
    evidence.mkdir()
    soundfile.write(evidence / "a.wav", speech[: 6 * RATE], RATE)
    soundfile.write(evidence / "b.wav", at_level(gliding_voice(6), -20), RATE)
    found = examine(evidence, fake_detector, output=out, embed_audio=True)
    machine = found["b.wav"]
    (stretch,) = machine.channels[0].rejected_voiced
    assert (machine.status, machine.score, machine.channels[0].score) == ("insufficient_speech", None, None)
    assert stretch.score == pytest.approx(1.0, abs=0.05)  # 10 * RMS
    assert [remark.code for remark in machine.remarks] == ["voiced_not_speech"]
    assert (out / proxy_name(machine.overview)).is_file()
    alone = examine(evidence, FakeDetector(), output=out)["a.wav"]
    assert alone.score == found["a.wav"].score


def test_a_proxy_of_other_samples_than_those_examined_is_not_kept(tmp_path, speech, fake_detector, monkeypatch):
    evidence, out = tmp_path / "evidence", tmp_path / "out"
    evidence.mkdir()
    soundfile.write(evidence / "a.wav", speech[: 6 * RATE], RATE)
    monkeypatch.setattr("slim_cli.engines.examine.ProxyWriter.keep", lambda *_: False)
    result = examine(evidence, fake_detector, output=out, embed_audio=True)["a.wav"]
    assert result.status == "scored"
    assert said(result.remarks) == "no listening proxy was kept, because its samples differ from those examined"
    assert not list((out / "proxy").iterdir())


def test_a_calibration_weighs_scored_rows_and_only_those(tmp_path, speech, fake_detector):
    class Weigher:
        seen: ClassVar[list[tuple[str, str]]] = []

        def assess(self, result: FileResult, fingerprint: str) -> tuple[str, str, LikelihoodRatio]:
            self.seen.append((result.path, fingerprint))
            assert result.observations["snr_db"].value is not None
            return "given", "", LikelihoodRatio(1.0, 0.5, 1.5)

    soundfile.write(tmp_path / "a.wav", speech[: 6 * RATE], RATE)
    soundfile.write(tmp_path / "b.wav", np.zeros(RATE), RATE)
    results = examine(tmp_path, fake_detector, calibration=Weigher())
    assert (results["a.wav"].lr_status, results["a.wav"].lr) == ("given", LikelihoodRatio(1.0, 0.5, 1.5))
    assert (results["b.wav"].lr_status, results["b.wav"].lr) == ("uncalibrated", None)
    assert Weigher.seen == [("a.wav", results["a.wav"].fingerprint)]
