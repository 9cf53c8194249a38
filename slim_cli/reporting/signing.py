"""Signing the PDF (PAdES, invisible, nothing may change afterwards) with pyHanko, from a file or a token."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.errors import EnvironmentUnfit, UsageError

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer

    from slim_cli.reporting.writers import Findings

FIELD = "Signature"
SUBFILTER = b"/ETSI.CAdES.detached"


@dataclass(frozen=True)
class Seal:
    """With what a report is signed: a PKCS#12 file, or a key on a PKCS#11 token.

    Attributes:
        pkcs12: file with key and certificates; None for a token.
        module: PKCS#11 library of the token.
        token: label of the token; None for the only one.
        certificate: label of certificate and key on the token.
        secret: passphrase of the file or PIN of the token; None where there is none.
        timestamp_url: RFC 3161 time-stamping service, the only thing asked over the network; None for no time stamp.
    """

    pkcs12: Path | None = None
    module: Path | None = None
    token: str | None = None
    certificate: str | None = None
    secret: str | None = field(default=None, repr=False)
    timestamp_url: str | None = None

    def __post_init__(self) -> None:
        if (self.pkcs12 is None) == (self.module is None):
            raise UsageError("Signing takes either a PKCS#12 file or a PKCS#11 module; name one of them.")
        if self.module is not None and not self.certificate:
            raise UsageError("Signing with a PKCS#11 module needs the label of the certificate on the token.")


def check_signing() -> None:
    """Refuses to begin where the extra `sign` is not installed.

    Raises:
        EnvironmentUnfit: it is not.
    """
    if importlib.util.find_spec("pyhanko") is None:
        raise EnvironmentUnfit("Signing needs pyHanko; install it with: pip install 'slim-audit[sign]'.")


def is_signed(pdf: Path) -> bool:
    """Whether a PDF carries a signature of the kind that `sign_pdf` adds, which stands in it in plain text."""
    return SUBFILTER in pdf.read_bytes()


def write_signed(findings: Findings, target: Path, seal: Seal) -> str:
    """Prints the report and signs it, the unsigned print never in the output folder; returns what `sign_pdf` does."""
    from slim_cli.reporting.pdf import SCRATCH, write_pdf

    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=target.parent) as scratch:
        unsigned = Path(scratch) / "report.pdf"
        write_pdf(findings, unsigned)
        return sign_pdf(unsigned, target, seal)


def sign_pdf(source: Path, target: Path, seal: Seal) -> str:
    """Adds a signature as an incremental update; every byte of the source stays.

    Args:
        source: the PDF.
        target: the signed PDF to write.
        seal: with what to sign.

    Returns:
        whom the certificate names.

    Raises:
        UsageError: key or certificate cannot be used.
        EnvironmentUnfit: pyHanko is missing, or the time-stamping service did not answer.
    """
    check_signing()
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.timestamps import TimestampRequestError

    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    with _signer(seal) as signer, source.open("rb") as unsigned, target.open("w+b") as signed:
        try:
            stamper = _stamper(seal.timestamp_url) if seal.timestamp_url else None
            PdfSigner(metadata, signer, timestamper=stamper).sign_pdf(IncrementalPdfFileWriter(unsigned), output=signed)
        except TimestampRequestError as error:
            raise EnvironmentUnfit(f"The time-stamping service {seal.timestamp_url} gave no stamp: {error}.") from error
        except SigningError as error:
            raise UsageError(f"The report could not be signed: {error}.") from error
        return str(signer.subject_name)


@contextmanager
def _signer(seal: Seal) -> Iterator[Signer]:
    if seal.pkcs12 is not None:
        yield _from_file(seal.pkcs12, seal.secret)
        return
    try:
        from pyhanko.config.pkcs11 import PKCS11SignatureConfig, TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11SigningContext
    except ImportError as error:
        raise EnvironmentUnfit(
            f"Signing with a token needs python-pkcs11 ({error}); install it with: pip install 'slim-audit[sign]'."
        ) from error
    from pkcs11.exceptions import PKCS11Error
    from pyhanko.sign.general import SigningError

    criteria = TokenCriteria(label=seal.token) if seal.token else None
    config = PKCS11SignatureConfig(
        module_path=str(seal.module), cert_label=seal.certificate, token_criteria=criteria, user_pin=seal.secret
    )
    try:
        with PKCS11SigningContext(config) as signer:
            signer.signing_cert  # noqa: B018 # why: reads the certificate now, where its absence is told apart
            yield signer
    except (PKCS11Error, SigningError) as error:
        raise UsageError(f"The token of {seal.module} cannot sign: {error or type(error).__name__}.") from error


def _from_file(path: Path, secret: str | None) -> Signer:
    from pyhanko.sign.signers import SimpleSigner

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"The PKCS#12 file {path} cannot be read: {error.strerror}.") from error
    try:
        return SimpleSigner.load_pkcs12_data(content, (), secret.encode() if secret is not None else None)
    except (ValueError, AttributeError) as error:
        raise UsageError(
            f"The PKCS#12 file {path} gives no key and certificate: wrong passphrase, or not such a file."
        ) from error


def stamp_digest(url: str, digest: bytes) -> bytes:
    """An RFC 3161 token over a SHA-256 digest, DER.

    Raises:
        EnvironmentUnfit: pyHanko is missing, or the service did not answer.
    """
    check_signing()
    import asyncio

    from pyhanko.sign.timestamps import TimestampRequestError

    try:
        return bytes(asyncio.run(_stamper(url).async_timestamp(digest, "sha256")).dump())
    except TimestampRequestError as error:
        raise EnvironmentUnfit(f"The time-stamping service {url} gave no stamp: {error}.") from error


def _stamper(url: str) -> Any:
    from pyhanko.sign.timestamps import HTTPTimeStamper

    return HTTPTimeStamper(url)
