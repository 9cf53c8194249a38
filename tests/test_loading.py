"""Typed loading: what is refused, and how the place is named."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import jsonschema
import pytest

from slim_cli.errors import FormatError
from slim_cli.loading import SCHEMA_FILE, of_schema, parse_json, parse_toml, read, result_schema, schema_text
from slim_cli.results import FileResult, Remark, Segment
from tests.reporting import factory

FIRST = Path(__file__).with_name("reporting") / "results-1"


@dataclass(frozen=True)
class Stage:
    penalty: float = 1.0
    steps: int = 1
    kind: Literal["a", "b"] = "a"
    layers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    name: str
    stage2: Stage = field(default_factory=Stage)
    parts: tuple[Stage, ...] = ()


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("", "plan.toml: name: is missing"),
        ("name = 1", "plan.toml: name: expected a text"),
        ("nam = 'x'\nname = 'x'", "plan.toml: nam: is unknown"),
        ("name = 'x'\nstage2.penalty = 'high'", "plan.toml: stage2.penalty: expected a number"),
        ("name = 'x'\nstage2.penalty = '1.5'", "plan.toml: stage2.penalty: expected a number"),
        ("name = 'x'\nstage2.steps = 1.5", "plan.toml: stage2.steps: expected a whole number"),
        ("name = 'x'\nstage2.steps = true", "plan.toml: stage2.steps: expected a whole number"),
        ("name = 'x'\nstage2.kind = 'c'", "plan.toml: stage2.kind: expected 'a' or 'b'"),
        ("name = 'x'\nstage2.layers = 3", "plan.toml: stage2.layers: expected a list"),
        ("name = 'x'\nstage2.layers = [1, 'x']", "plan.toml: stage2.layers.1: expected a whole number"),
        ("name = 'x'\nstage2 = 3", "plan.toml: stage2: expected a table"),
        ("name = 'x'\n[[parts]]\n[[parts]]\nsteps = 'x'", "plan.toml: parts.1.steps: expected a whole number"),
        ("name = ", "plan.toml: not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_its_place(toml: str, told: str) -> None:
    with pytest.raises(FormatError) as error:
        read(Plan, parse_toml(toml, "plan.toml"), "plan.toml")
    assert str(error.value).startswith(told)
    assert "\n" not in str(error.value)


def test_whole_numbers_are_numbers_and_what_is_left_out_has_its_default() -> None:
    assert read(Plan, parse_toml("name = 'x'\nstage2.penalty = 2", ""), "") == Plan("x", Stage(2.0))


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="row: "):
        parse_json(text, "row")


def test_another_schema_is_refused() -> None:
    with pytest.raises(FormatError, match=r"run\.json: schema: expected slim-run/1, found 'slim-run/9'"):
        of_schema("slim-run/1", {"schema": "slim-run/9"}, "run.json")


def test_the_shipped_schema_is_that_of_the_records() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("result", factory.mixed(), ids=lambda result: result.path)
def test_every_row_fits_the_schema_and_comes_back_as_it_was(result: FileResult) -> None:
    jsonschema.validate(json.loads(result.to_json()), result_schema())
    assert FileResult.from_json(result.to_json()).to_json() == result.to_json()


def test_rows_of_the_first_schema_keep_all_they_said() -> None:
    lines = (FIRST / "results.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        old, row = json.loads(line), FileResult.from_json(line)
        new = json.loads(row.to_json())
        jsonschema.validate(new, result_schema())
        same = old.keys() - {"schema", "reason", "warnings", "lr_reason", "observations", "channels"}
        assert {key: old[key] for key in same} == {key: new[key] for key in same}
        assert (row.reason.values["text"] if row.reason else "") == old["reason"]
        assert [remark.values["text"] for remark in row.remarks] == old["warnings"]
        assert [reason.values["text"] for reason in row.lr_reasons] == list(filter(None, [old["lr_reason"]]))
        notes = {name: seen.note.values["text"] if seen.note else "" for name, seen in row.observations.items()}
        assert notes == {name: seen["note"] for name, seen in old["observations"].items()}
        assert [c["windows"] for c in new["channels"]] == [c["windows"] for c in old["channels"]]
    stereo = next(row for row in map(FileResult.from_json, lines) if row.path == "stereo.wav")
    assert stereo.media is not None
    hashes = tuple(channel.pcm_sha256 for channel in stereo.channels)
    assert stereo.segments == (Segment(None, 0.0, stereo.media.duration_s, 16_000, hashes),)
    text = "3 samples are not numbers; they were taken as silence"
    assert stereo.remarks[0] == Remark("legacy_text", {"text": text})
