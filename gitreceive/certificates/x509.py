"""Reads certificates and keys, and says what is wrong with them."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gitreceive.model.certificate import Certificate
from gitreceive.model.errors import CertificateError

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

MOST_CHARACTERS = 100_000
MOST_IN_CHAIN = 10
LEAST_RSA_BITS = 2048
BROKEN = frozenset({'md5', 'sha1'})
SHOWN = 5


def read_certificate(chain: str, key: str) -> Certificate:
    """A certificate with its chain, and its key, both as PEM. Raises CertificateError that says what is wrong."""
    if max(len(chain), len(key)) > MOST_CHARACTERS:
        raise CertificateError(f'a certificate or key has at most {MOST_CHARACTERS} characters')
    certificates = _certificates(chain)
    first = certificates[0]
    private = _private(key)
    _check_key(private, first)
    _check_chain(certificates)
    return Certificate(
        names=_names(first),
        issuer=_common_name(first.issuer),
        begins=first.not_valid_before_utc.timestamp(),
        ends=first.not_valid_after_utc.timestamp(),
        chain=''.join(each.public_bytes(Encoding.PEM).decode() for each in certificates),
        key=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def check_served(certificate: Certificate, hosts: Sequence[str], now: float) -> None:
    """Raises CertificateError unless it is valid now, and for at least one of these host names."""
    if certificate.ends <= now:
        raise CertificateError(f'the certificate has expired on {_day(certificate.ends)}')
    if certificate.begins > now:
        raise CertificateError(f'the certificate is not valid before {_day(certificate.begins)}')
    if not certificate.serves(hosts, now):
        names = ', '.join(certificate.names[:SHOWN]) or 'no name'
        raise CertificateError(f'the certificate is for {names}; the app has {", ".join(hosts[:SHOWN])}')


def _certificates(chain: str) -> Sequence[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(chain.encode())
    except ValueError as error:
        raise CertificateError(
            'no certificate as PEM is in it (a text that begins with -----BEGIN CERTIFICATE-----)'
        ) from error
    if len(found) > MOST_IN_CHAIN:
        raise CertificateError(f'a chain has at most {MOST_IN_CHAIN} certificates')
    return found


def _private(text: str) -> PrivateKey:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        raise CertificateError('the key has a passphrase; give one without') from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            'no private key as PEM is in it (a text that begins with -----BEGIN PRIVATE KEY-----)'
        ) from error
    if not isinstance(key, PrivateKey):
        raise CertificateError('the key is neither RSA nor ECDSA, which is what browsers take')
    return key


def _check_key(key: PrivateKey, certificate: x509.Certificate) -> None:
    if isinstance(key, RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        raise CertificateError(f'the RSA key has {key.key_size} bits; at least {LEAST_RSA_BITS} are needed')
    if _public(key.public_key()) != _public(certificate.public_key()):
        raise CertificateError('the key does not belong to the first certificate of the chain')


def _check_chain(certificates: Sequence[x509.Certificate]) -> None:
    for number, each in enumerate(certificates, start=1):
        hashed = each.signature_hash_algorithm
        if hashed and hashed.name in BROKEN:
            raise CertificateError(f'certificate {number} of the chain is signed with {hashed.name.upper()}')
    for number, (each, above) in enumerate(itertools.pairwise(certificates), start=2):
        try:
            each.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise CertificateError(
                f'certificate {number} of the chain has not issued the one before it: the order is the '
                'certificate of the name first, then each that issued the one before'
            ) from error


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(name.lower() for name in found.value.get_values_for_type(x509.DNSName))


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    text = found[0].value if found else name.rfc4514_string()
    return ascii(text).strip('\'"')[:80]


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


def _day(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).strftime('%Y-%m-%d')
