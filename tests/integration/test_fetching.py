"""What builds fetch over HTTP: classic buildpacks, beside those of the sysadmin's and the app's own, and submodules."""

import functools
import http.server
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.build.appfiles.binrelease import with_release
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planned, Planner
from gitreceive.config.settings import Limits
from gitreceive.local.slugrun import SlugRun, run_slug
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError, BuildTimeout
from gitreceive.model.plan import SourceFile, Stack
from gitreceive.model.slug import Image
from gitreceive.slugs.pack import pack_slug
from tests.building import Workshop, workshop
from tests.fakes import FakeSource
from tests.integration.test_apps import answer

SERVE = """#!/usr/bin/perl
use IO::Socket::INET;
my $door = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die $!;
while (my $visitor = $door->accept) {
    sysread $visitor, my $request, 4096;
    open my $page, '<', 'page' or die $!;
    print $visitor "HTTP/1.0 200 OK\\r\\n\\r\\n", <$page>;
    close $visitor;
}
"""
GREETER = {
    'bin/detect': '#!/bin/bash\n[[ -f $1/greet.txt ]] && echo Greeter',
    'bin/compile': '#!/bin/bash\nset -eu\n'
    'echo "-----> Greeting with $(cat "$3/NAME") on $STACK"\n'
    'echo more >>"$2/seen"; printf "\\033[31mred\\007\\n"\n'
    '{ cat "$1/greet.txt" "$3/NAME"; echo; wc -l <"$2/seen"; echo "$SOURCE_VERSION"; } >"$1/page"\n'
    'mkdir -p "$1/.profile.d"; echo "export GREETER=$HOME/greeter" >"$1/.profile.d/greeter.sh"\n'
    'echo "export FROM_GREETER=carried" >"$(dirname "$0")/../export"; echo outside >/tmp/outside',
    'bin/release': '#!/bin/sh\necho "default_process_types: {web: perl serve.pl}"',
}
CHECKER = {
    'bin/detect': '#!/bin/sh\necho Checker',
    'bin/compile': '#!/bin/sh\necho "$FROM_GREETER" >>"$1/page"',
    'bin/release': '#!/bin/sh\necho "default_process_types:\n  web: perl serve.pl"',
}


def laid_out(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)
    return folder


@pytest.fixture(scope='module')
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory, docker_host: str) -> Iterator[str]:
    """A web server that builds can reach: the greeter as ``greeter.tgz`` and as ``greeter.git``."""
    root = tmp_path_factory.mktemp('web')
    work = laid_out(root / 'greeter', GREETER)
    with tarfile.open(root / 'greeter.tgz', 'w:gz') as tar:
        tar.add(work, 'greeter-1')
    who = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    for words in (['init', '-q', '-b', 'main'], ['add', '-A'], ['commit', '-q', '-m', 'x'], ['branch', 'v1']):
        subprocess.run(['git', *who, '-C', str(work), *words], check=True)
    subprocess.run(['git', 'clone', '-q', '--bare', str(work), str(root / 'greeter.git')], check=True)
    subprocess.run(['git', '-C', str(root / 'greeter.git'), 'update-server-info'], check=True)
    handler = functools.partial(_Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer((_own_address(docker_host), 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f'http://{listening.server_address[0]}:{listening.server_address[1]}'
        listening.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


def _own_address(docker_host: str) -> str:
    """An address of this host that containers reach: the gateway of the engine's own network."""
    with Engine(docker_host).connect() as client:
        networks = client.inspect_network('bridge')['IPAM']['Config']
    gateway = str(networks[0].get('Gateway') or '')
    with socket.socket() as probe:
        probe.bind((gateway, 0))
    return gateway


STACK = Stack(
    name='cedar-12', run_image='gitreceive/cedar:12', build_image='gitreceive/cedar:12-build', uid=1000
)


def planned(files: dict[str, str | bytes], own: list[Path], hosts: list[str], **env: str) -> Planned:
    return Planner(buildpacks=load_buildpacks(own, hosts), stack=STACK).plan(FakeSource(files), env)


class WithSubmodule(FakeSource):
    """Files, and a submodule at ``vendored/greeter``."""

    def __init__(self, url: str, commit: str) -> None:
        modules = f'[submodule "greeter"]\n\tpath = vendored/greeter\n\turl = {url}\n'
        super().__init__({'Procfile': 'web: x', '.gitmodules': modules})
        self._module = SourceFile(path='vendored/greeter', kind='submodule', commit=commit)

    def files(self) -> Iterator[SourceFile]:
        yield from super().files()
        yield self._module


def built(shop: Workshop, found: Planned, clock: BuildClock, **words: object) -> Image:
    job = shop.job('', source=found.source, recipe=found.recipe, app=AppName('classic'), **words)
    return shop.builder.build(job, shop.console, clock)


@pytest.fixture
def clock() -> Iterator[BuildClock]:
    made = BuildClock(120)
    yield made
    made.close()


def test_several_run_in_order_with_cache_env_and_what_each_exports(
    shop: Workshop, stack: Stack, server: str, tmp_path: Path, clock: BuildClock
) -> None:
    own = laid_out(tmp_path / 'own' / 'checker', CHECKER).parent
    files: dict[str, str | bytes] = {
        '.buildpacks': f'{server}/greeter.git#v1\nchecker\n',
        'greet.txt': 'hello ',
        'serve.pl': SERVE,
        'src/mine': 'the app has a src of its own',
    }
    found = planned(files, [own], [server])
    env = {'NAME': f'ann-{tmp_path.name}'}
    image = built(shop, found, clock, env=env)
    assert any(
        line.startswith('-----> Greeting with ann') and 'on cedar-12' in line for line in shop.console.details
    )
    assert len(image.versions['buildpack-1']) == 40
    again = built(shop, found, clock, env=env, nocache=True)
    plan = with_release(found.plan, again.release)
    slug = pack_slug(again, DockerSlugPacker(shop.engine), tmp_path / 'slug.tgz', 0, Limits(), clock)
    wanted = SlugRun(stack=stack, slug=slug.path, process=plan.processes[0], env=env)
    with run_slug(DockerSlugRunner(shop.engine), wanted) as url:
        page = answer(url).split()
    assert page[:2] == ['hello', env['NAME']]
    assert int(page[2]) >= 2
    assert page[3:] == ['1' * 40, 'carried']


def test_an_archive_is_a_buildpack_too(shop: Workshop, server: str, clock: BuildClock) -> None:
    url = f'{server}/greeter.tgz'
    found = planned({'greet.txt': 'x', 'Procfile': 'web: y'}, [], [server], BUILDPACK_URL=url)
    assert found.plan.processes[0].command == 'cd /app && y'
    built(shop, found, clock, env={'NAME': 'ann'})
    assert f'Greeter app detected by the buildpack {url}' in shop.console.details


@pytest.mark.parametrize(
    ('path', 'said'),
    [
        ('/none.tgz', '404'),
        ('/none.git', 'not found'),
        ('/greeter.git#v9', 'has no branch, tag or commit v9'),
    ],
)
def test_what_is_not_there_is_said(
    shop: Workshop, server: str, clock: BuildClock, path: str, said: str
) -> None:
    found = planned({'Procfile': 'web: y'}, [], [server], BUILDPACK_URL=server + path)
    with pytest.raises(BuildError) as error:
        built(shop, found, clock)
    assert said in ' '.join(error.value.tail)


@pytest.mark.parametrize(
    ('compile_script', 'said'),
    [
        ('#!/bin/sh\nexit 3', 'the buildpack bad failed (bin/compile, exit 3)'),
        ('#!/bin/sh\necho x >/tmp/buildpack/own/bad/bin/detect || exit 4', 'failed (bin/compile, exit 4)'),
        ('#!/bin/sh\necho x >/etc/passwd || exit 5', 'failed (bin/compile, exit 5)'),
        (None, 'the buildpack bad does not recognise this app (bin/detect)'),
    ],
)
def test_one_that_fails_is_named_with_its_step(
    shop: Workshop, tmp_path: Path, clock: BuildClock, compile_script: str | None, said: str
) -> None:
    detect = '#!/bin/sh\necho Bad' if compile_script else '#!/bin/sh\nexit 1'
    files = {'bin/detect': detect, 'bin/compile': compile_script or '#!/bin/sh'}
    own = laid_out(tmp_path / 'own' / 'bad', files).parent
    found = planned({'Procfile': 'web: y'}, [own], [], BUILDPACK_URL='bad')
    with pytest.raises(BuildError) as error:
        built(shop, found, clock)
    assert said in str(found.explain(error.value.step, error.value.tail))


def test_one_that_never_ends_is_ended_by_the_clock(shop: Workshop, tmp_path: Path) -> None:
    files = {'bin/detect': '#!/bin/sh\nexec sleep 1000', 'bin/compile': '#!/bin/sh'}
    own = laid_out(tmp_path / 'own' / 'endless', files).parent
    found = planned({'Procfile': 'web: y'}, [own], [], BUILDPACK_URL='endless')
    clock = BuildClock(3)
    with pytest.raises(BuildTimeout, match='in "classic own/endless"'):
        built(shop, found, clock)
    clock.close()


def test_a_submodule_is_fetched_into_its_place_without_its_history(
    shop: Workshop, server: str, tmp_path: Path, clock: BuildClock
) -> None:
    bare = f'{server}/greeter.git'
    head = subprocess.run(['git', 'ls-remote', bare, 'HEAD'], capture_output=True, text=True, check=True)
    planner = Planner(buildpacks=load_buildpacks(), stack=STACK, submodule_hosts=[server])
    image = built(shop, planner.plan(WithSubmodule(bare, head.stdout.split()[0]), {}), clock)
    pack_slug(image, DockerSlugPacker(shop.engine), tmp_path / 'slug.tgz', 0, Limits(), clock)
    with tarfile.open(tmp_path / 'slug.tgz') as slug:
        names = {member.name for member in slug if member.isreg()}
    assert {'./app/src/Procfile', './app/src/vendored/greeter/bin/compile'} <= names
    assert not [name for name in names if '.git/' in name]
    with pytest.raises(BuildError) as error:
        built(shop, planner.plan(WithSubmodule(bare, 'a' * 40), {}), clock)
    assert f'the submodule vendored/greeter has no commit {"a" * 40}' in ' '.join(error.value.tail)
