"""Certificates by ACME: asked for, proved by HTTP-01 through HAProxy, put in while it runs, renewed."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gitreceive.adapters.acme.issuer import AcmeIssuer
from gitreceive.adapters.haproxy.master import processes
from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.certificates.renewals import Renewals
from gitreceive.model.app import AppName
from gitreceive.model.certificate import CertificateOrigin
from gitreceive.model.errors import CertificateError
from gitreceive.model.route import Route
from tests.e2e.receiver import free_port
from tests.pebble import Pebble, pebble
from tests.routed import Routed, routed
from tests.waiting import wait_until

HELLO = AppName('hello')
HOST = 'www.example.com'
SECONDS = 60.0


class Site:
    def __init__(self, here: Routed, authority: Pebble, kept: Certificates, issuer: AcmeIssuer) -> None:
        self.here, self.authority, self.kept, self.issuer = here, authority, kept, issuer

    def lead(self, *domains: str) -> str:
        web = self.here.instance()
        self.here.router.apply(Route(app=HELLO, endpoints=(web.endpoint,), domains=domains))
        return web.answer

    def get(self, host: str, root: str) -> str:
        context = ssl.create_default_context(cadata=root)
        port = self.here.options.tls_listen.rpartition(':')[2]
        with httpx.Client(verify=context, timeout=20) as client:
            return client.get(
                f'https://127.0.0.1:{port}/', headers={'Host': host}, extensions={'sni_hostname': host}
            ).text


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    kept = Certificates(tmp_path / 'kept', OwnAuthority(tmp_path / 'kept/ca.pem', 'tests'))

    def bundle(app: AppName | None, host: str) -> str:
        return kept.served(app, host)[1].bundle

    listen = f'127.0.0.1:{free_port()}'
    with routed(tmp_path / 'router', bundle, tls_listen=listen, redirect=True) as here:
        with pebble(tmp_path / 'pebble', here.port) as authority:
            monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(authority.trusted))
            account = tmp_path / 'account.json'
            issuer = AcmeIssuer(authority.directory, 'admin@example.com', account, here.router)
            yield Site(here, authority, kept, issuer)


@pytest.mark.slow
def test_names_get_certificates_of_the_authority_and_requests_go_on(site: Site) -> None:
    answer = site.lead(HOST)
    before = processes(site.here.options.folder)
    router = site.here.router
    router.accompany(Renewals(site.kept, site.issuer, router.names, router.refresh).running)
    with router.supervised():
        wait_until(
            lambda: site.kept.served(HELLO, HOST)[0] is CertificateOrigin.ACME, SECONDS, 'a certificate'
        )
        root = site.authority.root()
        wait_until(lambda: trusted(site, root), SECONDS, 'it is served')
        assert site.get(HOST, root) == answer
        site.lead(HOST, 'b.example.com')
        wait_until(
            lambda: site.kept.served(HELLO, 'b.example.com')[0] is CertificateOrigin.ACME, SECONDS, 'another'
        )
    assert processes(site.here.options.folder) == before


def test_a_certificate_is_issued_for_a_name_that_leads_here(site: Site) -> None:
    answer = site.lead(HOST)
    found = site.issuer.issue(HOST)
    assert found.names == (HOST,)
    site.kept.put(HOST, found)
    site.here.router.refresh()
    assert site.get(HOST, site.authority.root()) == answer


def trusted(site: Site, root: str) -> bool:
    try:
        return bool(site.get(HOST, root))
    except httpx.ConnectError:
        return False


@pytest.mark.slow
def test_an_account_is_used_again_and_made_again_where_it_is_forgotten(site: Site, tmp_path: Path) -> None:
    site.lead(HOST)
    account = tmp_path / 'account.json'
    assert site.issuer.issue(HOST).names == (HOST,)
    first = account.read_text()
    assert account.stat().st_mode & 0o077 == 0
    assert site.issuer.issue(HOST).names == (HOST,)
    assert account.read_text() == first
    account.write_text(first.replace('my-account/', 'my-account/0'))
    assert site.issuer.issue(HOST).names == (HOST,)
    account.write_text('damaged')
    assert site.issuer.issue(HOST).names == (HOST,)


def test_a_name_that_does_not_lead_here_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.lead()
    monkeypatch.setattr(site.here.router, 'put', lambda token, answer: None)
    with pytest.raises(
        CertificateError, match=rf'no certificate for {HOST}: .*{HOST} has to lead here on port 80'
    ):
        site.issuer.issue(HOST)


def test_an_authority_that_is_away_is_told(site: Site, tmp_path: Path) -> None:
    away = f'https://localhost:{free_port()}/dir'
    with pytest.raises(CertificateError, match=f'no certificate for {HOST} from {away}'):
        AcmeIssuer(away, '', tmp_path / 'other.json', site.here.router).issue(HOST)
