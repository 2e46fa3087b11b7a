"""The images of releases that a registry serves, of slugs in a storage and run images in memory."""

import gzip
import hashlib
import json

import pytest

from gitreceive.model.access import Actor
from gitreceive.model.content import Content
from gitreceive.model.errors import StackError
from gitreceive.model.operation import Destroy
from gitreceive.slugs.images import CONFIG_TYPE
from gitreceive.slugs.published import PublishedImages
from tests.chunk_cache import HELLO, ChunkCache, member
from tests.fakes_registry import FakeBaseImages
from tests.packing import packed

ROOT = b'the tar of a root'


def published(kept: ChunkCache, bases: FakeBaseImages) -> PublishedImages:
    return PublishedImages(kept.retention.releases, kept.storage, bases, ('bash', '-c', 'start'))


@pytest.fixture
def bases(kept: ChunkCache) -> FakeBaseImages:
    return FakeBaseImages({'cedar-12': [ROOT]})


@pytest.fixture
def images(kept: ChunkCache, bases: FakeBaseImages) -> PublishedImages:
    kept.layered(member({'app/node': b'a runtime'}), packed({'app/index.js': b'one'}))
    kept.release({'app/index.js': b'two'})
    return published(kept, bases)


def read(content: Content | None) -> bytes:
    """What it has, which is what its digest and size say."""
    assert content
    with content.open() as stream:
        data = stream.read()
    assert (len(data), f'sha256:{hashlib.sha256(data).hexdigest()}') == (content.size, content.digest)
    return data


def test_the_tags_are_the_versions_the_oldest_first(images: PublishedImages) -> None:
    assert images.tags(HELLO) == ['v1', 'v2']


def test_what_a_manifest_names_is_there_byte_for_byte(images: PublishedImages) -> None:
    manifest = json.loads(read(images.manifest(HELLO, 'v1')))
    config = json.loads(read(images.blob(HELLO, manifest['config']['digest'])))
    tars = [gzip.decompress(read(images.blob(HELLO, each['digest']))) for each in manifest['layers']]
    assert manifest['config']['mediaType'] == CONFIG_TYPE
    assert tars[0] == ROOT and b'a runtime' in tars[1] and b'one' in tars[2]
    diff_ids = [f'sha256:{hashlib.sha256(tar).hexdigest()}' for tar in tars]
    assert config['rootfs']['diff_ids'] == diff_ids


def test_a_slug_that_is_kept_as_one_file_is_one_layer(images: PublishedImages) -> None:
    manifest = json.loads(read(images.manifest(HELLO, 'v2')))
    assert len(manifest['layers']) == 2
    assert b'two' in gzip.decompress(read(images.blob(HELLO, manifest['layers'][1]['digest'])))


def test_a_manifest_is_found_by_its_digest_as_by_its_tag(images: PublishedImages) -> None:
    by_tag = images.manifest(HELLO, 'v1')
    assert by_tag and images.manifest(HELLO, by_tag.digest) == by_tag


@pytest.mark.parametrize('reference', ['v3', 'v0', 'v01', 'latest', f'sha256:{"0" * 64}'])
def test_what_no_release_has_is_not_there(images: PublishedImages, reference: str) -> None:
    assert images.manifest(HELLO, reference) is None
    assert images.blob(HELLO, reference) is None


def test_a_release_whose_slug_is_not_kept_has_no_image(kept: ChunkCache, bases: FakeBaseImages) -> None:
    for text in (b'one', b'two'):
        kept.release({'app/index.js': text})
    images = PublishedImages(kept.retained(kept.storage, keep=1).releases, kept.storage, bases, ('bash',))
    assert images.tags(HELLO) == ['v2']
    assert images.manifest(HELLO, 'v1') is None and images.manifest(HELLO, 'v2')


def test_the_engine_is_asked_once_for_the_stack_of_many_releases(
    images: PublishedImages, bases: FakeBaseImages
) -> None:
    assert images.blob(HELLO, f'sha256:{"0" * 64}') is None
    assert bases.asked == ['cedar-12']


def test_a_stack_that_the_engine_lacks_is_told(kept: ChunkCache) -> None:
    kept.release({'app/index.js': b'one'})
    with pytest.raises(StackError, match='gitreceive stack build'):
        published(kept, FakeBaseImages({})).manifest(HELLO, 'v1')


def test_an_app_that_was_made_again_has_images_of_its_own(kept: ChunkCache, images: PublishedImages) -> None:
    former = images.manifest(HELLO, 'v1')
    destroy(kept)
    kept.release({'app/index.js': b'of another life'})
    manifest = images.manifest(HELLO, 'v1')
    assert former and manifest and manifest.digest != former.digest
    layer = json.loads(read(manifest))['layers'][-1]['digest']
    assert b'of another life' in gzip.decompress(read(images.blob(HELLO, layer)))


def destroy(kept: ChunkCache) -> None:
    kept.journal.operations.submit(HELLO, Destroy(), Actor(name='ann'))
    operation = kept.journal.operations.claim(retries=False, builds=False)
    assert operation
    kept.journal.apps.destroy(operation)


def test_what_is_being_read_is_read_whole_while_garbage_is_removed(
    kept: ChunkCache, images: PublishedImages
) -> None:
    layers = [each['digest'] for each in json.loads(read(images.manifest(HELLO, 'v1')))['layers']]
    blob = images.blob(HELLO, layers[-1])
    assert blob
    with blob.open() as stream:
        begun = stream.read(1)
        removed = kept.retained(kept.storage, keep=1).collect(HELLO)
        assert any(layers[-1].removeprefix('sha256:') in name for name in removed.objects)
        data = begun + stream.read()
    assert f'sha256:{hashlib.sha256(data).hexdigest()}' == layers[-1]


def test_garbage_of_other_releases_takes_nothing_from_those_that_are_kept(
    kept: ChunkCache, images: PublishedImages
) -> None:
    manifest = json.loads(read(images.manifest(HELLO, 'v2')))
    kept.retained(kept.storage, keep=1).collect(HELLO)
    for layer in manifest['layers']:
        assert read(images.blob(HELLO, layer['digest']))
