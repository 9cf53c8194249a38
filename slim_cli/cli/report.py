"""`slim report`: makes the report of a finished scan again, without the model, and signs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slim_cli.cli import common_options as common
from slim_cli.cli.console import open_in_browser, show
from slim_cli.cli.scan_options import chosen_formats
from slim_cli.custody.run import report_again
from slim_cli.errors import EnvironmentUnfit, UsageError
from slim_cli.evidence.names import safe_name

if TYPE_CHECKING:
    from slim_cli.assessment.reference import Reference
    from slim_cli.reporting.signing import Seal
    from slim_cli.reporting.writers import Findings

SECRET = "SLIM_SIGN_SECRET"
SIGNING = "Signing"


def report(
    output: Annotated[Path, typer.Argument(help="Report what this output folder of a scan holds.")],
    formats: common.Formats = "html,pdf,csv",
    limit: Annotated[
        str | None,
        typer.Option(
            "--report",
            help="Give these files a section of their own: all, flagged, new or top:N.",
            autocompletion=common.completing(lambda: common.SELECTIONS),
            show_default="as in the scan",
            rich_help_panel=common.REPORT,
        ),
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option(
            help="Take this case file in place of the one that the scan was given.", rich_help_panel=common.REPORT
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help=f"Write the report in this language: {' or '.join(common.languages())}.",
            show_default="as in the scan",
            rich_help_panel=common.REPORT,
            autocompletion=common.completing(common.languages),
        ),
    ] = None,
    audio: Annotated[
        bool,
        typer.Option(
            "--embed-audio/--no-embed-audio",
            help="Embed the listening proxies of the scan, if any.",
            rich_help_panel=common.REPORT,
        ),
    ] = True,
    sign: Annotated[
        bool,
        typer.Option("--sign", help="Sign the PDF, which then is no draft any more.", rich_help_panel=SIGNING),
    ] = False,
    pkcs12: Annotated[
        Path | None, typer.Option(help="Sign with this PKCS#12 file (.p12, .pfx).", rich_help_panel=SIGNING)
    ] = None,
    pkcs11_module: Annotated[
        Path | None, typer.Option(help="Sign with a token through this PKCS#11 library.", rich_help_panel=SIGNING)
    ] = None,
    pkcs11_token: Annotated[
        str | None, typer.Option(help="Sign with the token of this label.", rich_help_panel=SIGNING)
    ] = None,
    pkcs11_certificate: Annotated[
        str | None, typer.Option(help="Sign with the certificate and key of this label.", rich_help_panel=SIGNING)
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            help=f"Read passphrase or PIN from this file; else {SECRET} is taken, else it is asked for.",
            rich_help_panel=SIGNING,
        ),
    ] = None,
    timestamp_url: Annotated[
        str | None, typer.Option(help="Ask this RFC 3161 service for a time stamp.", rich_help_panel=SIGNING)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a signed PDF.", rich_help_panel=SIGNING)] = False,
    open_report: common.Open = False,
    quiet: common.Quiet = False,
) -> None:
    """Make the report of a finished scan again; the same options give the same bytes."""
    from slim_cli.reporting import load, stored_case, stored_choices
    from slim_cli.reporting.case_file import load_case
    from slim_cli.reporting.selection import DEFAULT, Style
    from slim_cli.reporting.writers import Findings

    chosen = chosen_formats(formats)
    keys = {"pkcs12": pkcs12, "module": pkcs11_module, "token": pkcs11_token, "certificate": pkcs11_certificate}
    keys["timestamp_url"] = timestamp_url
    if not sign and any((*keys.values(), secret_file)):
        raise UsageError("Options for signing were given without --sign; add it, or leave them out.")
    if (sign or "pdf" in chosen) and not force:
        _spare_signed(output / "report.pdf")
    results, run = load(output)
    before = stored_choices(output)
    options: dict[str, Any] = {
        "limit": limit or before.get("report", DEFAULT),
        "case": load_case(case) if case else stored_case(output),
        "language": language or before.get("language", "en"),
    }
    seal = _seal(keys, secret_file) if sign else None
    findings = Findings(results, run, _reference(output), output, Style(**options, draft=seal is None, audio=audio))
    with report_again(output) as tell:
        lines = _write(findings, chosen, seal, tell)
    if not quiet:
        show(*lines)
    if open_report:
        open_in_browser(output)


def _spare_signed(pdf: Path) -> None:
    """Refuses to overwrite a signed report."""
    from slim_cli.reporting.signing import is_signed

    if pdf.exists() and is_signed(pdf):
        raise UsageError(f"{pdf} is signed and is not overwritten; move it away first, or add --force.")


def _write(findings: Findings, formats: tuple[str, ...], seal: Seal | None, tell: Callable[..., None]) -> list[str]:
    """Writes the outputs; where the PDF is signed, it alone is no draft."""
    from slim_cli.reporting import write
    from slim_cli.reporting.signing import write_signed
    from slim_cli.reporting.writers import replacing

    sources = (findings.results, findings.run, findings.reference, findings.folder)
    style = replace(findings.style, draft=True)
    written = write(*sources, [name for name in formats if name != "pdf" or seal is None], style)
    if seal is None:
        tell("report_rendered_again")
        return [f"Written: {', '.join(map(str, written.values()))}"]
    target = findings.folder / "report.pdf"
    with replacing(target) as partial:
        signer = write_signed(findings, partial, seal)
    tell("report_signed", signer=signer)
    return [f"Written: {', '.join(map(str, [*written.values(), target]))}", f"Signed: {target} by {safe_name(signer)}"]


def _reference(output: Path) -> Reference:
    from slim_cli.assessment.reference import load_reference

    try:
        return load_reference(output)
    except EnvironmentUnfit as error:
        raise UsageError(f"{error} The reference.json of the model that scanned may be copied there.") from error


def _seal(keys: dict[str, Any], secret_file: Path | None) -> Seal:
    from slim_cli.reporting.signing import Seal, check_signing

    check_signing()
    Seal(**keys)
    return Seal(**keys, secret=_secret(secret_file))


def _secret(path: Path | None) -> str | None:
    """Passphrase or PIN: the first line of the file, else the environment's, else asked for without showing it."""
    if path is not None:
        try:
            return (path.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, ValueError) as error:
            raise UsageError(f"The file {path} with the passphrase cannot be read: {error}.") from error
    if SECRET in os.environ:
        return os.environ[SECRET]
    return str(typer.prompt("Passphrase or PIN", hide_input=True, err=True, default="", show_default=False)) or None
