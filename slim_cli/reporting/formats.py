"""Numbers as people read them; every function is a filter of the templates."""

from __future__ import annotations

import math

from slim_cli.evidence.formats import codec_of, container_name
from slim_cli.results import Media

DASH = "–"


def signed(value: float | None, digits: int = 2) -> str:
    """A score with its sign.

    >>> signed(3.14159), signed(-0.5), signed(None)
    ('+3.14', '−0.50', '–')
    """
    return DASH if value is None else f"{value:+.{digits}f}".replace("-", "−")


def plain(value: float | None, digits: int = 2) -> str:
    """A number with a true minus sign and thin grouping.

    >>> plain(-1234.5, 1), plain(None)
    ('−1,234.5', '–')
    """
    return DASH if value is None else f"{value:,.{digits}f}".replace("-", "−")


def significant(value: float, digits: int = 2) -> float:
    """A positive number rounded to significant figures.

    >>> significant(1234), significant(0.0996)
    (1200.0, 0.1)
    """
    return float(f"{value:.{digits - 1}e}")


def ratio(log10: float) -> str:
    """A ratio from its base-10 logarithm, with two significant figures.

    >>> ratio(1.615), ratio(3.091), ratio(0.37), ratio(-1.597), ratio(0.9987)
    ('41', '1,200', '2.3', '0.025', '10')
    """
    rounded = significant(10**log10)
    return plain(rounded, max(0, 1 - math.floor(math.log10(rounded))))


def percent(share: float | None) -> str:
    """A share as per cent, with a decimal where it matters.

    >>> percent(0.07), percent(0.123), percent(0.004), percent(1.0)
    ('7\xa0%', '12\xa0%', '0.4\xa0%', '100\xa0%')
    """
    if share is None:
        return DASH
    value = round(100 * share, 9)
    digits = 0 if value >= 9.95 or value == round(value) else 1
    return f"{value:.{digits}f}\u00a0%"


def duration(seconds: float | None) -> str:
    """A duration, with hours and minutes from one minute on.

    >>> duration(3.21), duration(125.4), duration(7385)
    ('3.2 s', '2 min 5 s', '2 h 03 min')
    """
    if seconds is None:
        return DASH
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60:02d} min"


def size(count: int | None) -> str:
    """A size in bytes, readable and exact.

    >>> size(182044), size(12), size(None)
    ('182,044 bytes (178 KiB)', '12 bytes', '–')
    """
    if count is None:
        return DASH
    exact = f"{count:,} bytes"
    if count < 1024:
        return exact
    power = min(4, int(math.log(count, 1024)))
    return f"{exact} ({count / 1024**power:.3g} {('', 'KiB', 'MiB', 'GiB', 'TiB')[power]})" if count < 1e12 else exact


def frequency(hertz: float | None) -> str:
    """A frequency.

    >>> frequency(44100), frequency(8000), frequency(300)
    ('44.1 kHz', '8 kHz', '300 Hz')
    """
    if hertz is None:
        return DASH
    return f"{hertz / 1000:g} kHz" if hertz >= 1000 else f"{hertz:g} Hz"


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


FILTERS = {
    "stored": stored,
    "shortened": shortened,
    "signed": signed,
    "plain": plain,
    "ratio": ratio,
    "percent": percent,
    "duration": duration,
    "size": size,
    "frequency": frequency,
    "moment": moment,
}
