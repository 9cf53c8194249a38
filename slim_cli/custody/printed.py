"""The printed report as custody sees it: the files attached to it, and its signature."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

from slim_cli.errors import UsageError

CALIBRATION = "calibration.json"  # kept in the folder by scans of this version alone
ATTACHED = ("results.jsonl", "run.json", "reference.json", CALIBRATION)
CASE_PREFIX = "case-"
SUBFILTER = b"/ETSI.CAdES.detached"
_SIGNED_KEYS = ("/V", "/AP")


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


def is_signed(pdf: Path) -> bool:
    """Whether there is a PDF that carries a signature of the kind that `slim report --sign` adds."""
    return pdf.is_file() and SUBFILTER in pdf.read_bytes()


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

    broken, told, content = [], [], pdf.read_bytes()
    try:
        with pdf.open("rb") as file:
            signatures = PdfFileReader(file).embedded_signatures
            ends = [sum(list(signature.byte_range)[2:]) for signature in signatures]
            for signature, end, later in zip(signatures, ends, [*ends[1:], len(content)], strict=True):
                trusted = ValidationContext(trust_roots=[signature.signer_cert])
                # why: pyHanko's own comparison walks the structure tree of every revision, minutes for a long report
                status = validate_pdf_signature(signature, trusted, skip_diff=True)
                who = signature.signer_cert.subject.human_friendly
                kept = next(iter(signature.byte_range)) == 0 and (
                    end == later or _only_signed(content[:end], content[:later])
                )
                if status.intact and status.valid and status.bottom_line and kept:
                    told.append(f"signed by {who}, unchanged since")
                else:
                    broken.append(
                        f"the signature of {who} on report.pdf does not fit: the PDF was changed after signing"
                    )
            if ends and ends[-1] != len(content):
                broken.append("report.pdf goes on behind its last signature")
    except (PdfError, SigningError, ValueError) as error:
        broken.append(f"the signature of report.pdf cannot be read: {error}")
    return broken, "; ".join(told)


def _only_signed(before: bytes, after: bytes) -> bool:
    """Whether a revision of a PDF differs from the one before by signatures in fields that were there, and by its XMP
    metadata, alone."""
    import pikepdf

    with pikepdf.open(io.BytesIO(before)) as one, pikepdf.open(io.BytesIO(after)) as other:
        earlier, later = _objects(one), _objects(other)
        for place, content in earlier.items():
            if later.get(place) == content:
                continue
            old, new = one.get_object(place), other.get_object(place)
            if old.get("/Type") == new.get("/Type") == "/Metadata":
                continue
            if old.get("/FT") != "/Sig" or "/V" in old or "/V" not in new or _unsigned(old) != _unsigned(new):
                return False
        return True


def _unsigned(field: Any) -> bytes:
    """A signature field without what a signature adds to it."""
    import pikepdf

    return pikepdf.Dictionary({key: field[key] for key in field.keys() if key not in _SIGNED_KEYS}).unparse()  # noqa: SIM118


def _objects(document: Any) -> dict[tuple[int, int], bytes]:
    import pikepdf

    return {
        one.objgen: one.stream_dict.unparse() + one.read_raw_bytes()
        if isinstance(one, pikepdf.Stream)
        else one.unparse(resolved=True)
        for one in document.objects
        if one.objgen[0]
    }
