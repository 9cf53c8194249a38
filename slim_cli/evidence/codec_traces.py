"""Measures of the signal that a codec decides itself, so that they say nothing of the sound that was stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from slim_cli.evidence.formats import codec_of

_ZEROS = ("pause_zero_fraction", "digital_silence_fraction")
_BAND = ("effective_bandwidth_hz", "edge_slope_db_per_khz", "hf_energy_ratio_db")
_ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("pcm_alaw", ("dc_offset", *_ZEROS)),  # no code of A-law stands for zero
    # what a speech coder puts into pauses is its own, as is the band that it passes
    ("amr_nb amr_wb g723_1 g729 evrc qcelp speex", ("pause_flatness_db", *_ZEROS, *_BAND)),
    ("gsm ilbc truespeech dss g721 g723 g726 g728 adpcm_vox adpcm_nms", _ZEROS),
    ("aac opus vorbis wmav1 wmapro wmavoice ac3 eac3 dts", (*_ZEROS, *_BAND)),
    ("cook sipr ra_144 ra_288 musepack atrac sbc nellymoser", (*_ZEROS, *_BAND)),
    ("adpcm_ima adpcm_ms adpcm_swf adpcm_yamaha adpcm_sbpro", _ZEROS),
)
_DECIDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {codec: measures for codecs, measures in _ROWS for codec in codecs.split()}
)


def decided_by(name: str) -> tuple[str, ...]:
    """Measures whose values the codec of this name makes itself.

    >>> decided_by("ALAW"), decided_by("PCM_16")
    (('dc_offset', 'pause_zero_fraction', 'digital_silence_fraction'), ())
    """
    return _DECIDED.get(codec_of(name).id, ())
