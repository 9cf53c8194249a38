"""Outputs for other programs: tables with types, label tracks, case records."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from slim_cli.errors import EnvironmentUnfit
from slim_cli.evidence.names import safe_name
from slim_cli.reporting import writers
from slim_cli.reporting.tracks import track_name
from slim_cli.reporting.writers import Findings, get_writer
from slim_cli.results import LikelihoodRatio, Opinion
from slim_cli.whole_files import replacing
from tests.reporting import factory

FORMATS = ("csv", "parquet", "audacity", "raven", "uco")


@pytest.fixture(scope="module")
def results():
    """Every status, every hostile name, and one file with a likelihood ratio and a stability check."""
    named = [factory.scored(name, -6.0, 0.2, 7.0) for name in factory.HOSTILE_NAMES.values()]
    ratio = {"lr": LikelihoodRatio(1.25, 0.9, 1.6, True), "lr_status": "given", "stability": {"cropped": 2.5}}
    ratio["opinions"] = {"arena": Opinion(-1.5, "f" * 64, "spoof")}
    return [*factory.mixed(), *named, replace(factory.scored("strong.wav", 4.0), **ratio)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, results):
    """The outputs of every format of this module."""
    path = tmp_path_factory.mktemp("written")
    findings = Findings(results, factory.run(results), factory.reference(), path)
    for name in FORMATS:
        file_name, writer = get_writer(name)
        with replacing(path / file_name) as partial:
            writer(findings, partial)
    return path


def rows(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_states_ratio_stability_and_second_opinions(folder):
    last = rows(folder / "results.csv")[-1]
    wanted = {
        "log10_lr": "1.25",
        "log10_lr_low": "0.9",
        "lr_bounded": "yes",
        "lr_status": "given",
        "score_cropped": "2.5",
        "opinion_arena": "-1.5",
    }
    assert {name: last[name] for name in wanted} == wanted
    assert rows(folder / "results.csv")[0]["log10_lr"] == ""


def test_parquet_holds_what_the_csv_holds_with_types(folder, results):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(folder / "results.parquet").to_pylist()
    text = rows(folder / "results.csv")
    assert [row["path"] for row in table] == [result.path for result in results]
    assert list(table[0]) == [*text[0], "reason_code", "windows"]
    assert [row["score"] for row in table] == [result.score for result in results]
    assert [row["size_bytes"] for row in table] == [result.size_bytes for result in results]
    counted = [sum(len(channel.windows) for channel in result.channels) for result in results]
    assert [len(row["windows"]) for row in table] == counted
    first = results[0].channels[0].windows[0]
    assert table[0]["windows"][0] == {"channel": 1, **vars(first)}


def test_labels_lie_on_the_windows_one_file_per_scored_file(folder, results):
    scored = [(i, r) for i, r in enumerate(results, start=1) if r.score is not None]
    tracks = sorted((folder / "audacity").iterdir())
    assert [track.name for track in tracks] == [track_name(i, r.path) + ".labels.txt" for i, r in scored]
    for track, (_, result) in zip(tracks, scored, strict=True):
        lines = [line.split("\t") for line in track.read_text("utf-8").splitlines()]
        windows = [window for channel in result.channels for window in channel.windows]
        assert [(float(start), float(end)) for start, end, _ in lines] == [(w.start_s, w.end_s) for w in windows]
        assert all(f"score {w.score:+.2f}" in text for w, (_, _, text) in zip(windows, lines, strict=True))


def test_selection_tables_name_their_file_in_one_harmless_cell(folder, results):
    for track in (folder / "raven").iterdir():
        result = results[int(track.name[:4]) - 1]
        lines = list(csv.DictReader(track.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
        assert {line["Begin Path"].removeprefix("'") for line in lines} == {safe_name(result.path)}
        assert not any(line["Begin Path"].startswith(("=", "+", "-", "@")) for line in lines)
        assert [float(line["Score"]) for line in lines] == [w.score for c in result.channels for w in c.windows]
        assert {line["High Freq (Hz)"] for line in lines} == {"8000.0"}


@pytest.mark.parametrize("name", factory.HOSTILE_NAMES.values(), ids=factory.HOSTILE_NAMES)
def test_track_names_are_plain(name):
    plain = track_name(12, name)
    assert plain.isascii()
    assert len(plain) < 100
    assert plain.startswith("0012-")
    assert not set(plain) & set("/\\:*?\"'<>|=\n\t ")


def test_the_case_record_conforms_to_case_and_uco(folder):
    validate = pytest.importorskip("case_utils.case_validate")
    report = validate.validate(str(folder / "results.jsonld"), case_version="case-1.5.0")
    assert report.conforms, report.text
    assert report.undefined_concepts == set()


def test_the_case_record_links_files_hashes_scores_and_tool(folder, results):
    record = json.loads((folder / "results.jsonld").read_text("utf-8"))
    nodes = {node["@id"]: node for node in record["@graph"]}
    (action,) = (n for n in nodes.values() if n["@type"] == "case-investigation:InvestigativeAction")
    tool = nodes[action["uco-action:instrument"]["@id"]]
    assert tool["uco-tool:version"] == "0.1.0"
    found = [nodes[reference["@id"]] for reference in action["uco-action:result"]]
    assert [one["slim:status"] for one in found] == [result.status for result in results]
    assert found[0]["slim:score"] == {"@type": "xsd:decimal", "@value": "3.4127"}
    assert found[-1]["slim:log10LikelihoodRatio"]["@value"] == "1.2500"
    facets = [nodes[f["@id"]] for f in nodes[found[0]["uco-core:object"]["@id"]]["uco-core:hasFacet"]]
    (content,) = (f for f in facets if f["@type"] == "uco-observable:ContentDataFacet")
    assert nodes[content["uco-observable:hash"]["@id"]]["uco-types:hashValue"]["@value"] == results[0].sha256
    names = {n["uco-observable:filePath"] for n in nodes.values() if n["@type"] == "uco-observable:FileFacet"}
    assert {safe_name(name) for name in factory.HOSTILE_NAMES.values()} <= names


def test_writing_again_replaces_a_folder_and_gives_the_same_bytes(folder, tmp_path, results):
    findings = Findings(results, factory.run(results), factory.reference(), tmp_path)
    (tmp_path / "audacity").mkdir()
    (tmp_path / "audacity" / "old.txt").write_text("old", encoding="utf-8")
    for name in FORMATS:
        file_name, writer = get_writer(name)
        with replacing(tmp_path / file_name) as partial:
            writer(findings, partial)
    before, after = (
        {p.relative_to(top): p.read_bytes() for p in top.rglob("*") if p.is_file()} for top in (folder, tmp_path)
    )
    assert before == after


def test_a_format_whose_package_is_missing_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr(writers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentUnfit, match=r"pip install 'slim-audit\[parquet\]'"):
        get_writer("parquet")


def test_nothing_found_makes_empty_outputs(tmp_path):
    findings = Findings([], factory.run([]), factory.reference(), tmp_path)
    for name in FORMATS:
        file_name, writer = get_writer(name)
        writer(findings, tmp_path / file_name)
    assert list((tmp_path / "raven").iterdir()) == []
