"""`slim report` as a function: the report of a finished scan made again, without the model, and signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slim_cli.assessment.reference import Reference, load_reference
from slim_cli.custody.run import report_again
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.reporting import FORMATS, load, stored_case, stored_choices, write
from slim_cli.reporting.case_file import load_case
from slim_cli.reporting.selection import DEFAULT, Style
from slim_cli.reporting.signing import Seal, check_signing, is_signed, write_signed
from slim_cli.reporting.writers import Findings, get_writer
from slim_cli.whole_files import replacing

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
        seal: with what the PDF is signed; None leaves an evaluation a draft.
        ask_secret: gives passphrase or PIN of the seal, asked for when all else is in order.
        force: whether a signed PDF may be replaced.
    """

    folder: Path
    formats: Sequence[str] = FORMATS
    sections: str | None = None
    case: Path | None = None
    language: str | None = None
    audio: bool = True
    seal: Seal | None = None
    ask_secret: Callable[[], str | None] | None = None
    force: bool = False


@dataclass(frozen=True)
class Reported:
    """What was written.

    Attributes:
        written: the files.
        signer: whom the certificate names; None where nothing was signed.
        unfinished: how far an unfinished scan came, such as `500 of 3,000`; empty for a finished one.
    """

    written: tuple[Path, ...]
    signer: str | None = None
    unfinished: str = ""


def report(options: ReportOptions) -> Reported:
    """Makes the report of a finished scan again; the same options give the same bytes.

    Raises:
        UsageError: the folder holds no scan, an option cannot be used, or a signed PDF would be replaced.
        EnvironmentUnfit: a part of the installation is missing.
    """
    target = options.folder / PDF
    for name in options.formats:
        get_writer(name)
    if (options.seal or "pdf" in options.formats) and not options.force and target.exists() and is_signed(target):
        raise UsageError(f"{target} is signed and is not overwritten; move it away first, or add --force.")
    findings, seal = _findings(options), options.seal
    if seal:
        check_signing()
        seal = replace(seal, secret=options.ask_secret() if options.ask_secret else seal.secret)
    plain = [name for name in options.formats if name != "pdf" or seal is None]
    sources = (findings.results, findings.run, findings.reference, findings.folder)
    with report_again(options.folder) as tell:
        written = tuple(write(*sources, plain, replace(findings.style, draft=True)).values())
        if seal is None:
            tell("report_rendered_again")
            return Reported(written, unfinished=_unfinished(findings))
        with replacing(target) as partial:
            signer = write_signed(findings, partial, seal)
        tell("report_signed", signer=signer)
    return Reported((*written, target), signer, _unfinished(findings))


def _unfinished(findings: Findings) -> str:
    rows, found = len(findings.results), findings.run.files_found
    if findings.run.complete:
        return ""
    return f"{rows:,} of {found:,}" if found is not None else f"{rows:,}"


def _findings(options: ReportOptions) -> Findings:
    """What is reported; where it is signed, the PDF is no draft."""
    results, run = load(options.folder)
    before = stored_choices(options.folder)
    style = Style(
        options.sections or before.get("report", DEFAULT),
        load_case(options.case) if options.case else stored_case(options.folder),
        options.language or before.get("language", "en"),
        draft=options.seal is None,
        audio=options.audio,
    )
    return Findings(results, run, _reference(options.folder), options.folder, style)


def _reference(folder: Path) -> Reference:
    try:
        return load_reference(folder)
    except EnvironmentUnfit as error:
        raise UsageError(f"{error} The reference.json of the model that scanned may be copied there.") from error
