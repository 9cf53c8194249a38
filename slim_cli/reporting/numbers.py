"""Numbers as people read them in a language, and short forms of names; all of it are filters of the templates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from babel.numbers import format_decimal

from slim_cli.evidence.formats import codec_of, container_name
from slim_cli.reporting.figures.axes import clock
from slim_cli.results import Media
from slim_cli.words import Words, load_words

DASH = "–"


def significant(value: float, digits: int = 2) -> float:
    """A positive number rounded to significant figures.

    >>> significant(1234), significant(0.0996)
    (1200.0, 0.1)
    """
    return float(f"{value:.{digits - 1}e}")


class Numbers:
    """Numbers in a language, with a true minus sign.

    Args:
        words: the language.
    """

    def __init__(self, words: Words | None = None) -> None:
        self._words = words or load_words()

    def signed(self, value: float | None, digits: int = 2) -> str:
        """A score with its sign.

        >>> Numbers().signed(3.14159), Numbers(load_words("de")).signed(-0.5), Numbers().signed(None)
        ('+3.14', '−0,50', '–')
        """
        return DASH if value is None else f"{'−' if value < 0 else '+'}{self.plain(abs(value), digits)}"

    def plain(self, value: float | None, digits: int = 2) -> str:
        """A number with grouping.

        >>> Numbers().plain(-1234.5, 1), Numbers(load_words("de")).plain(-1234.5, 1), Numbers().plain(None)
        ('−1,234.5', '−1.234,5', '–')
        """
        return DASH if value is None else self._decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0")

    def tick(self, value: float, signed: bool = False) -> str:
        """A mark of an axis, with the digits that it needs.

        >>> Numbers().tick(0.5), Numbers().tick(2.0, signed=True), Numbers(load_words("de")).tick(-0.25)
        ('0.5', '+2', '−0,25')
        """
        return ("+" if signed and value > 0 else "") + self._decimal(value, "0.######")

    def ratio(self, log10: float) -> str:
        """A ratio from its base-10 logarithm, with two significant figures.

        >>> [Numbers().ratio(log10) for log10 in (1.615, 3.091, 0.37, -1.597, 0.9987)]
        ['41', '1,200', '2.3', '0.025', '10']
        """
        rounded = significant(10**log10)
        return self.plain(rounded, max(0, 1 - math.floor(math.log10(rounded))))

    def percent(self, share: float | None) -> str:
        """A share as per cent, with a decimal where it matters.

        >>> [Numbers().percent(share) for share in (0.07, 0.123, 0.004, 1.0)]
        ['7\xa0%', '12\xa0%', '0.4\xa0%', '100\xa0%']
        """
        if share is None:
            return DASH
        value = round(100 * share, 9)
        return self.plain(value, 0 if value >= 9.95 or value == round(value) else 1) + "\u00a0%"

    def duration(self, seconds: float | None) -> str:
        """A duration, with hours and minutes from one minute on.

        >>> Numbers().duration(3.21), Numbers().duration(125.4), Numbers().duration(7385)
        ('3.2 s', '2 min 5 s', '2 h 03 min')
        """
        if seconds is None:
            return DASH
        if seconds < 60:
            return f"{self.plain(seconds, 1)} s"
        if seconds < 3600:
            return f"{int(seconds) // 60} min {int(seconds) % 60} s"
        return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60:02d} min"

    def size(self, count: int | None) -> str:
        """A size in bytes, exact and readable.

        >>> Numbers().size(182044), Numbers(load_words("de")).size(12), Numbers().size(None)
        ('182,044 bytes (178 KiB)', '12 Byte', '–')
        """
        if count is None:
            return DASH
        exact = self._words.say("bytes", n=count)
        if not 1024 <= count < 1e12:
            return exact
        power = min(4, int(math.log(count, 1024)))
        return f"{exact} ({self._decimal(count / 1024**power, '@@#')} {('', 'KiB', 'MiB', 'GiB', 'TiB')[power]})"

    def frequency(self, hertz: float | None) -> str:
        """A frequency.

        >>> Numbers().frequency(44100), Numbers().frequency(8000), Numbers().frequency(300)
        ('44.1 kHz', '8 kHz', '300 Hz')
        """
        if hertz is None:
            return DASH
        return f"{self.tick(hertz / 1000)} kHz" if hertz >= 1000 else f"{self.tick(hertz)} Hz"

    def filters(self) -> dict[str, Callable[..., Any]]:
        """What the templates call."""
        own = (self.signed, self.plain, self.ratio, self.percent, self.duration, self.size, self.frequency)
        return {function.__name__: function for function in (*own, stored, shortened, moment, clock)}

    def _decimal(self, value: float, pattern: str) -> str:
        return format_decimal(value, pattern, self._words.locale).replace("-", "−")


def moment(stamp: str | None) -> str:
    """An ISO 8601 UTC time without its `T`.

    >>> moment("2026-11-23T05:19:14Z"), moment("2026-11-23T05:19:14.5+00:00")
    ('2026-11-23 05:19:14 UTC', '2026-11-23 05:19:14 UTC')
    """
    if not stamp:
        return DASH
    return f"{stamp[:10]} {stamp[11:19]} UTC"


def shortened(text: str, most: int = 90) -> str:
    """A long name without its middle; its full form stands elsewhere in the report.

    >>> shortened("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def stored(media: Media) -> str:
    """Container and codec as readers know them, once where they are the same.

    >>> [stored(Media(*kind, 8000, 1, 1, 1.0, "", "")) for kind in (("WAV", "ULAW"), ("MP3", "MPEG_LAYER_III"))]
    ['WAV, G.711 µ-law', 'MP3']
    """
    codec, container = codec_of(media.codec).name, container_name(media.container)
    return container if container.startswith(codec) else f"{container}, {codec}"
