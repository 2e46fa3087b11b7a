"""When an authority is asked for certificates, and how often after it has refused."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.certificates.renewals import Renewals
from gitreceive.model.app import AppName
from gitreceive.model.certificate import Certificate, CertificateOrigin
from gitreceive.model.errors import CertificateError, RouterError
from tests.waiting import wait_until

HELLO = AppName('hello')
HOST = 'www.example.com'
MINUTE, HOUR, DAY = 60.0, 60 * 60.0, 24 * 60 * 60.0


class Authority:
    """Issues by an authority for tests; refuses ``refused``."""

    def __init__(self, issuer: OwnAuthority) -> None:
        self.asked: list[str] = []
        self.refused: set[str] = set()
        self._issuer = issuer

    def issue(self, host: str) -> Certificate:
        self.asked.append(host)
        if host in self.refused:
            raise CertificateError(f'no certificate for {host}')
        return self._issuer.issue(host)


class Here:
    def __init__(self, folder: Path) -> None:
        self.now = 1_800_000_000.0
        self.names: set[tuple[AppName, str]] = set()
        self.refreshed = 0
        own = OwnAuthority(folder / 'ca.pem', 'tests', self.clock)
        self.kept = Certificates(folder, own, self.clock)
        self.authority = Authority(OwnAuthority(folder / 'other.pem', 'others', self.clock))
        self.renewals = self.made(self.authority)

    def made(self, authority: Authority | None) -> Renewals:
        return Renewals(self.kept, authority, lambda: self.names, self.refresh, self.clock)

    def clock(self) -> float:
        return self.now

    def refresh(self) -> None:
        self.refreshed += 1

    def lead(self, *hosts: str) -> None:
        self.names = {(HELLO, host) for host in hosts}

    def pass_by(self, seconds: float, steps: int = 100) -> list[str]:
        """What is asked for while time passes."""
        asked = len(self.authority.asked)
        for _ in range(steps):
            self.now += seconds / steps
            self.renewals.look()
        return self.authority.asked[asked:]


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_a_new_name_gets_one_at_once_and_is_asked_for_once(here: Here) -> None:
    here.lead(HOST)
    here.renewals.look()
    assert (here.authority.asked, here.refreshed) == ([HOST], 1)
    assert here.kept.served(HELLO, HOST)[0] is CertificateOrigin.ACME
    assert here.pass_by(10 * DAY) == []


def test_it_is_renewed_before_it_ends(here: Here) -> None:
    here.lead(HOST)
    here.renewals.look()
    first = here.kept.served(HELLO, HOST)[1]
    assert here.pass_by(70 * DAY, 1000) == [HOST]
    assert here.kept.served(HELLO, HOST)[1] != first


def test_the_router_is_given_what_there_is_every_hour(here: Here) -> None:
    here.pass_by(10 * HOUR)
    assert 9 <= here.refreshed <= 11


def test_a_name_that_fails_is_tried_less_and_less_often(here: Here) -> None:
    here.authority.refused = {HOST}
    here.lead(HOST, 'a.example.com')
    here.renewals.look()
    assert sorted(here.authority.asked) == ['a.example.com', HOST]
    assert here.pass_by(9 * MINUTE) == []
    assert here.pass_by(2 * MINUTE) == [HOST]
    assert here.pass_by(15 * MINUTE) == []
    assert len(here.pass_by(10 * DAY, 2000)) < 20
    here.authority.refused = set()
    assert here.pass_by(1 * DAY) == [HOST]
    assert here.kept.served(HELLO, HOST)[0] is CertificateOrigin.ACME


def test_a_name_that_fails_is_not_tried_sooner_by_taking_it_away(here: Here) -> None:
    here.authority.refused = {HOST}
    for _ in range(3):
        here.lead(HOST)
        here.renewals.look()
        here.lead()
        here.renewals.look()
    assert here.authority.asked == [HOST]
    here.pass_by(11 * MINUTE)
    here.lead(HOST)
    here.renewals.look()
    assert here.authority.asked == [HOST, HOST]


def test_an_added_one_is_left_to_its_people(here: Here) -> None:
    given = OwnAuthority(Path(here.kept._folder) / 'given.pem', 'given', here.clock).issue(HOST)
    here.kept.add(HELLO, given.chain, given.key, [HOST])
    here.lead(HOST)
    here.renewals.look()
    assert here.authority.asked == []


def test_without_an_authority_nobody_is_asked(here: Here) -> None:
    here.renewals = here.made(None)
    here.lead(HOST)
    here.renewals.look()
    assert here.refreshed == 1
    assert here.kept.served(HELLO, HOST)[0] is CertificateOrigin.OWN


@pytest.mark.parametrize('error', [RouterError('gone'), CertificateError('no'), ValueError('odd')])
def test_it_goes_on_after_an_error(
    here: Here, monkeypatch: pytest.MonkeyPatch, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Iterable[tuple[AppName, str]]:
        calls.append(1)
        raise error

    calls: list[int] = []
    monkeypatch.setattr('gitreceive.certificates.renewals.LOOK_SECONDS', 0.01)
    renewals = Renewals(here.kept, None, fail, here.refresh)  # type: ignore[arg-type]
    with renewals.running():
        wait_until(lambda: len(calls) > 2, 10, 'three tries')
    assert 'certificates' in caplog.text
