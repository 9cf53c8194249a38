"""The options by which a report is signed, as the command line shows them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from slim_cli.cli import choices
from slim_cli.errors import UsageError

SECRET = "SLIM_SIGN_SECRET"
_PANEL: dict[str, Any] = {"rich_help_panel": "Signing"}

Sign = Annotated[
    bool,
    typer.Option(
        "--sign",
        help="Sign the PDF, which then is no draft any more; one that is signed gets a further signature.",
        **_PANEL,
    ),
]
Role = Annotated[
    str,
    typer.Option(
        "--as",
        help=f"Sign in this role of the case file, one after the other: {', '.join(choices.SIGNING_ROLES)}.",
        autocompletion=choices.completing(lambda: choices.SIGNING_ROLES),
        **_PANEL,
    ),
]
Pkcs12 = Annotated[Path | None, typer.Option(help="Sign with this PKCS#12 file (.p12, .pfx).", **_PANEL)]
Module = Annotated[Path | None, typer.Option(help="Sign with a token through this PKCS#11 library.", **_PANEL)]
Token = Annotated[str | None, typer.Option(help="Sign with the token of this label.", **_PANEL)]
Certificate = Annotated[str | None, typer.Option(help="Sign with the certificate and key of this label.", **_PANEL)]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        help=f"Read passphrase or PIN from this file; else {SECRET} is taken, else it is asked for.", **_PANEL
    ),
]
TimestampUrl = Annotated[str | None, typer.Option(help="Ask this RFC 3161 service for a time stamp.", **_PANEL)]
Insist = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Sign although the case file is incomplete or names another person; "
        "without --sign, keep a signed PDF as report.signed-N.pdf and write a new one.",
        **_PANEL,
    ),
]


def find_secret(path: Path | None) -> str | None:
    """Passphrase or PIN: the first line of the file, else the environment's, else asked for without showing it.

    Raises:
        UsageError: the file cannot be read.
    """
    if path is not None:
        try:
            return (path.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, ValueError) as error:
            raise UsageError(f"The file {path} with the passphrase cannot be read: {error}.") from error
    if SECRET in os.environ:
        return os.environ[SECRET]
    return str(typer.prompt("Passphrase or PIN", hide_input=True, err=True, default="", show_default=False)) or None
