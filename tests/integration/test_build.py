"""Builds in a real engine: what is cached, what is told, what is hidden, and how a build ends."""

import base64
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.adapters.slugfiles.reading import unpacked
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.recipe import run_recipe
from gitreceive.build.sources.git import GitSource
from gitreceive.config.settings import Limits
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, BuildError, BuildTimeout, EngineGone
from gitreceive.model.plan import Stack
from gitreceive.model.push import Commit
from gitreceive.model.text import harmless
from gitreceive.slugs.pack import pack_slug
from tests.building import FROM, Lines, Workshop, workshop
from tests.memory import forget_peak, memory
from tests.waiting import wait_until

ENV = '--mount=type=bind,source=env,target=/tmp/env'


@pytest.fixture
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


@pytest.fixture
def salt() -> str:
    """Something that no cached layer knows."""
    return uuid.uuid4().hex


def processes(word: str) -> list[str]:
    listed = subprocess.run(['ps', '-ewwo', 'pid,args'], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if word in line]


def test_a_change_of_the_code_builds_only_what_depends_on_it(shop: Workshop, salt: str) -> None:
    dockerfile = f'{FROM}RUN echo installing {salt}\nCOPY src/ /app/src\nRUN echo copied {salt}\n'
    shop.build(dockerfile, {'file': b'one'})
    assert shop.console.steps == [f'echo installing {salt}', f'echo copied {salt}']
    shop.build(dockerfile, {'file': b'two'})
    assert shop.console.steps == [f'echo copied {salt}']
    assert shop.console.details[0] == f'Unchanged since the last build: echo installing {salt}'


def test_a_build_without_cache_runs_every_step(shop: Workshop, salt: str) -> None:
    dockerfile = f'{FROM}RUN echo installing {salt}\n'
    shop.build(dockerfile)
    shop.build(dockerfile, nocache=True)
    assert shop.console.steps == [f'echo installing {salt}']


def test_the_cache_outlives_the_image(shop: Workshop, salt: str) -> None:
    dockerfile = f'{FROM}RUN echo installing {salt}\nCOPY src/ /app/src\n'
    shop.builder.remove(shop.build(dockerfile, {'file': b'one'}))
    shop.build(dockerfile, {'file': b'two'})
    assert shop.console.steps == []


def test_the_cache_mounts_of_two_apps_are_apart(shop: Workshop, salt: str) -> None:
    step = (
        f'{FROM}USER root\nRUN --mount=type=cache,id={salt},target=/cache ls /cache; echo mine > /cache/%s\n'
    )
    shop.build(step % 'one', app=AppName('one'))
    shop.build(step % 'two', app=AppName('two'))
    assert shop.console.details == []
    shop.build(step % 'three', app=AppName('one'))
    assert shop.console.details == ['one']


def test_a_broken_dockerfile_is_an_error_with_the_engines_words(shop: Workshop) -> None:
    with pytest.raises(BuildError, match='unknown instruction'):
        shop.build('FRM x\n')


@pytest.mark.parametrize('before', [True, False])
def test_a_word_that_is_no_instruction_is_refused_before_an_image_is_looked_for(
    shop: Workshop, before: bool
) -> None:
    wrong, missing = 'os.remove(path)\n', 'FROM there-is-no-such-image\n'
    with pytest.raises(BuildError, match='unknown instruction') as caught:
        shop.build(f'{FROM}{wrong}{missing}' if before else f'{FROM}{missing}{wrong}')
    assert 'there-is-no-such-image' not in str(caught.value)


@pytest.mark.parametrize(('fails', 'tries'), [('1', 2), ('9', 2), ('0', 1)])
def test_a_step_that_the_network_failed_is_tried_once_more(
    shop: Workshop, salt: str, fails: str, tries: int
) -> None:
    count = f'echo >>/c/{salt}; [ $(wc -l </c/{salt}) -gt {fails} ]'
    step = (
        f'{count} || {{ echo getaddrinfo EAI_AGAIN a.host; exit 1; }}; echo tried $(wc -l </c/{salt}) times'
    )
    job = shop.job(f'{FROM}USER root\nRUN --mount=type=cache,id={salt},target=/c {step}\n')
    console, clock = Lines(), BuildClock(60)
    explain = next(each for each in load_buildpacks() if each.name == 'minimal').explain
    if fails == '9':
        with pytest.raises(BuildError, match='a host on the network could not be reached\nTry again'):
            run_recipe(job, shop.builder, console, clock, explain)
    else:
        run_recipe(job, shop.builder, console, clock, explain)
        assert f'tried {tries} times' in '\n'.join(console.details)
    assert len(console.warnings) == tries - 1
    assert all('could not be reached; retrying' in line for line in console.warnings)


@pytest.mark.parametrize('chatter', ['', 'while :; do echo busy; sleep 0.01; done & '])
def test_a_cancelled_build_returns_and_leaves_no_process(shop: Workshop, salt: str, chatter: str) -> None:
    clock, ended = BuildClock(600), threading.Event()

    def build() -> None:
        with pytest.raises(BuildCancelled, match='enough'):
            run_recipe(
                shop.job(f'{FROM}RUN {chatter}sleep 1000; : {salt}\n'), shop.builder, shop.console, clock
            )
        ended.set()

    thread = threading.Thread(target=build)
    thread.start()
    wait_until(lambda: processes(salt), 30, 'the step to run')
    clock.stop(BuildCancelled('enough'))
    thread.join(30)
    assert ended.is_set()
    wait_until(lambda: not processes(salt), 30, 'the step to end')
    assert shop.images() == []


def test_a_build_over_its_time_names_the_step(shop: Workshop, salt: str) -> None:
    clock = BuildClock(2)
    with pytest.raises(BuildTimeout, match=f'timed out after 2 seconds in "sleep 1000; : {salt}"'):
        run_recipe(shop.job(f'{FROM}RUN sleep 1000; : {salt}\n'), shop.builder, shop.console, clock)
    wait_until(lambda: not processes(salt), 30, 'the step to end')


def test_a_build_that_was_stopped_before_it_began_sends_nothing(shop: Workshop) -> None:
    clock = BuildClock(60)
    clock.stop(BuildCancelled('enough'))
    with pytest.raises(BuildCancelled):
        run_recipe(shop.job(FROM), shop.builder, shop.console, clock)
    assert shop.console.steps == []


def test_a_gigabyte_of_output_takes_no_memory(shop: Workshop, salt: str) -> None:
    forget_peak()
    before = memory('self')
    step = f'yes {"spam" * 20} | head -c 1000000000; echo; echo {salt}'
    shop.build(f'{FROM}RUN {step}\n')
    assert memory('self') - before < 50_000_000
    assert sum(map(len, shop.console.details)) < 10_000_000


def test_control_characters_split_characters_and_progress_bars_become_plain_lines(
    shop: Workshop, salt: str
) -> None:
    text = b'\x1b[31mred\x1b[0m \x1b]0;title\x07\n10%\r100%\r\n\xff\xfe\x00nul\n\xc3'
    later = b'\xa9t\xc3\xa9\nno end'
    printf = [''.join(f'\\{byte:03o}' for byte in part) for part in (text, later)]
    shop.build(f"{FROM}RUN printf '{printf[0]}'; sleep 0.3; printf '{printf[1]}'; : {salt}\n")
    shown = [harmless(line) for line in shop.console.details]
    assert shown == ['red ', '100%', '\ufffd\ufffdnul', 'été', 'no end']


def repository(folder: Path, files: dict[bytes, bytes]) -> GitSource:
    work, bare = folder / 'work', folder / 'bare.git'
    git = ['git', '-c', 'user.name=t', '-c', 'user.email=t@example.com', '-C', str(work)]
    subprocess.run(['git', 'init', '-q', str(work)], check=True)
    for name, content in files.items():
        path = os.path.join(os.fsencode(work), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(os.fsdecode(path)).write_bytes(content)
    (work / 'run').chmod(0o755)
    os.symlink('../../../etc/passwd', work / 'link')
    subprocess.run([*git, 'add', '-A'], check=True)
    subprocess.run([*git, 'commit', '-q', '-m', 'all'], check=True)
    subprocess.run(['git', 'clone', '-q', '--bare', str(work), str(bare)], check=True)
    commit = subprocess.run(
        [*git, 'rev-parse', 'HEAD'], check=True, capture_output=True, text=True
    ).stdout.strip()
    return GitSource(bare, Commit(commit))


def test_odd_file_names_arrive_byte_for_byte(shop: Workshop, tmp_path: Path) -> None:
    files = {
        b'run': b'#!/bin/sh\n',
        b'new\nline': b'1',
        b'latin-\xff\xfe': b'2',
        b' spaces ': b'3',
        b'Dockerfile ': b'4',
        b'Dockerfile': b'RUN evil',
        b'-rf': b'5',
        b'a"b\\c$(id)`id`': b'6',
        b'pax_global_header': b'7',
        b'n' * 250: b'8',
        b'/'.join([b'deep'] * 200) + b'/f': b'9',
        b'/'.join([b'l' * 100] * 4): os.urandom(3000),
    }
    with repository(tmp_path, files) as source:
        image = shop.build('FROM scratch\nCOPY src/ /app/src\n', source=source)
    arrived = {}
    clock = BuildClock(60)
    slug = pack_slug(image, DockerSlugPacker(shop.engine), tmp_path / 'slug', 7, Limits(), clock)
    with tarfile.open(slug.path) as tar:
        for member in tar:
            name = os.fsencode(member.name).removeprefix(b'./app/src/')
            if member.isreg():
                read = tar.extractfile(member)
                arrived[name] = read.read() if read else b''
            elif member.issym():
                assert (name, member.linkname) == (b'link', '../../../etc/passwd')
            assert member.mode == (
                0o755 if member.isdir() or name == b'run' else 0o777 if member.issym() else 0o644
            )
    assert arrived == files


def secrets_in(blob: bytes, canary: str) -> bool:
    forms = [canary, base64.b64encode(canary.encode()).decode().rstrip('='), urllib.parse.quote(canary)]
    return any(form.encode() in blob for form in forms)


def test_a_config_var_is_in_no_layer_no_history_no_slug_and_no_log(
    shop: Workshop, stack: Stack, tmp_path: Path
) -> None:
    canary = f'canary/{uuid.uuid4().hex}'
    step = f'RUN {ENV} test "$(cat /tmp/env/SECRET)" = "{canary[:3]}$(tail -c +4 /tmp/env/SECRET)" && wc -c /tmp/env/SECRET\n'
    image = shop.build(
        f'FROM {stack.run_image}\nUSER root\n{step}COPY src/ /app/src\n', env={'SECRET': canary}
    )
    assert shop.console.details == [f'{len(canary)} /tmp/env/SECRET']
    with shop.engine.connect() as client:
        about = json.dumps([client.inspect_image(image.id), client.history(image.id)])
        assert not secrets_in(about.encode(), canary)
        base = len(client.inspect_image(stack.run_image)['RootFS']['Layers'])
        saved = tmp_path / 'image.tar'
        with saved.open('wb') as file:
            for piece in client.get_image(image.id):
                file.write(piece)
    with tarfile.open(saved) as tar:
        layers = json.load(tar.extractfile('manifest.json') or io.BytesIO())[0]['Layers'][base:]
        assert layers
        assert not any(
            secrets_in((tar.extractfile(layer) or io.BytesIO()).read(), canary) for layer in layers
        )
    slug = pack_slug(image, DockerSlugPacker(shop.engine), tmp_path / 'slug', 7, Limits(), BuildClock(60))
    with unpacked(slug.path) as stream:
        assert not secrets_in(stream.read(1 << 30), canary)


@pytest.fixture
def own_engine(docker_host: str) -> Iterator[tuple[Engine, 'subprocess.Popen[bytes]']]:
    """An engine of the test's own, to be killed, with an image ``tiny`` in it.

    It lives in network, mount and process namespaces of its own: it cannot touch the bridge of the host's engine, and
    nothing of it outlives its first process.
    """
    if os.geteuid() != 0 or not shutil.which('dockerd'):
        pytest.skip('an engine of its own needs root and dockerd')
    root = Path(f'/tmp/gr-test-{uuid.uuid4().hex[:8]}')  # a socket's path has room for 107 bytes
    root.mkdir()
    apart = [
        'unshare',
        '--net',
        '--mount',
        '--propagation',
        'private',
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
    ]
    places = ['--data-root', f'{root}/data', '--exec-root', f'{root}/exec', '--pidfile', f'{root}/pid']
    with (root / 'log').open('wb') as log:
        daemon = subprocess.Popen(
            [*apart, 'dockerd', *places, '-H', f'unix://{root}/sock'], stdout=log, stderr=log
        )
    engine = Engine(f'unix://{root}/sock')
    try:
        wait_until(lambda: answers(engine) or daemon.poll() is not None, 60, 'the engine to answer')
        assert daemon.poll() is None, (root / 'log').read_text()[-2000:]
        import_tiny(docker_host, engine)
        yield engine, daemon
    finally:
        daemon.kill()
        daemon.wait()
        wait_until(lambda: not processes(str(root)), 30, 'the engine to end')
        shutil.rmtree(root, ignore_errors=True)


def answers(engine: Engine) -> bool:
    try:
        engine.connect().close()
    except EngineGone:
        return False
    return True


def import_tiny(docker_host: str, engine: Engine) -> None:
    """Bash and what it links to, taken out of the run image."""
    script = 'cd / && tar chf - bin/bash bin/sh bin/sleep $(ldd /bin/bash /bin/sleep | grep -o "/lib[^ ]*" | sort -u)'
    environment = {**os.environ, 'DOCKER_HOST': docker_host}
    packed = subprocess.run(
        ['docker', 'run', '--rm', '--user', '0', 'gitreceive/cedar:12', 'bash', '-c', script],
        env=environment,
        capture_output=True,
        check=True,
    )
    with engine.connect() as client:
        client.import_image_from_data(packed.stdout, 'tiny')


def test_an_engine_that_dies_in_mid_build_is_named_with_the_step(
    own_engine: tuple[Engine, 'subprocess.Popen[bytes]'], salt: str
) -> None:
    engine, daemon = own_engine
    shop, console, clock = Workshop(engine), Lines(), BuildClock(60)
    failures: list[BuildError] = []

    def build() -> None:
        with pytest.raises(BuildError) as caught:
            run_recipe(shop.job(f'FROM tiny\nRUN sleep 1000; : {salt}\n'), shop.builder, console, clock)
        failures.append(caught.value)

    thread = threading.Thread(target=build)
    thread.start()
    wait_until(lambda: processes(salt) or failures, 60, 'the step to run')
    daemon.kill()
    thread.join(30)
    assert isinstance(failures[0], EngineGone)
    assert str(failures[0]) == f'the Docker engine went away during "sleep 1000; : {salt}"'
    assert failures[0].step == f'sleep 1000; : {salt}'
