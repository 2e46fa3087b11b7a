"""Slugs of a real engine: proven on the clean run image, cut in bounded memory, and gone without a trace."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitreceive.adapters.docker.layers import image_layers
from gitreceive.adapters.docker.slugrun import RUN_LABEL, DockerSlugRunner
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.cli.slug import slug as slug_command
from gitreceive.config.settings import Limits
from gitreceive.local.slugrun import SlugRun, run_slug
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import SlugError, StackError
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.model.slug import Image, Slug
from gitreceive.slugs.pack import pack_slug
from tests.building import FROM, Workshop, workshop
from tests.waiting import wait_until

SERVER = r"""
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $server->accept) {
    while (defined(my $line = <$client>)) { last if $line =~ /^\r?$/ }
    my $caps = `grep -E 'CapEff|NoNewPrivs' /proc/self/status`;
    print $client "HTTP/1.0 200 OK\r\n\r\n$ENV{GREETING} $ENV{NAME} ", `id -un`, `pwd`, $caps, `touch /app/src/mine && echo writable`;
    close $client;
}
"""
Running = Callable[[], list[str]]
WEB = ProcessType(name='web', command='exec perl server.pl')
DOCKERFILE = (
    f"{FROM}USER app\nRUN mkdir -p /app/.profile.d /app/src && echo 'export GREETING=hello' > /app/.profile.d/10.sh\n"
    'COPY --chown=app:app src/ /app/src/\n'
)
FILES = {
    'server.pl': SERVER.encode(),
    'Procfile': b'web: exec perl server.pl\nonce: echo "$GREETING" from once\n',
}


@pytest.fixture(scope='module')
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


@pytest.fixture(scope='module')
def slug(shop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Slug:
    image = shop.build(DOCKERFILE, FILES)
    return cut(DockerSlugPacker(shop.engine), image, tmp_path_factory.mktemp('slug') / 'slug.tgz')


def cut(packer: DockerSlugPacker, image: Image, target: Path) -> Slug:
    clock = BuildClock(120)
    try:
        return pack_slug(image, packer, target, 1_700_000_000, Limits(), clock)
    finally:
        clock.close()


@pytest.fixture
def containers(shop: Workshop) -> Iterator[Running]:
    """Lists the containers of slugs that the test has started and not removed."""
    with shop.engine.connect() as client:

        def found() -> list[str]:
            return [each['Id'] for each in client.containers(all=True, filters={'label': RUN_LABEL})]

        before = found()
        yield lambda: [name for name in found() if name not in before]


def slug_run(stack: Stack, slug: Path, process: ProcessType, env: Mapping[str, str]) -> SlugRun:
    return SlugRun(stack=stack, slug=slug, process=process, env=env)


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


def test_a_slug_runs_on_the_clean_run_image_as_a_user_without_rights(
    shop: Workshop, stack: Stack, slug: Slug, containers: Running
) -> None:
    with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, slug.path, WEB, {'NAME': 'world'})) as url:
        assert re.fullmatch(r'http://127\.0\.0\.1:\d+/', url)
        lines = fetched(url).split('\n')
        running = containers()
        with shop.engine.connect() as client:
            about = client.inspect_container(running[0])
    assert lines[:2] == ['hello world app', '/app/src']
    assert re.fullmatch(r'CapEff:\s+0000000000000000', lines[2])
    assert re.fullmatch(r'NoNewPrivs:\s+1', lines[3])
    assert lines[4] == 'writable'
    assert about['Config']['Image'] == stack.run_image
    assert {port['HostIp'] for ports in about['NetworkSettings']['Ports'].values() for port in ports} == {
        '127.0.0.1'
    }
    assert running[0] not in containers()


def test_a_process_that_ends_is_told_with_its_last_words(
    shop: Workshop, stack: Stack, slug: Slug, containers: Running
) -> None:
    process = ProcessType(name='web', command='echo "$GREETING" and goodbye; exit 3')
    with pytest.raises(SlugError, match=r'web ended \(exit 3\)[^$]*\$PORT; it said:\nhello and goodbye'):
        with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, slug.path, process, {})):
            pass
    assert containers() == []


def test_a_process_that_does_not_bind_its_port_is_told(
    shop: Workshop, stack: Stack, slug: Slug, containers: Running
) -> None:
    process = ProcessType(name='web', command='echo started; exec sleep 1000')
    with pytest.raises(
        SlugError, match=r'within 2 seconds: it does not listen on any port.*; it said:\nstarted'
    ):
        with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, slug.path, process, {}), wait=2):
            pass
    assert containers() == []


@pytest.mark.parametrize(
    ('where', 'told'),
    [
        (
            "LocalAddr => '127.0.0.1', LocalPort => $ENV{PORT}",
            'listens on 127.0.0.1:5000, which nobody outside',
        ),
        ('LocalPort => 3000', r'listens on 0\.0\.0\.0:3000 and \$PORT is 5000'),
    ],
)
def test_a_process_that_listens_elsewhere_is_told_where(
    shop: Workshop, stack: Stack, slug: Slug, where: str, told: str
) -> None:
    script = (
        f'use IO::Socket::INET; my $held = IO::Socket::INET->new(Listen => 5, {where}) or die; sleep 1000'
    )
    process = ProcessType(name='web', command=f'exec perl -e {shlex.quote(script)}')
    with pytest.raises(SlugError, match=told):
        with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, slug.path, process, {}), wait=4):
            pass


def test_a_command_of_a_procfile_stays_one_argument(shop: Workshop, stack: Stack, slug: Slug) -> None:
    process = ProcessType(name='web', command='echo "a b"  \'c\' $(echo d) && exit 4')
    with pytest.raises(SlugError, match=r'exit 4\)[^$]*\$PORT; it said:\na b c d'):
        with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, slug.path, process, {})):
            pass


def test_a_damaged_slug_is_an_error_and_leaves_no_container(
    shop: Workshop, stack: Stack, slug: Slug, tmp_path: Path, containers: Running
) -> None:
    (tmp_path / 'cut.tgz').write_bytes(slug.path.read_bytes()[:-40])
    with pytest.raises(SlugError, match=r'damaged|ended in the middle'):
        with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, tmp_path / 'cut.tgz', WEB, {})):
            pass
    assert containers() == []


def test_a_missing_run_image_says_how_to_make_it(shop: Workshop, slug: Slug) -> None:
    stack = Stack(name='none', run_image='gitreceive/none:1', build_image='', uid=1000)
    with pytest.raises(StackError, match='gitreceive stack build'):
        with run_slug(DockerSlugRunner(shop.engine), slug_run(stack, slug.path, WEB, {})):
            pass


def command(*words: str) -> list[str]:
    return [sys.executable, '-c', 'from gitreceive.cli.slug import slug; slug()', *words]


@pytest.mark.parametrize('ending', [signal.SIGINT, signal.SIGTERM])
def test_slug_run_serves_until_it_is_interrupted(
    slug: Slug, docker_host: str, tmp_path: Path, containers: Running, ending: signal.Signals
) -> None:
    environment = {**os.environ, 'DOCKER_HOST': docker_host}
    running = subprocess.Popen(
        command('run', str(slug.path), '--home', str(tmp_path)),
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert running.stdout
    said = running.stdout.readline()
    url = re.search(r'http://\S+', said)
    assert url, said
    assert fetched(url[0]).startswith('hello')
    running.send_signal(ending)
    assert running.wait(30) == 0
    running.stdout.close()
    assert containers() == []


def test_slug_run_of_another_process_type_prints_what_it_prints(
    slug: Slug, docker_host: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        command('run', str(slug.path), 'once', '--home', str(tmp_path)),
        env={**os.environ, 'DOCKER_HOST': docker_host},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ('hello from once\n', 0)


def test_slug_verify_tells_checksum_and_size(slug: Slug, tmp_path: Path) -> None:
    stored = tmp_path / 'slug.tgz'
    shutil.copy(slug.path, stored)
    stored.with_suffix('.json').write_text(json.dumps({'sha256': slug.sha256, 'size': slug.size}))
    done = CliRunner().invoke(slug_command, ['verify', str(stored), '--home', str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert slug.sha256 in done.output
    stored.write_bytes(stored.read_bytes() + b'x')
    done = CliRunner().invoke(slug_command, ['verify', str(stored), '--home', str(tmp_path)])
    assert isinstance(done.exception, SlugError)


PACK = """
import pathlib, sys
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.slug import Image
from gitreceive.config.settings import Limits
from gitreceive.slugs.pack import pack_slug
from tests.memory import memory
url, image, target, layers = sys.argv[1:]
packer, clock = DockerSlugPacker(Engine(url), layers=layers == 'layers'), BuildClock(120)
print('ready', flush=True)
slug = pack_slug(Image(id=image), packer, pathlib.Path(target), 7, Limits(), clock)
clock.close()
print(slug.size, memory('self'))
"""


@pytest.fixture(scope='module')
def large(shop: Workshop) -> Image:
    return shop.build(
        f'{FROM}USER root\nRUN mkdir -p /app/src && head -c 300000000 /dev/urandom > /app/src/large\n'
    )


@pytest.mark.parametrize('way', ['layers', 'archive'])
def test_a_slug_of_300_megabytes_is_streamed(
    shop: Workshop, large: Image, docker_host: str, tmp_path: Path, way: str
) -> None:
    packing = [sys.executable, '-c', PACK, docker_host, large.id, str(tmp_path / 'slug'), way]
    done = subprocess.run(packing, capture_output=True, text=True, check=True)
    size, most = map(int, done.stdout.split()[1:])
    assert size > 300_000_000
    assert most < 150_000_000


def test_a_packer_that_is_killed_leaves_no_mount_and_no_process(
    shop: Workshop, large: Image, docker_host: str, tmp_path: Path
) -> None:
    with shop.engine.connect() as client:
        if image_layers(shop.engine, client, large.id) is None:
            pytest.skip("the engine's layers cannot be reached from here")
    slug = tmp_path / 'slug'
    packing = [sys.executable, '-c', PACK, docker_host, large.id, str(slug), 'layers']
    with subprocess.Popen(packing, stdout=subprocess.PIPE) as child:
        wait_until(lambda: slug.exists() and slug.stat().st_size > 1_000_000, 30, 'the slug to grow')
        child.kill()
    wait_until(lambda: not tars(), 30, 'tar to end')
    assert 'lowerdir=l/' not in Path('/proc/mounts').read_text()


def tars() -> list[str]:
    listed = subprocess.run(['ps', '-ewwo', 'args'], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if '--mtime=@7' in line and line.startswith('tar ')]
