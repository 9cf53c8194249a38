"""Codecs that training hears: every kind that has an encoder here and decodes what it wrote, each at random rates."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from slim_cli.corpora.channel_conditions import AMR_WB_LIBRARY, NO_AMR_WB, amr_wb, coded, received
from slim_cli.errors import EnvironmentUnfit

AMR_NB_RATES = (4750, 5150, 5900, 6700, 7400, 7950, 10200, 12200)


@dataclass(frozen=True)
class RandomCodec:
    """A codec as training hears it.

    Attributes:
        container: FFmpeg's name of the file format it is written into.
        encoder: FFmpeg's name of the encoder.
        rates_hz: sample rates, one of which is drawn.
        bit_rates: bits per second, one of which is drawn; empty where the codec has no choice.
        weight: how often it is drawn beside the others.
    """

    container: str
    encoder: str
    rates_hz: Sequence[int] = (16000,)
    bit_rates: Sequence[int] = ()
    weight: float = 1.0

    def __call__(self, samples: np.ndarray, rng: np.random.Generator) -> bytes:
        """The file that it makes of (T,) float32 at 16 kHz."""
        rate = int(rng.choice(self.rates_hz))
        bits = int(rng.choice(self.bit_rates)) if self.bit_rates else 0
        return coded(samples, self.container, self.encoder, rate, bits)


def _amr_wb(samples: np.ndarray, rng: np.random.Generator) -> bytes:
    if not (library := ctypes.util.find_library(AMR_WB_LIBRARY)):
        raise EnvironmentUnfit(f"Training hears codecs one by one; here is {NO_AMR_WB}.")
    return amr_wb(samples, ctypes.CDLL(library), int(rng.integers(1, 9)))


Coder = Callable[[np.ndarray, np.random.Generator], bytes]

CODECS: Mapping[str, tuple[float, Coder]] = MappingProxyType(
    {
        "amr-wb": (1.5, _amr_wb),
        **{
            name: (codec.weight, codec)
            for name, codec in {
                "mp3": RandomCodec("mp3", "libmp3lame", (16000,), (16000, 24000, 32000, 48000, 64000, 96000), 2),
                "mp3-low": RandomCodec("mp3", "libmp3lame", (8000, 11025, 12000), (16000, 24000), 0.5),
                "aac": RandomCodec("adts", "aac", (16000,), (16000, 24000, 32000, 48000, 64000, 96000), 2),
                "opus": RandomCodec("ogg", "libopus", (16000,), (8000, 12000, 16000, 24000, 32000), 2),
                "opus-narrow": RandomCodec("ogg", "libopus", (8000, 12000), (6000, 8000, 12000), 1),
                "amr-nb": RandomCodec("amr", "libopencore_amrnb", (8000,), AMR_NB_RATES, 1.5),
                "mu-law": RandomCodec("wav", "pcm_mulaw", (8000,)),
                "a-law": RandomCodec("wav", "pcm_alaw", (8000,)),
                "g722": RandomCodec("wav", "adpcm_g722"),
                "g723": RandomCodec("wav", "g723_1", (8000,), (6300,), 0.5),
                "g726": RandomCodec("wav", "g726", (8000,), (16000, 24000, 32000, 40000), 0.5),
                "adpcm": RandomCodec("wav", "adpcm_ima_wav", (8000, 11025, 16000), (), 0.5),
                "adpcm-ms": RandomCodec("wav", "adpcm_ms", (8000, 11025, 16000), (), 0.3),
                "wma": RandomCodec("asf", "wmav2", (16000,), (24000, 32000, 48000), 0.5),
                "mp2": RandomCodec("mp2", "mp2", (16000,), (32000, 64000), 0.5),
                "8-bit": RandomCodec("wav", "pcm_u8", (8000, 11025, 16000), (), 0.3),
                "narrow": RandomCodec("wav", "pcm_s16le", (8000,), (), 1),
                "half-rate": RandomCodec("wav", "pcm_s16le", (11025, 12000), (), 0.5),
            }.items()
        },
    }
)


def random_codec(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Samples as received through one of the codecs, at one of its rates.

    Args:
        samples: (T,) float32 at 16 kHz.
        rng: decides.

    Returns:
        (T',) float32, never longer.

    Raises:
        EnvironmentUnfit: there is no AMR-WB encoder here.
    """
    weights = np.array([weight for weight, _ in CODECS.values()])
    _, coder = list(CODECS.values())[rng.choice(len(CODECS), p=weights / weights.sum())]
    return received(coder(samples, rng), samples)
