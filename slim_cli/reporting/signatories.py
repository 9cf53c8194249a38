"""Who signs a report, in which role, whether that person may, and what the signatures of a PDF say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from slim_cli.custody.printed import is_signed
from slim_cli.errors import UsageError
from slim_cli.reporting.case_file import Case
from slim_cli.words import load_words

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate

ROLES: Mapping[str, str] = MappingProxyType({"examiner": "examiner", "reviewer": "reviewer", "release": "authoriser"})
_TITLES = frozenset({"dr", "prof", "dipl", "ing", "msc", "bsc", "phd", "mag"})


@dataclass(frozen=True)
class Certified:
    """What a certificate says of itself.

    Attributes:
        name: whom it names, its common name where it has one.
        issuer: who issued it.
        serial: its serial number, hexadecimal.
        sha256: SHA-256 of its DER form.
        start, end: when it is valid.
    """

    name: str
    issuer: str
    serial: str
    sha256: str
    start: datetime
    end: datetime

    @classmethod
    def of(cls, certificate: Certificate) -> Certified:
        """Reads a certificate."""
        subject = certificate.subject.native
        own = [subject.get(key) for key in ("given_name", "surname")]
        name = subject.get("common_name") or " ".join(filter(None, own)) or certificate.subject.human_friendly
        return cls(
            name if isinstance(name, str) else " ".join(name),
            certificate.issuer.human_friendly,
            f"{certificate.serial_number:X}",
            certificate.sha256.hex(),
            certificate.not_valid_before,
            certificate.not_valid_after,
        )


@dataclass(frozen=True)
class Signature:
    """One electronic signature of a report.

    Attributes:
        role: `examiner`, `reviewer` or `release`; empty for a triage's.
        certified: its certificate.
        moment: when it was made by the clock of the signing machine, ISO 8601, UTC.
    """

    role: str
    certified: Certified
    moment: str


def read_signatures(pdf: Path) -> tuple[Signature, ...]:
    """The signatures of a PDF in the order in which they were made; none where there is no signed PDF.

    Raises:
        EnvironmentUnfit: pyHanko is missing.
    """
    if not is_signed(pdf):
        return ()
    from slim_cli.reporting.signing import check_signing

    check_signing()
    from pyhanko.pdf_utils.reader import PdfFileReader

    with pdf.open("rb") as file:
        return tuple(
            Signature(
                role=one.field_name.lower() if one.field_name.lower() in ROLES else "",
                certified=Certified.of(one.signer_cert),
                moment=_moment(one.self_reported_timestamp),
            )
            for one in PdfFileReader(file).embedded_signatures
        )


def number_of(pdf: Path) -> str:
    """The report number in the title of a PDF, empty where there is none."""
    import pikepdf

    with pikepdf.open(pdf) as document:
        return str(document.docinfo.get("/Title", "")).rpartition(" ")[2]


def signatures_of(pdf: Path, identity: str) -> tuple[Signature, ...]:
    """The signatures of a PDF that is the report of this number; none where it is another.

    Raises:
        EnvironmentUnfit: pyHanko is missing.
    """
    return read_signatures(pdf) if is_signed(pdf) and number_of(pdf) == identity else ()


def check_turn(case: Case | None, role: str, done: Sequence[Signature]) -> None:
    """Refuses a role that has signed, or whose turn it is not.

    Raises:
        UsageError: it is not this role's turn.
    """
    signed = [one.role for one in done]
    if role in signed or (done and not case):
        raise UsageError(f"The report is signed in the role {role or 'of its maker'} already.")
    if case is None:
        return
    roles = list(ROLES)
    if any(one in signed for one in roles[roles.index(role) :]):
        raise UsageError(f"The {role} signs before those who have signed; make the report again to begin anew.")
    for earlier in roles[: roles.index(role)]:
        if case.items[f"{ROLES[earlier]}.name"] and earlier not in signed:
            raise UsageError(f"The {earlier} named in the case file signs first; nothing was signed.")


def objections(case: Case | None, role: str, certified: Certified) -> list[str]:
    """What speaks against a signature, in sentences; none for a triage, which names no persons."""
    found: list[str] = []
    if case is None:
        return found
    words = load_words()
    if case.missing:
        items = (f"{entry.exhibit} {words.say(f'case.item.{entry.key}')}".strip() for entry in case.missing)
        found.append(f"The case file does not state what a signed report must hold: {', '.join(items)}.")
    named = case.items[f"{ROLES[role]}.name"]
    if named and not same_person(named, certified.name):
        found.append(f"The certificate names {certified.name!r}, the case file names {named!r} as {role}.")
    return found


def check_valid(certified: Certified, now: datetime) -> None:
    """Refuses a certificate outside the time for which it was issued.

    Raises:
        UsageError: it is not valid yet, or no longer.
    """
    if not certified.start <= now <= certified.end:
        span = f"from {certified.start:%Y-%m-%d} to {certified.end:%Y-%m-%d}"
        raise UsageError(f"The certificate of {certified.name!r} is valid {span}, not now; nothing was signed.")


def same_person(stated: str, certified: str) -> bool:
    """Whether two names can be of one person: one holds every part of the other, at least two parts, titles left out.

    >>> same_person("Dr. Alex Example-Miller", "EXAMPLE MILLER, Alex")
    True
    >>> same_person("Alex Example", "Sam Example")
    False
    """
    one, other = _parts(stated), _parts(certified)
    return one == other or (len(one & other) >= 2 and (one <= other or other <= one))


def described(signature: Signature) -> dict[str, Any]:
    """What a sentence about a signature is filled with."""
    one = signature.certified
    return {
        "name": one.name,
        "moment": signature.moment,
        "issuer": one.issuer,
        "serial": one.serial,
        "sha256": one.sha256,
    }


def _parts(name: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return frozenset(re.findall(r"\w+", folded)) - _TITLES


def _moment(when: datetime | None) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""
