"""Names of encoders and generators found in files, and content credentials that are intact, changed or unreadable."""

import datetime
import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from slim_cli.evidence.exhibits import Exhibit
from slim_cli.observations import credentials
from slim_cli.observations.provenance import BLOCK_BYTES, EDGE_BYTES, MANIFEST_STORE, read_provenance
from slim_cli.results import Media, Observation, Remark
from tests.conftest import said


def examine(path: Path, **tags: str) -> dict[str, Observation]:
    media = Media("any", "any", 16_000, 1, 1, 1.0, "any", "1", tags=tags)
    with Exhibit(path) as exhibit:
        return read_provenance(exhibit.fd, exhibit.kind(), media)


def store(path: Path, tail: bytes = b"") -> Path:
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    path.write_bytes(path.read_bytes() + tail)
    return path


@pytest.mark.parametrize(
    ("tags", "encoders", "generators"),
    [
        ({}, "", ""),
        ({"title": "Minutes of the meeting"}, "", ""),
        ({"encoder": "Lavf61.7.100"}, "Lavf61.7.100", ""),
        ({"software": "REAPER", "encoder": "Lavf61.7.100"}, "REAPER; Lavf61.7.100", ""),
        ({"comment": "made with ElevenLabs"}, "", "comment: made with ElevenLabs"),
        ({"AIGC": '{"Label": "1"}'}, "", 'aigc: {"Label": "1"}'),
        ({"software": "gTTS"}, "gTTS", "software: gTTS"),
        ({"artist": "Attstadt", "title": "Polly Jean"}, "", ""),
        ({"comment": "\x1b[31mtext-to-speech"}, "", "comment: \\x1b[31mtext-to-speech"),
    ],
)
def test_names_in_tags_are_counted_and_quoted_harmlessly(tmp_path, tags, encoders, generators):
    found = examine(store(tmp_path / "a.wav"), **tags)
    assert said(found["encoder_tags"].note).strip("“”") == encoders
    assert said(found["generator_tags"].note).strip("“”") == generators
    assert found["encoder_tags"].value == len(list(filter(None, encoders.split("; "))))
    assert found["generator_tags"].value == bool(generators)


def test_signatures_outside_the_tags_are_found_at_both_ends_of_a_file(tmp_path):
    tail = b"\0" * (2 * EDGE_BYTES) + b"LAME3.100" + b"U" * 9 + b"LAME3.100 ElevenLabs"
    found = examine(store(tmp_path / "a.wav", tail))
    assert (found["encoder_tags"].value, said(found["encoder_tags"].note)) == (1, "“LAME3.100”")
    assert said(found["generator_tags"].note) == "“ElevenLabs”"


def test_many_names_are_cut_short(tmp_path):
    found = examine(store(tmp_path / "a.wav"), **{f"encoder{n}": f"program {chr(97 + n)}" for n in range(9)})
    assert found["encoder_tags"].value == 9
    assert said(found["encoder_tags"].note).endswith("” and 3 more")


@pytest.mark.parametrize("padding", [0, BLOCK_BYTES - 32_050, BLOCK_BYTES], ids=["start", "across blocks", "behind"])
@pytest.mark.parametrize(("name", "value"), [("a.wav", 1.0), ("a.aiff", 1.0)])
def test_a_manifest_store_is_found_wherever_it_lies_and_whatever_the_format(tmp_path, padding, name, value):
    found = examine(store(tmp_path / name, b"\0" * padding + MANIFEST_STORE))["content_credentials"]
    assert found.value == value
    assert not found.usable or "not readable" in said(found.note)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.wav", Observation(0.0, "", note=Remark("credentials_none"))),
        ("a.flac", Observation(0.0, "", note=Remark("credentials_none"))),
        ("a.ogg", Observation(None, "", False, Remark("no_credentials_format", {"container": "Ogg"}))),
        ("a.au", Observation(None, "", False, Remark("no_credentials_format", {"container": "AU"}))),
    ],
)
def test_formats_that_cannot_hold_credentials_are_not_checkable(tmp_path, name, expected):
    assert examine(store(tmp_path / name))["content_credentials"] == expected


def test_without_the_package_credentials_are_found_but_not_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials.importlib.util, "find_spec", lambda name: None)
    found = examine(store(tmp_path / "a.wav", MANIFEST_STORE))["content_credentials"]
    assert found == Observation(1.0, "", False, Remark("credentials_not_checked"))


@pytest.mark.parametrize("answer", ["", "null", "[]", '{"error": ""}', '{"error": "", "store": {}}', "not JSON"])
def test_a_reader_that_answers_nonsense_is_told(tmp_path, monkeypatch, answer):
    monkeypatch.setattr(credentials.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(credentials, "_read_apart", lambda fd, form: json.loads(answer))
    found = examine(store(tmp_path / "a.wav", MANIFEST_STORE))["content_credentials"]
    assert found == Observation(1.0, "", False, Remark("credentials_unreadable"))


@pytest.fixture(scope="module")
def signed() -> bytes:
    """A WAV with content credentials, signed by a certificate that nobody knows."""
    if importlib.util.find_spec("c2pa") is None:
        pytest.skip("c2pa-python is not installed")
    import c2pa

    chain, key = certificate()
    action = {"action": "c2pa.created", "digitalSourceType": "http://example.org/trainedAlgorithmicMedia"}
    manifest = {
        "claim_generator_info": [{"name": "voice-maker", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, key, None))
    plain, out = io.BytesIO(), io.BytesIO()
    soundfile.write(plain, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000, format="WAV")
    plain.seek(0)
    c2pa.Builder(manifest).sign(signer, "audio/wav", plain, out)
    return out.getvalue()


def certificate() -> tuple[bytes, bytes]:
    """A certificate chain and its private key, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def name(common: str) -> x509.Name:
        parts = {x509.NameOID.COMMON_NAME: common, x509.NameOID.ORGANIZATION_NAME: "Voice Lab"}
        return x509.Name([x509.NameAttribute(*part) for part in parts.items()])

    def issue(subject: str, public: ec.EllipticCurvePublicKey, authority: bool) -> x509.Certificate:
        usage = [not authority, *[False] * 4, authority, authority, False, False]
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder(name("Root"), name(subject), public, 1 + authority, now - day, now + day)
            .add_extension(x509.BasicConstraints(authority, None), True)
            .add_extension(x509.KeyUsage(*usage), True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False)
        )
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        return (builder if authority else builder.add_extension(purpose, True)).sign(root, hashes.SHA256())

    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issued = (issue("Signer", key.public_key(), False), issue("Root", root.public_key(), True))
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return b"".join(one.public_bytes(pem) for one in issued), secret


def test_intact_credentials_name_signer_state_and_source(tmp_path, signed):
    (tmp_path / "a.wav").write_bytes(signed)
    found = examine(tmp_path / "a.wav")
    credential = found["content_credentials"]
    assert (credential.value, credential.usable) == (1.0, True)
    assert said(credential.note).startswith(
        "intact; whether the signer can be trusted was not checked; signed by “Signer” (issuer “Voice"
    )
    assert "made with “voice-maker”; source type “trainedAlgorithmicMedia”" in said(credential.note)
    assert said(found["generator_tags"].note) == "“trainedAlgorithmicMedia”"


def test_credentials_of_a_changed_file_are_not_valid(tmp_path, signed):
    changed = bytearray(signed)
    changed[2_000] ^= 1
    (tmp_path / "a.wav").write_bytes(changed)
    credential = examine(tmp_path / "a.wav")["content_credentials"]
    assert said(credential.note).startswith("NOT valid: the file or its credentials were changed after signing")
    assert "assertion.dataHash.mismatch" in said(credential.note)
