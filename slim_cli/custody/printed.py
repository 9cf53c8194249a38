"""The printed report as custody sees it: the files attached to it, and its signature."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from slim_cli.errors import UsageError

CALIBRATION = "calibration.json"  # kept in the folder by scans of this version alone
ATTACHED = ("results.jsonl", "run.json", "reference.json", CALIBRATION)
CASE_PREFIX = "case-"


def attachments(pdf: Path) -> dict[str, bytes]:
    """The files attached to a report by name.

    Raises:
        UsageError: it is no PDF that can be read.
    """
    import pikepdf

    try:
        with pikepdf.open(pdf) as document:
            return {name: spec.get_file().read_bytes() for name, spec in document.attachments.items()}
    except (pikepdf.PdfError, OSError, ValueError) as error:
        raise UsageError(f"{pdf} is no PDF that can be read: {error}.") from error


def examine_pdf(folder: Path) -> tuple[list[str], str]:
    """Compares what is attached to the PDF of a folder with the folder's files, and checks its signatures.

    Returns:
        what differs, in words, and what was found of the signatures; empty where it has none.
    """
    pdf = folder / "report.pdf"
    try:
        attached = attachments(pdf)
    except UsageError as error:
        return [f"report.pdf cannot be read ({error})"], ""
    differing = []
    kept = [name for name in ATTACHED if name != CALIBRATION or (folder / name).is_file()]
    for name in kept:
        if name not in attached:
            differing.append(f"{name} is not attached to report.pdf")
        elif not (folder / name).is_file() or (folder / name).read_bytes() != attached[name]:
            differing.append(f"{name} is not the one attached to report.pdf")
    for name, content in attached.items():
        own = folder / "case" / ("case.toml" if name == "case.toml" else name.removeprefix(CASE_PREFIX))
        if (name == "case.toml" or name.startswith(CASE_PREFIX)) and own.is_file() and own.read_bytes() != content:
            differing.append(f"case/{own.name} is not the one attached to report.pdf")
    broken, told = _signatures(pdf)
    return differing + broken, told


def _signatures(pdf: Path) -> tuple[list[str], str]:
    if b"/ByteRange" not in pdf.read_bytes():
        return [], ""
    if importlib.util.find_spec("pyhanko") is None:
        return [], "the PDF is signed; pyHanko is needed to check it: pip install 'slim-audit[sign]'"
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    broken, told = [], []
    try:
        with pdf.open("rb") as file:
            for signature in PdfFileReader(file).embedded_signatures:
                status = validate_pdf_signature(signature, ValidationContext(trust_roots=[signature.signer_cert]))
                who = signature.signer_cert.subject.human_friendly
                if status.intact and status.valid and status.bottom_line:
                    told.append(f"signed by {who}, unchanged since")
                else:
                    broken.append(
                        f"the signature of {who} on report.pdf does not fit: the PDF was changed after signing"
                    )
    except (PdfError, SigningError, ValueError) as error:
        broken.append(f"the signature of report.pdf cannot be read: {error}")
    return broken, "; ".join(told)
