"""What making a stack needs of an engine: the stand-in of unit tests behaves as Docker does."""

import io
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from gitreceive.adapters.docker.stack import connected
from gitreceive.model.errors import StackError
from gitreceive.model.plan import Stack
from gitreceive.stack.ports import Inside, StackEngine
from tests.fakes_stack import FakeStackEngine

NONE = f'sha256:{"0" * 64}'


def on_this_host(inside: Inside) -> str:
    """Runs a script as the engine does, but here."""
    call = ['/bin/sh', inside.directory / inside.script, inside.work]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f'{inside.script} of {inside.stack} failed (exit {done.returncode}):\n{done.stderr}')
    return done.stdout


@contextmanager
def streamed(path: Path) -> Iterator[IO[bytes]]:
    """The content of a file, as the output of a program."""
    with subprocess.Popen(['cat', path], stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield process.stdout


class Workplace:
    """An engine, a base image with a shell, and what was made in it."""

    def __init__(self, engine: StackEngine, base: str, place: Path) -> None:
        self.engine, self.base, self._place = engine, base, place
        self.made: list[str] = []
        self.word = uuid.uuid4().hex

    def root(self, label: str = 'first') -> str:
        """An image of a root with one file."""
        path = self._place / 'root.tar'
        with tarfile.open(path, mode='w') as tar:
            member = tarfile.TarInfo('etc/word')
            member.size = len(self.word)
            tar.addfile(member, io.BytesIO(self.word.encode()))
        with streamed(path) as root:
            changes = [f'LABEL "test.word"="{label}"', 'CMD ["/bin/true"]']
            self.made.append(self.engine.import_root(root, changes))
        return self.made[-1]

    def inside(self, script: str) -> Inside:
        """A script that gets the file ``word`` and none beside it."""
        directory, work = self._place / 'recipe', self._place / 'work'
        directory.mkdir()
        work.mkdir()
        (directory / 'make.sh').write_text(script)
        (work / 'word').write_text(self.word)
        (work / 'other').write_text('')
        return Inside(stack='tried', directory=directory, script='make.sh', work=work, parts=('word',))


@pytest.fixture(params=['fake', 'docker'])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    if request.param == 'fake':
        fake = FakeStackEngine(on_this_host)
        yield Workplace(fake, fake.import_root(io.BytesIO(b'\0' * 10240), []), tmp_path)
        return
    host, stack = request.getfixturevalue('docker_host'), request.getfixturevalue('stack')
    assert isinstance(stack, Stack)
    with connected({'DOCKER_HOST': host}) as engine:
        base = engine.find(stack.run_image)
        assert base
        made = Workplace(engine, base.id, tmp_path)
        yield made
        for image in reversed(made.made):
            engine.discard(image)


def test_an_imported_root_is_found_by_its_id_and_by_a_name_once_it_has_one(place: Workplace) -> None:
    name = f'gitreceive-test/{place.word}:1'
    made = place.root()
    assert place.engine.find(name) is None
    place.engine.name(made, name)
    place.made.append(name)
    found = place.engine.find(name)
    assert found and (found.id, found.labels['test.word']) == (made, 'first')
    assert place.engine.find(made) == found


def test_a_name_goes_to_the_image_that_got_it_last(place: Workplace) -> None:
    name = f'gitreceive-test/{place.word}:1'
    for label in ('first', 'second'):
        place.engine.name(place.root(label), name)
    place.made.append(name)
    found = place.engine.find(name)
    assert found and (found.id, found.labels['test.word']) == (place.made[1], 'second')


def test_a_file_of_an_image_is_read(place: Workplace) -> None:
    assert place.engine.read_file(place.root(), '/etc/word') == place.word.encode()
    with pytest.raises(StackError):
        place.engine.read_file(place.made[0], '/etc/none')


def test_a_script_has_its_parts_and_what_it_prints_is_returned(place: Workplace) -> None:
    inside = place.inside('cat "$1/word"; echo unheard >&2')
    made, printed = place.engine.commit_on_top(place.base, ['LABEL "test.word"="on top"'], inside)
    place.made.append(made)
    assert printed == place.word
    found = place.engine.find(made)
    assert found and found.labels['test.word'] == 'on top' and made != place.base


def test_a_script_that_fails_is_told_with_its_last_words(place: Workplace) -> None:
    inside = place.inside('echo "no room in $(basename "$0")" >&2; exit 3')
    with pytest.raises(StackError, match=r'make\.sh of tried failed \(exit 3\):\nno room in make\.sh'):
        place.engine.commit_on_top(place.base, [], inside)


def test_what_is_not_there_is_refused_and_discarding_it_is_silent(place: Workplace) -> None:
    assert place.engine.find(NONE) is None
    for call in (
        lambda: place.engine.name(NONE, 'gitreceive-test/none:1'),
        lambda: place.engine.read_file(NONE, '/etc/word'),
        lambda: place.engine.commit_on_top(NONE, [], place.inside('true')),
    ):
        with pytest.raises(StackError):
            call()
    place.engine.discard(NONE)
    made = place.root()
    place.engine.discard(made)
    assert place.engine.find(made) is None


def test_what_is_no_tar_is_not_imported(place: Workplace, tmp_path: Path) -> None:
    (tmp_path / 'text').write_text('no tar at all\n' * 100)
    with streamed(tmp_path / 'text') as root, pytest.raises(StackError):
        place.engine.import_root(root, [])


def test_an_engine_that_does_not_answer_is_told_with_the_remedy(tmp_path: Path) -> None:
    with (
        pytest.raises(StackError, match=r'no Docker engine answers.*set DOCKER_HOST'),
        connected({'DOCKER_HOST': f'unix://{tmp_path}/none.sock'}),
    ):
        pass
