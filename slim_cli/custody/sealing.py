"""Sealing a finished folder: its slip is made, and signed and stamped at wish."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from slim_cli.custody import audit
from slim_cli.custody.seal_slip import Slip, cryptography
from slim_cli.custody.verification import VerifyOptions, verify
from slim_cli.errors import UsageError

Stamp = Callable[[bytes], bytes]


def make_slip(folder: Path, report: str, key: bytes | None = None, stamp: Stamp | None = None) -> Slip:
    """Seals a finished folder as it stands.

    Args:
        folder: the output folder.
        report: its report number.
        key: private Ed25519 key to sign with, PEM without passphrase.
        stamp: what gives an RFC 3161 token over a SHA-256.

    Raises:
        UsageError: the run was not finished, the folder is not as its log says, or the key cannot be used.
    """
    found = verify(VerifyOptions(folder))
    if found.changed:
        raise UsageError(f"{folder} is not what its log says, so it is not sealed: {'; '.join(found.changed)}.")
    log = list(audit.entries(folder))
    state = last_state(log)
    fingerprint = str(log[0].payload.get("fingerprint", ""))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    slip = Slip(report, state.digest, state.number, state.payload["manifest"], fingerprint, now)
    slip = sign_slip(slip, key) if key else slip
    return replace(slip, timestamp=_encoded(stamp(hashlib.sha256(slip.signed_content()).digest()))) if stamp else slip


def last_state(log: Sequence[audit.Entry]) -> audit.Entry:
    """The entry that tells of the finished folder.

    Raises:
        UsageError: there is none: the run was not finished.
    """
    states = [entry for entry in log if "manifest" in entry.payload]
    if not states:
        raise UsageError("The run was not finished, so there is nothing to seal; go on with it by slim scan --resume.")
    return states[-1]


def sign_slip(slip: Slip, key: bytes) -> Slip:
    """The slip with an Ed25519 signature.

    Args:
        slip: the slip.
        key: private key, PEM without passphrase.

    Raises:
        UsageError: it is no such key.
        EnvironmentUnfit: the extra `sign` is missing.
    """
    serialization, ed25519 = cryptography()
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"The key cannot be read: {error}.") from error
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise UsageError("A slip is signed with an Ed25519 key; make one with: openssl genpkey -algorithm ed25519.")
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    slip = replace(slip, public_key=_encoded(private.public_key().public_bytes(*raw)))
    return replace(slip, signature=_encoded(private.sign(slip.signed_content())))


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
