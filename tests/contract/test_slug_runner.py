"""A slug that runs: the stand-in of unit tests behaves as a container of the run image does."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.model.errors import SlugError, StackError
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.run.ports import RunningSlug, SlugRunner
from gitreceive.run.spec import process_spec
from tests.fakes_containers import FakeRunner
from tests.packing import packed
from tests.waiting import wait_until

Starting = Callable[[str, FakeRunner], AbstractContextManager[RunningSlug]]
"""Starts a command in a slug with the file /app/src/word; the stand-in for it says what the command does."""


@pytest.fixture
def slug(tmp_path: Path) -> Path:
    path = tmp_path / 'slug.tgz'
    path.write_bytes(packed({'src/word': b'inside'}))
    return path


@pytest.fixture(params=['fake', 'docker'])
def start(request: pytest.FixtureRequest, slug: Path) -> Starting:
    stack = Stack(name='tried', run_image='tried', build_image='none', uid=1000)
    docker: SlugRunner | None = None
    if request.param == 'docker':
        stack = request.getfixturevalue('stack')
        docker = DockerSlugRunner(Engine(request.getfixturevalue('docker_host')))

    def starting(command: str, fake: FakeRunner) -> AbstractContextManager[RunningSlug]:
        fake.images = {'tried'}
        web = ProcessType(name='web', command=command)
        image = 'gitreceive/none:12' if command == 'no image' else stack.run_image
        spec = replace(process_spec(stack.run_image, web, {'WORD': 'one'}, stack.uid, 0), image=image)
        return (docker or fake).start(spec, slug, stack.uid)

    return starting


def test_one_that_runs_has_a_port_and_no_status(start: Starting) -> None:
    with start('exec sleep 1000', FakeRunner(port=40000)) as running:
        wait_until(running.port, 30, 'a port')
        assert running.ended() is None
        assert running.output_of(('echo', 'beside')).strip() == 'beside'


def test_one_that_has_ended_has_a_status_and_its_last_words(start: Starting) -> None:
    said = 'inside one\n'
    with start('cat /app/src/word; echo " $WORD"; exit 3', FakeRunner(status=3, output=said)) as running:
        assert ''.join(running.follow()) == said
        assert running.wait() == 3
        assert running.ended() == 3
        assert running.last_output() == said.strip()
        assert running.port() is None


def test_one_that_said_nothing_is_told_as_such(start: Starting) -> None:
    with start('true', FakeRunner(status=0, output='')) as running:
        assert running.wait() == 0
        assert running.last_output() == 'nothing'


def test_without_the_run_image_the_remedy_is_told(start: Starting) -> None:
    with pytest.raises(StackError, match='has no image gitreceive/none:12: run "gitreceive stack build'):
        with start('no image', FakeRunner()):
            pass


def test_what_is_no_slug_is_refused_and_leaves_no_container(
    stack: Stack, docker_host: str, tmp_path: Path
) -> None:
    (tmp_path / 'slug.tgz').write_text('no slug at all')
    spec = process_spec(stack.run_image, ProcessType(name='tried', command='true'), {}, stack.uid, None)
    engine = Engine(docker_host)
    with pytest.raises(SlugError), DockerSlugRunner(engine).start(spec, tmp_path / 'slug.tgz', 1000):
        pass
    assert engine.connect().containers(all=True, filters={'label': 'gitreceive.run=tried'}) == []
