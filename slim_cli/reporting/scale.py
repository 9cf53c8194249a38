"""The verbal scale: which words stand for which likelihood ratio; shipped as data, a laboratory may use its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from slim_cli.errors import FormatError
from slim_cli.loading import read
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


Text = str | dict[str, str]


@dataclass(frozen=True)
class StoredBand:
    """One band of a scale's file: its lowest ratio, and its phrase, given once or by language."""

    low: Annotated[float, Field(alias="from")]
    phrase: Text


@dataclass(frozen=True)
class StoredScale:
    """The file of a scale, in the form of `scale.en.toml`; a text may be given once or by language."""

    source: Text
    band: tuple[StoredBand, ...]


def read_scale(data: Mapping[str, Any], language: str, name: str = "scale") -> Scale:
    """A scale from the content of its file.

    Raises:
        FormatError: source or bands are missing, or the bands do not rise from 1.
    """
    stored = read(StoredScale, data, name)
    lows = [band.low for band in stored.band]
    if lows[:1] != [1.0] or lows != sorted(set(lows)):
        raise FormatError(f"{name}: band: must rise from 1")
    return Scale(_in(language, stored.source), tuple((b.low, _in(language, b.phrase)) for b in stored.band))


def load_scale(language: str, own: Mapping[str, Any] | None = None) -> Scale:
    """The laboratory's own scale, or the shipped one of the language."""
    return read_scale(own or read_data(f"scale.{language}.toml"), language)


def _in(language: str, text: Text) -> str:
    chosen = text if isinstance(text, str) else text.get(language) or next(iter(text.values()))
    return " ".join(chosen.split())
