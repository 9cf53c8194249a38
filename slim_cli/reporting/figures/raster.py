"""Spectrograms as small grey pictures: dark = loud, one pixel per stored cell."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from slim_cli.audio.overview import FLOOR_DB, Overview

SPAN_DB = 70.0
THUMBNAIL = (176, 60)
_QUALITY = 85


def level_range_db(overview: Overview) -> tuple[float, float]:
    """The levels drawn white and black, dBFS: 70 dB below the loudest cells, rounded to 5 dB."""
    top = float(np.quantile(overview.mel_db, 0.999)) / 255 * -FLOOR_DB + FLOOR_DB
    top = min(0.0, max(FLOOR_DB + SPAN_DB, 5 * np.ceil(top / 5)))
    return top - SPAN_DB, top


def spectrogram_url(levels: np.ndarray, range_db: tuple[float, float], size: tuple[int, int] | None = None) -> str:
    """A spectrogram as a JPEG data URL, highest band on top.

    Args:
        levels: (bands, N) uint8 as in `Overview.mel_db`.
        range_db: levels drawn white and black, dBFS.
        size: width and height in pixels, by default one per cell.
    """
    low, high = range_db
    level = levels.astype(np.float32) / 255 * -FLOOR_DB + FLOOR_DB
    grey = 255 - np.clip((level - low) / (high - low), 0, 1) * 255
    picture = Image.fromarray(np.flipud(grey).astype(np.uint8))
    buffer = io.BytesIO()
    (picture.resize(size, Image.Resampling.BOX) if size else picture).save(buffer, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
