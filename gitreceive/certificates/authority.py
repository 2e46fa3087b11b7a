"""The receiver's own certificate authority: its key is made at the first need and never leaves the home."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gitreceive.certificates.files import read_file, write_file
from gitreceive.certificates.x509 import read_certificate
from gitreceive.model.certificate import Certificate
from gitreceive.model.errors import CertificateError

YEARS = 10
DAYS = 90
BEFORE = timedelta(days=1)
"""Clocks of clients differ."""

LONGEST_COMMON_NAME = 64
"""X.520, ub-common-name: a longer host name is an alternative name only."""


class OwnAuthority:
    """Satisfies ``Issuer``. ``file`` holds its certificate and its key; ``name`` tells it from other receivers'."""

    def __init__(self, file: Path, name: str, clock: Callable[[], float] = time.time) -> None:
        self._file, self._name, self._clock = file, name, clock
        self._loaded: Certificate | None = None

    @property
    def certificate(self) -> str:
        """Its own certificate as PEM, which clients are given to trust. Raises CertificateError."""
        return self._own().chain

    def issue(self, host: str) -> Certificate:
        """See the port."""
        own, key = self._own(), ec.generate_private_key(ec.SECP256R1())
        (above,) = x509.load_pem_x509_certificates(own.chain.encode())
        made = (
            self._begun(_subject(host), timedelta(days=DAYS))
            .issuer_name(above.subject)
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(_key(own).public_key()), critical=False
            )
            .sign(_key(own), SHA256())
        )
        return read_certificate(made.public_bytes(Encoding.PEM).decode(), _text(key))

    def _own(self) -> Certificate:
        if self._loaded is None:
            text = read_file(self._file)
            self._loaded = read_certificate(text, text) if text else self._made()
        return self._loaded

    def _made(self) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _subject(self._name)
        made = (
            self._begun(name, timedelta(days=365 * YEARS))
            .issuer_name(name)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_may_sign(), critical=True)
            .sign(key, SHA256())
        )
        found = read_certificate(made.public_bytes(Encoding.PEM).decode(), _text(key))
        write_file(self._file, found.bundle)
        return found

    def _begun(self, subject: x509.Name, lasts: timedelta) -> x509.CertificateBuilder:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .serial_number(secrets.randbits(159))
            .not_valid_before(now - BEFORE)
            .not_valid_after(now + lasts)
        )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])


def _may_sign() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key(own: Certificate) -> ec.EllipticCurvePrivateKey:
    found = load_pem_private_key(own.key.encode(), password=None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise CertificateError("the key of the receiver's own authority is not the one that was made for it")
    return found


def _text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
