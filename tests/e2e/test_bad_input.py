"""What a receiver does not take: a clear word, exit 1, and no trace."""

import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.receiver import Pushed, Pusher, Receiver, change, git, head, make_app
from tests.e2e.sshd.sshd_process import make_key

_numbers = count(1)


@pytest.fixture
def app() -> Iterator[str]:
    """A name that no other test of this module uses."""
    yield f'bad-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work')


def assert_refused(pushed: Pushed, receiver: Receiver, app: str, *words: str) -> None:
    """Exit 1, the words on the pusher's terminal, and nothing stored."""
    assert pushed.status == 1, pushed.err
    for word in words:
        assert word in pushed.err, pushed.err
    assert 'Traceback' not in pushed.err
    assert receiver.ref(app) is None
    assert receiver.releases(app) == []
    assert receiver.leftovers() == []


def plumbed(work: Path, *entries: tuple[str, str, str]) -> str:
    """A commit on ``main`` whose tree holds exactly these entries (mode, object, name), as no honest git would make it."""
    lines = ''.join(f'{mode} {kind}\t{name}\0' for mode, kind, name in entries)
    tree = git(work, 'mktree', '-z', '--missing', given=lines.encode()).strip()
    commit = git(work, 'commit-tree', '-m', 'plumbed', tree).strip()
    git(work, 'update-ref', 'refs/heads/main', commit)
    return commit


@pytest.mark.parametrize(
    'procfile, words',
    [
        (b'web: a\n<<<<<<< HEAD\n', ('Procfile, line 2', 'conflict')),
        (b'web: a\nweb: b\n', ('Procfile, line 2', '"web" is there twice')),
        (b'# nothing\n\n', ('names no process',)),
        (b'web: a\n\xff\xfe: b\n', ('Procfile, line 2', 'UTF-8')),
        (b'web: \x1b[31mred\n', ('Procfile, line 1', 'control character')),
        (b'web\n', ('Procfile, line 1', 'name: command')),
    ],
    ids=['conflict', 'duplicate', 'none', 'bytes', 'control', 'line'],
)
def test_a_procfile_that_cannot_be_read_is_named_with_its_line(
    ann: Pusher, receiver: Receiver, app: str, work: Path, procfile: bytes, words: tuple[str, ...]
) -> None:
    change(work, {'Procfile': procfile})
    pushed = ann.push(work, app)
    assert_refused(pushed, receiver, app, *words)
    assert '\x1b' not in pushed.err.replace('\x1b[K', '')


def test_a_procfile_from_windows_is_read(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    change(work, {'Procfile': b'\xef\xbb\xbfweb: a b\r\n\r\nworker: c\r\n'})
    assert ann.push(work, app).status == 0
    processes = receiver.releases(app)[-1].processes
    assert [(process.name, process.command) for process in processes] == [('web', 'a b'), ('worker', 'c')]


def test_an_app_without_a_web_process_is_released_with_a_word(ann: Pusher, app: str, work: Path) -> None:
    change(work, {'Procfile': b'worker: sleep 1\n'})
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert any('no web process' in line for line in pushed.lines)


def test_a_commit_without_a_known_file_says_what_was_looked_for(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    change(work, {'Procfile': None, 'README': b'hello'})
    assert_refused(ann.push(work, app), receiver, app, 'package.json', 'requirements.txt', 'Procfile')


def test_a_commit_without_any_file_says_so(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    change(work, {'Procfile': None})
    assert_refused(ann.push(work, app), receiver, app, 'there are no files')


@pytest.mark.parametrize(
    'files, words',
    [
        ({'package.json': b'{"name": '}, ('package.json',)),
        ({'package.json': b'[]'}, ('package.json',)),
        (
            {'package.json': b'{}', 'package-lock.json': b'{}', 'yarn.lock': b''},
            ('yarn.lock', 'package-lock.json'),
        ),
        ({'requirements.txt': b'', '.python-version': b'2.7\n'}, ('2.7',)),
    ],
    ids=['broken', 'list', 'two-locks', 'python-2'],
)
def test_manifests_that_cannot_be_are_named(
    ann: Pusher, receiver: Receiver, app: str, work: Path, files: dict[str, bytes], words: tuple[str, ...]
) -> None:
    change(work, files)
    assert_refused(ann.push(work, app), receiver, app, *words)


@pytest.mark.parametrize(
    'files, words',
    [
        ({'package.json': b'{"engines": {"node": ">=900"}}'}, ('>=900',)),
        ({'requirements.txt': b'flask==900.1\n'}, ('flask==900.1',)),
    ],
    ids=['node', 'python'],
)
def test_versions_that_there_are_not_are_named(
    ann: Pusher, receiver: Receiver, app: str, work: Path, files: dict[str, bytes], words: tuple[str, ...]
) -> None:
    change(work, files)
    assert_refused(ann.push(work, app), receiver, app, *words)


@pytest.mark.parametrize(
    'name', ['../x', 'UPPER', 'a' * 300, 'a b', 'a%0ab', '', '-x', 'x/../../y', '.git', 'a;id', '$(id)', '1a']
)
def test_a_name_that_is_none_is_refused_and_makes_nothing(
    ann: Pusher, receiver: Receiver, work: Path, name: str
) -> None:
    before = sorted(receiver.home.root.rglob('*.git'))
    pushed = ann.push(work, name)
    assert pushed.status not in (0, 1) or 'fatal' in pushed.err or 'error' in pushed.err
    assert pushed.status != 0
    assert 'Traceback' not in pushed.err
    assert sorted(receiver.home.root.rglob('*.git')) == before


def test_a_key_that_nobody_knows_is_refused(
    ann: Pusher, receiver: Receiver, app: str, work: Path, tmp_path: Path
) -> None:
    mallory = Pusher(make_key(tmp_path / 'mallory'), receiver)
    pushed = mallory.push(work, app)
    assert pushed.status == 128
    assert 'Permission denied (publickey)' in pushed.err
    assert not receiver.home.repo(app).exists()


def test_a_removed_key_is_refused(
    ann: Pusher, receiver: Receiver, app: str, work: Path, tmp_path: Path
) -> None:
    bob = Pusher(make_key(tmp_path / 'bob'), receiver)
    assert receiver.host('keys', 'add', 'bob', f'{bob.key}.pub').status == 0
    assert bob.push(work, app).status == 0
    assert receiver.host('keys', 'remove', 'bob').status == 0
    assert bob.push(work, app, '--force', 'main').status == 128


def test_a_key_for_one_app_reaches_no_other(
    ann: Pusher, receiver: Receiver, app: str, work: Path, tmp_path: Path
) -> None:
    carl = Pusher(make_key(tmp_path / 'carl'), receiver)
    assert receiver.host('keys', 'add', 'carl', f'{carl.key}.pub', '--app', app).status == 0
    assert ann.push(work, f'{app}-other').status == 0
    assert carl.push(work, app).status == 0
    assert carl.push(work, f'{app}-other').status != 0
    assert f'{app}-other' not in carl.ssh('apps').out
    assert f'{app}-other' not in carl.ssh('builds').out
    for verb in ('logs', 'builds', 'releases', 'cancel', 'rebuild', 'plan'):
        refused = carl.ssh(verb, f'{app}-other')
        assert refused.status != 0
        assert 'that you may reach' in refused.out + refused.err


def test_an_empty_repository_has_nothing_to_push(ann: Pusher, app: str, tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    git(tmp_path / 'empty', 'init', '-q', '-b', 'main')
    pushed = ann.push(tmp_path / 'empty', app)
    assert pushed.status == 1
    assert 'src refspec main does not match any' in pushed.err


def test_a_shallow_push_is_refused_before_anything_is_built(
    ann: Pusher, receiver: Receiver, app: str, work: Path, tmp_path: Path
) -> None:
    change(work, {'a': b'a'})
    git(tmp_path, 'clone', '-q', '--depth', '1', f'file://{work}', 'shallow')
    pushed = ann.push(tmp_path / 'shallow', app)
    assert pushed.status == 1
    assert '"git fetch --unshallow" (in CI: fetch-depth: 0)' in pushed.err
    assert receiver.ref(app) is None


def test_a_tree_with_a_git_directory_is_refused(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    blob = git(work, 'hash-object', '-w', '--stdin', given=b'x').strip()
    for name in ('.git', '.GIT', '.git ', 'git~1'):
        plumbed(work, ('100644', f'blob {blob}', 'Procfile'))
        tree = git(work, 'rev-parse', 'main^{tree}').strip()
        plumbed(work, ('040000', f'tree {tree}', name))
        pushed = ann.push(work, app, '--force', 'main')
        assert pushed.status == 1, (name, pushed.err)
        assert 'hasDotgit' in pushed.err, pushed.err
        assert receiver.ref(app) is None


def test_a_submodule_is_refused_by_its_name(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    plumbed(work, ('160000', f'commit {head(work)}', 'vendored'))
    assert_refused(ann.push(work, app), receiver, app, 'vendored', 'submodule')
    module = ('160000', f'commit {head(work)}', 'vendored')
    blobs = []
    for name, content in (
        ('.gitmodules', b'[submodule "v"]\n\tpath = vendored\n\turl = https://example.com/v\n'),
        ('Procfile', b'web: x\n'),
    ):
        blob = git(work, 'hash-object', '-w', '--stdin', given=content).strip()
        blobs.append(('100644', f'blob {blob}', name))
    plumbed(work, module, *blobs)
    words = ('the submodule vendored is https://example.com/v', 'fetches from nowhere', 'submodule_hosts')
    assert_refused(ann.push(work, app, '--force', 'main'), receiver, app, *words)


def test_a_bomb_of_eight_objects_is_refused_at_once(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    blob = git(work, 'hash-object', '-w', '--stdin', given=b'x').strip()
    kind, name = 'blob', blob
    for _ in range(10):
        mode = '100644' if kind == 'blob' else '040000'
        lines = ''.join(f'{mode} {kind} {name}\t{letter}\n' for letter in 'abcdefghij')
        name, kind = git(work, 'mktree', given=lines.encode()).strip(), 'tree'
    commit = git(work, 'commit-tree', '-m', 'bomb', name).strip()
    git(work, 'update-ref', 'refs/heads/main', commit)
    assert_refused(ann.push(work, app, timeout=30), receiver, app, '100,000 files')


def test_hostile_names_arrive_as_they_are_and_links_stay_links(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    names = [
        b'with space',
        b'new\nline',
        b'latin-\xff\xfe',
        b'Dockerfile ',
        b'Dockerfile',
        b'-rf',
        b'$(id)`id`"\'\\',
        b'.dockerignore',
        b'/'.join([b'deep'] * 200) + b'/file',
    ]
    for name in names:
        path = os.path.join(os.fsencode(work), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(b'RUN false\n*\n')
    os.symlink('/etc/passwd', work / 'out')
    os.symlink('../../../../etc', work / 'up')
    change(work, {})
    assert receiver.host('apps', 'create', app).status == 0
    assert receiver.host('config', app, 'BUILDPACK_URL=minimal').status == 0
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    with tarfile.open(receiver.slug(receiver.releases(app)[-1])) as slug:
        found = {os.fsencode(member.name).removeprefix(b'./app/src/'): member for member in slug}
    assert set(names) <= set(found)
    assert (found[b'out'].issym(), found[b'out'].linkname) == (True, '/etc/passwd')
    assert (found[b'up'].issym(), found[b'up'].linkname) == (True, '../../../../etc')


def test_a_link_is_not_followed_for_a_manifest(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    change(work, {'Procfile': None, 'README': b'x'})
    os.symlink('/etc/passwd', work / 'Procfile')
    change(work, {})
    pushed = ann.push(work, app)
    assert_refused(pushed, receiver, app, 'Procfile')
    assert 'root:' not in pushed.err


def test_a_disk_that_is_nearly_full_takes_no_push(
    receivers: Callable[..., Pusher], work: Path, tmp_path: Path
) -> None:
    dora = receivers(tmp_path / 'full', GITRECEIVE_LIMITS_FREE_BYTES=str(10**17))
    dora.receiver.start()
    assert_refused(dora.push(work, 'app'), dora.receiver, 'app', 'MB free at', 'are needed')


def test_a_storage_that_cannot_be_written_fails_the_build_and_lives(
    receivers: Callable[..., Pusher], work: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / 'file'
    blocked.write_bytes(b'not a directory')
    eve = receivers(tmp_path / 'eve', GITRECEIVE_STORAGE_URL=f'file://{blocked}/slugs')
    eve.receiver.start()
    assert_refused(eve.push(work, 'app'), eve.receiver, 'app', str(blocked))
    blocked.unlink()
    assert eve.push(work, 'app').status == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    if os.geteuid() != 0:
        pytest.skip('a file system of a test needs root')
    place = tmp_path / 'disk'
    place.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', str(place)], check=True)
    yield place
    subprocess.run(['umount', str(place)], check=True)


def test_a_full_storage_fails_the_build_and_the_next_push_works_when_there_is_room(
    receivers: Callable[..., Pusher], work: Path, tmp_path: Path, small_disk: Path
) -> None:
    fay = receivers(tmp_path / 'fay', GITRECEIVE_STORAGE_URL=f'file://{small_disk}/slugs')
    fay.receiver.start()
    change(work, {'large': os.urandom(3_000_000)})
    assert_refused(fay.push(work, 'app'), fay.receiver, 'app', 'no room')
    assert not [path for path in small_disk.rglob('*') if path.is_file()]
    change(work, {'large': b'small'})
    assert fay.push(work, 'app').status == 0


def test_a_build_for_which_the_disk_has_no_room_is_refused_before_it_begins(
    receivers: Callable[..., Pusher], work: Path, small_disk: Path
) -> None:
    gil = receivers(
        small_disk / 'gil', GITRECEIVE_LIMITS_FREE_BYTES='1000', GITRECEIVE_LIMITS_FREE_INODES='1'
    )
    gil.receiver.start()
    try:
        pushed = gil.push(work, 'app')
        assert_refused(pushed, gil.receiver, 'app', 'there is no room for this build', 'are missing')
        assert any('"gitreceive gc" would free 0.000 MB of slugs' in line for line in pushed.lines)
        assert not any('Packing' in line for line in pushed.lines)
    finally:
        gil.receiver.end()
