"""Signing a report: printed without the mark of a draft by the first signature, left as it is by those that follow."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from slim_cli.custody.printed import examine_pdf, is_signed
from slim_cli.errors import UsageError
from slim_cli.reporting.signatories import (
    ROLES,
    Certified,
    Signature,
    check_turn,
    check_valid,
    described,
    number_of,
    objections,
    read_signatures,
)
from slim_cli.reporting.signing import Seal, SeenAt, opened, sign_pdf
from slim_cli.whole_files import replacing

if TYPE_CHECKING:
    from slim_cli.reporting.writers import Findings

ANCHOR = "sign-"
WIDTH_PT, HEIGHT_PT = 340, 44  # of a signature's box, as the style sheet of paper has it


def sign_report(findings: Findings, seal: Seal, role: str, force: bool = False) -> tuple[Signature, list[str]]:
    """Signs `report.pdf` of a folder in a role.

    Args:
        findings: what the report is made from.
        seal: with what to sign.
        role: one of `ROLES`; does not matter for a triage.
        force: whether to sign in spite of what `objections` finds.

    Returns:
        the signature, and what speaks against it.

    Raises:
        UsageError: it may not be signed so, or by this key.
        EnvironmentUnfit: something that it needs is missing.
    """
    from slim_cli.reporting.pdf import SCRATCH, write_pdf

    case, target = findings.style.case, findings.folder / "report.pdf"
    role, done = role if case else "", read_signatures(target)
    if done:
        _check_same(findings, target)
    check_turn(case, role, done)
    with opened(seal) as signer, tempfile.TemporaryDirectory(prefix=SCRATCH, dir=findings.folder) as scratch:
        certified = Certified.of(signer.signing_cert)
        check_valid(certified, datetime.now(UTC))
        against = objections(case, role, certified)
        if against and not force:
            raise UsageError(f"{' '.join(against)} Nothing was signed; --force signs all the same.")
        source = target
        if not done:
            source = Path(scratch) / "report.pdf"
            write_pdf(replace(findings, style=replace(findings.style, draft=False)), source)
        now = datetime.now(UTC).replace(microsecond=0)
        signature = Signature(role, certified, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        place = _place(findings, source, signature, Path(scratch), seal.timestamp_url) if case else None
        with replacing(target) as partial:
            sign_pdf(source, partial, signer, place, seal.timestamp_url, now)
    return signature, against


def keep_signed(folder: Path) -> Path | None:
    """Gives a signed `report.pdf` another name, so that a new one may be written; returns it, None where none is."""
    pdf = folder / "report.pdf"
    if not is_signed(pdf):
        return None
    number = next(n for n in range(1, 10_000) if not (folder / f"report.signed-{n}.pdf").exists())
    return pdf.rename(folder / f"report.signed-{number}.pdf")


def _check_same(findings: Findings, pdf: Path) -> None:
    """Refuses to add to the signatures of another report, or to broken ones."""
    if (number := number_of(pdf)) != findings.report.identity:
        raise UsageError(
            f"{pdf} is signed and is another report ({number}, not {findings.report.identity}); nothing was "
            "signed: use the options with which it was made, or move it away."
        )
    differing, _ = examine_pdf(findings.folder)
    if differing:
        raise UsageError(f"Nothing was signed: {'; '.join(differing)}.")


def _place(findings: Findings, pdf: Path, signature: Signature, scratch: Path, url: str | None) -> SeenAt:
    """The signature's field and what is seen there."""
    from slim_cli.reporting.pdf import print_document
    from slim_cli.reporting.templates import signature_document

    appearance = scratch / "appearance.pdf"
    document = signature_document(findings.report.words, described(signature), url, (WIDTH_PT, HEIGHT_PT))
    print_document(document, appearance, {}, findings.run.finished, variant=None)
    return SeenAt(signature.role.title(), appearance, _boxes(pdf))


def _boxes(pdf: Path) -> dict[str, tuple[int, tuple[int, int, int, int]]]:
    """Page and rectangle of every role's box, where the links of the administrative data lead."""
    import pikepdf

    found = {}
    with pikepdf.open(pdf) as document:
        pages = [page.obj.objgen for page in document.pages]
        named = dict(pikepdf.NameTree(document.Root.Names.Dests).items())
        for role in ROLES:
            page, _, x, y, *_ = named[ANCHOR + role]
            left, top = round(float(x)), round(float(y))
            found[role.title()] = pages.index(page.objgen), (left, top - HEIGHT_PT, left + WIDTH_PT, top)
    return found
