"""What registry clients are answered, with images that exist in memory."""

import base64
import io
import json
from collections.abc import Sequence

import pytest
from werkzeug.test import Client, TestResponse

from gitreceive.api.registry import Registry
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.content import Content
from gitreceive.model.errors import StorageError

LAYER = bytes(range(256)) * 10
DIGEST = f'sha256:{"a" * 64}'
MANIFEST = b'{"schemaVersion":2}'


class FakeImages:
    """One app with one image."""

    broken = False

    def tags(self, app: AppName) -> Sequence[str]:
        if self.broken:
            raise StorageError('the storage does not answer')
        return [f'v{number}' for number in range(1, 13)] if app == 'hello' else []

    def manifest(self, app: AppName, reference: str) -> Content | None:
        if reference not in ('v1', DIGEST):
            return None
        return content('application/x', MANIFEST)

    def blob(self, app: AppName, digest: str) -> Content | None:
        return content('application/gzip', LAYER) if digest == DIGEST else None


def content(media_type: str, data: bytes) -> Content:
    return Content(media_type=media_type, digest=DIGEST, size=len(data), open=lambda: io.BytesIO(data))


class FakeStacks:
    """One stack."""

    def tags(self, name: str) -> Sequence[str]:
        return ['latest'] if name == 'cedar-13' else []

    def manifest(self, name: str, reference: str) -> Content | None:
        return content('application/x', MANIFEST) if (name, reference) == ('cedar-13', 'latest') else None

    def blob(self, name: str, digest: str) -> Content | None:
        return None


class FakeReaders:
    """``ann`` reads hello, ``ben`` no app at all, ``engine`` everything."""

    def reader(self, user: str, password: str) -> Actor | None:
        apps = frozenset({'hello'} if user == 'ann' else ())
        return Actor(name=user, apps=None if user == 'engine' else apps) if password == 'token' else None


@pytest.fixture
def images() -> FakeImages:
    return FakeImages()


@pytest.fixture
def client(images: FakeImages) -> Client:
    return Client(Registry(images, FakeReaders(), FakeStacks()))


def get(client: Client, path: str, *, user: str = 'ann', method: str = 'GET', **headers: str) -> TestResponse:
    basic = base64.b64encode(f'{user}:token'.encode()).decode()
    return client.open(path, method=method, headers={'Authorization': f'Basic {basic}', **headers})


def code(answer: TestResponse) -> str:
    return str(json.loads(answer.data)['errors'][0]['code'])


def test_head_tells_what_get_sends(client: Client) -> None:
    for path in ('/v2/hello/manifests/v1', f'/v2/hello/blobs/{DIGEST}', '/v2/hello/tags/list'):
        got, head = get(client, path), get(client, path, method='HEAD')
        assert (head.status_code, head.data) == (200, b'')
        assert head.headers['Content-Length'] == str(len(got.data))


@pytest.mark.parametrize(
    ('wanted', 'status', 'found'),
    [
        ('bytes=0-9', 206, LAYER[:10]),
        ('bytes=-7', 206, LAYER[-7:]),
        ('bytes=2559-', 206, LAYER[-1:]),
        ('bytes=2550-9999', 206, LAYER[2550:]),
        ('bytes=2560-', 416, None),
        ('bytes=9-3', 200, LAYER),
        ('bytes=0-1,5-6', 200, LAYER),
        ('lines=1-2', 200, LAYER),
        ('nonsense', 200, LAYER),
    ],
)
def test_a_range_is_served_if_it_is_one(
    client: Client, wanted: str, status: int, found: bytes | None
) -> None:
    answer = get(client, f'/v2/hello/blobs/{DIGEST}', Range=wanted)
    assert answer.status_code == status
    assert found is None or answer.data == found


def test_tags_come_in_pages_that_name_the_next(client: Client) -> None:
    first = get(client, '/v2/hello/tags/list?n=5')
    assert json.loads(first.data)['tags'] == ['v1', 'v2', 'v3', 'v4', 'v5']
    assert first.headers['Link'] == '</v2/hello/tags/list?n=5&last=v5>; rel="next"'
    last = get(client, '/v2/hello/tags/list?n=50&last=v10')
    assert json.loads(last.data)['tags'] == ['v11', 'v12']
    assert 'Link' not in last.headers


@pytest.mark.parametrize('method', ['PUT', 'POST', 'PATCH', 'DELETE'])
def test_nothing_can_be_changed(client: Client, method: str) -> None:
    answer = get(client, '/v2/hello/manifests/v1', method=method)
    assert (answer.status_code, code(answer)) == (405, 'UNSUPPORTED')


def test_an_app_that_may_not_be_read_is_answered_as_one_that_is_not_there(client: Client) -> None:
    hidden, missing = (get(client, f'/v2/{app}/tags/list', user='ben') for app in ('hello', 'nothing'))
    assert (hidden.status_code, code(hidden)) == (missing.status_code, code(missing)) == (404, 'NAME_UNKNOWN')
    assert hidden.data.replace(b'hello', b'nothing') == missing.data


@pytest.mark.parametrize('header', ['', 'Basic', 'Basic !!!', 'Basic YW5u', 'Bearer token'])
def test_what_is_no_password_is_unauthorized(client: Client, header: str) -> None:
    answer = client.get('/v2/hello/manifests/v1', headers={'Authorization': header})
    assert (answer.status_code, code(answer)) == (401, 'UNAUTHORIZED')
    assert answer.headers['WWW-Authenticate'].startswith('Basic ')


def test_a_storage_that_does_not_answer_is_an_error_of_the_specification(
    client: Client, images: FakeImages
) -> None:
    images.broken = True
    answer = get(client, '/v2/hello/tags/list')
    assert (answer.status_code, code(answer)) == (503, 'UNAVAILABLE')


def test_nothing_refers_to_an_image(client: Client) -> None:
    assert json.loads(get(client, f'/v2/hello/referrers/{DIGEST}').data)['manifests'] == []
    assert code(get(client, '/v2/hello/referrers/nonsense')) == 'DIGEST_INVALID'


def test_the_image_of_a_stack_is_for_who_reads_everything(client: Client) -> None:
    path = '/v2/stack/cedar-13/manifests/latest'
    assert get(client, path, user='engine').data == MANIFEST
    assert get(client, '/v2/stack/cedar-13/tags/list', user='engine').status_code == 200
    assert get(client, path, user='ann').status_code == 404
    assert code(get(client, '/v2/stack/none/manifests/latest', user='engine')) == 'MANIFEST_UNKNOWN'
    assert code(get(client, '/v2/stack/../hello/manifests/v1', user='engine')) == 'NAME_INVALID'
