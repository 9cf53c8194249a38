"""Signing an evaluation: who may, in which order, what is printed, and that nothing signed is ever lost."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest

from slim_cli import reporting
from slim_cli.custody.folder import OutputFolder
from slim_cli.custody.printed import examine_pdf
from slim_cli.errors import UsageError
from slim_cli.reporting.case_file import load_case
from slim_cli.reporting.selection import Style
from slim_cli.reporting.signatories import Certified, objections, read_signatures, same_person
from slim_cli.reporting.signed_report import keep_signed, sign_report
from slim_cli.reporting.signing import Seal
from slim_cli.reporting.writers import Findings
from tests.reporting import cases, factory

pytest.importorskip("pyhanko", reason="pyHanko is not installed: pip install 'slim-audit[sign]'")

NAMES = {"examiner": "Alex Example", "reviewer": "Rita Reviewer", "authoriser": "Sam Sample"}
NOW = datetime.now(UTC)


def seal(folder: Path, name: str, days: int = 1) -> Seal:
    """A key with a self-made certificate that names a person."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs12

    key, path = rsa.generate_private_key(65537, 2048), folder / f"{name} {days}.p12"
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"), False)
    usage |= dict.fromkeys(("crl_sign", "encipher_only", "decipher_only"), False)
    span = NOW - timedelta(9), NOW + timedelta(days)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), 7, *span)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    locked = serialization.BestAvailableEncryption(b"word")
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"own", key, certificate, None, locked))
    return Seal(path, secret="word")


def findings(folder: Path, **left_out: str) -> Findings:
    """An evaluation of one exhibit whose case file states everything but what is replaced."""
    folder.mkdir()
    results = cases.evaluated([factory.scored("a.wav", 1.0)])
    data = {**cases.filled(), "exhibit": [cases.exhibit("a.wav", "E-1")]}
    for role, name in NAMES.items():
        data[role]["name"] = left_out.get(role, name)
    data["report"]["issued"] = left_out.get("issued", "2026-11-29")
    case = load_case(cases.write(folder, data, f"{factory.digest('a.wav')}  a.wav\n"))
    run = cases.calibrated(factory.run(results))
    return Findings(results, run, factory.reference(), folder / "out", Style(case=case))


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A report signed by all three, and its PDF after each signature; the HTML was written after the first."""
    folder = tmp_path_factory.mktemp("signed")
    made, states = findings(folder / "case"), []
    reporting.write(made.results, made.run, made.reference, made.folder, ["jsonl", "html"], made.style)
    draft = (made.folder / "report.html").read_text()
    for role, name in zip(("examiner", "reviewer", "release"), NAMES.values(), strict=True):
        sign_report(made, seal(folder, name), role)
        states.append((made.folder / "report.pdf").read_bytes())
        if role == "examiner":
            reporting.write(made.results, made.run, made.reference, made.folder, ["html"], made.style)
    return made, states, draft


def seen(pdf: pikepdf.Pdf, field: str) -> bytes:
    """What a signature field shows."""
    (found,) = [one for one in pdf.Root.AcroForm.Fields if str(one.T) == field]
    return b"".join(form.read_bytes() for form in forms(found.AP.N))


def forms(form):
    yield form
    for other in form.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary()).values():
        yield from forms(other)


def test_three_sign_one_after_the_other_and_every_byte_of_the_one_before_stays(signed):
    made, states, _ = signed
    assert all(later.startswith(earlier) for earlier, later in pairwise(states))
    found = read_signatures(made.folder / "report.pdf")
    assert [one.role for one in found] == ["examiner", "reviewer", "release"]
    assert [one.certified.name for one in found] == list(NAMES.values())
    differing, told = examine_pdf(made.folder)
    assert differing == []
    assert told.count("unchanged since") == 3


def test_each_is_seen_at_its_own_role_alone_and_the_others_are_empty(signed, tmp_path):
    _, states, _ = signed
    (tmp_path / "first.pdf").write_bytes(states[0])
    with pikepdf.open(tmp_path / "first.pdf") as pdf:
        assert b"Tj" in seen(pdf, "Examiner") or b"TJ" in seen(pdf, "Examiner")
        assert not re.search(rb"T[jJ]", seen(pdf, "Reviewer") + seen(pdf, "Release"))
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"


def test_html_and_pdf_agree_on_the_draft_and_on_who_has_signed(signed):
    made, _, draft = signed
    page = (made.folder / "report.html").read_text()
    assert "DRAFT" in draft
    assert "DRAFT" not in page
    assert re.findall(r'data-signed="(\w+)"', page) == ["examiner"]
    assert page.count("Nobody has signed in this role.") == 2
    (first, *_) = read_signatures(made.folder / "report.pdf")
    assert first.certified.sha256 in page
    assert f"{first.moment[:10]} {first.moment[11:19]} UTC" in page


def test_the_report_of_another_case_does_not_take_over_the_signatures(signed, tmp_path):
    made, _, _ = signed
    other = replace(made, style=replace(made.style, language="de"))
    with pytest.raises(UsageError, match="another report"):
        sign_report(other, seal(tmp_path, "Alex Example"), "release")
    reporting.write(made.results, made.run, made.reference, made.folder, ["html"], other.style)
    assert "ENTWURF" in (made.folder / "report.html").read_text()


@pytest.mark.parametrize("role", ["examiner", "release"])
def test_a_role_signs_once(signed, tmp_path, role):
    with pytest.raises(UsageError, match="already"):
        sign_report(signed[0], seal(tmp_path, "Alex Example"), role, force=True)


@pytest.mark.parametrize(
    ("role", "name", "left_out", "told"),
    [
        ("examiner", "Sam Sample", {}, "names 'Sam Sample', the case file names 'Alex Example'"),
        ("examiner", "Alex Example", {"reviewer": ""}, "does not state .*: name of the reviewer"),
        ("examiner", "Alex Example", {"issued": ""}, "date of issue"),
        ("reviewer", "Rita Reviewer", {}, "The examiner named in the case file signs first"),
        ("release", "Sam Sample", {"examiner": ""}, "The reviewer named in the case file signs first"),
    ],
)
def test_what_would_state_more_than_happened_is_refused_and_leaves_nothing(tmp_path, role, name, left_out, told):
    made = findings(tmp_path / "case", **left_out)
    reporting.write(made.results, made.run, made.reference, made.folder, ["jsonl"], made.style)
    with pytest.raises(UsageError, match=told):
        sign_report(made, seal(tmp_path, name), role)
    assert not (made.folder / "report.pdf").exists()


def test_a_certificate_that_has_run_out_never_signs(tmp_path):
    made = findings(tmp_path / "case")
    made.folder.mkdir()
    with pytest.raises(UsageError, match=r"is valid from .* not now"):
        sign_report(made, seal(tmp_path, "Alex Example", days=-2), "examiner", force=True)


@pytest.mark.parametrize(
    ("stated", "certified", "same"),
    [
        ("Alex Example", "Alex Example", True),
        ("Dr. Alex Example", "EXAMPLE, Alex", True),
        ("Ália Ünlü", "A\u0301lia U\u0308nlu\u0308", True),
        ("Alex M. Example", "Alex Example", True),
        ("Alex Example", "Alexa Example", False),
        ("Example", "Alex Example", False),
        ("Alex Example", "", False),
    ],
)
def test_names_are_compared_part_by_part(stated, certified, same):
    assert same_person(stated, certified) is same


def test_a_triage_names_nobody_and_so_objects_to_nobody():
    assert objections(None, "", Certified("x", "x", "1", "00", NOW, NOW)) == []


def test_a_changed_page_between_two_signatures_breaks_the_first(signed, tmp_path):
    from pyhanko.pdf_utils.generic import NameObject, NumberObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    _, states, _ = signed
    (tmp_path / "first.pdf").write_bytes(states[0])
    with (tmp_path / "first.pdf").open("rb") as first, (tmp_path / "report.pdf").open("wb") as changed:
        writer = IncrementalPdfFileWriter(first)
        page = writer.find_page_for_modification(0)[0]
        page.get_object()[NameObject("/Rotate")] = NumberObject(180)
        writer.update_container(page.get_object())
        writer.write(changed)
    differing, told = examine_pdf(tmp_path)
    assert any("changed after signing" in one for one in differing)
    assert "unchanged" not in told


def test_a_signed_report_is_kept_beside_a_new_one_and_no_scan_replaces_it(signed):
    made, states, _ = signed
    for options in ({"replace": True}, {"resume": True}):
        with pytest.raises(UsageError, match="is signed and is not overwritten"):
            OutputFolder(made.folder, **options)
    (made.folder / "report.signed-1.pdf").write_bytes(b"earlier")
    kept = keep_signed(made.folder)
    assert kept == made.folder / "report.signed-2.pdf"
    assert kept.read_bytes() == states[-1]
    assert keep_signed(made.folder) is None
