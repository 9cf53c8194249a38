"""The rows of the artefact table: where a reference range holds, and where it does not."""

from __future__ import annotations

import pytest

from slim_cli.assessment.reference import Range
from slim_cli.reporting.measures import measure_rows
from slim_cli.results import Media, Observation
from slim_cli.words import load_words

RANGES = {"bona_fide": Range(0.0, 1.0, 2.0, 100)}


@pytest.mark.parametrize(
    ("measure", "duration_s", "compared"),
    [
        ("hum_db", 12.0, True),
        ("hum_db", 3600.0, True),
        ("floor_step_db", 30.0, True),
        ("floor_step_db", 31.0, False),
        ("band_step_hz", 3600.0, False),
    ],
)
def test_a_range_holds_for_recordings_of_its_length(measure: str, duration_s: float, compared: bool) -> None:
    seen = {measure: Observation(9.0, "")}
    (row,) = measure_rows(
        seen, {measure: RANGES}, load_words(), Media("WAV", "PCM_16", 16_000, 1, 1, duration_s, "", "")
    )
    assert (row.outside, row.cell is not None) == (compared, compared)
    assert row.usable


@pytest.mark.parametrize(("codec", "said"), [("ALAW", True), ("pcm_alaw", True), ("PCM_16", False)])
def test_what_the_codec_decides_is_said_to_mean_nothing(codec: str, said: bool) -> None:
    media = Media("WAV", codec, 16_000, 1, 1, 12.0, "", "")
    (row,) = measure_rows({"pause_zero_fraction": Observation(0.5, "")}, {}, load_words(), media)
    assert row.note == ("means nothing here: G.711 A-law decides it, not the sound" if said else "")
