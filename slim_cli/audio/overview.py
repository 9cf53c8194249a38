"""A picture of a whole file in bounded memory: waveform envelope, mel and linear spectrogram at the native rate."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slim_cli.audio.resampling import FirstRate
from slim_cli.audio.spectra import frame_length, linear_filters, mel_filters, power_spectra
from slim_cli.audio.stream import Passage
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.whole_files import replacing

BANDS = 128
MAX_COLUMNS = 1200
FLOOR_DB = -100.0
_ATOM_S = 0.008
_MAX_STRIDE = 4


@dataclass(frozen=True)
class Overview:
    """One channel, drawn as `N` columns of equal duration, 300 to 1200 of them in files longer than 2.4 s.

    Attributes:
        envelope_min: (N,) float32, lowest sample in each column, full scale = 1.
        envelope_max: (N,) float32, highest sample.
        mel_db: (128, N) uint8, mean power; 0 = -100 dBFS or less, 255 = 0 dBFS, linear in dB; row 0 is the lowest band.
        mel_hz: (128,) float32, centre frequencies, Hz.
        linear_db: (128, N) uint8, the same in bands of equal width; None where the version that scanned stored none.
        linear_hz: (128,) float32, their centre frequencies, Hz; None likewise.
        duration_s: duration of the signal, seconds.
        sample_rate_hz: native sample rate, Hz.
        window_s: length of a spectral frame, seconds.
        hop_s: duration of one column, seconds.
        channel: channel number, from 0.
    """

    envelope_min: np.ndarray
    envelope_max: np.ndarray
    mel_db: np.ndarray
    mel_hz: np.ndarray
    linear_db: np.ndarray | None
    linear_hz: np.ndarray | None
    duration_s: float
    sample_rate_hz: int
    window_s: float
    hop_s: float
    channel: int

    @property
    def spectrum_hop_s(self) -> float:
        """Step from one spectrum to the next, seconds; in long files a column holds the mean of several."""
        return min(self.hop_s, _MAX_STRIDE * round(self.sample_rate_hz * _ATOM_S) / self.sample_rate_hz)

    def save(self, path: Path) -> None:
        """Writes the overview, whole or not at all.

        Raises:
            EnvironmentUnfit: it cannot be written there.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as partial, partial.open("wb") as file:
                np.savez_compressed(file, **{k: v for k, v in vars(self).items() if v is not None})
        except OSError as error:
            raise EnvironmentUnfit(f"The overview {path} cannot be written: {error.strerror}.") from error

    @classmethod
    def load(cls, path: Path) -> Overview:
        """Reads a saved overview; nothing is unpickled.

        Raises:
            UsageError: the file is missing or no overview.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(
                    envelope_min=stored["envelope_min"],
                    envelope_max=stored["envelope_max"],
                    mel_db=stored["mel_db"],
                    mel_hz=stored["mel_hz"],
                    linear_db=stored.get("linear_db"),
                    linear_hz=stored.get("linear_hz"),
                    duration_s=float(stored["duration_s"]),
                    sample_rate_hz=int(stored["sample_rate_hz"]),
                    window_s=float(stored["window_s"]),
                    hop_s=float(stored["hop_s"]),
                    channel=int(stored["channel"]),
                )
        except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise UsageError(f"The overview {path} cannot be read: {error}.") from error


class FileOverview:
    """Draws the channels of a file's first segment, over all of its segments."""

    stage = "pictures"

    def __init__(self) -> None:
        self._native = FirstRate()
        self._builder: OverviewBuilder | None = None

    def take(self, passage: Passage) -> None:
        """See `Consumer`."""
        block = self._native.push(passage.rate_hz, passage.native, passage.first, passage.last)
        if self._builder is None:
            self._builder = OverviewBuilder(self._native.rate_hz, self._native.channels)
        self._builder.push(block)

    def finish(self, channel: int) -> Overview | None:
        """The picture of one channel, None where it was not drawn; call once, after the last passage."""
        drawn = self._builder.finish() if self._builder else []
        return drawn[channel] if channel < len(drawn) else None


class OverviewBuilder:
    """Draws every channel of a stream; when 1200 columns are full, neighbours are merged in pairs.

    The signal is read in atoms of 8 ms, and a column starts as one atom. A spectrum is taken at the start of every
    cell, which is as long as a column but at most four atoms; a column holds the mean power of its cells.

    Args:
        rate_hz: native sample rate.
        channels: number of channels.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate, self._samples = rate_hz, 0
        self._atom = round(rate_hz * _ATOM_S)
        self._frame = frame_length(rate_hz)
        mel, self._mel_hz = mel_filters(rate_hz, self._frame, BANDS)
        linear, self._linear_hz = linear_filters(rate_hz, self._frame, BANDS)
        self._filters = np.hstack([mel, linear])
        self._atoms_per_column = 1
        self._columns = _Columns.empty(channels)
        self._cells = _Columns.empty(channels)
        self._held = np.zeros((channels, 0), np.float32)

    @property
    def _stride(self) -> int:
        return min(_MAX_STRIDE, self._atoms_per_column)

    def push(self, block: np.ndarray) -> None:
        """Adds the next block, (C, n) float32 at the native rate."""
        self._samples += block.shape[1]
        self._held = np.concatenate([self._held, block], axis=1)
        while True:
            cell = self._stride * self._atom
            ready = (self._held.shape[1] - max(cell, self._frame)) // cell + 1
            if not self._draw(ready):
                return

    def finish(self) -> list[Overview]:
        """The overviews, one per channel."""
        cell = self._stride * self._atom
        cells = -(-self._held.shape[1] // cell)
        self._held = np.pad(self._held, ((0, 0), (0, cell + self._frame)))
        while cells > 0:
            drawn = self._draw(cells)
            cells = -(-(cells - drawn) * cell // (self._stride * self._atom))
            cell = self._stride * self._atom
        columns = self._columns
        if self._cells.count:
            columns = columns.joined(self._cells.grouped(self._cells.count))
        return [self._overview(columns, channel) for channel in range(len(columns.low))]

    def _draw(self, ready: int) -> int:
        """Reads up to `ready` cells, not beyond the column that fills the picture; returns how many."""
        per_column = self._atoms_per_column // self._stride
        room = (MAX_COLUMNS - self._columns.count) * per_column - self._cells.count
        cells, cell = min(ready, room), self._stride * self._atom
        if cells <= 0:
            return 0
        pieces = self._held[:, : cells * cell].reshape(len(self._held), cells, cell)
        spectra = power_spectra(self._held, np.arange(cells) * cell, self._frame)
        self._held = self._held[:, cells * cell :].copy()
        self._cells = self._cells.joined(_Columns(pieces.min(2), pieces.max(2), spectra @ self._filters))
        whole = self._cells.count // per_column
        self._columns = self._columns.joined(self._cells.first(whole * per_column).grouped(per_column))
        self._cells = self._cells.after(whole * per_column)
        if self._columns.count == MAX_COLUMNS:
            self._columns = self._columns.grouped(2)
            self._atoms_per_column *= 2
        return cells

    def _overview(self, columns: _Columns, channel: int) -> Overview:
        decibels = 10 * np.log10(np.maximum(columns.power[channel].T, 10 ** (FLOOR_DB / 10)))
        levels = np.clip(np.rint((decibels - FLOOR_DB) * (255 / -FLOOR_DB)), 0, 255).astype(np.uint8)
        return Overview(
            envelope_min=columns.low[channel],
            envelope_max=columns.high[channel],
            mel_db=levels[:BANDS],
            mel_hz=self._mel_hz,
            linear_db=levels[BANDS:],
            linear_hz=self._linear_hz,
            duration_s=self._samples / self._rate,
            sample_rate_hz=self._rate,
            window_s=self._frame / self._rate,
            hop_s=self._atoms_per_column * self._atom / self._rate,
            channel=channel,
        )


@dataclass(frozen=True)
class _Columns:
    """Columns of all channels: lowest and highest sample (C, N), mean power in all bands (C, N, 256)."""

    low: np.ndarray
    high: np.ndarray
    power: np.ndarray

    @classmethod
    def empty(cls, channels: int) -> _Columns:
        nothing = np.zeros((channels, 0), np.float32)
        return cls(nothing, nothing, np.zeros((channels, 0, 2 * BANDS), np.float32))

    @property
    def count(self) -> int:
        return self.low.shape[1]

    def first(self, count: int) -> _Columns:
        return _Columns(self.low[:, :count], self.high[:, :count], self.power[:, :count])

    def after(self, count: int) -> _Columns:
        return _Columns(self.low[:, count:].copy(), self.high[:, count:].copy(), self.power[:, count:].copy())

    def joined(self, other: _Columns) -> _Columns:
        pairs = ((self.low, other.low), (self.high, other.high), (self.power, other.power))
        return _Columns(*(np.concatenate(pair, axis=1) for pair in pairs))

    def grouped(self, size: int) -> _Columns:
        """Neighbouring columns merged, `size` at a time."""
        shape = (len(self.low), self.count // size, size)
        low, high = self.low.reshape(shape).min(2), self.high.reshape(shape).max(2)
        return _Columns(low, high, self.power.reshape(*shape, 2 * BANDS).mean(2))
