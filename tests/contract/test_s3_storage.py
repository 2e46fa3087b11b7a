"""What S3 can besides keeping objects, on servers that disagree about the rest; and how it fails."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from gitreceive.adapters.storage import s3, s3_client, storage_from_urls
from gitreceive.adapters.storage.s3 import S3Storage
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError
from gitreceive.slugs.ports import Composing, Vouching
from tests.http_server import Server, resets, says
from tests.s3_servers import S3Server, swift
from tests.storages import Places, checksum, give_quota

MIB = 1 << 20
SLOW_DOWN = b'<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'
DIE_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from gitreceive.adapters.storage import s3

send = s3.S3Storage._part
def send_and_die(*words):
    send(*words)
    os.kill(os.getpid(), signal.SIGKILL)

s3.SINGLE, s3.PART, s3.S3Storage._part = 5 << 20, 5 << 20, send_and_die
s3.from_url(sys.argv[1]).put('hello/1.tgz', Path(sys.argv[2]))
"""


@pytest.fixture(params=['swift', 'moto'])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(f'{request.param}_server')
    return found


@pytest.fixture
def storage(server: S3Server, places: Places) -> S3Storage:
    return places.s3(server)


@pytest.fixture
def faulty(http_server: Server, monkeypatch: pytest.MonkeyPatch, places: Places) -> S3Storage:
    """At a server that takes what it is sent, and has faults."""
    monkeypatch.setattr(s3_client, 'TRIES', 3)
    return places.s3(S3Server(endpoint=http_server.address, key='any', secret='canary'))


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, 'SINGLE', 5 * MIB)
    monkeypatch.setattr(s3, 'PART', 5 * MIB)


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    return random_file(tmp_path / 'slug', 12 * MIB + 1)


def random_file(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size))
    return path


def content(storage: S3Storage, name: str) -> bytes:
    with storage.open(name) as stream:
        return stream.read()


def test_what_is_large_goes_in_parts(storage: S3Storage, slug: Path, in_parts: None) -> None:
    storage.put('hello/1.tgz', slug)
    assert content(storage, 'hello/1.tgz') == slug.read_bytes()
    assert storage.sha256('hello/1.tgz') in ('', checksum(slug))
    assert storage.size('hello/1.tgz') == slug.stat().st_size


def test_a_store_that_keeps_checksums_vouches_for_them(places: Places, slug: Path, in_parts: None) -> None:
    storage = places.moto()
    assert isinstance(storage, Vouching)
    storage.put('large.tgz', slug)
    assert storage.sha256('large.tgz') == checksum(slug)
    storage.put('small.tgz', random_file(slug.with_name('small'), 1000))
    assert storage.sha256('small.tgz') == checksum(slug.with_name('small'))
    with pytest.raises(NoSuchObject):
        storage.sha256('none.tgz')


def test_a_large_object_that_was_changed_is_not_vouched_for(
    moto_server: S3Server, places: Places, slug: Path, in_parts: None
) -> None:
    storage = places.moto()
    storage.put('1.tgz', slug)
    bucket, _, key = storage.url('1.tgz').removeprefix('s3://').partition('/')
    client = moto_server.client()
    noted = client.head_object(Bucket=bucket, Key=key)['Metadata']
    client.put_object(Bucket=bucket, Key=key, Body=b'else', Metadata=noted, ChecksumAlgorithm='SHA256')
    assert storage.sha256('1.tgz') != checksum(slug)


@pytest.mark.parametrize(
    'sizes', [[6 * MIB, 5 * MIB, 10], [10, 11 * MIB, 10], [3 * MIB, 3 * MIB, 3 * MIB], [7], [0, 9], []]
)
def test_an_object_is_made_of_others(storage: S3Storage, tmp_path: Path, sizes: list[int]) -> None:
    assert isinstance(storage, Composing)
    parts = [f'members/{number}.gz' for number, _ in enumerate(sizes)]
    files = [random_file(tmp_path / str(number), size) for number, size in enumerate(sizes)]
    for part, file in zip(parts, files, strict=True):
        storage.put(part, file)
    assert storage.compose('1.tgz', parts) == storage.url('1.tgz')
    assert content(storage, '1.tgz') == b''.join(file.read_bytes() for file in files)
    assert list(storage.list()) == ['1.tgz', *parts]


def test_nothing_is_made_of_what_is_not_there(storage: S3Storage, slug: Path) -> None:
    storage.put('a.gz', slug)
    with pytest.raises(NoSuchObject, match=r'b.gz'):
        storage.compose('1.tgz', ['a.gz', 'b.gz'])
    assert list(storage.list()) == ['a.gz']


def test_an_upload_that_is_killed_is_not_seen_and_is_swept(
    server: S3Server, storage: S3Storage, slug: Path, tmp_path: Path
) -> None:
    address = storage.url('x').removesuffix('x').removeprefix('s3://slugs/')
    url = server.url('slugs', address)
    died = subprocess.run([sys.executable, '-c', DIE_IN_THE_MIDDLE, url, str(slug)])
    assert died.returncode == -signal.SIGKILL
    assert list(storage.list()) == []
    if server.own:  # moto says of every upload that it began in 2010
        assert storage.sweep() == 0, 'an upload that began a moment ago may be of somebody who lives'
    at_once = timedelta(seconds=-2)  # the clock of HTTP has whole seconds, what an upload began at has more
    assert S3Storage(server.client(), 'slugs', address, at_once).sweep() == 1
    assert S3Storage(server.client(), 'slugs', address, at_once).sweep() == 0


def test_an_upload_that_fails_leaves_nothing(
    server: S3Server, storage: S3Storage, slug: Path, in_parts: None
) -> None:
    def shrink(*words: object) -> None:
        slug.write_bytes(b'')
        raise OSError('the disk is gone')

    storage._send = shrink  # type: ignore[method-assign]
    with pytest.raises(StorageError, match='the disk is gone'):
        storage.put('1.tgz', slug)
    address = storage.url('x').removesuffix('x').removeprefix('s3://slugs/')
    assert S3Storage(server.client(), 'slugs', address, timedelta()).sweep() == 0


def test_wrong_credentials_are_told_at_once(
    swift_server: S3Server, places: Places, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = places.s3(S3Server(endpoint=swift_server.endpoint, key='test:tester', secret='canary'))
    with pytest.raises(
        StorageError, match=r'403 SignatureDoesNotMatch: The request signature.*credentials'
    ) as caught:
        storage.put('1.tgz', slug)
    assert 'canary' not in str(caught.value)


def test_missing_credentials_are_told(
    swift_server: S3Server, places: Places, slug: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = places.swift()
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('AWS_EC2_METADATA_DISABLED', 'true')
    storage = s3.from_url(swift_server.url('slugs'))
    with pytest.raises(StorageError, match=r'Unable to locate credentials .set AWS_ACCESS_KEY_ID'):
        storage.put('1.tgz', slug)


def test_credentials_come_from_a_profile_too(
    swift_server: S3Server, places: Places, slug: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name, raising=False)
    pair = f'aws_access_key_id = {swift_server.key}\naws_secret_access_key = {swift_server.secret}'
    (tmp_path / 'credentials').write_text(f'[slugs]\n{pair}\n')
    monkeypatch.setenv('AWS_SHARED_CREDENTIALS_FILE', str(tmp_path / 'credentials'))
    storage = s3.from_url(f'{swift_server.url("slugs", "by-profile")}&profile=slugs')
    storage.put('1.tgz', slug)
    assert content(storage, '1.tgz') == slug.read_bytes()


def test_a_missing_bucket_is_told(server: S3Server, places: Places, slug: Path) -> None:
    with pytest.raises(StorageError, match=r'NoSuchBucket.*create the bucket'):
        places.s3(server, 'no-such-bucket').put('1.tgz', slug)


def test_a_full_bucket_is_told(swift_server: S3Server, places: Places, slug: Path) -> None:
    swift_server.client().create_bucket(Bucket='narrow')
    give_quota(swift_server, 'narrow', 1_000_000)
    storage = places.s3(swift_server, 'narrow')
    with pytest.raises(StorageError, match='400 EntityTooLarge: Upload exceeds quota'):
        storage.put('1.tgz', slug)
    assert list(storage.list()) == []


def test_a_clock_that_is_an_hour_off_is_told(tmp_path: Path, places: Places, slug: Path) -> None:
    with swift(tmp_path, clock=3600) as ahead:
        storage = places.s3(ahead)
        with pytest.raises(
            StorageError, match=r"RequestTimeTooSkewed: The difference .*set this host's clock"
        ):
            storage.put('1.tgz', slug)


def test_what_may_pass_is_tried_again(http_server: Server, faulty: S3Storage, slug: Path) -> None:
    http_server.faults.extend([says(503, SLOW_DOWN), resets()])
    faulty.put('1.tgz', slug)
    assert list(http_server.objects.values()) == [slug.read_bytes()]


def test_what_does_not_pass_is_told_in_the_stores_words(
    http_server: Server, faulty: S3Storage, slug: Path
) -> None:
    http_server.faults.extend([says(503, SLOW_DOWN)] * 3)
    with pytest.raises(
        StorageError, match=r'503 SlowDown: Please reduce your request rate. \(tried 3 times\)'
    ) as caught:
        faulty.put('1.tgz', slug)
    assert 'canary' not in str(caught.value)


def test_a_vanished_endpoint_is_named(
    http_server: Server, places: Places, slug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, 'TRIES', 2)
    with pytest.raises(StorageError, match=r'127.0.0.1:9.*check the endpoint'):
        places.s3(S3Server(endpoint='http://127.0.0.1:9', key='any', secret='any')).put('1.tgz', slug)


@pytest.mark.parametrize(
    'url',
    [
        's3:',
        's3://',
        's3:///x',
        's3://key:canary@bucket/',
        's3://b?secret=canary',
        's3://b?profile=nobody-has',
        's3://b?canary',
        's3://b?path_style=perhaps',
        's3://b?endpoint=https://me:canary@host',
        's3://b?endpoint=nowhere',
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(SettingsError, match=r'storage.url = s3:') as caught:
        storage_from_urls([url])
    assert 'canary' not in str(caught.value)


@pytest.mark.parametrize('url', ['gs:', 'az://', 'az://x?key=canary', 'gs://me:canary@bucket'])
def test_a_url_of_another_service_is_checked_too(url: str) -> None:
    with pytest.raises(SettingsError, match=r'storage.url = (gs|az):') as caught:
        storage_from_urls([url])
    assert 'canary' not in str(caught.value)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ('boto3', 'obstore'):
        monkeypatch.setitem(sys.modules, module, None)
    for module in ('s3', 's3_client', 'objects'):
        monkeypatch.delitem(sys.modules, f'gitreceive.adapters.storage.{module}', raising=False)
    for url in ('s3://bucket', 'gs://bucket', 'az://container'):
        with pytest.raises(SettingsError, match=r'pip install "gitreceive.stores."'):
            storage_from_urls([url])
