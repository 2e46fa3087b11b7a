"""What servers do wrong, and how it ends: tried again, told at once, or found out by reading back."""

import hashlib
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gitreceive.adapters.storage.http import HttpStorage
from gitreceive.adapters.storage.secrets import NO_SECRETS, Credentials, Secrets, load_secrets
from gitreceive.adapters.web import client
from gitreceive.adapters.web.client import Retries
from gitreceive.adapters.web.refusal import Refused
from gitreceive.adapters.web.request import origin
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError
from gitreceive.slugs.verified import put_verified
from tests.http_server import (
    Fault,
    Server,
    continues_first,
    damages,
    drips,
    forgets,
    resets,
    running,
    says,
    says_at_once,
    stalls,
    takes_nothing,
    truncates,
)
from tests.tls import certificate, safely_running

QUICK = Retries(tries=3, first_seconds=0.001, longest_seconds=0.002, stall_seconds=5)
BEARER = Credentials(headers={'Authorization': 'Bearer sesame', 'X-Key': 'canary'}, query='sig=canary')


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def storage(server: Server) -> HttpStorage:
    return HttpStorage.from_url(server.address, NO_SECRETS, retries=QUICK)


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    path = tmp_path / 'slug'
    path.write_bytes(os.urandom(3_000_000))
    return path


def with_secrets(server: Server) -> HttpStorage:
    return HttpStorage.from_url(
        server.address, Secrets(known={origin(server.address): BEARER}), retries=QUICK
    )


def checksum(slug: Path) -> str:
    return hashlib.sha256(slug.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    'fault',
    [
        says(500),
        says(502),
        says(503),
        says(429, Retry_After='0'),
        resets(),
        truncates(b'ok'),
        says_at_once(503),
    ],
)
def test_what_may_pass_is_tried_again(server: Server, storage: HttpStorage, slug: Path, fault: Fault) -> None:
    server.faults.append(fault)
    storage.put('hello/1.tgz', slug)
    server.faults.append(fault)
    assert storage.sha256('hello/1.tgz') == checksum(slug)
    assert server.objects == {'/hello/1.tgz': slug.read_bytes()}


def test_what_does_not_pass_is_told_in_the_servers_words(
    server: Server, storage: HttpStorage, slug: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.extend([says(500, b'<h1>the disk <b>is on fire</b></h1>')] * 3)
    with pytest.raises(StorageError, match=r'500 .*the disk is on fire \(tried 3 times\)'):
        storage.put('hello/1.tgz', slug)
    assert len(server.seen) == 3
    assert caplog.text.count('the disk is on fire; trying again in') == 2


@pytest.mark.parametrize('status', [400, 401, 403, 404, 405, 411, 413, 507])
def test_a_refusal_is_told_at_once(server: Server, storage: HttpStorage, slug: Path, status: int) -> None:
    server.faults.append(says(status, b'{"message": "because \\u001b[31mI say so"}'))
    with pytest.raises(Refused, match=f'{status} .*: because I say so') as caught:
        storage.put('hello/1.tgz', slug)
    assert caught.value.status == status
    assert len(server.seen) == 1


def test_a_refusal_before_all_is_sent_is_heard(server: Server, storage: HttpStorage, slug: Path) -> None:
    slug.write_bytes(bytes(20_000_000))
    server.faults.append(says_at_once(413, b'at most 10 MB'))
    with pytest.raises(StorageError, match=r'413 .*at most 10 MB'):
        storage.put('hello/1.tgz', slug)


def test_interim_responses_are_no_answer(server: Server, storage: HttpStorage, slug: Path) -> None:
    server.faults.append(continues_first(201))
    storage.put('hello/1.tgz', slug)
    assert len(server.seen) == 1


def test_a_server_that_says_nothing_is_left_alone_after_a_while(server: Server, slug: Path) -> None:
    let_go = threading.Event()
    hasty = Retries(tries=2, first_seconds=0.001, longest_seconds=0.002, stall_seconds=0.2)
    server.faults.extend([stalls(let_go)] * 2)
    with pytest.raises(StorageError, match=r'timed out.*\(tried 2 times\)'):
        HttpStorage.from_url(server.address, NO_SECRETS, retries=hasty).put('hello/1.tgz', slug)
    let_go.set()


def test_a_server_that_takes_no_more_is_left_alone_after_a_while(server: Server, slug: Path) -> None:
    slug.write_bytes(bytes(40_000_000))
    let_go = threading.Event()
    hasty = Retries(tries=2, first_seconds=0.001, longest_seconds=0.002, stall_seconds=0.5)
    server.faults.extend([takes_nothing(let_go)] * 2)
    with pytest.raises(StorageError, match=r'timed out.*\(tried 2 times\)'):
        HttpStorage.from_url(server.address, NO_SECRETS, retries=hasty).put('hello/1.tgz', slug)
    let_go.set()


def test_https_is_safe_or_refused(tmp_path: Path, slug: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with safely_running(certificate(tmp_path / 'pem', -timedelta(hours=2))) as (server, address):
        storage = HttpStorage.from_url(address, NO_SECRETS, retries=QUICK)
        with pytest.raises(StorageError, match=r'PUT https://.*: no safe connection: .*certificate'):
            storage.put('hello/1.tgz', slug)
        monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(tmp_path / 'pem'))
        storage = HttpStorage.from_url(address, NO_SECRETS, retries=QUICK)
        put_verified(storage, 'hello/1.tgz', slug, checksum(slug))
        assert server.objects == {'/hello/1.tgz': slug.read_bytes()}


def test_a_clock_that_is_an_hour_off_is_told(
    tmp_path: Path, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a host whose clock is behind, a new certificate is not valid yet."""
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificate(tmp_path / 'pem', timedelta(hours=1))))
    with safely_running(tmp_path / 'pem') as (server, address):
        with pytest.raises(StorageError, match=r'no safe connection: .*certificate is not yet valid'):
            HttpStorage.from_url(address, NO_SECRETS, retries=QUICK).put('hello/1.tgz', slug)
        assert server.objects == {}


def test_an_answer_that_takes_for_ever_is_given_up(
    server: Server, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, 'ANSWER_SECONDS', 0.2)
    let_go = threading.Event()
    server.faults.extend([drips(b'x' * 5000, let_go)] * 2)
    hasty = Retries(tries=2, first_seconds=0.001, longest_seconds=0.002, stall_seconds=5)
    with pytest.raises(StorageError, match=r'took longer than 0 seconds \(tried 2 times\)'):
        HttpStorage.from_url(server.address, NO_SECRETS, retries=hasty).put('hello/1.tgz', slug)
    let_go.set()


def test_an_answer_that_breaks_off_is_no_object(server: Server, storage: HttpStorage, slug: Path) -> None:
    server.faults.append(truncates(slug.read_bytes()))
    with pytest.raises(StorageError, match=r'GET .*hello/1.tgz'), storage.open('hello/1.tgz') as stream:
        while stream.read(1 << 20):
            pass


def test_a_vanished_endpoint_is_named(slug: Path) -> None:
    with running(Server()) as server:
        address = server.address
    with pytest.raises(
        StorageError, match=rf'PUT {address}/hello/1.tgz: .*Connection refused \(tried 3 times\)'
    ):
        HttpStorage.from_url(address, NO_SECRETS, retries=QUICK).put('hello/1.tgz', slug)


def test_success_without_an_object_is_found_out(server: Server, storage: HttpStorage, slug: Path) -> None:
    server.faults.extend([None, forgets(), None, None, forgets()])
    with pytest.raises(StorageError, match=r'sent 2 times and came back different .sha256 of nothing'):
        put_verified(storage, 'hello/1.tgz', slug, checksum(slug))


def test_a_damaged_object_is_deleted_and_sent_once_more(
    server: Server, storage: HttpStorage, slug: Path
) -> None:
    server.faults.extend([None, damages()])
    put_verified(storage, 'hello/1.tgz', slug, checksum(slug))
    assert [seen.method for seen in server.seen] == ['GET', 'PUT', 'GET', 'DELETE', 'PUT', 'GET']
    assert server.objects == {'/hello/1.tgz': slug.read_bytes()}


def test_a_body_is_streamed_with_its_length(server: Server, storage: HttpStorage, slug: Path) -> None:
    storage.put('hello/1.tgz', slug)
    (seen,) = server.seen
    assert (seen.headers['content-length'], seen.length) == ('3000000', 3_000_000)
    assert 'transfer-encoding' not in seen.headers


def test_a_template_places_slugs_and_their_facts(server: Server, slug: Path) -> None:
    storage = HttpStorage.from_url(f'{server.address}/s/{{app}}-{{sha256}}.tgz', NO_SECRETS, retries=QUICK)
    assert storage.put('hello/9f2c.tgz', slug) == f'{server.address}/s/hello-9f2c.tgz'
    assert storage.put('hello/9f2c.json', slug) == f'{server.address}/s/hello-9f2c.json'
    with pytest.raises(StorageError, match='has a place for'):
        storage.put('hello/members/9f2c.gz', slug)


def test_credentials_are_sent_and_never_shown(
    server: Server, slug: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.wants = 'Bearer sesame'
    storage = with_secrets(server)
    assert storage.put('hello/1.tgz', slug) == f'{server.address}/hello/1.tgz'
    assert server.seen[0].path == '/hello/1.tgz?sig=canary'
    server.faults.extend([says(503), says(403, b'no')])
    with pytest.raises(StorageError, match='403') as caught:
        storage.put('hello/1.tgz', slug)
    with pytest.raises(StorageError) as refused:
        HttpStorage.from_url(
            'http://127.0.0.1:9', Secrets(known={'http://127.0.0.1:9': BEARER}), retries=QUICK
        ).put('a', slug)
    told = f'{caught.value}{refused.value}{caplog.text}{storage!r}{BEARER!r}'
    assert 'canary' not in told and 'sesame' not in told


@pytest.mark.parametrize('bearer', ['canary\nmore', 'canary\u20ac'])
def test_credentials_that_no_header_can_hold_are_refused_and_not_shown(
    server: Server, slug: Path, bearer: str
) -> None:
    given = Credentials(headers={'Authorization': f'Bearer {bearer}'})
    storage = HttpStorage.from_url(server.address, Secrets(known={server.address: given}), retries=QUICK)
    with pytest.raises(StorageError) as caught:
        storage.put('hello/1.tgz', slug)
    assert 'canary' not in str(caught.value)
    assert server.seen == []


@pytest.mark.parametrize('status', [301, 302, 307, 308])
def test_a_redirect_within_a_server_keeps_method_body_and_credentials(
    server: Server, slug: Path, status: int
) -> None:
    server.faults.append(says(status, Location='/new/1.tgz?token=1'))
    with_secrets(server).put('hello/1.tgz', slug)
    assert server.objects == {'/new/1.tgz': slug.read_bytes()}
    assert server.seen[1].headers['authorization'] == 'Bearer sesame'


def test_a_redirect_to_another_server_gets_no_credentials(
    server: Server, elsewhere: Server, slug: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'netrc').write_text('machine 127.0.0.1 login me password sesame\n')
    monkeypatch.setenv('NETRC', str(tmp_path / 'netrc'))
    server.faults.append(says(307, Location=f'{elsewhere.address}/1.tgz'))
    with_secrets(server).put('hello/1.tgz', slug)
    (seen,) = elsewhere.seen
    assert seen.length == 3_000_000
    assert not {'authorization', 'x-key'} & set(seen.headers)
    assert 'canary' not in seen.path


def test_a_redirect_that_leads_in_a_circle_ends(server: Server, storage: HttpStorage, slug: Path) -> None:
    server.faults.extend([says(307, Location='/again')] * 20)
    with pytest.raises(StorageError, match='redirected more than 5 times'):
        storage.put('hello/1.tgz', slug)
    assert len(server.seen) == 6


@pytest.mark.parametrize('place', ['file:///etc/passwd', 'ftp://127.0.0.1/x', 'gopher://x'])
def test_a_redirect_to_another_protocol_is_not_followed(
    server: Server, storage: HttpStorage, slug: Path, place: str
) -> None:
    server.faults.append(says(302, Location=place))
    with pytest.raises(StorageError, match='where it must not go'):
        storage.put('hello/1.tgz', slug)


def test_an_object_that_is_not_there_is_told_apart(storage: HttpStorage) -> None:
    with pytest.raises(NoSuchObject), storage.open('hello/1.tgz'):
        pass
    with pytest.raises(NoSuchObject):
        storage.sha256('hello/1.tgz')


def test_a_server_that_deletes_nothing_says_so(server: Server, storage: HttpStorage) -> None:
    server.faults.append(says(405))
    with pytest.raises(StorageError, match='405'):
        storage.delete('hello/1.tgz')


@pytest.mark.parametrize(
    'url',
    [
        'https://',
        'https://me:canary@host/slugs',
        'https://host/slugs?sig=canary',
        'https://host/{app}',
        'https://host/{app}/{version}/{version}',
        'https://host/{app}/{sha256}/{commit}',
        'https://host/{app}/{version}/{sha256}',
        'https://host/{sha256}/{app',
        'https://{app}.host/{sha256}',
        'https://host:99999/',
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(SettingsError, match=r'storage.url = ') as caught:
        HttpStorage.from_url(url, NO_SECRETS)
    assert 'canary' not in str(caught.value)


def test_secrets_come_from_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / 'secrets.toml'
    file.write_text(
        '["https://a.example"]\nbearer = "$TOKEN"\nquery = "?x=1"\nheaders = { X-Key = "k" }\n'
        '["http://b.example:81"]\nuser = "me"\npassword = "sesame"\n'
    )
    file.chmod(0o600)
    secrets = load_secrets(file, {'TOKEN': 'sesame'})
    first, second = secrets.of('https://a.example:443/x'), secrets.of('http://b.example:81/')
    assert dict(first.headers) == {'Authorization': 'Bearer sesame', 'X-Key': 'k'} and first.query == 'x=1'
    assert dict(second.headers) == {'Authorization': 'Basic bWU6c2VzYW1l'}
    assert secrets.of('http://a.example/').headers == {}
    with pytest.raises(SettingsError, match='TOKEN, which is not set'):
        load_secrets(file, {})


@pytest.mark.parametrize(
    'text',
    ['[', '["https://a"]\nbear = "canary"', '["https://a"]\nbearer = 1', 'a = "canary"', '["https://a:x"]\n'],
)
def test_a_broken_file_of_secrets_is_told_without_what_is_in_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / 'secrets.toml'
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match='a table for each origin') as caught:
        load_secrets(file, {})
    assert 'canary' not in str(caught.value)


def test_a_file_of_secrets_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'secrets.toml').write_text('')
    (tmp_path / 'secrets.toml').chmod(0o640)
    with pytest.raises(SettingsError, match='chmod 600'):
        load_secrets(tmp_path / 'secrets.toml', {})
    with pytest.raises(SettingsError, match='cannot read'):
        load_secrets(tmp_path / 'nothing', {})
