"""Certificates of an app's host names: which there are, and one that people bring themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gitreceive.commands.access import changeable, reached
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.certificate import Certificate, ServedCertificate
from gitreceive.model.errors import BadCommand

MOST_BYTES = 200_000


class KeptCertificates(Protocol):
    """The certificates of a receiver."""

    def listed(self, app: AppName, hosts: Sequence[str]) -> Sequence[ServedCertificate]:
        """What an app's host names are served with. Raises CertificateError."""

    def add(self, app: AppName, chain: str, key: str, hosts: Sequence[str]) -> Certificate:
        """Lets the app have this one. Raises CertificateError that says what is wrong with it."""

    def remove(self, app: AppName) -> bool:
        """Forgets the one that was added; whether there was one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What serves with certificates: apps are ``APP.below``; ``refresh`` tells the router. Raises RouterError."""

    certificates: KeptCertificates
    below: str
    refresh: Callable[[], None]


def list_certificates(
    actor: Actor, app: AppName, home: Home, journal: Journal, serving: Serving
) -> Sequence[ServedCertificate]:
    """What each of the app's names is served with. Raises UnknownApp, CertificateError."""
    return serving.certificates.listed(reached(actor, app, home), _hosts(app, journal, serving))


def add_certificate(
    actor: Actor, app: AppName, pem: bytes, home: Home, journal: Journal, serving: Serving
) -> Certificate:
    """Lets the app have the certificate, with its chain and its key, in one text. Raises UnknownApp, AccessDenied,
    BadCommand, CertificateError, RouterError.
    """
    changeable(actor, app, home, journal.apps)
    if len(pem) > MOST_BYTES:
        raise BadCommand(f'a certificate with its chain and key has at most {MOST_BYTES:,} bytes')
    try:
        text = pem.decode('ascii')
    except UnicodeDecodeError as error:
        raise BadCommand(
            'that is no PEM text, which is ASCII: "-----BEGIN CERTIFICATE-----" and so on'
        ) from error
    found = serving.certificates.add(app, text, text, _hosts(app, journal, serving))
    serving.refresh()
    return found


def remove_certificate(actor: Actor, app: AppName, home: Home, journal: Journal, serving: Serving) -> None:
    """Takes the one away that was added. Raises UnknownApp, AccessDenied, RouterError, BadCommand if there is none."""
    if not serving.certificates.remove(changeable(actor, app, home, journal.apps)):
        raise BadCommand(f'{app} has no certificate of its own; "certs {app}" lists what it is served with')
    serving.refresh()


def _hosts(app: AppName, journal: Journal, serving: Serving) -> Sequence[str]:
    return [f'{app}.{serving.below}', *journal.domains.of(app)]
