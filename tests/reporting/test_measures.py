"""The rows of the artefact table: where a reference range holds, and where it does not."""

from __future__ import annotations

import pytest

from slim_cli.assessment.reference import Range
from slim_cli.reporting.measures import measure_rows
from slim_cli.results import Observation
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
    (row,) = measure_rows(seen, {measure: RANGES}, load_words(), duration_s)
    assert (row.outside, row.cell is not None) == (compared, compared)
    assert row.usable
