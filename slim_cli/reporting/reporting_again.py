"""`slim report` as a function: the report of a finished scan made again, without the model, and signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slim_cli.assessment.reference import Reference, load_reference
from slim_cli.custody.printed import is_signed
from slim_cli.custody.run import report_again
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.reporting import FORMATS, load, stored_case, stored_choices, write
from slim_cli.reporting.case_file import load_case
from slim_cli.reporting.selection import DEFAULT, Style
from slim_cli.reporting.signatories import ROLES, Signature
from slim_cli.reporting.signed_report import keep_signed, sign_report
from slim_cli.reporting.signing import Seal, check_signing
from slim_cli.reporting.writers import Findings, get_writer

PDF = "report.pdf"


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What is reported again, and how.

    Attributes:
        folder: output folder of a scan.
        formats: files to write, any of `slim_cli.output_formats.OUTPUT_FORMATS`.
        sections: which files get a section, `all`, `flagged`, `new` or `top:N`; None as in the scan.
        case: case file in place of the one that the scan was given; None for that one.
        language: language of the report; None as in the scan.
        audio: whether the listening proxies of the scan, if any, are embedded.
        seal: with what the PDF is signed; None signs nothing.
        role: in which role, one of `slim_cli.reporting.signatories.ROLES`.
        ask_secret: gives passphrase or PIN of the seal, asked for when all else is in order.
        force: whether to sign in spite of what speaks against it; without a seal, whether a signed PDF is kept under
            another name and a new one written.
    """

    folder: Path
    formats: Sequence[str] = FORMATS
    sections: str | None = None
    case: Path | None = None
    language: str | None = None
    audio: bool = True
    seal: Seal | None = None
    role: str = "examiner"
    ask_secret: Callable[[], str | None] | None = None
    force: bool = False


@dataclass(frozen=True)
class Reported:
    """What was written.

    Attributes:
        written: the files.
        unfinished: how far an unfinished scan came, such as `500 of 3,000`; empty for a finished one.
        signature: the one that was made; None where nothing was signed.
        against: what speaks against it, in sentences.
        kept: the new name of a PDF that was signed before.
    """

    written: tuple[Path, ...]
    unfinished: str = ""
    signature: Signature | None = None
    against: tuple[str, ...] = ()
    kept: Path | None = None


def report(options: ReportOptions) -> Reported:
    """Makes the report of a finished scan again; the same options give the same bytes.

    Raises:
        UsageError: the folder holds no scan, an option cannot be used, or a signed PDF would be replaced.
        EnvironmentUnfit: a part of the installation is missing.
    """
    target = options.folder / PDF
    for name in options.formats:
        get_writer(name)
    if options.role not in ROLES:
        raise UsageError(f"The role {options.role!r} is unknown; it is one of {', '.join(ROLES)}.")
    if "pdf" in options.formats and not options.seal and not options.force and is_signed(target):
        raise UsageError(f"{target} is signed and is not overwritten; --force keeps it and writes a new one beside it.")
    findings = _findings(options)
    if options.seal:
        return _signed(options, findings, target)
    sources = (findings.results, findings.run, findings.reference, findings.folder)
    with report_again(options.folder) as tell:
        kept = keep_signed(options.folder) if options.force and "pdf" in options.formats else None
        written = tuple(write(*sources, options.formats, findings.style).values())
        tell("report_rendered_again")
    return Reported(written, _unfinished(findings), kept=kept)


def _signed(options: ReportOptions, findings: Findings, target: Path) -> Reported:
    """Signs the PDF, then writes the other outputs, of which the HTML tells of the signature."""
    check_signing()
    assert options.seal
    seal = replace(options.seal, secret=options.ask_secret() if options.ask_secret else options.seal.secret)
    others = [name for name in options.formats if name != "pdf"]
    if (options.folder / "report.html").exists():
        others = list(dict.fromkeys([*others, "html"]))
    sources = (findings.results, findings.run, findings.reference, findings.folder)
    with report_again(options.folder) as tell:
        signature, against = sign_report(findings, seal, options.role, options.force)
        written = tuple(write(*sources, others, findings.style).values())
        who = signature.certified
        tell("report_signed", signer=who.name, role=signature.role, certificate=who.sha256)
    return Reported((*written, target), _unfinished(findings), signature, tuple(against))


def _unfinished(findings: Findings) -> str:
    rows, found = len(findings.results), findings.run.files_found
    if findings.run.complete:
        return ""
    return f"{rows:,} of {found:,}" if found is not None else f"{rows:,}"


def _findings(options: ReportOptions) -> Findings:
    """What is reported."""
    results, run = load(options.folder)
    before = stored_choices(options.folder)
    style = Style(
        options.sections or before.get("report", DEFAULT),
        load_case(options.case) if options.case else stored_case(options.folder),
        options.language or before.get("language", "en"),
        audio=options.audio,
    )
    return Findings(results, run, _reference(options.folder), options.folder, style)


def _reference(folder: Path) -> Reference:
    try:
        return load_reference(folder)
    except EnvironmentUnfit as error:
        raise UsageError(f"{error} The reference.json of the model that scanned may be copied there.") from error
