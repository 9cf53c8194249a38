"""A slip with the hash of the log's last entry, to print, sign and keep elsewhere: an anchor outside the folder.

A chain of hashes shows a change inside; whoever can write the folder can write the whole chain anew. The slip is what
such a folder no longer fits.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slim_cli.custody import audit
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.hashing import canonical

SCHEMA = "slim-seal/1"

_HEAD = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Slip:
    """What is sealed.

    Attributes:
        report: report number, as printed in the report.
        head: hash of the entry that tells of the finished folder.
        entries: its number in the log.
        manifest: SHA-256 of the manifest of all files.
        fingerprint: of model and parameters.
        sealed: when, ISO 8601 UTC.
        public_key: Ed25519 key in base64, empty where the slip is not signed.
        signature: over the fields above but itself, in base64.
        timestamp: RFC 3161 token over the same, in base64; empty where none was asked for.
    """

    report: str
    head: str
    entries: int
    manifest: str
    fingerprint: str
    sealed: str
    public_key: str = ""
    signature: str = ""
    timestamp: str = ""

    def signed_content(self) -> bytes:
        """What signature and time stamp cover."""
        covered = {**asdict(self), "signature": "", "timestamp": ""}
        return canonical(covered)

    def to_json(self) -> str:
        """The slip for machines."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n"


def read_slip(source: Path | str) -> Slip | str:
    """A slip from its PDF or JSON, or the hash printed on it.

    Raises:
        UsageError: it is neither.
    """
    if _HEAD.fullmatch(str(source).strip().lower()):
        return str(source).strip().lower()
    path = Path(source)
    try:
        content = path.read_bytes()
        if content.startswith(b"%PDF"):
            from slim_cli.custody.printed import attachments

            content = attachments(path)["seal.json"]
        fields: dict[str, Any] = json.loads(content)
        if fields.pop("schema", None) != SCHEMA:
            raise ValueError(f"not a {SCHEMA}")
        return Slip(**fields)
    except OSError as error:
        raise UsageError(f"The seal {source} is neither a hash of 64 digits nor a file: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{source} is no slip of slim seal: {error}.") from error


def compare_seal(source: Path | str, log: Sequence[audit.Entry]) -> list[str]:
    """What differs between a log and a seal, in words."""
    slip = read_slip(source)
    head = slip if isinstance(slip, str) else slip.head
    wrong = [] if isinstance(slip, str) else [*_check_signature(slip), *_check_stamp(slip)]
    sealed = [entry for entry in log if entry.digest == head]
    if not sealed:
        return [
            *wrong,
            "the audit log does not hold the sealed entry: it was written anew, or the seal is of another run",
        ]
    states = [entry for entry in log if "manifest" in entry.payload and entry.number <= sealed[0].number]
    listed = states[-1].payload["manifest"] if states else ""
    if not isinstance(slip, str) and slip.manifest != listed:
        wrong.append("the slip names another manifest than the log")
    later = [entry for entry in log if entry.number > sealed[0].number and "manifest" in entry.payload]
    if later and later[-1].payload["manifest"] != listed:
        wrong.append(f"files were changed after the seal, by {later[-1].event} at {later[-1].time}")
    return wrong


def _check_signature(slip: Slip) -> list[str]:
    if not slip.signature:
        return []
    _, ed25519 = cryptography()
    from cryptography.exceptions import InvalidSignature

    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(slip.public_key))
        key.verify(base64.b64decode(slip.signature), slip.signed_content())
    except (InvalidSignature, ValueError):
        return ["the signature of the slip does not fit: it was changed after signing"]
    return []


def _check_stamp(slip: Slip) -> list[str]:
    """Compares what the time stamp covers with the slip; whether its maker is to be trusted is for others to say."""
    if not slip.timestamp:
        return []
    try:
        from asn1crypto.cms import ContentInfo
    except ImportError as error:
        raise EnvironmentUnfit("Time stamps of slips need pyHanko: pip install 'slim-audit[sign]'.") from error
    try:
        token = ContentInfo.load(base64.b64decode(slip.timestamp))["content"]["encap_content_info"]["content"].parsed
        covered = token["message_imprint"]["hashed_message"].native
    except (ValueError, KeyError, TypeError, AttributeError):
        return ["the time stamp of the slip cannot be read"]
    fits = covered == hashlib.sha256(slip.signed_content()).digest()
    return [] if fits else ["the time stamp does not fit the slip, which was changed after it"]


def cryptography() -> tuple[Any, Any]:
    """The modules by which slips are signed.

    Raises:
        EnvironmentUnfit: the extra `sign` is missing.
    """
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise EnvironmentUnfit("Signed slips need cryptography: pip install 'slim-audit[sign]'.") from error
    return serialization, ed25519
