"""Which certificate each host name is served with. What verbs and the router ask for."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.files import read_file, remove_file, write_file
from gitreceive.certificates.x509 import check_served, read_certificate
from gitreceive.model.app import AppName
from gitreceive.model.certificate import Certificate, CertificateOrigin, ServedCertificate
from gitreceive.model.errors import CertificateError

RENEWED = 1 / 3
"""How much of its life a certificate has left when it is renewed; authorities ask for that."""

LONGEST_STEM = 200

log = logging.getLogger(__name__)


class Certificates:
    """The certificates of a receiver, in ``folder``; ``authority`` issues those that nobody else gives."""

    def __init__(self, folder: Path, authority: OwnAuthority, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._authority, self._clock = folder, authority, clock
        self._lock = threading.Lock()
        self._read: dict[Path, tuple[int, Certificate]] = {}

    def authority(self) -> str:
        """The certificate of the receiver's own authority, as PEM: clients that trust it trust its certificates."""
        with self._lock:
            return self._authority.certificate

    def add(self, app: AppName, chain: str, key: str, hosts: Sequence[str]) -> Certificate:
        """Lets an app with these host names have a certificate of its own, instead of one that it has.

        Raises CertificateError that says what is wrong with it.
        """
        found = read_certificate(chain, key)
        check_served(found, hosts, self._clock())
        with self._lock:
            write_file(self._added(app), found.bundle)
        return found

    def remove(self, app: AppName) -> bool:
        """Forgets the one that was added; whether there was one."""
        with self._lock:
            return remove_file(self._added(app))

    def rename(self, app: AppName, new: AppName) -> None:
        """The app has another name. Raises CertificateError."""
        with self._lock:
            if text := read_file(self._added(app)):
                write_file(self._added(new), text)
                remove_file(self._added(app))

    def put(self, host: str, certificate: Certificate) -> None:
        """Keeps one that an authority has issued. Raises CertificateError."""
        with self._lock:
            write_file(self._issued(CertificateOrigin.ACME, host), certificate.bundle)

    def served(self, app: AppName | None, host: str) -> tuple[CertificateOrigin, Certificate]:
        """The one that a host name of an app is served with: added, issued by ACME, or by the receiver itself, now.

        Without an app, the name is the receiver's. Raises CertificateError.
        """
        with self._lock:
            for origin, path in self._given(app, host):
                found = self._kept(path)
                if found and found.serves([host], self._clock()):
                    return origin, found
            return CertificateOrigin.OWN, self._own(host)

    def listed(self, app: AppName, hosts: Sequence[str]) -> Sequence[ServedCertificate]:
        """What an app's host names are served with. Raises CertificateError."""
        found = [(host, *self.served(app, host)) for host in hosts]
        return [
            ServedCertificate(host=host, origin=origin, issuer=each.issuer, ends=each.ends)
            for host, origin, each in found
        ]

    def needs(self, app: AppName, host: str) -> bool:
        """Whether an authority is to be asked for a certificate: there is none, or it ends soon."""
        origin, found = self.served(app, host)
        return origin is CertificateOrigin.OWN or (
            origin is CertificateOrigin.ACME and self._ends_soon(found)
        )

    def _given(self, app: AppName | None, host: str) -> Iterator[tuple[CertificateOrigin, Path]]:
        if app:
            yield CertificateOrigin.ADDED, self._added(app)
        yield CertificateOrigin.ACME, self._issued(CertificateOrigin.ACME, host)

    def _own(self, host: str) -> Certificate:
        path = self._issued(CertificateOrigin.OWN, host)
        found = self._kept(path)
        if found is None or self._ends_soon(found) or not found.covers(host):
            found = self._authority.issue(host)
            write_file(path, found.bundle)
        return found

    def _ends_soon(self, certificate: Certificate) -> bool:
        life = certificate.ends - certificate.begins
        return certificate.ends - self._clock() < life * RENEWED

    def _kept(self, path: Path) -> Certificate | None:
        """Read once for each change of the file; one that is damaged counts as none."""
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return None
        known = self._read.get(path)
        if known and known[0] == changed:
            return known[1]
        try:
            text = read_file(path)
            found = read_certificate(text, text)
        except CertificateError as error:
            log.warning('%s is not used: %s', path, error)
            return None
        self._read[path] = (changed, found)
        return found

    def _added(self, app: AppName) -> Path:
        return self._folder / CertificateOrigin.ADDED / f'{app}.pem'

    def _issued(self, origin: CertificateOrigin, host: str) -> Path:
        return self._folder / origin / f'{file_stem(host)}.pem'


def file_stem(host: str) -> str:
    """A host name as a name of a file, which may be shorter. Pure."""
    return host if len(host) <= LONGEST_STEM else hashlib.sha256(host.encode()).hexdigest()
