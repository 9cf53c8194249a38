"""`slim report`: the report of a finished scan again, and signed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from slim_cli import reporting
from slim_cli.custody import audit
from slim_cli.custody.printed import is_signed
from slim_cli.reporting import signing
from slim_cli.reporting.selection import Style
from tests.cli.conftest import Slim
from tests.reporting import factory

PASSPHRASE = "correct horse"
FORMATS = ("jsonl", "csv", "html", "pdf")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder as a scan leaves it, with a limit of its own."""
    folder = tmp_path_factory.mktemp("scan") / "out"
    results = [factory.scored("a.wav", 1.2), factory.scored("b.wav", -1.0), factory.unscored("c", "no_audio", "none")]
    results[0] = factory.drawn(results[0], folder, 1)
    reporting.write(results, factory.run(results), factory.reference(), folder, FORMATS, Style("top:1"))
    return folder


@pytest.fixture
def out(scanned: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    for path in (p for p in scanned.rglob("*") if p.is_file()):
        copy = tmp_path / path.relative_to(scanned)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_it_gives_the_bytes_that_the_scan_wrote(slim: Slim, scanned: Path, out: Path) -> None:
    for made in ("report.html", "report.pdf", "results.csv"):
        (out / made).unlink()
    ran = slim("report", out)
    assert (ran.code, ran.err) == (0, "")
    assert str(out / "report.pdf") in ran.out
    assert content(out) == content(scanned)


def test_an_unfinished_scan_is_called_so(slim: Slim, out: Path) -> None:
    run = json.loads((out / "run.json").read_text("utf-8"))
    (out / "run.json").write_text(json.dumps({**run, "complete": False, "files_found": 3000}), encoding="utf-8")
    ran = slim("report", out, "--format", "html")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Unfinished: 3 of 3,000.")
    assert "Unfinished: 3 of 3,000 files." in (out / "report.html").read_text("utf-8")


def test_it_needs_neither_model_nor_torch(out: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['slim_cli.detector'] = None; "
        f"sys.argv = ['slim', 'report', {str(out)!r}, '--format', 'html,csv', '--quiet']; "
        "from slim_cli.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_options_change_the_report_and_are_kept_for_the_next_time(slim: Slim, out: Path) -> None:
    slim("report", out, "--format", "html", "--report", "all", "--language", "de")
    changed = (out / "report.html").read_bytes()
    assert changed.count(b'<article class="exhibit') == 2
    assert b'<html lang="de">' in changed
    slim("report", out, "--format", "html")
    assert (out / "report.html").read_bytes() == changed


def test_other_formats_are_added(slim: Slim, out: Path) -> None:
    assert slim("report", out, "--format", "audacity,raven,uco").code == 0
    assert {"audacity", "raven", "results.jsonld"} <= {p.name for p in out.iterdir()}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--format", "docx"], "docx"),
        (["--format", ","], "one or more"),
        (["--report", "some"], "some"),
        (["--language", "xx"], "xx"),
        (["--case", "nowhere.toml"], "nowhere.toml"),
        (["--pkcs12", "key.p12"], "without --sign"),
        (["--sign"], "either a PKCS#12 file or a PKCS#11 module"),
        (["--sign", "--pkcs12", "a", "--pkcs11-module", "b"], "either a PKCS#12 file or a PKCS#11 module"),
        (["--sign", "--pkcs11-module", "b"], "label of the certificate"),
        (["--sign", "--pkcs12", "nowhere.p12", "--secret-file", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_wrong_use_is_told_in_one_line_and_changes_nothing(
    slim: Slim, scanned: Path, out: Path, options: list[str], told: str
) -> None:
    ran = slim("report", out, *options)
    assert ran.code == 2
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert content(out) == content(scanned)


@pytest.mark.parametrize("missing", ["results.jsonl", "run.json", "reference.json"])
def test_a_folder_that_lacks_what_it_is_made_from_is_refused(slim: Slim, out: Path, missing: str) -> None:
    (out / missing).unlink()
    ran = slim("report", out)
    assert ran.code == 2
    assert missing in ran.err


@pytest.fixture(scope="module")
def examiner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKCS#12 file with a self-made certificate; its DER form lies beside it."""
    pytest.importorskip("pyhanko", reason="pyHanko is not installed: pip install 'slim-audit[sign]'")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs12

    key, now = rsa.generate_private_key(65537, 2048), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A. Examiner \x1b[2J")])
    usage = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"), False)
    usage |= dict.fromkeys(("crl_sign", "encipher_only", "decipher_only"), False)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("keys") / "examiner.p12"
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"examiner", key, certificate, None, locked))
    path.with_suffix(".der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    return path


def validated(pdf: Path, certificate: Path):
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    trusted = ValidationContext(trust_roots=[Certificate.load(certificate.read_bytes())])
    with pdf.open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_signatures
        return validate_pdf_signature(signature, trusted)


def sign(source: Path, target: Path, seal: signing.Seal) -> None:
    with signing.opened(seal) as signer:
        signing.sign_pdf(source, target, signer)


def test_a_signature_covers_the_whole_pdf_and_holds(
    slim: Slim, out: Path, examiner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIM_SIGN_SECRET", PASSPHRASE)
    unsigned = (out / "report.pdf").read_bytes()
    ran = slim("report", out, "--format", "csv", "--sign", "--pkcs12", examiner)
    assert (ran.code, ran.err) == (0, "")
    assert r"A. Examiner \x1b[2J" in ran.out
    status = validated(out / "report.pdf", examiner.with_suffix(".der"))
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert (out / "report.pdf").read_bytes().startswith(unsigned[:1000])
    with pikepdf.open(out / "report.pdf") as pdf, pdf.open_metadata() as metadata:
        assert metadata.pdfa_status == "3A"
        (field,) = pdf.Root.AcroForm.Fields
        assert field.V.SubFilter == "/ETSI.CAdES.detached"
    signed = (out / "report.pdf").read_bytes()
    again = slim("report", out, "--format", "pdf")
    assert (again.code, (out / "report.pdf").read_bytes()) == (2, signed)
    assert "is signed and is not overwritten" in again.err
    beside = slim("report", out, "--format", "pdf", "--force")
    assert (beside.code, (out / "report.signed-1.pdf").read_bytes()) == (0, signed)
    assert "report.signed-1.pdf" in beside.out
    assert not is_signed(out / "report.pdf")


def test_a_changed_byte_breaks_it(tmp_path: Path, scanned: Path, examiner: Path) -> None:
    sign(scanned / "report.pdf", tmp_path / "signed.pdf", signing.Seal(examiner, secret=PASSPHRASE))
    content = bytearray((tmp_path / "signed.pdf").read_bytes())
    content[content.index(b"endstream") - 20] ^= 1
    (tmp_path / "signed.pdf").write_bytes(content)
    assert not validated(tmp_path / "signed.pdf", examiner.with_suffix(".der")).bottom_line


def test_a_time_stamp_is_part_of_the_signature(
    tmp_path: Path, scanned: Path, examiner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.timestamps import DummyTimeStamper

    own = SimpleSigner.load_pkcs12_data(examiner.read_bytes(), (), PASSPHRASE.encode())
    asked = []

    def stamper(url: str) -> DummyTimeStamper:
        asked.append(url)
        return DummyTimeStamper(own.signing_cert, own.signing_key)

    monkeypatch.setattr(signing, "_stamper", stamper)
    with signing.opened(signing.Seal(examiner, secret=PASSPHRASE)) as signer:
        signing.sign_pdf(scanned / "report.pdf", tmp_path / "signed.pdf", signer, url="https://stamp.example")
    assert asked == ["https://stamp.example"]
    assert validated(tmp_path / "signed.pdf", examiner.with_suffix(".der")).timestamp_validity.intact


@pytest.mark.parametrize("secret", ["wrong", "", None], ids=["another", "empty", "none"])
def test_a_wrong_passphrase_leaves_the_report_as_it_is(
    slim: Slim, scanned: Path, out: Path, examiner: Path, secret: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slim_cli.cli.signing_options.find_secret", lambda path: secret)
    monkeypatch.setattr("slim_cli.reporting.pdf.write_pdf", lambda findings, target: target.write_bytes(b"%PDF"))
    ran = slim("report", out, "--format", "csv", "--sign", "--pkcs12", examiner)
    assert ran.code == 2
    assert "wrong passphrase" in ran.err
    assert content(out) == content(scanned)
    assert PASSPHRASE not in repr(signing.Seal(examiner, secret=PASSPHRASE))


def test_the_secret_comes_from_a_file_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slim_cli.cli.signing_options import find_secret

    (tmp_path / "pin").write_text("1234\n", encoding="utf-8")
    monkeypatch.setenv("SLIM_SIGN_SECRET", "of the environment")
    assert find_secret(tmp_path / "pin") == "1234"
    assert find_secret(None) == "of the environment"
    monkeypatch.delenv("SLIM_SIGN_SECRET")
    monkeypatch.setattr("typer.prompt", lambda *_, **options: "asked for" if options["hide_input"] else "shown")
    assert find_secret(None) == "asked for"


@pytest.fixture
def token(tmp_path: Path, examiner: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A software token that holds the examiner's key and certificate; returns its PKCS#11 library."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install 'slim-audit[sign]'")
    library = next((p for p in Path("/usr/lib").glob("**/libsofthsm2.so")), None)
    if library is None:
        pytest.skip("SoftHSM is not installed: apt-get install softhsm2")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n", encoding="utf-8")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    tool = ["softhsm2-util", "--init-token", "--free", "--label", "lab", "--pin", PASSPHRASE, "--so-pin", "12345678"]
    subprocess.run(tool, check=True, capture_output=True)
    key, _, _ = pkcs12.load_key_and_certificates(examiner.read_bytes(), PASSPHRASE.encode())
    plain = (serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    about = {pkcs11.Attribute.LABEL: "examiner", pkcs11.Attribute.TOKEN: True}
    with pkcs11.lib(str(library)).get_token(token_label="lab").open(rw=True, user_pin=PASSPHRASE) as session:
        session.create_object(decode_rsa_private_key(key.private_bytes(*plain)) | about)
        session.create_object(decode_x509_certificate(examiner.with_suffix(".der").read_bytes()) | about)
    return library


def test_a_token_signs(tmp_path: Path, scanned: Path, examiner: Path, token: Path) -> None:
    seal = signing.Seal(module=token, token="lab", certificate="examiner", secret=PASSPHRASE)
    sign(scanned / "report.pdf", tmp_path / "signed.pdf", seal)
    assert validated(tmp_path / "signed.pdf", examiner.with_suffix(".der")).bottom_line


@pytest.mark.parametrize(
    "wrong", [{"secret": "0000"}, {"certificate": "nobody"}, {"token": "none"}], ids=["PIN", "certificate", "token"]
)
def test_a_token_that_does_not_sign_is_told(tmp_path: Path, scanned: Path, token: Path, wrong: dict[str, str]) -> None:
    given = {"token": "lab", "certificate": "examiner", "secret": PASSPHRASE} | wrong
    with pytest.raises(signing.UsageError, match=r"cannot sign|could not be signed"):
        sign(scanned / "report.pdf", tmp_path / "signed.pdf", signing.Seal(module=token, **given))


def test_a_token_that_is_not_there_is_told(tmp_path: Path, scanned: Path) -> None:
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: pip install 'slim-audit[sign]'")
    (tmp_path / "library.so").write_bytes(b"no library")
    seal = signing.Seal(module=tmp_path / "library.so", certificate="mine", secret="1234")
    with pytest.raises(signing.UsageError, match=r"library.so cannot sign"):
        sign(scanned / "report.pdf", tmp_path / "signed.pdf", seal)


def test_making_it_again_is_logged_and_changes_no_byte_of_it(slim: Slim, out: Path) -> None:
    with audit.AuditLog(out) as log:
        log.append(audit.FIRST)
        log.append(audit.LAST, rows=3)
    slim("report", out, "--format", "html,csv")
    before = (out / "report.html").read_bytes()
    slim("report", out, "--format", "html,csv")
    assert (out / "report.html").read_bytes() == before
    assert list(audit.entries(out))[1].digest.encode() in before
    assert [e.event for e in audit.entries(out)][2:] == ["report_rendered_again"] * 2
