"""What of a case and a calibration travels with the outputs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from slim_cli.reporting.build import build_report
from slim_cli.reporting.case_file import load_case
from slim_cli.reporting.pdf import _attachments
from slim_cli.reporting.selection import Style
from slim_cli.reporting.templates import render
from slim_cli.reporting.uco import write_uco
from slim_cli.reporting.writers import Findings
from tests.reporting import factory

HASHES = f"{'0' * 64}  a.wav\n"
FITTED = {"propositions": {"h1": "It was synthesised.", "h2": "It was recorded."}, "metrics": {}}
TIPPETT = {"bona_fide": [-2.0, -1.0, 0.5], "spoof": [-0.5, 1.0, 2.0]}
CASE = '[received]\nhash_list = "results.jsonl"\n'


def findings(folder: Path) -> Findings:
    (folder / "case.toml").write_text(CASE, encoding="utf-8")
    (folder / "results.jsonl").write_text(HASHES, encoding="utf-8")
    results = [factory.scored("a.wav", 1.0)]
    run = dataclasses.replace(factory.run(results), calibration={**FITTED, "tippett": TIPPETT})
    return Findings(results, run, factory.reference(), folder, Style(case=load_case(folder / "case.toml")))


def test_the_case_files_are_attached_to_the_pdf_and_replace_none_of_its_own(tmp_path: Path) -> None:
    attached = _attachments(findings(tmp_path))
    assert attached["case.toml"] == CASE.encode()
    assert attached["case-results.jsonl"] == HASHES.encode()
    assert b'"a.wav"' in attached["results.jsonl"]


def test_the_uco_record_names_the_case_file_with_its_hash(tmp_path: Path) -> None:
    write_uco(findings(tmp_path), tmp_path / "results.jsonld")
    record = json.loads((tmp_path / "results.jsonld").read_text("utf-8"))
    nodes = {node["@id"]: node for node in record["@graph"]}
    (action,) = (n for n in nodes.values() if n["@type"] == "case-investigation:InvestigativeAction")
    examined = [nodes[one["@id"]] for one in action["uco-action:object"]]
    assert len(examined) == 3
    digests = [n["uco-types:hashValue"]["@value"] for n in nodes.values() if n["@type"] == "uco-types:Hash"]
    assert hashlib.sha256(CASE.encode()).hexdigest() in digests


def test_section_e_draws_the_tippett_plot_of_the_calibration_where_it_holds_one(tmp_path: Path) -> None:
    found = findings(tmp_path)
    page = render(found.report, "html")
    assert page.count('data-field="tippett"') == 1
    assert 'class="bona-line"' in page
    without = dataclasses.replace(found.run, calibration=FITTED)
    report = build_report(found.results, without, found.reference, tmp_path, found.style)
    assert 'data-field="tippett"' not in render(report, "html")


@pytest.mark.parametrize(("received", "warned"), [("0" * 64, True), (factory.digest("a.wav"), False)])
def test_a_file_whose_hash_is_not_the_received_one_is_marked_in_the_summary_and_on_its_page(
    tmp_path: Path, received: str, warned: bool
) -> None:
    (tmp_path / "case.toml").write_text(CASE.replace("results.jsonl", "list.txt"), encoding="utf-8")
    (tmp_path / "list.txt").write_text(f"{received}  a.wav\n", encoding="utf-8")
    results = [factory.scored("a.wav", 1.0)]
    style = Style(case=load_case(tmp_path / "case.toml"))
    page = render(build_report(results, factory.run(results), factory.reference(), tmp_path, style), "pdf")
    assert ('data-field="not-received"' in page) is warned
    assert ("The hash of this file is not the one received." in page) is warned
