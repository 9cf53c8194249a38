"""`slim seal`: an anchor outside the folder, against a folder that is written anew as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slim_cli.cli.console import show
from slim_cli.errors import UsageError

if TYPE_CHECKING:
    from slim_cli.custody.sealing import Stamp


def seal(
    output: Annotated[Path, typer.Argument(help="Output folder of a finished scan.")],
    slip: Annotated[
        Path | None, typer.Option(help="PDF to write, outside the folder; OUTPUT-seal.pdf by default.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Ed25519 key (PEM) to sign the slip with.")] = None,
    timestamp_url: Annotated[str | None, typer.Option(help="RFC 3161 time-stamping service to ask.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the slip; the report's by default.")] = None,
) -> None:
    """Write a one-page slip with the hash of the log, to print, sign and keep apart; `slim verify --seal` compares."""
    from slim_cli.custody.sealing import make_slip
    from slim_cli.reporting import load, stored_case, stored_choices
    from slim_cli.reporting.content import report_number
    from slim_cli.reporting.selection import DEFAULT, Style
    from slim_cli.reporting.slip import write_slip

    target = slip or output.resolve().with_name(f"{output.resolve().name}-seal.pdf")
    if target.resolve().is_relative_to(output.resolve()):
        raise UsageError(f"The slip {target} would lie in the folder that it seals; name a place outside it.")
    if target.exists():
        raise UsageError(f"{target} exists; name another file, for a slip is never written over.")
    results, run = load(output)
    choices = stored_choices(output)
    style = Style(choices.get("report", DEFAULT), stored_case(output), choices.get("language", "en"))
    made = make_slip(output, report_number(results, run, style), _key(key), _stamp(timestamp_url))
    write_slip(made, target, language or style.language)
    show(f"Hash of the sealed entry: {made.head}", f"Slip: {target}")


def _key(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise UsageError(f"The key {path} cannot be read: {error.strerror}.") from error


def _stamp(url: str | None) -> Stamp | None:
    if url is None:
        return None
    from slim_cli.reporting.signing import stamp_digest

    return lambda digest: stamp_digest(url, digest)
