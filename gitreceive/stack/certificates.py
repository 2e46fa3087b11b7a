"""Certificates that the host trusts beyond the usual ones, and the trust store that Java wants them in."""

import base64
import hashlib
import re
import ssl
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PEM = re.compile(r'-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----')

HOST_BUNDLE = Path('/etc/ssl/certs/ca-certificates.crt')
HOST_ADDED = Path('/usr/local/share/ca-certificates')
DEBIANS = Path('/usr/share/ca-certificates/mozilla')

JKS_MAGIC = 0xFEEDFEED
JKS_VERSION = 2
JKS_TRUSTED = 2
JKS_SALT = b'Mighty Aphrodite'
JKS_PASSWORD = 'changeit'
"""The password that every JDK's ``cacerts`` has. The format is described in sun.security.provider.JavaKeyStore."""


def host_certificates() -> tuple[bytes, ...]:
    """The host's extra certificates in DER: those added by hand, and those in its bundle that Debian did not bring."""
    ours = (*sorted(HOST_ADDED.rglob('*.crt')), HOST_BUNDLE)
    return extras(_texts(ours), _texts(sorted(DEBIANS.glob('*.crt'))))


def extras(found: Iterable[str], usual: Iterable[str]) -> tuple[bytes, ...]:
    """The certificates in the PEM texts ``found`` that are not in ``usual``, each once, ordered by fingerprint."""
    known = {der for text in usual for der in certificates(text)}
    return tuple(sorted({der for text in found for der in certificates(text)} - known, key=fingerprint))


def certificates(text: str) -> Iterator[bytes]:
    """The DER of each certificate in a PEM text; anything else in it is skipped."""
    for match in PEM.finditer(text):
        yield base64.b64decode(match[1])


def fingerprint(der: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def pem_files(ders: Iterable[bytes]) -> dict[str, str]:
    """File names and contents for ``/usr/local/share/ca-certificates``: one certificate a file."""
    return {f'host-{fingerprint(der)[:16]}.crt': ssl.DER_cert_to_PEM_cert(der) for der in ders}


def java_trust_store(ders: Iterable[bytes]) -> bytes:
    """A Java key store (JKS) of trusted certificates; the same certificates give the same bytes."""
    entries = [_entry(der) for der in sorted(set(ders), key=fingerprint)]
    store = struct.pack('>III', JKS_MAGIC, JKS_VERSION, len(entries)) + b''.join(entries)
    return store + hashlib.sha1(JKS_PASSWORD.encode('utf-16-be') + JKS_SALT + store).digest()


def _entry(der: bytes) -> bytes:
    alias, kind = fingerprint(der).encode(), b'X.509'
    named = struct.pack('>IH', JKS_TRUSTED, len(alias)) + alias
    created = struct.pack('>Q', 0)
    return named + created + struct.pack('>H', len(kind)) + kind + struct.pack('>I', len(der)) + der


def _texts(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        if path.is_file():
            yield path.read_text('utf-8', 'replace')


def main() -> None:
    """``python -m gitreceive.stack.certificates BUNDLE STORE``: writes the Java trust store of a PEM bundle."""
    bundle, store = map(Path, sys.argv[1:])
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_bytes(java_trust_store(certificates(bundle.read_text('utf-8'))))


if __name__ == '__main__':
    main()
