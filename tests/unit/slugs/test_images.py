"""A release as an image: two documents, and layers that are the slug's chunks."""

import hashlib
import json

from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.slugs.images import BaseImage, Layer, compose_image

BASE = BaseImage(
    architecture='amd64', env=('PATH=/bin',), layers=(Layer(digest='sha256:b', diff_id='sha256:B', size=7),)
)
CHUNKS = [Layer(digest='sha256:c', diff_id='sha256:C', size=9)]
START = ('bash', '-c', 'start')


def release(*processes: ProcessType) -> Release:
    return Release(
        app=AppName('hello'),
        version=7,
        operation=9,
        commit=Commit('1' * 40),
        slug=StoredSlug(sha256='5' * 64, size=9),
        processes=processes,
        versions={},
        created=1_700_000_000.7,
        actor=Actor(name='ann'),
        buildpack='node',
        stack='cedar-12',
    )


def test_the_layers_are_those_of_the_run_image_and_then_the_chunks() -> None:
    image = compose_image(release(), BASE, CHUNKS, START)
    manifest, config = json.loads(image.manifest.content), json.loads(image.config.content)
    assert [(each['digest'], each['size']) for each in manifest['layers']] == [
        ('sha256:b', 7),
        ('sha256:c', 9),
    ]
    assert config['rootfs'] == {'type': 'layers', 'diff_ids': ['sha256:B', 'sha256:C']}
    assert len(config['history']) == 2


def test_the_documents_are_known_by_their_checksums_and_always_the_same() -> None:
    image = compose_image(release(), BASE, CHUNKS, START)
    for document in (image.manifest, image.config):
        assert document.digest == f'sha256:{hashlib.sha256(document.content).hexdigest()}'
    assert image == compose_image(release(), BASE, CHUNKS, START)
    assert json.loads(image.manifest.content)['config']['digest'] == image.config.digest


def test_the_web_process_is_what_runs_unless_a_command_is_given() -> None:
    web = release(ProcessType(name='worker', command='work'), ProcessType(name='web', command='serve $PORT'))
    config = json.loads(compose_image(web, BASE, CHUNKS, START).config.content)['config']
    assert (config['Entrypoint'], config['Cmd']) == (list(START), ['serve $PORT'])
    assert (config['User'], config['WorkingDir'], config['Env']) == ('app', '/app', ['PATH=/bin'])
    assert config['Labels']['org.opencontainers.image.version'] == 'v7'
    worker = compose_image(release(ProcessType(name='worker', command='work')), BASE, CHUNKS, START)
    assert 'Cmd' not in json.loads(worker.config.content)['config']


def test_no_config_var_is_in_an_image() -> None:
    assert b'SECRET' not in compose_image(release(), BASE, CHUNKS, START).config.content
