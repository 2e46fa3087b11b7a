"""Certificates that people bring: for a name of the app, told to the router, and only by who may."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.commands.certificates import (
    Serving,
    add_certificate,
    list_certificates,
    remove_certificate,
)
from gitreceive.model.errors import AccessDenied, BadCommand, CertificateError, UnknownApp
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, Receiver


@dataclass
class Served:
    """A receiver, and what its router was told."""

    receiver: Receiver
    folder: Path
    refreshed: list[bool] = field(default_factory=list)

    @property
    def serving(self) -> Serving:
        authority = OwnAuthority(self.folder / 'ca.pem', 'this receiver')
        return Serving(
            certificates=Certificates(self.folder, authority),
            below='apps.example',
            refresh=lambda: self.refreshed.append(True),
        )

    def call(self, act: Callable[..., object], *words: object, actor=BOB):
        return act(actor, HELLO, *words, self.receiver.home, self.receiver.journal, self.serving)


@pytest.fixture
def served(receiver: Receiver, tmp_path: Path) -> Served:
    receiver.app()
    receiver.journal.domains.add(HELLO, 'www.example.com', by='ann')
    return Served(receiver, tmp_path / 'certificates')


def bundle(tmp_path: Path, host: str) -> bytes:
    return OwnAuthority(tmp_path / 'elsewhere.pem', 'elsewhere').issue(host).bundle.encode()


def test_each_name_of_an_app_has_a_certificate(served: Served) -> None:
    found = served.call(list_certificates)
    assert [(each.host, each.origin) for each in found] == [
        ('hello.apps.example', 'own'),
        ('www.example.com', 'own'),
    ]


def test_one_that_is_added_is_served_at_once_and_can_be_taken_away(served: Served, tmp_path: Path) -> None:
    added = served.call(add_certificate, bundle(tmp_path, 'www.example.com'))
    assert added.names == ('www.example.com',)
    assert [(each.origin, each.issuer) for each in served.call(list_certificates)][1] == (
        'added',
        'elsewhere',
    )
    assert served.refreshed == [True]
    served.call(remove_certificate)
    assert [each.origin for each in served.call(list_certificates)] == ['own', 'own']
    with pytest.raises(BadCommand, match='no certificate of its own'):
        served.call(remove_certificate)
    assert served.refreshed == [True, True]


@pytest.mark.parametrize('text', [b'', b'nothing', b'\xff', b'x' * 300_000])
def test_what_is_no_certificate_is_refused_and_told_to_nobody(served: Served, text: bytes) -> None:
    with pytest.raises((BadCommand, CertificateError)):
        served.call(add_certificate, text)
    assert served.refreshed == []


def test_one_for_other_names_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r'is for other\.example; the app has hello'):
        served.call(add_certificate, bundle(tmp_path, 'other.example'))


def test_who_may_not_change_the_app_brings_none(served: Served, tmp_path: Path) -> None:
    text = bundle(tmp_path, 'www.example.com')
    with pytest.raises(UnknownApp):
        served.call(add_certificate, text, actor=EVE)
    with pytest.raises(UnknownApp):
        served.call(list_certificates, actor=EVE)
    served.receiver.journal.apps.lock(HELLO, 'no', by='ann')
    with pytest.raises(AccessDenied):
        served.call(add_certificate, text, actor=ANN)
    assert served.refreshed == []
