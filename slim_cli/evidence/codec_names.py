"""The one place that holds the names by which readers know codecs; results keep those of the decoders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        name: shown
        for shown, names in {
            "MP1": "mpeg_layer_i mp1float mp1",
            "MP2": "mpeg_layer_ii mp2float mp2",
            "MP3": "mpeg_layer_iii mp3float mp3",
            "AAC": "aac aac_latm",
            "Opus": "opus",
            "Vorbis": "vorbis",
            "Speex": "speex",
            "AMR-NB": "amrnb amr_nb",
            "AMR-WB": "amrwb amr_wb",
            "G.711 µ-law": "ulaw pcm_mulaw",
            "G.711 A-law": "alaw pcm_alaw",
            "G.721": "g721_32",
            "G.722": "g722",
            "G.723": "g723_24 g723_40",
            "G.723.1": "g723_1",
            "G.726": "g726 g726le",
            "G.729": "g729",
            "GSM 06.10": "gsm gsm_ms gsm610",
            "iLBC": "ilbc",
            "EVRC": "evrc",
            "QCELP": "qcelp",
            "TrueSpeech": "truespeech",
            "DSS": "dss_sp",
            "Nellymoser": "nellymoser",
            "AC-3": "ac3",
            "E-AC-3": "eac3",
            "DTS": "dca",
            "FLAC": "flac",
            "ALAC": "alac alac_16 alac_20 alac_24 alac_32",
            "WMA": "wmav1 wmav2",
            "WMA Pro": "wmapro",
            "WMA Voice": "wmavoice",
            "WMA Lossless": "wmalossless",
            "PCM 32-bit float": "float pcm_f32le pcm_f32be",
            "PCM 64-bit float": "double pcm_f64le pcm_f64be",
            "ADPCM (IMA)": "ima_adpcm adpcm_ima_wav adpcm_ima_qt",
            "ADPCM (Microsoft)": "ms_adpcm adpcm_ms",
            "ADPCM (Flash)": "adpcm_swf",
            "ADPCM (Yamaha)": "adpcm_yamaha",
            "ADPCM (VOX)": "vox_adpcm",
            "ADPCM (NMS)": "nms_adpcm_16 nms_adpcm_24 nms_adpcm_32",
            "DWVW": "dwvw_12 dwvw_16 dwvw_24 dwvw_n",
            "DPCM": "dpcm_8 dpcm_16",
        }.items()
        for name in names.split()
    }
)


def codec_name(codec: str) -> str:
    """A decoder's name of a codec as readers know it; one that is not known here stays as it is.

    >>> [codec_name(name) for name in ("MPEG_LAYER_III", "pcm_mulaw", "PCM_U8", "pcm_s24le", "new")]
    ['MP3', 'G.711 µ-law', 'PCM 8-bit', 'PCM 24-bit', 'new']
    """
    plain = re.fullmatch(r"pcm_[su]?(8|16|24|32)(le|be)?", codec.lower())
    return f"PCM {plain[1]}-bit" if plain else _NAMES.get(codec.lower(), codec)
