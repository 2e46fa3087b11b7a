"""Apps on the stack made of Debian 13: pushed to a receiver that builds on it, run, and asked."""

import os
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.cli.lines import Lines
from gitreceive.local.slugrun import SlugRun, run_slug
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.stack.recipe import load_recipe
from tests.conftest import make_stack
from tests.e2e.receiver import Pusher, change, make_app

APPS = Path(__file__).parent / 'apps'
FLASK = APPS / 'python' / 'flask-without-procfile'
JAVA = APPS / 'java' / 'main-class'

SERVER = b"""require 'socket'
server = TCPServer.new('0.0.0.0', Integer(ENV['PORT']))
loop do
  client = server.accept
  client.print "HTTP/1.1 200 OK\\r\\nContent-Length: #{RUBY_VERSION.size}\\r\\nConnection: close\\r\\n\\r\\n#{RUBY_VERSION}"
  client.close
end
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # makes a stack: three minutes


@pytest.fixture(scope='module')
def newer(docker_host: str) -> Stack:
    """The stack, whose images are in the engine."""
    recipe = load_recipe('cedar-13')
    make_stack(recipe, {**os.environ, 'DOCKER_HOST': docker_host}, Lines())
    return recipe.stack


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], newer: Stack, tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """Somebody who may push to a receiver that builds on cedar-13."""
    pusher = receivers(tmp_path_factory.mktemp('receiver'), GITRECEIVE_APPS_STACK='cedar-13')
    pusher.receiver.start()
    return pusher


def without(folder: Path, target: Path, *names: str) -> dict[str, bytes]:
    """The files of an app but for those names: they ask for versions of the stack before."""
    shutil.copytree(folder, target)
    return {
        str(path.relative_to(target)): path.read_bytes()
        for path in target.rglob('*')
        if path.is_file() and path.name not in (*names, 'case.toml') and 'target' not in path.parts
    }


def page(ann: Pusher, app: str, stack: Stack, docker_host: str) -> str:
    """What the web process of an app answers, on the run image of the stack."""
    (release, *_) = ann.receiver.releases(app)
    (web,) = (process for process in release.processes if process.name == 'web')
    process = ProcessType(name='web', command=web.command)
    wanted = SlugRun(stack=stack, slug=ann.receiver.slug(release), process=process, env={})
    with run_slug(DockerSlugRunner(Engine(docker_host)), wanted) as url:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()


def test_python_is_313(ann: Pusher, newer: Stack, docker_host: str, tmp_path: Path) -> None:
    files = {**without(FLASK, tmp_path / 'copy', 'runtime.txt'), 'Procfile': b'web: gunicorn app:app\n'}
    pushed = ann.push(make_app(tmp_path / 'app', files), 'flask', timeout=900)
    assert pushed.status == 0, pushed.err
    (release,) = ann.receiver.releases('flask')
    assert release.stack == 'cedar-13' and release.versions['python'].startswith('3.13.')
    assert page(ann, 'flask', newer, docker_host).startswith('Flask in /app/src')


def test_java_is_21(ann: Pusher, newer: Stack, docker_host: str, tmp_path: Path) -> None:
    files = without(JAVA, tmp_path / 'copy', 'system.properties')
    pushed = ann.push(make_app(tmp_path / 'app', files), 'java', timeout=900)
    assert pushed.status == 0, pushed.err
    (release,) = ann.receiver.releases('java')
    assert release.versions['java'].startswith('21.')


def test_ruby_is_33(ann: Pusher, newer: Stack, docker_host: str, tmp_path: Path) -> None:
    lock = b'GEM\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n\nBUNDLED WITH\n   2.6.7\n'
    files = {'Gemfile': b'', 'Gemfile.lock': lock, 'server.rb': SERVER, 'Procfile': b'web: ruby server.rb\n'}
    pushed = ann.push(make_app(tmp_path / 'app', files), 'ruby', timeout=900)
    assert pushed.status == 0, pushed.err
    assert page(ann, 'ruby', newer, docker_host).startswith('3.3.')


def test_an_app_that_asks_for_the_python_before_is_told_what_there_is(
    ann: Pusher, tmp_path: Path, engine: docker.DockerClient
) -> None:
    files = {**without(FLASK, tmp_path / 'copy'), 'runtime.txt': b'python-3.11\n'}
    pushed = ann.push(make_app(tmp_path / 'app', files), 'older', timeout=300)
    assert pushed.status == 1
    assert 'runtime.txt asks for Python 3.11, and the stack cedar-13 has 3.13' in pushed.err


def test_an_app_moves_to_the_newer_stack_when_it_is_told_to(
    receivers: Callable[..., Pusher], newer: Stack, tmp_path: Path
) -> None:
    bea = receivers(tmp_path / 'receiver')
    bea.receiver.start()
    app = make_app(tmp_path / 'app', {'Procfile': b'web: cat /etc/debian_version\n', 'a': b'1'})
    assert bea.push(app, 'moving', timeout=300).status == 0
    assert bea.ssh('stack', 'set', 'moving', 'cedar-13').status == 0
    change(app, {'a': b'2'})
    pushed = bea.push(app, 'moving', timeout=300)
    assert pushed.status == 0, pushed.err
    assert 'Building moving on cedar-13' in pushed.err
    assert [each.stack for each in bea.receiver.releases('moving')] == ['cedar-12', 'cedar-13']
