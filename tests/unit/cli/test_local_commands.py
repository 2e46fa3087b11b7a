"""What commands for a directory ask of the engine, and what they say: an engine that builds and runs in memory."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner, Result

from gitreceive.cli.main import gitreceive
from gitreceive.model.app import AppName
from gitreceive.model.container import ContainerSpec, Streams
from gitreceive.model.errors import BadCommand, ReleaseError, SecretError, SettingsError, SlugError
from gitreceive.model.progress import Cancellation
from gitreceive.model.slug import Image
from gitreceive.slugs.ports import Packed, SlugPart
from tests.chunk_cache import chunk_cache
from tests.fakes import FakeBuilder
from tests.fakes_containers import FakeAttached, FakeContainers, FakeRunner
from tests.http_server import Server, running
from tests.packing import packed, packed_file
from tests.platform_api import TOKEN, PlatformServer

FILES = {'requirements.txt': '', 'Procfile': 'web: serve $PORT\nconsole: bash\n', '.env': 'WORD=one\n'}
STATUS = 7


class LocalBuilder(FakeBuilder):
    """One that tidies up."""

    replaced: AppName | None = None
    swept = 3

    def sweep(self, live: frozenset[int]) -> int:
        return self.swept

    def remove_replaced(self, app: AppName) -> int:
        self.replaced = app
        return 0


class Recording(FakeContainers):
    """Has every image; keeps what was to run, and runs what ends with a status of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.specs: list[ContainerSpec] = []

    def attach(self, spec: ContainerSpec, labels: Mapping[str, str]) -> FakeAttached:
        self.specs.append(spec)
        self.images.add(spec.image)
        port = spec.port and replace(spec.port, outside=0)
        return super().attach(replace(spec, command=('sh', '-c', f'exit {STATUS}'), port=port), labels)


class Packer:
    """Packs one slug, whatever the image. Satisfies ``slugs.ports.SlugPacker``, and is its only part."""

    key = '0' * 64

    def __init__(self, content: bytes) -> None:
        self.content = content

    def parts(self, image: Image, mtime: int, cancellation: Cancellation) -> Sequence[SlugPart]:
        return [self]

    def pack(self, target: IO[bytes], cancellation: Cancellation) -> Packed:
        target.write(self.content)
        return Packed(left_out=[])

    def sizes(self, image: Image, cancellation: Cancellation) -> Mapping[str, int]:
        return {'/app/src': 100}


@dataclass
class Machine:
    """A developer's: a directory and an engine."""

    folder: Path
    builder: LocalBuilder = field(default_factory=LocalBuilder)
    containers: Recording = field(default_factory=Recording)
    packer: Packer = field(default_factory=lambda: Packer(packed({'src/requirements.txt': b''})))
    runner: FakeRunner = field(default_factory=FakeRunner)

    def run(self, *words: str) -> Result:
        """A command of the host; its error is raised."""
        call = [*words[:1], '--home', str(self.folder.parent / 'home'), *words[1:]]
        if words[0] == 'slug':
            call = [*words, '--home', str(self.folder.parent / 'home')]
        done = CliRunner().invoke(gitreceive, call, standalone_mode=False)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path / 'app')
    made.folder.mkdir()
    for name, text in FILES.items():
        (made.folder / name).write_text(text)
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    monkeypatch.setenv('HOME', str(tmp_path))
    for module in ('start', 'release', 'clean'):
        monkeypatch.setattr(f'gitreceive.cli.{module}.local_builder', lambda settings, name: made.builder)
    for module in ('start', 'exec', 'clean'):
        monkeypatch.setattr(f'gitreceive.cli.{module}.open_containers', lambda settings: made.containers)
    monkeypatch.setattr('gitreceive.cli.release.open_packer', lambda settings: made.packer)
    monkeypatch.setattr('gitreceive.cli.slug.open_slug_runner', lambda settings: made.runner)
    return made


def test_a_process_is_built_and_run_with_the_variables_of_the_env_file(machine: Machine) -> None:
    done = machine.run('start', '-p', '0')
    (spec,) = machine.containers.specs
    assert done.return_value == STATUS
    assert (spec.command[-1], spec.env['WORD'], spec.streams) == ('serve $PORT', 'one', Streams.OUTPUT)
    assert spec.port and spec.port.outside == 0
    built, runnable = machine.builder.jobs
    assert built.env == {'WORD': 'one'} and '.env' not in [file.path for file in built.source.files()]
    assert f'COPY --from={built.app}:1' in runnable.recipe.dockerfile
    assert spec.image == f'{built.app}:2' and machine.builder.replaced == built.app
    assert 'Running web on http://127.0.0.1:' in done.stderr and '(Ctrl-C ends it)' in done.stderr


def test_a_console_has_input_and_no_port(machine: Machine) -> None:
    assert machine.run('start', '--interactive', 'console').return_value == STATUS
    (spec,) = machine.containers.specs
    assert (spec.command[-1], spec.port, spec.streams) == ('bash', None, Streams.INPUT)


def test_an_unknown_process_type_is_refused_with_those_that_there_are(machine: Machine) -> None:
    with pytest.raises(BadCommand, match='no process type "worker"; there are: web, console'):
        machine.run('start', 'worker')
    assert machine.containers.specs == []


def test_a_command_runs_in_the_build_image_as_its_caller(machine: Machine) -> None:
    assert machine.run('exec', 'pip', 'list', '--outdated').return_value == STATUS
    (spec,) = machine.containers.specs
    assert spec.image.endswith('-build')
    assert spec.command[-3:] == ('pip', 'list', '--outdated')
    assert spec.sandbox.mounts == {'/app/src': machine.folder}
    assert str(os.getuid()) in spec.command


def test_a_command_of_an_addition_runs_in_its_image_and_a_caller_may_have_no_name(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr('pwd.getpwuid', nobody)
    machine.run('exec', '--with', 'php', 'composer')
    (spec,) = machine.containers.specs
    assert spec.image.endswith('-build-php')
    assert f'user-{os.getuid()}' in spec.command


@pytest.mark.parametrize(('number', 'said'), [(3, '3 images'), (1, '1 image'), (0, 'nothing to')])
def test_clean_says_how_many_images_it_removed(machine: Machine, number: int, said: str) -> None:
    machine.builder.swept = number
    assert machine.run('clean').stdout.startswith(said)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlatformServer]:
    monkeypatch.setenv('HEROKU_API_KEY', TOKEN)
    with running(PlatformServer('hello')) as server:
        assert isinstance(server, PlatformServer)
        yield server


def test_the_slug_of_a_directory_is_released_at_a_platform(
    machine: Machine, platform: PlatformServer
) -> None:
    done = machine.run('release', '--app', 'hello', '--to', platform.address, '--stack', 'cedar-14')
    (slug,), (content,) = platform.slugs.values(), platform.objects.values()
    assert content == machine.packer.content
    assert slug['process_types'] == {'web': 'serve $PORT', 'console': 'bash'}
    assert slug['commit'] is None
    assert '       v1 succeeded\n' in done.stderr and done.stdout == ''
    assert machine.containers.specs == []


@pytest.mark.parametrize(
    ('status', 'said'), [('pending', 'v1 pending; its release phase runs'), ('failed', '')]
)
def test_what_the_platform_says_of_its_release_is_told(
    machine: Machine, platform: PlatformServer, status: str, said: str
) -> None:
    platform.status = status
    call = ('release', '--app', 'hello', '--to', platform.address, '--stack', 'cedar-14')
    if said:
        assert said in machine.run(*call).stderr
    else:
        with pytest.raises(ReleaseError, match='v1 was made and has failed'):
            machine.run(*call)


def test_a_slug_with_a_key_in_it_is_not_released_unless_that_is_allowed(
    machine: Machine, platform: PlatformServer
) -> None:
    key = (
        b'-----BEGIN RSA PRIVATE KEY-----\n' + b'MIIEowIBAAKCAQEA' * 20 + b'\n-----END RSA PRIVATE KEY-----\n'
    )
    machine.packer.content = packed({'src/server.key': key})
    call = ('release', '--app', 'hello', '--to', platform.address, '--stack', 'cedar-14')
    with pytest.raises(
        SecretError, match=r'(?s)src/server\.key: a private key.*--allow /app/src/server\.key'
    ):
        machine.run(*call)
    assert platform.slugs == {}
    machine.run(*call, '--allow', '/app/src/server.key')
    assert len(platform.objects) == 1


def test_without_a_token_nothing_is_built(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('HEROKU_API_KEY', raising=False)
    with pytest.raises(SettingsError, match='HEROKU_API_KEY'):
        machine.run('release', '--app', 'hello', '--to', 'http://127.0.0.1:1')
    assert machine.builder.jobs == []


def test_a_process_of_a_slug_runs_to_its_end(machine: Machine, tmp_path: Path) -> None:
    packed_file(tmp_path / 'slug.tgz', {'src/Procfile': b'web: serve\nonce: work\n'})
    machine.runner = FakeRunner(status=3, output='worked\n')
    done = machine.run('slug', 'run', str(tmp_path / 'slug.tgz'), 'once')
    (spec, path, _), *_ = machine.runner.started
    assert (done.stdout, done.exit_code) == ('worked\n', 3)
    assert (spec.command[-1], path) == ('work', tmp_path / 'slug.tgz')
    with pytest.raises(BadCommand, match='no process type "none"; its process types: once, web'):
        machine.run('slug', 'run', str(tmp_path / 'slug.tgz'), 'none')


def test_the_process_types_beside_a_slug_go_first(machine: Machine, tmp_path: Path) -> None:
    packed_file(tmp_path / 'slug.tgz', {'src/app': b''})
    with pytest.raises(BadCommand, match=r'none \(it has no Procfile\)'):
        machine.run('slug', 'run', str(tmp_path / 'slug.tgz'))
    (tmp_path / 'slug.json').write_text('{"process_types": {"once": "work"}}')
    machine.runner = FakeRunner(status=0)
    machine.run('slug', 'run', str(tmp_path / 'slug.tgz'), 'once')
    assert machine.runner.started[0][0].command[-1] == 'work'
    (tmp_path / 'slug.json').write_text('no JSON')
    with pytest.raises(SlugError, match=r'slug\.json cannot be read'):
        machine.run('slug', 'run', str(tmp_path / 'slug.tgz'), 'once')


def test_the_live_slug_of_an_app_answers_with_its_config_vars_until_it_is_interrupted(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with chunk_cache(tmp_path / 'home') as kept:
        kept.release({'src/app': b''})

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with running(Server()) as server:
        machine.runner = FakeRunner(port=server.server_port)
        monkeypatch.setattr('time.sleep', interrupted)
        done = machine.run('slug', 'run', 'hello')
    assert f'web answers at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)' in done.stdout
    spec, path, _ = machine.runner.started[0]
    assert (spec.env['SECRET_KEY'], spec.command[-1]) == ('word', 'cat')
    assert machine.runner.removed and not path.exists()
