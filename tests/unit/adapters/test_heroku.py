"""Slugs reach a platform in three steps, and every refusal is told in the platform's words."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.adapters.platform.heroku import HerokuPlatform
from gitreceive.adapters.web.client import Retries
from gitreceive.model.errors import SettingsError, StorageError
from gitreceive.model.platform import NewSlug
from tests.http_server import resets, running, says, truncates
from tests.platform_api import TOKEN, PlatformServer

QUICK = Retries(tries=3, first_seconds=0.001, longest_seconds=0.002, stall_seconds=5)


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with running(PlatformServer('hello')) as server:
        assert isinstance(server, PlatformServer)
        yield server


@pytest.fixture
def platform(server: PlatformServer) -> HerokuPlatform:
    return HerokuPlatform(server.address, TOKEN, QUICK)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'slug.tgz'
    path.write_bytes(os.urandom(2_500_000))
    return path


@pytest.fixture
def slug(file: Path) -> NewSlug:
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    return NewSlug(
        processes={'web': 'npm start'},
        sha256=checksum,
        commit='1' * 40,
        stack='cedar-14',
        buildpack='Node.js',
    )


def test_a_slug_is_created_sent_and_released(
    server: PlatformServer, platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    steps: list[int] = []
    release = platform.publish('hello', slug, file, steps.append)
    assert (release.version, release.status) == (1, 'succeeded')
    (kept,) = server.slugs.values()
    assert kept['process_types'] == {'web': 'npm start'}
    assert kept['checksum'] == f'SHA256:{slug.sha256}'
    assert kept['commit'] == '1' * 40
    assert server.objects == {f'/blobs/{release.slug}.tgz': file.read_bytes()}
    assert steps == sorted(steps)
    assert steps[-1] == 2_500_000


def test_the_progress_begins_again_with_each_try(
    server: PlatformServer, platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    steps: list[int] = []
    server.faults.extend([None, says(503)])
    platform.publish('hello', slug, file, steps.append)
    assert steps.count(2_500_000) >= 2
    assert max(steps) == 2_500_000


def test_the_token_is_not_shown_to_the_blob_storage(
    server: PlatformServer, platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    platform.publish('hello', slug, file)
    (sent,) = [seen for seen in server.seen if seen.method == 'PUT']
    assert 'authorization' not in sent.headers
    assert sent.headers['content-type'] == ''
    assert sent.headers['content-length'] == '2500000'


def test_a_slug_at_the_platform_can_be_read(platform: HerokuPlatform, slug: NewSlug, file: Path) -> None:
    release = platform.publish('hello', slug, file)
    found = platform.slug('hello', release.slug)
    assert (found.method, found.checksum) == ('GET', f'SHA256:{slug.sha256}')
    with platform.open(found) as stream:
        assert stream.read() == file.read_bytes()


def test_an_unknown_app_is_refused_in_the_platforms_words(
    platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    with pytest.raises(StorageError, match=r"404 Not Found: Couldn't find that app\. not_found"):
        platform.publish('other', slug, file)


def test_a_wrong_token_is_refused_and_not_shown(server: PlatformServer, slug: NewSlug, file: Path) -> None:
    with pytest.raises(StorageError, match='401 Unauthorized: Invalid credentials provided') as caught:
        HerokuPlatform(server.address, 'not-the-token', QUICK).publish('hello', slug, file)
    assert 'not-the-token' not in str(caught.value)
    assert len(server.seen) == 1


def test_a_slug_that_the_schema_does_not_allow_is_refused(
    platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    with pytest.raises(StorageError, match=r'422 .*process_types: a/b is invalid'):
        platform.publish('hello', replace(slug, processes={'a/b': 'x'}), file)
    with pytest.raises(StorageError, match=r'422 .*Stack not found'):
        platform.publish('hello', replace(slug, stack='no-such'), file)


def test_a_slug_without_bytes_is_not_released(platform: HerokuPlatform, slug: NewSlug) -> None:
    made = platform.create_slug('hello', slug)
    with pytest.raises(StorageError, match='upload it to its blob URL first'):
        platform.create_release('hello', made.id, 'Deploy')


def test_what_may_pass_is_tried_again(
    server: PlatformServer, platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    server.faults.extend(
        [says(429, b'{"id": "rate_limit"}'), truncates(b'{}'), None, resets(), says(503), None, says(503)]
    )
    assert platform.publish('hello', slug, file).version == 1
    assert len(server.seen) == 8


def test_a_release_that_may_have_been_made_is_not_made_again(
    server: PlatformServer, platform: HerokuPlatform, slug: NewSlug, file: Path
) -> None:
    server.faults.extend([None, None, says(500, b'{"message": "out of luck"}')])
    with pytest.raises(StorageError, match='out of luck'):
        platform.publish('hello', slug, file)
    assert len(server.seen) == 3


def test_an_answer_that_is_none_is_told(
    server: PlatformServer, platform: HerokuPlatform, slug: NewSlug
) -> None:
    server.faults.extend([says(200, b'<html>'), says(200, b'{"id": 1}'), says(200, b'[]')])
    with pytest.raises(StorageError, match='no JSON'):
        platform.create_slug('hello', slug)
    for _ in range(2):
        with pytest.raises(StorageError, match='not what the Platform API promises'):
            platform.create_slug('hello', slug)


def test_the_token_comes_from_the_environment_or_from_netrc(
    server: PlatformServer, slug: NewSlug, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('NETRC', str(tmp_path / 'netrc'))
    with pytest.raises(SettingsError, match='HEROKU_API_KEY'):
        HerokuPlatform.from_environment(server.address, {})
    assert HerokuPlatform.from_environment(server.address, {'HEROKU_API_KEY': TOKEN}).create_slug(
        'hello', slug
    )
    (tmp_path / 'netrc').write_text(f'machine 127.0.0.1 login me password {TOKEN}\n')
    assert HerokuPlatform.from_environment(server.address, {}).publish('hello', slug, file).version == 1


@pytest.mark.parametrize('token', ['canary\nX-Other: 1', 'canary two', 'canary\u20ac'])
def test_a_token_that_no_header_can_hold_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(SettingsError, match='copy it again') as caught:
        HerokuPlatform.from_environment('https://example.com', {'HEROKU_API_KEY': token})
    assert 'canary' not in str(caught.value)


@pytest.mark.parametrize(
    'address', ['http://example.com', 'ftp://example.com', 'https://', 'https://me:canary@example.com']
)
def test_a_token_goes_to_https_addresses_only(address: str) -> None:
    with pytest.raises(SettingsError, match='https: address') as caught:
        HerokuPlatform(address, TOKEN)
    assert 'canary' not in str(caught.value)
