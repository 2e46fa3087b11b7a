"""HTTPS at the router: certificates are put in while it runs, and taken out."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gitreceive.adapters.haproxy.master import processes
from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.model.app import AppName
from gitreceive.model.errors import CertificateError, RouterError
from gitreceive.model.route import Route
from tests.e2e.receiver import free_port
from tests.routed import Routed, routed

HELLO, OTHER = AppName('hello'), AppName('other')
HOST = 'hello.localhost'


class Secured:
    """A router with HTTPS, and the certificates that it serves."""

    def __init__(self, here: Routed, kept: Certificates, folder: Path) -> None:
        self.here, self.kept, self._folder = here, kept, folder
        self.port = int(here.options.tls_listen.rpartition(':')[2])

    def client(self, **options: object) -> httpx.Client:
        """One that trusts the receiver's own authority and finds every name here."""
        trusted = self._folder / 'trusted.pem'
        trusted.write_text(self.kept.authority())
        context = ssl.create_default_context(cafile=str(trusted))
        return httpx.Client(verify=context, http2=True, timeout=20, **options)  # type: ignore[arg-type]

    def get(self, host: str, path: str = '/') -> httpx.Response:
        with self.client() as client:
            return client.get(
                f'https://127.0.0.1:{self.port}{path}',
                headers={'Host': host},
                extensions={'sni_hostname': host},
            )

    def shown(self, host: str) -> bytes:
        """The certificate that is presented for a name, as DER."""
        text = subprocess.run(
            ['openssl', 's_client', '-connect', f'127.0.0.1:{self.port}', '-servername', host],
            input=b'',
            capture_output=True,
            timeout=20,
        ).stdout.decode()
        begin, end = '-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'
        return ssl.PEM_cert_to_DER_cert(begin + text.partition(begin)[2].partition(end)[0] + end)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    yield from make(tmp_path)


def make(tmp_path: Path, **options: object) -> Iterator[Secured]:
    folder = tmp_path / 'certificates'
    kept = Certificates(folder, OwnAuthority(folder / 'ca.pem', 'tests'))
    listen = f'127.0.0.1:{free_port()}'

    def bundle(app: AppName | None, host: str) -> str:
        if host == 'broken.example.com':
            raise CertificateError('broken')
        return kept.served(app, host)[1].bundle

    with routed(tmp_path / 'router', bundle, tls_listen=listen, **options) as here:
        yield Secured(here, kept, tmp_path)


def test_an_app_answers_over_https_and_http_2(secured: Secured) -> None:
    web = secured.here.instance()
    secured.here.router.apply(Route(app=HELLO, endpoints=(web.endpoint,)))
    answer = secured.get(HOST)
    assert (answer.text, answer.http_version) == (web.answer, 'HTTP/2')
    seen = {name.lower(): value for name, value in web.seen.headers.items()}
    assert seen['x-forwarded-proto'] == 'https'
    assert seen['x-forwarded-port'] == str(secured.port)
    assert seen['x-forwarded-for'] == '127.0.0.1'
    assert secured.here.router.urls(Route(app=HELLO))[0] == f'https://{HOST}:{secured.port}'


def test_names_get_and_lose_certificates_without_a_reload(secured: Secured) -> None:
    web, router = secured.here.instance(), secured.here.router
    router.apply(Route(app=HELLO, endpoints=(web.endpoint,)))
    before = processes(secured.here.options.folder)
    for domains in (('a.example.com',), ('a.example.com', 'b.example.com'), ('b.example.com',), ()):
        router.apply(Route(app=HELLO, endpoints=(web.endpoint,), domains=domains))
        assert [secured.get(name).text for name in domains] == [web.answer] * len(domains)
    assert processes(secured.here.options.folder) == before
    with pytest.raises(httpx.ConnectError, match='certificate'):
        secured.get('a.example.com')


def test_a_certificate_is_changed_while_it_is_served(secured: Secured) -> None:
    web, router = secured.here.instance(), secured.here.router
    router.apply(Route(app=HELLO, endpoints=(web.endpoint,)))
    before, first = processes(secured.here.options.folder), secured.shown(HOST)
    other = OwnAuthority(secured.here.options.folder.parent / 'other.pem', 'others').issue(HOST)
    secured.kept.add(HELLO, other.chain, other.key, [HOST])
    router.refresh()
    assert secured.shown(HOST) == ssl.PEM_cert_to_DER_cert(other.chain.strip())
    secured.kept.remove(HELLO)
    router.refresh()
    assert secured.shown(HOST) == first
    assert processes(secured.here.options.folder) == before


def test_a_certificate_that_is_not_taken_while_it_runs_is_taken_by_a_reload(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(*words: object) -> None:
        raise RouterError('no')

    web, router = secured.here.instance(), secured.here.router
    router.apply(Route(app=HELLO, endpoints=(web.endpoint,)))
    monkeypatch.setattr('gitreceive.adapters.haproxy.tls.tell', tell)
    router.apply(Route(app=HELLO, endpoints=(web.endpoint,), domains=('a.example.com',)))
    assert secured.get('a.example.com').text == web.answer
    assert processes(secured.here.options.folder).reloads == 1


def test_the_next_daemon_and_a_reload_serve_the_same(secured: Secured) -> None:
    web, router = secured.here.instance(), secured.here.router
    route = Route(app=HELLO, endpoints=(web.endpoint,), domains=('a.example.com',))
    router.apply(route)
    shown = secured.shown('a.example.com')
    secured.here.next_daemon().begin([route])
    assert secured.shown('a.example.com') == shown
    secured.here.router.apply(Route(app=OTHER, endpoints=(web.endpoint,)))
    assert secured.shown('a.example.com') == shown
    assert secured.get('other.localhost').text == web.answer


def test_one_without_a_certificate_does_not_keep_others_from_theirs(secured: Secured) -> None:
    web = secured.here.instance()
    route = Route(app=HELLO, endpoints=(web.endpoint,), domains=('broken.example.com', 'a.example.com'))
    secured.here.router.apply(route)
    assert secured.get('a.example.com').text == web.answer
    assert secured.here.ask('broken.example.com') == web.answer


def test_a_client_that_names_no_host_is_answered(secured: Secured) -> None:
    secured.here.router.begin([])
    assert secured.shown('nobody.example.com')


@pytest.mark.filterwarnings('ignore:ssl.TLSVersion')
def test_old_protocols_are_refused(secured: Secured) -> None:
    secured.here.router.begin([])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers('ALL:@SECLEVEL=0')
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=context) as client:
        client.get(f'https://127.0.0.1:{secured.port}/')


def test_http_is_redirected_where_the_sysadmin_wants_it(tmp_path: Path) -> None:
    for secured in make(tmp_path, redirect=True):
        web = secured.here.instance()
        secured.here.router.apply(Route(app=HELLO, endpoints=(web.endpoint,)))
        answer = secured.here.get(HOST, '/a?b=c')
        assert answer.status == 308
        assert answer.headers['location'] == f'https://{HOST}:{secured.port}/a?b=c'
        assert secured.here.ask('evil.example.com') == 'unknown'
        assert secured.get(HOST).text == web.answer
        secured.here.router.put('token', 'token.answer')
        assert secured.here.get(HOST, '/.well-known/acme-challenge/token').body == 'token.answer'
        assert secured.here.router.urls(Route(app=HELLO)) == [f'https://{HOST}:{secured.port}']


def test_challenges_are_answered_as_long_as_they_are_put(secured: Secured) -> None:
    web, here = secured.here.instance(), secured.here
    here.router.apply(Route(app=HELLO, endpoints=(web.endpoint,)))
    path = '/.well-known/acme-challenge/token-1_x'
    here.router.put('token-1_x', 'token-1_x.thumb')
    assert here.get(HOST, path).body == here.get('any.example.com', path).body == 'token-1_x.thumb'
    here.router.apply(Route(app=OTHER, endpoints=(web.endpoint,)))
    assert here.get(HOST, path).body == 'token-1_x.thumb'
    assert here.get(HOST, f'{path}x').body == web.answer
    here.router.drop('token-1_x')
    assert here.get(HOST, path).body == web.answer
