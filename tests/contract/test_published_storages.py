"""The registry hands out the chunks of a slug as they lie in storage, whichever that is."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from gitreceive.adapters.storage.whole import composing
from gitreceive.api.registry import Registry
from gitreceive.model.access import Actor
from gitreceive.slugs.published import PublishedImages, PublishedStacks
from tests.chunk_cache import chunk_cache, member
from tests.fakes_registry import FakeBaseImages
from tests.packing import packed
from tests.storages import ALL, Places


class Everybody:
    """Lets in whoever asks."""

    def reader(self, user: str, password: str) -> Actor:
        return Actor(name=user)


def get(client: Client, path: str, **headers: str) -> TestResponse:
    basic = base64.b64encode(b'ann:token').decode()
    return client.get(path, headers={'Authorization': f'Basic {basic}', **headers})


@pytest.mark.parametrize('kind', ALL)
def test_every_layer_of_a_release_comes_as_it_was_stored(kind: str, tmp_path: Path, places: Places) -> None:
    with chunk_cache(tmp_path / 'home') as kept:
        kept.layered(member({'app/node': b'a runtime'}), packed({'app/index.js': b'one'}))
        storage = composing(ALL[kind](places), tmp_path / 'near')
        for name in kept.names():
            storage.put(name, kept.path(name))
        if not storage.keeps_parts:  # there it is one file
            (facts,) = [name for name in kept.names() if name.endswith('.json')]
            whole = tmp_path / 'whole.tgz'
            told = json.loads(kept.path(facts).read_bytes())
            parts = [kept.path(f'hello/members/{each["sha256"]}.gz') for each in told['members']]
            whole.write_bytes(b''.join(path.read_bytes() for path in parts))
            storage.put(facts.replace('.json', '.tgz'), whole)
        bases = FakeBaseImages({'cedar-12': [b'root']})
        images = PublishedImages(kept.retention.releases, storage, bases, ('bash',))
        client = Client(Registry(images, Everybody(), PublishedStacks(bases, ())))
        manifest = json.loads(get(client, '/v2/hello/manifests/v1').data)
        for layer in manifest['layers']:
            path = f'/v2/hello/blobs/{layer["digest"]}'
            whole_layer = get(client, path).data
            assert f'sha256:{hashlib.sha256(whole_layer).hexdigest()}' == layer['digest']
            part = get(client, path, Range='bytes=3-9')
            assert (part.status_code, part.data) == (206, whole_layer[3:10])
            assert get(client, path, Range=f'bytes={layer["size"]}-').status_code == 416
