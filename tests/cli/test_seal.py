"""`slim seal` and `slim verify --seal`: an anchor that a folder written anew does not fit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from slim_cli.custody.printed import attachments
from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.reporting import signing
from tests.cli.conftest import Slim, World, rows
from tests.custody.test_run import forge


@pytest.fixture
def out(slim: Slim, world: World, tmp_path: Path) -> Path:
    """A finished scan."""
    world.rows = rows(("a.wav", "scored", 1.0), ("b.wav", "no_audio", None))
    slim("scan", "evidence", "-o", tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key to sign with."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))
    return tmp_path / "key.pem"


def test_the_slip_is_one_page_that_names_the_head_and_carries_itself(slim: Slim, out: Path) -> None:
    ran = slim("seal", out)
    slip, head = out.with_name("out-seal.pdf"), verify(VerifyOptions(out)).head
    assert (ran.code, ran.err) == (0, "")
    assert str(slip) in ran.out
    assert head in ran.out
    with pikepdf.open(slip) as pdf:
        assert len(pdf.pages) == 1
    assert json.loads(attachments(slip)["seal.json"])["head"] == head
    text = subprocess.run(["pdftotext", slip, "-"], capture_output=True, text=True, check=True).stdout
    assert head[:8] in text
    for anchor in (slip, head):
        assert slim("verify", out, "--seal", anchor).code == 0


def test_a_folder_written_anew_is_found_by_slip_and_head(slim: Slim, out: Path) -> None:
    slim("seal", out)
    head = verify(VerifyOptions(out)).head
    forge(out, lambda log: None)
    assert slim("verify", out).code == 0
    for anchor in (out.with_name("out-seal.pdf"), head):
        ran = slim("verify", out, "--seal", anchor)
        assert (ran.code, "written anew" in ran.err) == (4, True)


def test_a_report_made_again_after_the_seal_fits_it_only_if_it_is_the_same(slim: Slim, world: World, out: Path) -> None:
    head = verify(VerifyOptions(out)).head
    slim("report", out, "--format", "csv")
    assert slim("verify", out, "--seal", head).code == 0
    world.on_write = lambda: (out / "results.csv").write_text("another", encoding="utf-8") and None
    slim("report", out, "--format", "csv")
    ran = slim("verify", out, "--seal", head)
    assert (ran.code, "after the seal, by report_rendered_again" in ran.err) == (4, True)


def test_a_signed_slip_that_was_changed_is_found(slim: Slim, out: Path, key: Path, tmp_path: Path) -> None:
    assert slim("seal", out, "--key", key, "--slip", tmp_path / "slip.pdf").code == 0
    slip = json.loads(attachments(tmp_path / "slip.pdf")["seal.json"])
    (tmp_path / "slip.json").write_text(json.dumps(slip), encoding="utf-8")
    assert slim("verify", out, "--seal", tmp_path / "slip.json").code == 0
    (tmp_path / "slip.json").write_text(json.dumps({**slip, "report": "another"}), encoding="utf-8")
    ran = slim("verify", out, "--seal", tmp_path / "slip.json")
    assert (ran.code, "signature of the slip does not fit" in ran.err) == (4, True)


def test_a_time_stamp_covers_the_slip(slim: Slim, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyhanko.sign.timestamps import DummyTimeStamper

    from tests.custody.keys import certificate_and_key

    monkeypatch.setattr(signing, "_stamper", lambda url: DummyTimeStamper(*certificate_and_key()))
    assert slim("seal", out, "--timestamp-url", "https://stamp.example", "--slip", tmp_path / "slip.pdf").code == 0
    slip = json.loads(attachments(tmp_path / "slip.pdf")["seal.json"])
    assert slim("verify", out, "--seal", tmp_path / "slip.pdf").code == 0
    (tmp_path / "slip.json").write_text(json.dumps({**slip, "sealed": "2020-01-01T00:00:00Z"}), encoding="utf-8")
    ran = slim("verify", out, "--seal", tmp_path / "slip.json")
    assert (ran.code, "time stamp does not fit" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--slip", "out/slip.pdf"], "lie in the folder"),
        (["--slip", "there.pdf"], "never written over"),
        (["--key", "there.pdf"], "key cannot be read"),
        (["--key", "gone.pem"], "key gone.pem cannot be read"),
    ],
)
def test_a_seal_that_cannot_be_made_is_refused(
    slim: Slim, out: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    monkeypatch.chdir(out.parent)
    Path("there.pdf").write_bytes(b"mine")
    ran = slim("seal", "out", *options)
    assert (ran.code, told in ran.err) == (2, True)
    assert Path("there.pdf").read_bytes() == b"mine"


def test_what_is_not_as_its_log_says_is_not_sealed(slim: Slim, out: Path) -> None:
    (out / "report.html").write_text("another", encoding="utf-8")
    ran = slim("seal", out)
    assert (ran.code, "report.html was changed" in ran.err) == (2, True)


@pytest.mark.parametrize("anchor", ["abc", "run.json", "0" * 63])
def test_what_is_no_seal_is_wrong_use(slim: Slim, out: Path, anchor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(out)
    assert slim("verify", out, "--seal", anchor).code == 2
