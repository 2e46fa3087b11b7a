"""Slugs of a directory, released at a Platform API that is as strict as the published schema."""

import hashlib
import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.planning import Planner
from gitreceive.build.sources.git import GitSource
from gitreceive.config.settings import Limits
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.plan import Stack
from gitreceive.model.push import Commit
from gitreceive.slugs.pack import pack_slug
from tests.building import Lines, workshop
from tests.http_server import running, says, says_at_once, stalls
from tests.integration.local.machine import GITRECEIVE, Done, Machine, Screen
from tests.platform_api import TOKEN, PlatformServer

AUTHOR = ('-c', 'user.name=a', '-c', 'user.email=a@b')


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    with running(PlatformServer('hello')) as server:
        assert isinstance(server, PlatformServer)
        yield server


def release(machine: Machine, server: PlatformServer, *words: str, token: str = TOKEN) -> Done:
    return machine.run('release', '--to', server.address, *words, HEROKU_API_KEY=token)


def test_the_slug_of_a_directory_is_released_at_a_platform(
    machine: Machine, platform: PlatformServer
) -> None:
    done = release(machine, platform, '--app', 'hello', '--stack', 'cedar-14')
    assert done.returncode == 0, done.stderr
    assert done.stdout == ''
    assert '       v1 succeeded\n' in done.stderr
    assert '\x1b' not in done.stderr
    (slug,) = platform.slugs.values()
    (content,) = platform.objects.values()
    assert slug['checksum'] == f'SHA256:{hashlib.sha256(content).hexdigest()}'
    assert slug['process_types']['web'] == 'cd . && perl server.pl'
    assert list(slug['process_types']) == ['web', 'once', 'deaf', 'lines', 'console']
    assert (slug['commit'], slug['buildpack_provided_description']) == (None, 'Minimal')
    assert platform.releases[0]['description'] == 'Deploy'
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        names = [name.removeprefix('./') for name in tar.getnames()]
        profile = tar.extractfile(next(name for name in tar.getnames() if name.endswith('minimal.sh')))
        assert profile and b'cd /app/src' in profile.read()
    assert 'app/src/server.pl' in names
    assert 'app/src/.env' not in names


def test_a_clean_checkout_makes_the_slug_that_a_push_of_its_commit_makes(
    machine: Machine, platform: PlatformServer, stack: Stack, tmp_path: Path
) -> None:
    app = tmp_path / 'app'
    shutil.copytree(machine.folder, app)
    (app / '.gitignore').write_text('.env\n')
    for words in (['init', '-q'], ['add', '.'], [*AUTHOR, 'commit', '-qm', 'a']):
        subprocess.run(['git', '-C', str(app), *words], check=True)
    commit = subprocess.check_output(['git', '-C', str(app), 'rev-parse', 'HEAD'], text=True).strip()
    subprocess.run(['git', 'clone', '-q', '--bare', str(app), str(tmp_path / 'app.git')], check=True)
    checkout = Machine(app, machine.environ, machine.engine)
    done = release(checkout, platform, '--app', 'hello', '--stack', 'cedar-14')
    assert done.returncode == 0, done.stderr
    (told,) = platform.slugs.values()
    assert (told['commit'], told['commit_description']) == (commit, None)
    assert platform.releases[0]['description'] == f'Deploy {commit[:8]}'
    with workshop(machine.environ['DOCKER_HOST']) as receiver:
        source = GitSource(tmp_path / 'app.git', Commit(commit))
        planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(source, {})
        job = receiver.job('', source=planned.source, recipe=marked(planned.recipe))
        clock = BuildClock(60)
        image = receiver.builder.build(job, Lines(), clock)
        packer = DockerSlugPacker(receiver.engine)
        slug = pack_slug(image, packer, tmp_path / 'slug.tgz', source.committed, Limits(), clock)
        clock.close()
    assert told['checksum'] == f'SHA256:{slug.sha256}'


def test_what_is_not_as_in_the_commit_is_released_and_called_that(
    machine: Machine, platform: PlatformServer, tmp_path: Path
) -> None:
    app = tmp_path / 'app'
    shutil.copytree(machine.folder, app)
    for words in (['init', '-q'], ['add', 'Procfile'], [*AUTHOR, 'commit', '-qm', 'a']):
        subprocess.run(['git', '-C', str(app), *words], check=True)
    commit = subprocess.check_output(['git', '-C', str(app), 'rev-parse', 'HEAD'], text=True).strip()
    done = release(
        Machine(app, machine.environ, machine.engine), platform, '--app', 'hello', '--stack', 'cedar-14'
    )
    assert done.returncode == 0, done.stderr
    note = 'with changes that are not committed'
    assert f' !     What is released is {commit[:8]} {note}\n' in done.stderr
    (told,) = platform.slugs.values()
    assert (told['commit'], told['commit_description']) == (commit, note)
    assert platform.releases[0]['description'] == f'Deploy {commit[:8]} {note}'


@pytest.mark.parametrize(
    ('words', 'token', 'said'),
    [
        (['--app', 'other', '--stack', 'cedar-14'], TOKEN, "Couldn't find that app."),
        (['--app', 'hello'], TOKEN, 'Stack not found.'),
        (['--app', 'hello'], 'wrong', 'Invalid credentials provided.'),
    ],
)
def test_a_platform_that_refuses_is_heard_in_its_own_words(
    machine: Machine, platform: PlatformServer, words: list[str], token: str, said: str
) -> None:
    done = release(machine, platform, *words, token=token)
    assert done.returncode == 80
    assert said in done.stderr
    assert 'Traceback' not in done.stderr
    assert platform.releases == []


def test_a_platform_that_hangs_up_in_mid_upload_is_heard(machine: Machine, platform: PlatformServer) -> None:
    (machine.folder / 'large').write_bytes(os.urandom(20_000_000))
    platform.faults.extend([None, says_at_once(403, b'Request has expired')])
    try:
        done = release(machine, platform, '--app', 'hello', '--stack', 'cedar-14')
    finally:
        (machine.folder / 'large').unlink()
    expired = done.returncode == 80 and 'Request has expired' in done.stderr
    assert expired or 'trying again' in done.stderr, (done.returncode, done.stderr)


def test_what_is_tried_again_is_told(machine: Machine, platform: PlatformServer) -> None:
    platform.faults.extend([None, says(503, b'{"message": "busy"}')])
    done = release(machine, platform, '--app', 'hello', '--stack', 'cedar-14')
    assert done.returncode == 0, done.stderr
    assert re.search(r'\n !     PUT http://\S+: 503 [^\n]*: busy; trying again in [\d.]+ s\n', done.stderr)
    assert done.stderr.endswith('       v1 succeeded\n')


def test_without_a_token_nothing_is_built(machine: Machine, platform: PlatformServer, tmp_path: Path) -> None:
    words = ['release', '--to', platform.address, '--app', 'hello']
    done = machine.run(*words, HOME=str(tmp_path), HEROKU_API_KEY='')
    assert done.returncode == 10
    assert done.stderr.startswith(
        f' !     no token for {platform.address}: set HEROKU_API_KEY, or add to ~/.netrc: '
    )


def test_a_directory_with_a_key_is_not_released_unless_that_is_allowed(
    machine: Machine, platform: PlatformServer
) -> None:
    key = machine.folder / 'id_ed25519'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', str(key)], check=True)
    try:
        refused = release(machine, platform, '--app', 'hello', '--stack', 'cedar-14')
        allowed = release(
            machine, platform, '--app', 'hello', '--stack', 'cedar-14', '--allow', '/app/src/id_ed25519'
        )
    finally:
        key.unlink()
        key.with_suffix('.pub').unlink()
    assert refused.returncode == 71, refused.stderr
    assert '/app/src/id_ed25519: ' in refused.stderr
    assert 'If it may be there: --allow /app/src/id_ed25519' in refused.stderr
    assert allowed.returncode == 0, allowed.stderr


def test_the_progress_is_shown_on_a_terminal_and_a_signal_leaves_nothing(
    machine: Machine, platform: PlatformServer, tmp_path: Path
) -> None:
    until = threading.Event()
    platform.faults.extend([None, stalls(until)])
    words = ['release', '--to', platform.address, '--app', 'hello', '--stack', 'cedar-14']
    environ = {**machine.environ, 'HEROKU_API_KEY': TOKEN, 'TMPDIR': str(tmp_path), 'TERM': 'xterm'}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(machine.folder)
        os.execve(sys.executable, [*GITRECEIVE, *words], environ)
    Screen(terminal).until(r'\d/[\d.]+ (bytes|kB)')
    os.kill(child, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    until.set()
    os.close(terminal)
    assert status == 130
    assert os.listdir(tmp_path) == []
    assert platform.releases == []
