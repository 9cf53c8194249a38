"""The one table of containers and codecs: whatever is asked about a format is asked here.

Decoders spell one codec in several ways (`mp3float`, `MPEG_LAYER_III`); a codec's entry holds all of them, so that no
answer depends on which decoder happened to open a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LOSSLESS, LOSSY, TELEPHONE = "lossless", "lossy", "telephone"
TELEPHONE_RATE_HZ = 8_000
NOT_VALIDATED = "other"


@dataclass(frozen=True)
class Codec:
    """One way of coding sound.

    Attributes:
        id: its name in results' statistics, calibrations and comparisons.
        name: its name as readers know it.
        kind: `lossless`, `lossy` or `telephone` (made for speech over a line or radio).
        condition: row of a model's validation by condition (`slim validate --conditions`) that stands nearest; `other`
            where nothing of the kind was validated.
        decoders: names of FFmpeg's decoders and descriptors for it, each permitted; empty where none is.
        aliases: other names that files, libsndfile and older results use.
    """

    id: str
    name: str
    kind: str
    condition: str
    decoders: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def lossy(self) -> bool:
        """Whether the coding removes parts of the sound."""
        return self.kind != LOSSLESS

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it is called, in lower case, its id first."""
        return tuple(dict.fromkeys((self.id, *self.decoders, *self.aliases)))


def _codec(kind: str, condition: str, row: str) -> Codec:
    """A codec from `id, printed name: FFmpeg's names / other names`."""
    head, _, names = row.partition(":")
    identity, _, name = head.partition(",")
    decoders, _, aliases = names.partition("/")
    return Codec(identity.strip(), name.strip(), kind, condition, tuple(decoders.split()), tuple(aliases.split()))


_ROWS: tuple[tuple[str, str, str], ...] = (
    (
        LOSSLESS,
        "clean",
        """
        pcm_8, PCM 8-bit: pcm_u8 pcm_s8 / pcm_s8_planar
        pcm_16, PCM 16-bit: pcm_s16le pcm_s16be pcm_s16le_planar pcm_s16be_planar / pcm_s16
        pcm_24, PCM 24-bit: pcm_s24le pcm_s24be pcm_s24le_planar / pcm_s24
        pcm_32, PCM 32-bit: pcm_s32le pcm_s32be pcm_s32le_planar / pcm_s32
        pcm_float, PCM 32-bit float: pcm_f32le pcm_f32be / float
        pcm_double, PCM 64-bit float: pcm_f64le pcm_f64be / double
        pcm_bluray, PCM (Blu-ray): pcm_bluray
        pcm_dvd, PCM (DVD): pcm_dvd
        s302m, PCM (SMPTE 302M): s302m
        flac, FLAC: flac
        alac, ALAC: alac / alac_16 alac_20 alac_24 alac_32
        wavpack, WavPack: wavpack
        tta, TTA: tta
        ape, Monkey's Audio: ape
        tak, TAK: tak
        shorten, Shorten: shorten
        mlp, MLP: mlp
        truehd, TrueHD: truehd
        mp4als, MPEG-4 ALS: als mp4als
        wmalossless, WMA Lossless: wmalossless
        dsd, DSD: dsd_lsbf dsd_msbf dsd_lsbf_planar dsd_msbf_planar
        dst, DST: dst
        dwvw, DWVW: / dwvw_12 dwvw_16 dwvw_24 dwvw_n
        dpcm, DPCM: / dpcm_8 dpcm_16
        """,
    ),
    (
        LOSSY,
        "mp3-64k",
        """
        mp1, MP1: mp1float mp1 / mpeg_layer_i
        mp2, MP2: mp2float mp2 / mpeg_layer_ii
        mp3, MP3: mp3float mp3 / mpeg_layer_iii
        """,
    ),
    (LOSSY, "aac-64k", "aac, AAC: aac aac_fixed aac_latm / mp4a"),
    (LOSSY, "opus-16k", "opus, Opus: opus libopus"),
    (
        LOSSY,
        NOT_VALIDATED,
        """
        vorbis, Vorbis: vorbis
        ac3, AC-3: ac3 ac3_fixed
        eac3, E-AC-3: eac3
        dts, DTS: dca dts
        wmav1, WMA: wmav1 wmav2
        wmapro, WMA Pro: wmapro
        wmavoice, WMA Voice: wmavoice
        nellymoser, Nellymoser: nellymoser
        sbc, SBC: sbc
        cook, RealAudio (Cook): cook
        sipr, RealAudio (SIPR): sipr
        ra_144, RealAudio 14.4: real_144 ra_144
        ra_288, RealAudio 28.8: real_288 ra_288
        musepack, Musepack: mpc7 mpc8 musepack7 musepack8
        atrac, ATRAC: atrac1 atrac3 atrac3plus atrac3p
        adpcm_ima, ADPCM (IMA): adpcm_ima_wav adpcm_ima_qt / ima_adpcm
        adpcm_ms, ADPCM (Microsoft): adpcm_ms / ms_adpcm
        adpcm_swf, ADPCM (Flash): adpcm_swf
        adpcm_yamaha, ADPCM (Yamaha): adpcm_yamaha
        adpcm_sbpro, ADPCM (Sound Blaster): adpcm_sbpro_2 adpcm_sbpro_3 adpcm_sbpro_4
        """,
    ),
    (TELEPHONE, "amr-wb", "amr_wb, AMR-WB: amrwb amr_wb libopencore_amrwb / amr-wb"),
    (TELEPHONE, "g722", "g722, G.722: g722 adpcm_g722"),
    (TELEPHONE, "g711", "pcm_mulaw, G.711 µ-law: pcm_mulaw / ulaw"),
    (TELEPHONE, "g711-alaw", "pcm_alaw, G.711 A-law: pcm_alaw / alaw"),
    (TELEPHONE, "amr-nb", "amr_nb, AMR-NB: amrnb amr_nb libopencore_amrnb"),
    (TELEPHONE, "gsm", "gsm, GSM 06.10: gsm gsm_ms / gsm610"),
    (
        TELEPHONE,
        NOT_VALIDATED,
        """
        amr_wb_plus, AMR-WB+: / sawp
        speex, Speex: speex
        ilbc, iLBC: ilbc
        g721, G.721: / g721_32
        g723, G.723: / g723_24 g723_40
        g723_1, G.723.1: g723_1
        g726, G.726: g726 g726le adpcm_g726 adpcm_g726le
        g728, G.728: g728
        g729, G.729: g729
        evrc, EVRC: evrc
        qcelp, QCELP: qcelp
        truespeech, TrueSpeech: truespeech
        dss, DSS: dss_sp
        adpcm_vox, ADPCM (VOX): adpcm_ima_oki / vox_adpcm
        adpcm_nms, ADPCM (NMS): / nms_adpcm_16 nms_adpcm_24 nms_adpcm_32
        """,
    ),
    (LOSSY, NOT_VALIDATED, "xhe_aac, xHE-AAC: / usac"),
    (LOSSY, NOT_VALIDATED, "apac, Apple Positional Audio (APAC):"),
    (LOSSY, NOT_VALIDATED, "ac4, AC-4: / ac-4"),
    (LOSSY, NOT_VALIDATED, "mpegh, MPEG-H 3D Audio: / mpegh_3d_audio mha1 mhm1"),
)

CODECS: tuple[Codec, ...] = tuple(
    _codec(kind, condition, line) for kind, condition, rows in _ROWS for line in rows.split("\n") if line.strip()
)
_BY_NAME: Mapping[str, Codec] = MappingProxyType({name: codec for codec in CODECS for name in codec.names})
PERMITTED_DECODERS = tuple(sorted({decoder for codec in CODECS for decoder in codec.decoders}))


def codec_of(name: str) -> Codec:
    """The codec that a decoder, a file or an older result calls by this name.

    One that the table does not hold is itself, lossy and near to nothing that was validated.

    >>> [codec_of(name).id for name in ("mp3float", "MPEG_LAYER_III", "ULAW", "pcm_s24le", "codec2")]
    ['mp3', 'mp3', 'pcm_mulaw', 'pcm_24', 'codec2']
    """
    return _BY_NAME.get(name.lower()) or Codec(name, name, LOSSY, NOT_VALIDATED)


def codec_class(name: str, rate_hz: int) -> str:
    """`lossless`, `lossy` or `telephone`, as measures see it: telephone codecs, and any sound at 8 kHz or less.

    >>> codec_class("ULAW", 8000), codec_class("PCM_16", 8000), codec_class("flac", 44100), codec_class("aac", 44100)
    ('telephone', 'telephone', 'lossless', 'lossy')
    """
    return TELEPHONE if rate_hz <= TELEPHONE_RATE_HZ else codec_of(name).kind


@dataclass(frozen=True)
class Container:
    """One way of storing coded sound.

    Attributes:
        name: its name as readers know it.
        magic: pattern of its first bytes (regular expression over Latin-1), empty where its frames tell.
        demuxer: FFmpeg's reader of it, empty for none.
        sndfile: whether libsndfile is asked first.
        aliases: what decoders call it, in lower case.
        suffixes: endings of file names that promise it.
    """

    name: str
    magic: str
    demuxer: str = ""
    sndfile: bool = False
    aliases: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


def _container(row: str, magic: str = "", sndfile: bool = False) -> Container:
    """A container from `printed name | demuxer | other names | suffixes`."""
    name, demuxer, aliases, suffixes = (part.strip() for part in row.split("|"))
    return Container(name, magic, demuxer, sndfile, tuple(aliases.split()), tuple(suffixes.split()))


MP3 = _container("MP3 | mp3 | | .mp3 .mp2", sndfile=True)  # known by its frames, see `slim_cli.evidence.sniffing`

CONTAINERS: tuple[Container, ...] = (
    _container("WAV | wav | wavex | .wav .wave .bwf", r"RIF[FX].{4}WAVE", sndfile=True),
    _container("RF64 | wav | | .rf64", r"(RF64|BW64).{4}WAVE", sndfile=True),
    _container("W64 | w64 | | .w64", r"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", sndfile=True),
    _container("AIFF | aiff | | .aif .aiff .aifc", r"FORM.{4}AIF[FC]", sndfile=True),
    _container("AU | au | | .au .snd", r"\.snd", sndfile=True),
    _container("CAF | caf | | .caf", r"caff\x00\x01", sndfile=True),
    _container("FLAC | flac | | .flac", r"fLaC", sndfile=True),
    _container("Ogg | ogg | | .ogg .oga .opus .spx", r"OggS\x00", sndfile=True),
    _container("SPHERE | nistsphere | nist | .sph", r"NIST_1A\n", sndfile=True),
    _container("VOC | voc | | .voc", r"Creative Voice File\x1a"),
    MP3,
    _container(
        "MP4/MOV | mov | mov,mp4,m4a,3gp,3g2,mj2 mp4 m4a | .m4a .m4b .mp4 .m4v .mov .3gp .3gpp .3g2 .alac .qt",
        r".{4}(ftyp|moov|mdat|wide|skip|free|pnot)",
    ),
    _container("AMR | amr | | .amr .awb", r"#!AMR(-WB)?\n"),
    _container("AMR-WB+ | | | ", r"#!AMR-WB\+\n"),
    _container("AMR in several channels | | | ", r"#!AMR(-WB)?_MC1\.0\n"),
    _container("ASF/WMA | asf | | .wma .asf .wmv", r"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"),
    _container("Matroska/WebM | matroska | matroska,webm webm | .webm .weba .mka .mkv", r"\x1a\x45\xdf\xa3"),
    _container("AVI | avi | | .avi", r"RIFF.{4}AVI "),
    _container("FLV | flv | | .flv .f4v", r"FLV\x01"),
    _container("AAC (ADTS) | aac | adts | .aac", r"\xff[\xf0\xf1\xf8\xf9]"),
    _container("AC-3 | ac3 | eac3 | .ac3 .eac3", r"\x0b\x77"),
    _container("DTS | dts | | .dts", r"\x7f\xfe\x80\x01"),
    _container("DSS | dss | | .dss", r"[\x02\x03]dss"),
    _container("MPEG | mpeg | | .mpg .mpeg .vob", r"\x00\x00\x01\xba"),
    _container(
        "MPEG-TS | mpegts | | .ts .m2ts .mts .m2t .trp",
        r"(.{4})?\x47.{187}(.{4})?\x47.{187}(.{4})?\x47",
    ),
    _container("MXF | mxf | | .mxf", r"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02"),
    _container("WavPack | wv | | .wv", r"wvpk"),
    _container("TTA | tta | | .tta", r"TTA1"),
    _container("Monkey's Audio | ape | | .ape", r"MAC "),
    _container("TAK | tak | | .tak", r"tBaK"),
    _container("Musepack | mpc | mpc8 | .mpc", r"MP\+"),
    _container("Musepack | mpc8 | | ", r"MPCK"),
    _container("DSF | dsf | | .dsf", r"DSD \x1c\x00\x00\x00"),
    _container("DSDIFF | iff | | .dff", r"FRM8.{8}DSD "),
    _container("RealMedia | rm | | .ra .rm .rmvb", r"\.RMF|\.ra\xfd"),
    _container("QCP | qcp | | .qcp", r"RIFF.{4}QLCM"),
    _container("DAV | dhav | | .dav", r"DHAV"),
    _container("DS2 | | | .ds2", r"[\x01-\x07](ds2|enc)"),
    _container("AA3/OMA | oma | | .oma .aa3", r"ea3\x03|EA3\x01"),
)
_CONTAINERS_BY_NAME: Mapping[str, Container] = MappingProxyType(
    {name: entry for entry in reversed(CONTAINERS) for name in (entry.name.lower(), entry.demuxer, *entry.aliases)}
)


def container_name(name: str) -> str:
    """A decoder's name of a container as readers know it; one that the table does not hold stays as it is.

    >>> [container_name(name) for name in ("OGG", "mov,mp4,m4a,3gp,3g2,mj2", "RF64", "new")]
    ['Ogg', 'MP4/MOV', 'RF64', 'new']
    """
    entry = _CONTAINERS_BY_NAME.get(name.lower())
    return entry.name if entry else name


@dataclass(frozen=True)
class Headerless:
    """Sound without any header: only the name of the file says how to read it.

    Attributes:
        name: the coding as readers know it.
        demuxer: FFmpeg's reader of it, empty where libsndfile reads it.
        rate_hz: the assumed sample rate.
        suffixes: endings of file names that promise it.
    """

    name: str
    demuxer: str
    rate_hz: int
    suffixes: tuple[str, ...]


HEADERLESS: tuple[Headerless, ...] = (
    Headerless("G.711 µ-law", "mulaw", 8_000, (".ulaw", ".ul", ".mulaw", ".pcmu")),
    Headerless("G.711 A-law", "alaw", 8_000, (".alaw", ".al", ".pcma")),
    Headerless("GSM 06.10", "gsm", 8_000, (".gsm",)),
    Headerless("G.722", "g722", 16_000, (".g722",)),
    Headerless("G.729", "g729", 8_000, (".g729",)),
    Headerless("G.723.1", "g723_1", 8_000, (".g723", ".g723_1", ".tco")),
    Headerless("PCM 16-bit", "s16le", 8_000, (".sln", ".raw", ".pcm", ".sw", ".s16")),
    *(
        Headerless("PCM 16-bit", "s16le", thousands * 1000, (f".sln{thousands}",))
        for thousands in (12, 16, 24, 32, 48, 96, 192)
    ),
    Headerless("PCM 16-bit", "s16le", 44_100, (".sln44",)),
    Headerless("ADPCM (VOX)", "", 8_000, (".vox",)),
)
HEADERLESS_BY_SUFFIX: Mapping[str, Headerless] = MappingProxyType(
    {suffix: entry for entry in HEADERLESS for suffix in entry.suffixes}
)
MEDIA_SUFFIXES = frozenset({*HEADERLESS_BY_SUFFIX, *(s for entry in CONTAINERS for s in entry.suffixes)})
