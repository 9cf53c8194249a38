"""Invented results for the report's tests: plausible numbers, real pictures of a generated signal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from slim_cli.assessment.reference import ClassPair, Histogram, OperatingPoint, Range, Reference
from slim_cli.audio.overview import Overview, OverviewBuilder
from slim_cli.audio.proxy import ProxyWriter, proxy_name
from slim_cli.audio.stream import AudioPass
from slim_cli.audio.stretches import highest_stretches
from slim_cli.results import ChannelResult, FileResult, Media, Observation, Remark, Status, WindowScore
from slim_cli.run_record import RunRecord

RATE_HZ = 16_000
FINGERPRINT = hashlib.sha256(b"fingerprint").hexdigest()

HOSTILE_NAMES: Mapping[str, str] = {
    "markup": "<script>alert(1)</script>&amp;.wav",
    "attribute": "\" onmouseover=alert(1) x='.wav",
    "formula": "=cmd()|' /C calc'!A0.wav",
    "rich": "[bold red]x[/]{{ 7*7 }}{run.command}.wav",
    "ansi": "\x1b[31mred\x1b]0;title\x07.wav",
    "bidi": "invoice\u202egpj.wav",
    "newline": "line\r\nbreak\ttab.wav",
    "undecodable": "caf\ufffd.wav",
    "long": "x" * 251 + ".wav",
    "css": "</style><style>*{display:none}</style>.wav",
}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def speech_like(duration_s: float, seed: int = 0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A voice-like signal: harmonics with moving pitch and formants, pauses, some noise; (1, n) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(duration_s * rate_hz)) / rate_hz
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * time + seed) + 12 * np.sin(2 * np.pi * 2.3 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    formants = ((500 + 200 * np.sin(2 * np.pi * 1.7 * time), 120), (1500 + 400 * np.sin(2 * np.pi * 1.1 * time), 200))
    voice = np.zeros_like(time)
    for k in range(1, 40):
        gain = 0.02 + sum(np.exp(-(((k * pitch - centre) / (2 * width)) ** 2)) for centre, width in formants)
        voice += np.where(k * pitch < rate_hz / 2, gain, 0) * np.sin(k * phase) / np.sqrt(k)
    syllables = np.clip(np.sin(2 * np.pi * 2.9 * time) + 0.4, 0, 1)
    phrases = (np.sin(2 * np.pi * time / 5.1 + seed) > -0.55).astype(float)
    signal = 0.12 * voice * syllables * phrases + 0.0015 * rng.standard_normal(len(time))
    return signal[None].astype(np.float32)


def overview(duration_s: float, seed: int = 0, rate_hz: int = RATE_HZ) -> Overview:
    builder = OverviewBuilder(rate_hz, 1)
    builder.push(speech_like(duration_s, seed, rate_hz))
    return builder.finish()[0]


def windows(duration_s: float, score: float, mismatch: float, seed: int = 0) -> tuple[WindowScore, ...]:
    rng = np.random.default_rng(seed)
    starts = [0.0] if duration_s <= 4 else [*np.arange(0, duration_s - 4, 2.0), duration_s - 4]
    return tuple(
        WindowScore(
            round(float(s), 3),
            round(min(float(s) + 4, duration_s), 3),
            round(float(rng.uniform(0.6, 3.8)), 3),
            round(score + float(rng.normal(0, 0.8)), 4),
            round(min(2.0, max(0.0, mismatch + float(rng.normal(0, 0.06)))), 4),
        )
        for s in starts
    )


def channel(index: int, duration_s: float, score: float, mismatch: float) -> ChannelResult:
    found, spoken = (
        windows(duration_s, score, mismatch, index + int(abs(score) * 100)),
        (0.0, round(duration_s * 0.71, 2)),
    )
    return ChannelResult(
        index,
        digest(f"pcm {index} {score}"),
        spoken[1],
        score,
        mismatch,
        found,
        speech=(spoken,),
        stretches=highest_stretches(found, np.array([spoken])),
    )


def observations() -> dict[str, Observation]:
    return {
        "effective_bandwidth_hz": Observation(7312.5, "Hz"),
        "hf_energy_ratio_db": Observation(-31.2, "dB"),
        "pause_count_per_min": Observation(11.9, "1/min"),
        "pause_mean_s": Observation(0.42, "s"),
        "pause_cv": Observation(None, "", False, Remark("few_pauses", {"needed": 3})),
        "digital_silence_fraction": Observation(0.113, ""),
        "clipping_fraction": Observation(0.0, ""),
        "dc_offset": Observation(-0.00012, "full scale"),
    }


def scored(path: str, score: float, mismatch: float = 0.4, duration_s: float = 23.0, channels: int = 1) -> FileResult:
    voices = tuple(channel(i, duration_s, round(score - 1.3 * i, 4), mismatch) for i in range(channels))
    return FileResult(
        path=path,
        status="scored",
        sha256=digest(path),
        size_bytes=int(duration_s * RATE_HZ * 2 * channels) + 44,
        modified="2026-10-02T08:31:12Z",
        media=Media(
            "WAV",
            "PCM_16",
            RATE_HZ,
            channels,
            int(duration_s * RATE_HZ),
            duration_s,
            "soundfile",
            "0.14.0 (libsndfile 1.2.2)",
            256_000,
            {"title": "Call 14", "encoder": "Lavf58.29.100"},
        ),
        score=score,
        mismatch=mismatch,
        channels=voices,
        observations=observations(),
        fingerprint=FINGERPRINT,
    )


def unscored(path: str, status: Status, reason: str) -> FileResult:
    return FileResult(
        path,
        status,
        Remark("legacy_text", {"text": reason}),
        sha256=digest(path),
        size_bytes=1234,
        fingerprint=FINGERPRINT,
    )


def drawn(result: FileResult, folder: Path, number: int) -> FileResult:
    """The result with an overview stored below the output folder, as a scan does it."""
    if result.media is None or result.sha256 is None:
        return result
    name = f"overview/{number}-{result.sha256[:12]}.npz"
    overview(result.media.duration_s, number).save(folder / name)
    return replace(result, overview=name)


def listened(result: FileResult, folder: Path) -> None:
    """Stores the listening proxy of a drawn result, as a scan does it with `--embed-audio`."""
    assert result.media is not None
    assert result.overview is not None
    samples = speech_like(result.media.duration_s, 1)[0]
    with ProxyWriter(folder / proxy_name(result.overview), RATE_HZ) as proxy:
        AudioPass([proxy], None).segment(RATE_HZ, [samples[None]])
        assert proxy.keep(hashlib.sha256(samples.tobytes()).hexdigest())


def histogram(centre: float, width: float, low: float, high: float, n: int) -> Histogram:
    values = np.clip(np.random.default_rng(int(centre * 10) + 50).normal(centre, width, n), low, high)
    edges = np.linspace(low, high, 49)
    counts, _ = np.histogram(values, edges)
    return Histogram(n, tuple(round(float(e), 4) for e in edges), tuple(int(c) for c in counts), {})


def reference() -> Reference:
    return Reference(
        description="Scores of 812 bona fide and 955 spoof clips from demonstration pages, each scored by a model that "
        "had not been trained on any clip of the same page.",
        score=ClassPair(histogram(-2.6, 1.9, -8, 8, 812), histogram(1.9, 2.2, -8, 8, 955)),
        mismatch=ClassPair(histogram(0.31, 0.1, 0, 1, 812), histogram(0.44, 0.14, 0, 1, 955)),
        operating_point=OperatingPoint(0.62, 0.0504, 0.281, 812, 955),
        observations={
            "effective_bandwidth_hz": {
                "bona_fide": Range(3900.0, 7900.0, 11200.0, 812),
                "spoof": Range(5100.0, 7600.0, 11000.0, 955),
            },
            "hf_energy_ratio_db": {
                "bona_fide": Range(-27.0, -18.0, -9.0, 812),
                "spoof": Range(-33.0, -21.0, -11.0, 955),
            },
            "pause_count_per_min": {"bona_fide": Range(6.0, 17.0, 31.0, 640), "spoof": Range(2.0, 11.0, 24.0, 700)},
            "digital_silence_fraction": {"bona_fide": Range(0.0, 0.0, 0.04, 812), "spoof": Range(0.0, 0.0, 0.22, 955)},
        },
        metrics={
            "eer_pooled": {"value": 0.142, "low": 0.12, "high": 0.166},
            "eer_mean_origin": {"value": 0.151, "low": 0.11, "high": 0.19},
            "eer_mismatch": {"value": 0.31, "low": 0.28, "high": 0.345},
            "auc": 0.923,
            "eer_by_origin": {
                "page-a": {"value": 0.11, "low": 0.07, "high": 0.16, "n_bona_fide": 40, "n_spoof": 62},
                "page-b": [0.24, 22, 31],
            },
            "false_alarms_by_corpus": {"asterisk-en": [0.021, 240]},
        },
    )


def run(results: list[FileResult]) -> RunRecord:
    statuses = [r.status for r in results]
    return RunRecord(
        command=("slim", "scan", "examples/evidence", "-o", "out/demo"),
        started="2026-11-23T05:19:14Z",
        finished="2026-11-23T05:20:41Z",
        tool_version="0.1.0",
        software={"Python": "3.11.7", "torch": "2.13.0+cpu", "soundfile": "0.14.0", "system": "Linux x86_64"},
        model={
            "name": "slim-mini",
            "version": "1",
            "description": "Small SLIM with encoders of its own.",
            "parameters": 14_300_000,
            "sha256": {n: digest(n) for n in ("config.json", "head.safetensors", "style.safetensors")},
            "details": {},
        },
        parameters={"window_s": 4.0, "hop_s": 2.0, "min_net_speech_s": 2.0, "decoders": {"WAV": "soundfile"}},
        fingerprint=FINGERPRINT,
        counts={s: statuses.count(s) for s in dict.fromkeys(statuses)},
        settings={
            "device": {"value": "auto", "origin": "default"},
            "max-duration": {"value": "30m", "origin": "slim.toml"},
            "format": {"value": "html,pdf", "origin": "command line"},
        },
    )


def mixed() -> list[FileResult]:
    """A folder with every status and a few hostile names."""
    return [
        scored("calls/2026-10-02 incoming.wav", 3.4127, 0.58, 23.0, 2),
        scored("calls/voicemail-17.m4a", -2.8101, 0.29, 61.4),
        replace(scored("calls/interview.flac", 0.91, 0.41, 125.0), remarks=(Remark("end_page_missing"),)),
        scored("calls/short.ogg", -0.42, 0.36, 3.1),
        scored(HOSTILE_NAMES["markup"], -4.9, 0.22, 12.0),
        scored(HOSTILE_NAMES["bidi"], 1.7, 0.47, 9.0),
        replace(scored(HOSTILE_NAMES["undecodable"], -1.1), path_hex="636166e92e776176"),
        unscored("calls/silence.wav", "insufficient_speech", "0.0 s of speech found; at least 2 s are needed"),
        unscored("notes.txt", "no_audio", "not an audio file (plain text)"),
        unscored("calls/empty.wav", "decode_failed", "the file is empty (0 bytes)"),
        replace(unscored("locked.wav", "unreadable", "permission denied"), sha256=None, size_bytes=None),
        replace(unscored("pipe", "refused", "a named pipe, not a file"), sha256=None, size_bytes=None),
    ]
