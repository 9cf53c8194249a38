"""The table of formats: one verdict for every name of a codec, and no name that it does not know."""

import itertools

import av.codec
import pytest
import soundfile

from slim_cli.assessment.calibration import Scope, codec_family
from slim_cli.assessment.reference import Range, Reference
from slim_cli.evidence.codec_traces import decided_by
from slim_cli.evidence.formats import (
    CODECS,
    CONTAINERS,
    PERMITTED_DECODERS,
    Codec,
    codec_class,
    codec_of,
    container_name,
)
from slim_cli.reporting.nearest_condition import condition_of
from slim_cli.reporting.numbers import stored
from slim_cli.results import ChannelResult, FileResult, Media
from slim_cli.words import load_measures

RATES_HZ = (8_000, 16_000, 44_100)


def result(codec: str, rate_hz: int) -> FileResult:
    media = Media("x", codec, rate_hz, 1, rate_hz, 1.0, "", "")
    return FileResult("a", "scored", media=media, score=1.0, channels=(ChannelResult(0, "", 5.0, 1.0, 1.0),))


def verdict(codec: str, rate_hz: int, calibrated: str) -> tuple[object, ...]:
    """All that depends on a codec, for one of its names and a calibration that knows another."""
    row = result(codec, rate_hz)
    assert row.media is not None
    scope = Scope((0.0, 10.0), codecs=(calibrated,))
    ranges = {"lossy": {"dc_offset": {"spoof": Range(0, 0, 0, 1)}}, "telephone": {}, "lossless": {}}
    reference = Reference("", None, None, None, observations_by_codec=ranges)  # type: ignore[arg-type]
    return (
        codec_family(row.media),
        codec_class(codec, rate_hz),
        condition_of(row),
        stored(row.media),
        scope.why_outside(row),
        list(reference.ranges_for(row.media)),
    )


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.id)
def test_every_pair_of_names_of_a_codec_meets_one_verdict(codec: Codec, rate_hz: int) -> None:
    lossless = not codec.lossy and rate_hz > RATES_HZ[0]
    names = [name for known in codec.names for name in (known, known.upper())]
    pairs = ((name, "lossless" if lossless else other) for name, other in itertools.product(names, names))
    found = {str(verdict(name, rate_hz, covered)) for name, covered in pairs}
    assert len(found) == 1
    assert ", (), " in found.pop(), "a calibration that covers the codec covers it under each name"


def test_names_are_unambiguous_and_readable() -> None:
    names = [name for codec in CODECS for name in codec.names]
    assert len(names) == len(set(names))
    assert all("_" not in codec.name for codec in CODECS)
    assert [name for name in names if name != name.lower()] == []


@pytest.mark.parametrize("subtype", soundfile.available_subtypes())
def test_every_codec_of_libsndfile_is_known(subtype: str) -> None:
    assert codec_of(subtype) in CODECS


@pytest.mark.parametrize("decoder", PERMITTED_DECODERS)
def test_permitted_names_are_decoders_or_codecs_of_ffmpeg_and_belong_to_one_codec(decoder: str) -> None:
    try:
        canonical = av.codec.Codec(decoder, "r").canonical_name
    except ValueError:
        canonical = decoder  # a descriptor's name only, as containers give it
    assert codec_of(canonical) is codec_of(decoder)


def test_a_codec_that_is_not_in_the_table_keeps_its_name_and_is_near_to_nothing_validated() -> None:
    codec = codec_of("codec2")
    assert (codec.name, codec.lossy, codec.decoders) == ("codec2", True, ())
    assert condition_of(result("codec2", 16_000)).name == "other"


def test_each_demuxer_exists_and_every_container_has_one_name() -> None:
    assert {entry.demuxer for entry in CONTAINERS if entry.demuxer} <= set(
        itertools.chain.from_iterable(name.split(",") for name in av.formats_available)
    )
    for entry in CONTAINERS:
        assert {container_name(name) for name in (entry.name, *entry.aliases)} == {entry.name}


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.id)
def test_a_measure_that_the_codec_decides_is_held_against_nothing(codec: Codec, rate_hz: int) -> None:
    every = {name: {"bona_fide": Range(0, 0, 0, 1)} for name in [*decided_by(codec.id), "snr_db"]}
    classes = dict.fromkeys(("lossless", "lossy", "telephone"), every)
    reference = Reference("", None, None, None, observations_by_codec=classes)  # type: ignore[arg-type]
    for name in codec.names:
        media = result(name, rate_hz).media
        assert set(reference.ranges_for(media)) == {"snr_db"}


def test_measures_that_codecs_decide_exist() -> None:
    decided = {name for codec in CODECS for name in decided_by(codec.id)}
    assert decided <= {measure.key for measure in load_measures()}
    assert "pause_zero_fraction" in decided_by("ALAW")
