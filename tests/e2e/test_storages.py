"""Pushes whose slugs go elsewhere: to a store with a mirror, to a server that takes whole slugs, to nowhere."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.azurite import ACCOUNT, KEY, azurite
from tests.e2e.receiver import Pusher, change, make_app
from tests.gcs_server import google
from tests.http_server import Handler, Server, running
from tests.platform_api import TOKEN, PlatformServer
from tests.s3_servers import S3Server, swift
from tests.waiting import within


@pytest.fixture(scope='module')
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with swift(tmp_path_factory.mktemp('swift')) as server:
        server.client().create_bucket(Bucket='slugs')
        yield server


@pytest.fixture
def web() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    with running(PlatformServer('app')) as server:
        assert isinstance(server, PlatformServer)
        yield server


def test_a_slug_in_a_store_has_its_members_there_and_is_whole_at_the_mirrors(
    receivers: Callable[..., Pusher], store: S3Server, web: Server, platform: PlatformServer, tmp_path: Path
) -> None:
    storage = f'{store.url("slugs", "live")} {web.address}/slugs heroku:{platform.address}'
    ann = receivers(tmp_path, GITRECEIVE_STORAGE_URL=storage, HEROKU_API_KEY=TOKEN, **store.environment)
    ann.receiver.start()
    work = make_app(tmp_path / 'work', {'big': os.urandom(6_000_000)})
    first = ann.push(work, 'app')
    assert first.status == 0, first.err
    change(work, {'small': b'2'})
    second = ann.push(work, 'app')
    assert second.status == 0, second.err
    checksum = str(second.json['slug']).removeprefix('sha256:')
    assert any(line.endswith(f'v2 stored in s3://slugs/live/app/{checksum}.tgz') for line in second.lines)
    keys = [entry['Key'] for entry in store.client().list_objects_v2(Bucket='slugs')['Contents']]
    assert f'live/app/{checksum}.tgz' in keys and any('/app/members/' in key for key in keys)
    verified = ann.receiver.host('slug', 'verify', 'app')
    assert verified.status == 0, verified.err
    assert within(60, lambda: len(platform.releases) == 2)
    (whole,) = (
        body for path, body in platform.objects.items() if platform.releases[-1]['slug']['id'] in path
    )
    assert within(60, lambda: web.objects.get(f'/slugs/app/{checksum}.tgz') == whole)
    assert within(60, lambda: ann.receiver.host('slug', 'verify', 'app').out.startswith('all objects'))
    del web.objects[f'/slugs/app/{checksum}.tgz']
    told = ann.receiver.host('slug', 'verify', 'app')
    assert told.status == 70
    where = f'app/{checksum}.tgz at {web.address}/slugs (needed by app v2): the daemon sends it again'
    assert told.out == f'missing      {where}\n'
    change(work, {'small': b'3'})
    assert ann.push(work, 'app').status == 0
    assert within(60, lambda: web.objects.get(f'/slugs/app/{checksum}.tgz') == whole)
    shown = ann.receiver.log_file.read_text() + first.err + second.err
    assert TOKEN not in shown and store.secret not in shown


def test_google_and_azure_make_slugs_of_the_members_that_they_have(
    receivers: Callable[..., Pusher], tmp_path: Path
) -> None:
    with google(made(tmp_path / 'google')) as first, azurite(made(tmp_path / 'azure')) as mirror:
        first.create_bucket('slugs')
        mirror.create_container('slugs')
        account = first.account(tmp_path / 'account.json')
        storage = (
            f'gs://slugs/live?endpoint={first.endpoint} '
            f'az://slugs/copies?account={ACCOUNT}&endpoint={mirror.endpoint}'
        )
        environ = {'GOOGLE_APPLICATION_CREDENTIALS': str(account), 'AZURE_STORAGE_ACCOUNT_KEY': KEY}
        ann = receivers(tmp_path, GITRECEIVE_STORAGE_URL=storage, **environ)
        ann.receiver.start()
        work = make_app(tmp_path / 'work', {'one': b'1'})
        assert ann.push(work, 'app').status == 0
        change(work, {'one': b'2'})
        second = ann.push(work, 'app')
        assert second.status == 0, second.err
        checksum = str(second.json['slug']).removeprefix('sha256:')
        assert f'v2 stored in gs://slugs/live/app/{checksum}.tgz' in second.err
        assert within(60, lambda: ann.receiver.host('slug', 'verify', 'app').out.startswith('all objects'))
        ends = [name.partition('.')[2] for name in first.names('slugs') if name.startswith('live/app/')]
        assert (ends.count('tgz'), ends.count('json')) == (1, 2) and ends.count('gz') >= 2
        assert KEY not in ann.receiver.log_file.read_text() + second.err


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_server_that_keeps_whole_slugs_is_enough(
    receivers: Callable[..., Pusher], web: Server, tmp_path: Path
) -> None:
    secrets = tmp_path / 'secrets.toml'
    secrets.write_text(f'["{web.address}"]\nbearer = "$SLUGS_TOKEN"\n')
    secrets.chmod(0o600)
    web.wants = 'Bearer canary'
    environ = {'GITRECEIVE_STORAGE_SECRETS': str(secrets), 'SLUGS_TOKEN': 'canary'}
    ann = receivers(tmp_path, GITRECEIVE_STORAGE_URL=f'{web.address}/{{app}}-{{sha256}}.tgz', **environ)
    ann.receiver.start()
    pushed = ann.push(make_app(tmp_path / 'work'), 'app')
    assert pushed.status == 0, pushed.err
    checksum = str(pushed.json['slug']).removeprefix('sha256:')
    assert {f'/app-{checksum}.tgz', f'/app-{checksum}.json'} <= set(web.objects)
    verified = ann.receiver.host('slug', 'verify', 'app')
    assert verified.status == 0, verified.err
    assert 'canary' not in ann.receiver.log_file.read_text() + pushed.err


class HangingUp(Handler):
    """Takes nothing: it answers a PUT before its body has come, and closes the connection."""

    def do_PUT(self) -> None:  # noqa: N802
        self.close_connection = True
        self.answer(413, b'too much for me', {'Connection': 'close'})


def test_a_server_that_hangs_up_in_mid_upload_fails_the_push_and_not_the_daemon(
    receivers: Callable[..., Pusher], tmp_path: Path
) -> None:
    with running(Server(HangingUp)) as web:
        ann = receivers(tmp_path, GITRECEIVE_STORAGE_URL=f'{web.address}/{{app}}-{{sha256}}.tgz')
        ann.receiver.start()
        daemon = ann.receiver.pid('daemon')
        pushed = ann.push(make_app(tmp_path / 'work', {'large': os.urandom(20_000_000)}), 'app')
    assert pushed.status == 1
    assert 'too much for me' in pushed.err or 'Connection reset' in pushed.err or 'Broken pipe' in pushed.err
    assert ann.receiver.pid('daemon') == daemon


def test_a_slug_at_a_server_is_called_by_the_number_of_its_first_release(
    receivers: Callable[..., Pusher], web: Server, tmp_path: Path
) -> None:
    storage = f'{web.address}/{{app}}/v{{version}}.tgz'
    ann = receivers(tmp_path, GITRECEIVE_STORAGE_URL=storage, GITRECEIVE_STORAGE_KEEP_RELEASES='1')
    ann.receiver.start()
    work = make_app(tmp_path / 'work', {'one': b'1'})
    for number in (1, 2):
        change(work, {'one': b'%d' % number, 'two': b''})
        pushed = ann.push(work, 'app')
        assert f'v{number} stored in {web.address}/app/v{number}.tgz' in pushed.err, pushed.err
    rebuilt = ann.receiver.host('rebuild', 'app')
    assert f'v3 stored in {web.address}/app/v2.tgz' in rebuilt.out, rebuilt.out + rebuilt.err
    kinds = ('json', 'provenance.json', 'sbom.json', 'tgz')
    assert within(60, lambda: sorted(web.objects) == [f'/app/v2.{kind}' for kind in kinds])
    verified = ann.receiver.host('slug', 'verify', 'app')
    assert (verified.status, verified.out) == (0, 'all objects verified\n')
    assert ann.receiver.host('slug', 'show', 'app').out.startswith('app v3: ')


def test_a_store_that_refuses_fails_the_push_in_its_own_words(
    receivers: Callable[..., Pusher], store: S3Server, tmp_path: Path
) -> None:
    ann = receivers(tmp_path, GITRECEIVE_STORAGE_URL=store.url('no-such-bucket'), **store.environment)
    ann.receiver.start()
    pushed = ann.push(make_app(tmp_path / 'work'), 'app')
    assert pushed.status == 1
    assert 'NoSuchBucket: The specified bucket does not exist' in pushed.err
    assert 'create the bucket' in pushed.err
    assert ann.receiver.ref('app') is None
