"""What many tests share: a detector that is a plain function of the waveform, speech, and ways to store it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import lfilter

from slim_cli.results import Remark
from slim_cli.words import load_words

RATE_HZ = 16_000
EXAMPLES = Path(__file__).parents[1] / "examples" / "evidence"


@dataclass(frozen=True)
class FakeInfo:
    """Stands for `BundleInfo`."""

    name: str = "fake"
    version: str = "0"
    description: str = "a plain function of the waveform"
    parameters: int = 0
    sha256: dict[str, str] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)


class FakeDetector:
    """Scores a window by its level: score = 10 * RMS, mismatch = RMS, over the valid samples.

    Attributes:
        batches: the sizes of the batches it was given.
    """

    fingerprint = "fake"
    info = FakeInfo()
    device = "cpu"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def score(self, waveforms: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.batches.append(len(waveforms))
        rms = np.array([np.sqrt(np.mean(w[:n].astype(float) ** 2)) for w, n in zip(waveforms, lengths, strict=True)])
        return 10 * rms, rms


def said(remarks: Remark | Iterable[Remark] | None) -> str:
    """The English sentences of a remark or several; empty for none."""
    return load_words().sentences(() if remarks is None else [remarks] if isinstance(remarks, Remark) else remarks)


def gliding_voice(seconds: float) -> np.ndarray:
    """Pulses whose rate moves between 100 and 160 Hz, through one formant."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    phase = np.cumsum(130 + 30 * np.sin(2 * np.pi * 0.4 * time)) / RATE_HZ
    pulses = np.diff(np.floor(phase), prepend=0.0)
    return lfilter([1], [1, -1.8 * np.cos(2 * np.pi * 600 / RATE_HZ), 0.81], pulses)


def at_level(samples: np.ndarray, db: float) -> np.ndarray:
    """The samples at a level, dB re full scale, float32."""
    return (samples / np.sqrt(np.mean(samples**2)) * 10 ** (db / 20)).astype(np.float32)


@pytest.fixture
def fake_detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture(scope="session")
def shared_detector() -> FakeDetector:
    """The same, for fixtures that scan once for many tests."""
    return FakeDetector()


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Twelve seconds of speech, (192000,) float32 at 16 kHz: the example clips, or a speech synthesiser's voice."""
    parts = [_read(path) for path in sorted(EXAMPLES.glob("*")) if path.suffix in (".wav", ".flac", ".ogg", ".mp3")]
    if not sum(map(len, parts)) and shutil.which("espeak-ng"):
        path = tmp_path_factory.mktemp("voice") / "voice.wav"
        text = "The quick brown fox jumps over the lazy dog, and nobody in the whole village ever asked it why. " * 4
        subprocess.run(["espeak-ng", "-w", path, text], check=True)
        parts = [_read(path)]
    joined = np.concatenate([*parts, np.zeros(0, np.float32)])
    if len(joined) < 12 * RATE_HZ:
        pytest.skip("neither example clips nor espeak-ng are there to give speech")
    return joined[: 12 * RATE_HZ] / np.abs(joined[: 12 * RATE_HZ]).max() * 0.5


def _read(path: Path) -> np.ndarray:
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return np.zeros(0, np.float32)
    return soxr.resample(samples[:, 0], rate, RATE_HZ)


def encode(path: Path, samples: np.ndarray, codec: str, rate: int = RATE_HZ, video: bool = False) -> None:
    """Stores mono samples (n,) float32 at 16 kHz through FFmpeg, with a few black pictures if asked."""
    signal = soxr.resample(samples, RATE_HZ, rate).astype(np.float32)
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=rate, layout="mono")
        track.bit_rate = 12_200 if "amr" in codec else 64_000
        if video:
            pictures = container.add_stream("mpeg4", rate=5)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            for _ in range(5):
                container.mux(pictures.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(pictures.encode(None))
        frame = av.AudioFrame.from_ndarray(signal[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        converted = av.AudioResampler(track.format, "mono", rate, track.codec_context.frame_size or 1024)
        for piece in [*converted.resample(frame), *converted.resample(None)]:
            container.mux(track.encode(piece))
        container.mux(track.encode(None))


@pytest.fixture(scope="session")
def store_media() -> Callable[..., None]:
    """`encode`, for tests that need a media container."""
    return encode


def random_encoder(folder: Path, depth: int, seed: int = 0) -> None:
    """Saves a wav2vec 2.0 of random weights with the paper's architecture at a fraction of its width."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(seed)
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=depth,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8,) * 7,
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    Wav2Vec2Model(config).save_pretrained(folder)


@pytest.fixture(scope="session")
def save_encoder() -> Callable[..., None]:
    """`random_encoder`, for tests that need a ready-made encoder."""
    return random_encoder
