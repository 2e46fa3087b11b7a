"""A server's certificate that vouches for itself, valid when a test wants it to be."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.http_server import Server, running

DAY = timedelta(days=1)


def certificate(file: Path, begins: timedelta) -> Path:
    """Writes one for 127.0.0.1, with its key, that is valid for a day from ``begins`` after now."""
    key, start = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) + begins
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'slugs')])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])
    begun = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = begun.serial_number(1).not_valid_before(start).not_valid_after(start + DAY)
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    return file


@contextmanager
def safely_running(file: Path) -> Iterator[tuple[Server, str]]:
    """A server with that certificate, and its address."""
    server, context = Server(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server):
        yield server, server.address.replace('http:', 'https:')
