"""The verbal scale: which words stand for which likelihood ratio; shipped as data, a laboratory may use its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slim_cli.words import read_data


@dataclass(frozen=True)
class Scale:
    """A verbal scale.

    Attributes:
        source: where it comes from.
        bands: lowest ratio and phrase of each band, rising from 1.
    """

    source: str
    bands: tuple[tuple[float, str], ...]

    def phrase(self, ratio: float) -> str:
        """The phrase for a ratio of 1 or more.

        >>> Scale("", ((1.0, "none"), (2.0, "weak"))).phrase(2.0)
        'weak'
        """
        return [phrase for low, phrase in self.bands if low <= max(ratio, 1)][-1]


def read_scale(data: Mapping[str, Any], language: str) -> Scale:
    """A scale from data in the form of `scale.toml`; a text may be given once or by language.

    Raises:
        ValueError: source or bands are missing, or the bands do not rise from 1.
    """
    try:
        bands = tuple((float(band["from"]), _in(language, band["phrase"])) for band in data["band"])
        source = _in(language, data["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a scale needs a source, and a number and a phrase for every band ({error})") from error
    lows = [low for low, _ in bands]
    if lows[:1] != [1.0] or lows != sorted(set(lows)):
        raise ValueError("the bands of a scale must rise from 1")
    return Scale(source, bands)


def load_scale(language: str, own: Mapping[str, Any] | None = None) -> Scale:
    """The laboratory's own scale, or the shipped one."""
    return read_scale(own or read_data("scale.toml"), language)


def _in(language: str, text: Any) -> str:
    if isinstance(text, Mapping):
        text = text.get(language) or next(iter(text.values()))
    if not isinstance(text, str):
        raise TypeError("a text is missing")
    return " ".join(text.split())
