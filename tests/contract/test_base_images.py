"""The run images that a registry serves: the stand-in of unit tests behaves as what is exported from Docker."""

import gzip
import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.adapters.docker.baseimages import INDEX, ExportedBaseImages
from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.errors import StackError, StateError
from gitreceive.slugs.published import BaseImages
from tests.fakes_registry import FakeBaseImages

NONE = f'sha256:{"0" * 64}'


def layer(name: str, size: int) -> bytes:
    """A tar with one file."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode='w') as tar:
        member = tarfile.TarInfo(name)
        member.size = size
        tar.addfile(member, io.BytesIO(bytes(size)))
    return content.getvalue()


class Exporting:
    """Makes adapters that export the image of the stack ``tiny``, into one directory."""

    def __init__(self, engine: Engine, name: str, folder: Path) -> None:
        self._engine, self._name, self.folder = engine, name, folder

    def __call__(self) -> ExportedBaseImages:
        def images(stack: str) -> str:
            return self._name if stack == 'tiny' else f'gitreceive-test/{stack}:none'

        return ExportedBaseImages(self._engine, self.folder, images)


@pytest.fixture
def exporting(docker_host: str, tmp_path: Path) -> Iterator[Exporting]:
    engine, name = Engine(docker_host), f'gitreceive-test/{uuid.uuid4().hex}'
    path = tmp_path / 'root.tar'
    path.write_bytes(layer('etc/word', 3 << 20))
    with closing(engine.connect()) as client:
        client.import_image(src=str(path), repository=name, tag='1', changes=['ENV WORD=one', 'CMD ["none"]'])
        try:
            yield Exporting(engine, f'{name}:1', tmp_path / 'bases')
        finally:
            client.remove_image(f'{name}:1')


@pytest.fixture(params=['fake', 'docker'])
def make(request: pytest.FixtureRequest) -> Callable[[], BaseImages]:
    if request.param == 'docker':
        made: Exporting = request.getfixturevalue('exporting')
        return made
    return lambda: FakeBaseImages({'tiny': [layer('etc/word', 3 << 20)]})


def test_each_layer_is_a_gzipped_tar_with_the_checksums_that_are_said(make: Callable[[], BaseImages]) -> None:
    bases = make()
    image = bases.image('tiny')
    assert image.architecture and any(pair.startswith('PATH=') or '=' in pair for pair in image.env)
    for each in image.layers:
        with bases.open(each.digest) as stream:
            packed = stream.read()
        tar = gzip.decompress(packed)
        assert each.size == len(packed)
        assert each.digest == f'sha256:{hashlib.sha256(packed).hexdigest()}'
        assert each.diff_id == f'sha256:{hashlib.sha256(tar).hexdigest()}'
        with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
            assert [name.removeprefix('./') for name in opened.getnames()][-1] == 'etc/word'


def test_an_image_is_always_the_same(make: Callable[[], BaseImages]) -> None:
    bases = make()
    assert bases.image('tiny') == bases.image('tiny') == make().image('tiny')


def test_a_stack_without_an_image_is_refused_with_what_makes_it(make: Callable[[], BaseImages]) -> None:
    with pytest.raises(StackError, match='run "gitreceive stack build'):
        make().image('none')


def test_a_layer_of_no_run_image_is_refused(make: Callable[[], BaseImages]) -> None:
    bases = make()
    bases.image('tiny')
    with pytest.raises(StateError, match=f'no run image has the layer {NONE}'), bases.open(NONE):
        pass


def test_an_export_that_is_there_is_used_and_nothing_lies_beside_it(exporting: Exporting) -> None:
    image = exporting().image('tiny')
    (place,) = exporting.folder.iterdir()
    names = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    assert len(names) == len(image.layers) + 1
    assert exporting().image('tiny') == image
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == names


@pytest.mark.parametrize('text', ['', '[]', json.dumps({'architecture': 'amd64', 'env': [], 'layers': [{}]})])
def test_an_export_that_cannot_be_read_is_told_with_its_place(exporting: Exporting, text: str) -> None:
    exporting().image('tiny')
    (place,) = exporting.folder.iterdir()
    (place / INDEX).write_text(text)
    with pytest.raises(StateError, match=f'{place} cannot be used: .*; remove it'):
        exporting().image('tiny')


def test_a_directory_that_cannot_be_made_is_told(exporting: Exporting) -> None:
    exporting.folder.write_text('a file')
    with pytest.raises(StateError, match=f'cannot make {exporting.folder}.*'):
        exporting().image('tiny')
