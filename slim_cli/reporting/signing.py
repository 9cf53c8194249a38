"""Signing a PDF (PAdES) with pyHanko, with a key from a file or on a token."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slim_cli.custody.printed import is_signed
from slim_cli.errors import EnvironmentUnfit, UsageError

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer

FIELD = "Signature"


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


@dataclass(frozen=True)
class SeenAt:
    """Where a signature is seen.

    Attributes:
        field: name of the signature field.
        appearance: a PDF of one page, shown there.
        fields: every field that the PDF is to have, made with the first signature: page from 0 and rectangle in points
            from the lower left corner, by name; none of them where they are there already.
    """

    field: str
    appearance: Path
    fields: Mapping[str, tuple[int, tuple[int, int, int, int]]]


def sign_pdf(
    source: Path,
    target: Path,
    signer: Signer,
    place: SeenAt | None = None,
    url: str | None = None,
    now: datetime | None = None,
) -> None:
    """Adds a signature as an incremental update; every byte of the source stays.

    The first signature certifies the document: nothing may change afterwards but the signature fields that are made
    with it, or, where it is to be the only one, nothing at all.

    Args:
        source: the PDF.
        target: the signed PDF to write.
        signer: key and certificate, from `opened`.
        place: where it is seen; None for an invisible one that is the only one.
        url: RFC 3161 time-stamping service.
        now: the time that the signature gives, that of the clock by default.

    Raises:
        UsageError: key or certificate cannot be used.
        EnvironmentUnfit: the time-stamping service did not answer.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.timestamps import TimestampRequestError

    class TimedSigner(PdfSigner):
        """Gives the time that is printed with the signature."""

        def init_signing_session(self, *arguments: Any, **options: Any) -> Any:
            session = super().init_signing_session(*arguments, **options)
            session.system_time = now or session.system_time
            return session

    first = not is_signed(source)
    metadata = PdfSignatureMetadata(
        field_name=place.field if place else FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=first,
        docmdp_permissions=MDPPerm.FILL_FORMS if place else MDPPerm.NO_CHANGES,
    )
    with source.open("rb") as unsigned, target.open("w+b") as signed:
        try:
            writer = IncrementalPdfFileWriter(unsigned)
            for name, (page, box) in (place.fields if place and first else {}).items():
                append_signature_field(writer, SigFieldSpec(name, page, box, empty_field_appearance=True))
            stamper, look = _stamper(url) if url else None, _look(place.appearance) if place else None
            TimedSigner(metadata, signer, timestamper=stamper, stamp_style=look).sign_pdf(writer, output=signed)
        except TimestampRequestError as error:
            raise EnvironmentUnfit(f"The time-stamping service {url} gave no stamp: {error}.") from error
        except SigningError as error:
            raise UsageError(f"The report could not be signed: {error}.") from error


def _look(appearance: Path) -> Any:
    """How a signature is seen: the page as it is."""
    from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
    from pyhanko.stamp import StaticStampStyle

    layout = SimpleBoxLayoutRule(
        AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MAX, Margins(0, 0, 0, 0), InnerScaling.NO_SCALING
    )
    return StaticStampStyle.from_pdf_file(str(appearance), border_width=0, background_layout=layout)


@contextmanager
def opened(seal: Seal) -> Iterator[Signer]:
    """Key and certificate with which to sign; a token is let go at the end.

    Raises:
        UsageError: they cannot be used.
        EnvironmentUnfit: pyHanko, or for a token python-pkcs11, is missing.
    """
    check_signing()
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
