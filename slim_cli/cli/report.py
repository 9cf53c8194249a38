"""`slim report`: makes the report of a finished scan again, without the model, and signs it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from slim_cli.cli import choices
from slim_cli.cli import common_options as common
from slim_cli.cli import signing_options as signing
from slim_cli.cli.console import complain, open_in_browser, show
from slim_cli.errors import UsageError
from slim_cli.evidence.names import safe_name


def report(
    output: Annotated[Path, typer.Argument(help="Report what this output folder of a scan holds.")],
    formats: common.Formats = "html,pdf,csv",
    limit: Annotated[
        str | None,
        typer.Option(
            "--report",
            help="Give these files a section of their own: all, flagged, new or top:N.",
            autocompletion=choices.completing(lambda: choices.SELECTIONS),
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
            help=f"Write the report in this language: {' or '.join(choices.languages())}.",
            show_default="as in the scan",
            rich_help_panel=common.REPORT,
            autocompletion=choices.completing(choices.languages),
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
    sign: signing.Sign = False,
    role: signing.Role = choices.SIGNING_ROLES[0],
    pkcs12: signing.Pkcs12 = None,
    pkcs11_module: signing.Module = None,
    pkcs11_token: signing.Token = None,
    pkcs11_certificate: signing.Certificate = None,
    secret_file: signing.SecretFile = None,
    timestamp_url: signing.TimestampUrl = None,
    force: signing.Insist = False,
    open_report: common.Open = False,
    quiet: common.Quiet = False,
) -> None:
    """Make the report of a finished scan again; the same options give the same bytes."""
    from slim_cli.reporting import reporting_again
    from slim_cli.reporting.signing import Seal

    keys = (pkcs12, pkcs11_module, pkcs11_token, pkcs11_certificate, timestamp_url)
    if not sign and any((*keys, secret_file)):
        raise UsageError("Options for signing were given without --sign; add it, or leave them out.")
    options = reporting_again.ReportOptions(
        folder=output,
        formats=choices.chosen_formats(formats),
        sections=limit,
        case=case,
        language=language,
        audio=audio,
        seal=Seal(*keys[:4], timestamp_url=timestamp_url) if sign else None,
        role=role,
        ask_secret=partial(signing.find_secret, secret_file),
        force=force,
    )
    made = reporting_again.report(options)
    for sentence in made.against:
        complain(f"Signed all the same: {sentence}")
    if not quiet:
        if made.unfinished:
            show(f"Unfinished: {made.unfinished}.")
        show(f"Written: {', '.join(map(str, made.written))}")
        if made.signature:
            told = f" as {made.signature.role}" if made.signature.role else ""
            show(f"Signed: {made.written[-1]}{told} by {safe_name(made.signature.certified.name)}")
        if made.kept:
            show(f"Kept: the signed report as {made.kept}")
    if open_report:
        open_in_browser(output)
