"""Every kept release is an image that an engine pulls: from a registry that nobody had to set up."""

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from tests.e2e.receiver import Pusher, change, copy_app, free_port
from tests.e2e.sshd.sshd_process import make_key
from tests.waiting import within

pytestmark = pytest.mark.alone

CONFORMANCE = 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111'
PULL = (
    *('Ping', 'Tag listing', 'Blob get', 'Blob head', 'Manifest get by digest', 'Manifest get by tag'),
    *('Manifest head by digest', 'Manifest head by tag', 'Referrers'),
)
EXAMPLE = Path(__file__).parents[2] / 'examples' / 'node-hello'


class Shop:
    """A receiver whose registry listens, with an app of two releases that differ in their code."""

    def __init__(self, ann: Pusher, port: int) -> None:
        self.ann, self.port = ann, port
        self.token = ann.receiver.host('keys', 'token', 'ann').out.strip()

    def get(self, path: str, token: str | None = None, **headers: str) -> tuple[int, Message, bytes]:
        password = self.token if token is None else token
        basic = base64.b64encode(f'ann:{password}'.encode()).decode()
        request = urllib.request.Request(
            f'http://127.0.0.1:{self.port}{path}', headers={'Authorization': f'Basic {basic}', **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


@pytest.fixture(scope='module')
def shop(receivers, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    port = free_port()
    ann = receivers(tmp_path_factory.mktemp('registry'), GITRECEIVE_REGISTRY_LISTEN=f'127.0.0.1:{port}')
    ann.receiver.start()
    work = copy_app(EXAMPLE, tmp_path_factory.mktemp('work') / 'app')
    assert ann.push(work, 'app', timeout=600).status == 0
    change(work, {'more.js': b'// more\n'})
    assert ann.push(work, 'app').status == 0
    return Shop(ann, port)


@pytest.fixture
def pulled(shop: Shop, engine: docker.DockerClient) -> Iterator[list[str]]:
    """Names of images that are removed afterwards."""
    names: list[str] = []
    yield names
    for name in names:
        engine.images.remove(name, force=True)


def manifest(shop: Shop, tag: str) -> dict:
    status, headers, body = shop.get(f'/v2/app/manifests/{tag}')
    assert status == 200, body
    assert headers['Content-Type'] == 'application/vnd.oci.image.manifest.v1+json'
    return json.loads(body)


def test_docker_pulls_a_release_and_its_web_process_answers(
    shop: Shop, engine: docker.DockerClient, pulled: list[str]
) -> None:
    name = f'127.0.0.1:{shop.port}/app'
    engine.images.pull(name, 'v2', auth_config={'username': 'ann', 'password': shop.token})
    pulled.append(f'{name}:v2')
    container = engine.containers.run(
        f'{name}:v2', detach=True, environment={'PORT': '5000'}, ports={'5000/tcp': ('127.0.0.1', None)}
    )
    try:

        def answer() -> bool:
            container.reload()
            (found,) = container.ports['5000/tcp']
            try:
                with urllib.request.urlopen(f'http://127.0.0.1:{found["HostPort"]}/', timeout=5) as page:
                    return page.status == 200
            except OSError:
                return False

        assert within(30, answer), container.logs().decode()
        assert container.exec_run('ls /app/src/more.js').exit_code == 0
        assert container.exec_run('id -un').output.strip() == b'app'
    finally:
        container.remove(force=True)


def test_releases_differ_in_the_last_layer_only(shop: Shop) -> None:
    first, second = ([layer['digest'] for layer in manifest(shop, tag)['layers']] for tag in ('v1', 'v2'))
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_layers_are_the_chunks_as_they_lie_in_storage(shop: Shop) -> None:
    layer = manifest(shop, 'v1')['layers'][-1]
    digest = layer['digest'].removeprefix('sha256:')
    stored = shop.ann.receiver.home.root / 'slugs' / 'app' / 'members' / f'{digest}.gz'
    status, headers, body = shop.get(f'/v2/app/blobs/{layer["digest"]}')
    assert (status, body) == (200, stored.read_bytes())
    assert headers['Content-Length'] == str(layer['size'])


def test_a_manifest_is_had_by_its_digest_and_its_tags_are_listed(shop: Shop) -> None:
    _, headers, body = shop.get('/v2/app/manifests/v1')
    assert shop.get(f'/v2/app/manifests/{headers["Docker-Content-Digest"]}')[2] == body
    assert json.loads(shop.get('/v2/app/tags/list')[2]) == {'name': 'app', 'tags': ['v1', 'v2']}
    assert json.loads(shop.get('/v2/app/tags/list?n=1')[2])['tags'] == ['v1']
    assert json.loads(shop.get('/v2/app/tags/list?last=v1')[2])['tags'] == ['v2']


def test_ranges_of_a_layer_are_served_and_those_beyond_its_end_refused(shop: Shop) -> None:
    layer = manifest(shop, 'v1')['layers'][-1]
    path = f'/v2/app/blobs/{layer["digest"]}'
    whole = shop.get(path)[2]
    status, headers, body = shop.get(path, Range='bytes=100-199')
    assert (status, body) == (206, whole[100:200])
    assert headers['Content-Range'] == f'bytes 100-199/{len(whole)}'
    assert shop.get(path, Range=f'bytes={len(whole) - 5}-')[2] == whole[-5:]
    assert shop.get(path, Range=f'bytes={len(whole)}-')[0] == 416


@pytest.mark.parametrize(
    ('path', 'status', 'code'),
    [
        ('/v2/app/manifests/v99', 404, 'MANIFEST_UNKNOWN'),
        ('/v2/app/manifests/latest', 404, 'MANIFEST_UNKNOWN'),
        (f'/v2/app/blobs/sha256:{"0" * 64}', 404, 'BLOB_UNKNOWN'),
        ('/v2/app/blobs/sha256:../../daemon/journal.db', 404, 'NAME_UNKNOWN'),
        ('/v2/../access/access.db', 404, 'NAME_UNKNOWN'),
        ('/v2/nothing/manifests/v1', 404, 'MANIFEST_UNKNOWN'),
        ('/v2/a/../app/manifests/v1', 404, 'NAME_INVALID'),
        ('/v2/APP/tags/list', 404, 'NAME_INVALID'),
        ('/', 404, 'NAME_UNKNOWN'),
    ],
)
def test_what_is_not_there_is_an_error_of_the_specification(
    shop: Shop, path: str, status: int, code: str
) -> None:
    found, _, body = shop.get(path)
    assert (found, json.loads(body)['errors'][0]['code']) == (status, code)


def test_nobody_without_a_token_learns_anything(shop: Shop, engine: docker.DockerClient) -> None:
    for token in ('', 'wrong', 'grt_wrong'):
        status, headers, _ = shop.get('/v2/app/manifests/v1', token)
        assert (status, headers['WWW-Authenticate']) == (401, 'Basic realm="gitreceive"')
    with pytest.raises(APIError, match=r'no basic auth credentials|unauthorized'):
        engine.images.pull(f'127.0.0.1:{shop.port}/app', 'v1')


def test_a_key_of_other_apps_opens_no_image_and_a_revoked_token_nothing(shop: Shop, tmp_path: Path) -> None:
    host = shop.ann.receiver.host
    assert host('keys', 'add', 'ben', f'{make_key(tmp_path / "ben")}.pub', '--app', 'other').status == 0
    token = host('keys', 'token', 'ben').out.strip()
    assert shop.get('/v2/', token)[0] == 200
    assert shop.get('/v2/app/tags/list', token)[0] == 404
    assert host('keys', 'token', 'ben', '--revoke').status == 0
    assert shop.get('/v2/', token)[0] == 401


def test_nothing_can_be_pushed(shop: Shop) -> None:
    basic = base64.b64encode(f'ann:{shop.token}'.encode()).decode()
    request = urllib.request.Request(
        f'http://127.0.0.1:{shop.port}/v2/app/blobs/uploads/',
        method='POST',
        data=b'',
        headers={'Authorization': f'Basic {basic}'},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code in (404, 405)


@pytest.mark.slow  # copies the run image
def test_skopeo_copies_a_release_with_a_token(shop: Shop, tmp_path: Path) -> None:
    source, target = f'docker://127.0.0.1:{shop.port}/app:v2', tmp_path / 'copy'
    plain, credentials = '--tls-verify=false', f'ann:{shop.token}'
    seen = called('skopeo', 'inspect', plain, '--creds', credentials, source)
    assert seen.returncode == 0, seen.stderr
    found = json.loads(seen.stdout)
    assert found['RepoTags'] == ['v1', 'v2']
    assert found['Labels']['org.opencontainers.image.version'] == 'v2'
    copied = called(
        'skopeo', 'copy', '--src-tls-verify=false', '--src-creds', credentials, source, f'dir:{target}'
    )
    assert copied.returncode == 0, copied.stderr
    for layer in manifest(shop, 'v2')['layers']:
        assert (target / layer['digest'].removeprefix('sha256:')).stat().st_size == layer['size']
    refused = called('skopeo', 'inspect', plain, '--creds', 'ann:guessed', source)
    assert refused.returncode != 0
    assert 'unauthorized' in refused.stderr


@pytest.mark.slow  # copies the run image
@pytest.mark.skipif(os.geteuid() != 0, reason='podman of another user needs user namespaces')
def test_podman_pulls_a_release_with_a_token(shop: Shop, tmp_path: Path, open_folder: Path) -> None:
    name = f'127.0.0.1:{shop.port}/app:v2'
    podman = (
        'podman',
        '--storage-driver',
        'vfs',
        '--root',
        f'{open_folder}/s',
        '--runroot',
        f'{open_folder}/r',
    )
    refused = called(*podman, 'pull', '--tls-verify=false', '--creds', 'ann:guessed', name)
    assert refused.returncode != 0
    pulled = called(*podman, 'pull', '-q', '--tls-verify=false', '--creds', f'ann:{shop.token}', name)
    assert pulled.returncode == 0, pulled.stderr
    assert called(*podman, 'create', '--name', 'app', name).returncode == 0
    copied = called(*podman, 'cp', 'app:/app/src/more.js', f'{tmp_path}/more.js')
    assert copied.returncode == 0, copied.stderr
    assert (tmp_path / 'more.js').read_bytes() == b'// more\n'
    (config,) = json.loads(called(*podman, 'image', 'inspect', name).stdout)
    assert config['Config']['User'] == 'app'
    assert called(*podman, 'rm', 'app').returncode == 0
    assert called(*podman, 'rmi', name).returncode == 0


def called(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs a client of registries, which "make test-all" installs."""
    assert shutil.which(command[0]), f'{command[0]} is not installed: run "dev/setup clients"'
    return subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)


@pytest.mark.slow  # builds a Go program
def test_it_passes_the_conformance_suite_of_the_distribution_specification(
    shop: Shop, tmp_path: Path
) -> None:
    go = shutil.which('go')
    assert go, 'go is not installed'
    found = manifest(shop, 'v2')
    digests = [manifest_digest(shop, tag) for tag in ('v1', 'v2')]
    variables = {
        'OCI_RESULTS_DIR': str(tmp_path / 'results'),
        'OCI_REGISTRY': f'127.0.0.1:{shop.port}',
        'OCI_TLS': 'disabled',
        'OCI_REPO1': 'app',
        'OCI_USERNAME': 'ann',
        'OCI_PASSWORD': shop.token,
        'OCI_API_PUSH': 'false',
        'OCI_API_BLOBS_DELETE': 'false',
        'OCI_API_MANIFESTS_DELETE': 'false',
        'OCI_API_TAGS_DELETE': 'false',
        'OCI_API_BLOBS_DIGEST_HEADER': 'true',
        'OCI_RO_DATA_TAGS': 'v1 v2',
        'OCI_RO_DATA_MANIFESTS': ' '.join(digests),
        'OCI_RO_DATA_BLOBS': ' '.join(each['digest'] for each in [found['config'], *found['layers'][1:]]),
        'OCI_RO_DATA_REFERRERS': digests[0],
    }
    done = subprocess.run(
        [go, 'run', CONFORMANCE],
        env={**os.environ, **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    # Of a read-only registry the suite prints its findings and then fails to write them as YAML: see what it prints.
    found_out = dict(re.findall(r'^  (\S[^.]*)\.+: +(\w+)$', done.stdout, re.MULTILINE))
    assert 'FAIL' not in found_out.values(), done.stdout
    assert {found_out[name] for name in PULL} == {'Pass'}, done.stdout


def manifest_digest(shop: Shop, tag: str) -> str:
    return str(shop.get(f'/v2/app/manifests/{tag}')[1]['Docker-Content-Digest'])
