"""What people push with git: old histories, odd names, shallow clones, large apps that fail."""

import os
import re
from pathlib import Path

import pytest

from tests.e2e.receiver import Pushed, Pusher, Receiver, change, git, head, make_app

FAILS = b'FROM gitreceive/cedar:12-build\nRUN exit 3\n'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work')


def packs(receiver: Receiver, app: str) -> int:
    return sum(path.stat().st_size for path in (receiver.home.repos / f'{app}.git').rglob('*.pack'))


def test_fixes_of_an_app_that_fails_send_only_the_fix(ann: Pusher, receiver: Receiver, work: Path) -> None:
    change(work, {'large': os.urandom(8_000_000), 'Dockerfile': FAILS})
    assert ann.push(work, 'large').status == 1
    first = packs(receiver, 'large')
    for number in range(2):
        change(work, {'fix': b'%d' % number})
        pushed = ann.push(work, 'large')
        assert pushed.status == 1
        assert ' failed: ' in pushed.err
    assert packs(receiver, 'large') - first < 10_000
    change(work, {'Dockerfile': None})
    assert ann.push(work, 'large').status == 0
    assert packs(receiver, 'large') - first < 20_000
    assert receiver.ref('large') == head(work)
    assert receiver.ref('large', 'refs/failed/last') is None


def command(pushed: Pushed) -> str:
    """The refspec of the command that the receiver has named."""
    found = re.search(r'git push REMOTE ([^" ]+)', pushed.err)
    assert found, pushed.err
    return found[1]


def test_names_for_shells_and_in_any_language_are_stored_and_others_refused_alone(
    ann: Pusher, receiver: Receiver, work: Path
) -> None:
    for name in ('fix/#12', 'été', '_x', '$(id)', ';reboot'):
        git(work, 'update-ref', f'refs/heads/{name}', 'HEAD')
    git(work, 'update-ref', 'refs/notes/commits', 'HEAD')
    git(work, 'update-ref', 'refs/heads/HEAD', 'HEAD')
    pushed = ann.push(work, 'names', '--mirror')
    assert pushed.status == 1
    assert 'refs/notes/commits -> refs/notes/commits (only branches and tags are kept here)' in pushed.err
    assert '(invalid ref name: git could not tell it from one of its own)' in pushed.err
    assert pushed.err.count('[remote rejected]') == 2
    assert receiver.ref('names', 'refs/heads/été') == receiver.ref('names', 'refs/heads/$(id)') == head(work)
    assert receiver.releases('names')[-1].commit == head(work)
    assert 'Everything up-to-date' in ann.push(work, 'names', 'main').err


def test_atomic_refuses_all_and_deploys_nothing(ann: Pusher, receiver: Receiver, work: Path) -> None:
    pushed = ann.push(work, 'atomic', '--atomic', 'main', 'main:refs/notes/x')
    assert pushed.status == 1
    assert receiver.ref('atomic') is None
    assert receiver.releases('atomic') == []
    assert ann.push(work, 'atomic', 'main').status == 0


def test_a_branch_or_an_annotated_tag_pushed_first_can_be_deployed_as_it_says(
    ann: Pusher, receiver: Receiver, work: Path
) -> None:
    git(work, 'checkout', '-q', '--detach')
    git(work, 'branch', '-D', 'main')
    git(work, 'tag', '-a', '1.0.0', '-m', 'one')
    for number, ref in enumerate(('1.0.0:master', 'HEAD:refs/heads/topic', '1.0.0')):
        stored = ann.push(work, f'first{number}', ref)
        assert stored.status == 0, stored.err
        deployed = ann.push(work, f'first{number}', command(stored))
        assert deployed.status == 0, deployed.err
        assert receiver.ref(f'first{number}') == head(work)


def test_main_is_refused_where_master_is_deployed_until_that_is_changed(
    ann: Pusher, receiver: Receiver, work: Path
) -> None:
    assert ann.push(work, 'master', 'main:refs/heads/master').status == 0
    commit = change(work, {'x': b'x'})
    refused = ann.push(work, 'master', 'main')
    assert refused.status == 1
    assert '! [remote rejected] main -> main (master is deployed from master, not from main: ' in refused.err
    assert receiver.ref('master') is None
    assert ann.push(work, 'master', command(refused)).status == 0
    assert receiver.releases('master')[-1].commit == commit
    done = ann.ssh('deploy-branch', 'set', 'master', 'main')
    assert done.status == 0, done.err
    assert receiver.ref('master', 'HEAD') == receiver.ref('master') == commit
    assert ann.ssh('deploy-branch', 'master').out == 'main\n'
    commit = change(work, {'x': b'y'})
    assert ann.push(work, 'master', 'main').status == 0
    assert receiver.releases('master')[-1].commit == commit


def test_an_old_history_is_deployed(ann: Pusher, receiver: Receiver, work: Path) -> None:
    raw = git(work, 'cat-file', 'commit', 'HEAD')
    raw = re.sub(r'(?m)^((?:author|committer) .*>).*$', r'\1 1300000000 +051800', raw)
    made = git(
        work, 'hash-object', '-t', 'commit', '-w', '--stdin', '--literally', given=raw.encode()
    ).strip()
    git(work, 'update-ref', 'refs/heads/main', made)
    pushed = ann.push(work, 'old')
    assert pushed.status == 0, pushed.err
    assert 'badTimezone' in pushed.err


def test_git_lfs_is_told_what_to_do(ann: Pusher) -> None:
    for program in ('git-lfs-authenticate', 'git-lfs-transfer'):
        done = ann.ssh(program, 'app.git', 'upload')
        assert done.status == 1
        assert '"git push --no-verify"' in done.err


def test_a_sha256_repository_is_told_what_is_wrong(ann: Pusher, receiver: Receiver, tmp_path: Path) -> None:
    git(tmp_path, 'init', '-q', '-b', 'main', '--object-format=sha256', 'modern')
    change(tmp_path / 'modern', {'Procfile': b'web: cat\n'})
    make_app(tmp_path / 'work')
    for first in (True, False):
        pushed = ann.push(tmp_path / 'modern', 'modern')
        assert pushed.status != 0
        assert "does not support this repository's hash algorithm" in pushed.err
        assert (receiver.home.repos / 'modern.git').exists() != first
        ann.push(tmp_path / 'work', 'modern')


@pytest.mark.parametrize('ref', ['refs/heads/side', 'refs/tags/v1'])
def test_a_tree_of_ten_thousand_million_paths_is_refused_on_every_ref(
    ann: Pusher, receiver: Receiver, work: Path, ref: str
) -> None:
    entry = f'100644 blob {git(work, "hash-object", "-w", "--stdin", given=b"x").strip()}'
    for _ in range(10):
        lines = ''.join(f'{entry}\td{number}\n' for number in range(10))
        entry = f'040000 tree {git(work, "mktree", given=lines.encode()).strip()}'
    bomb = git(work, 'commit-tree', '-m', 'bomb', entry.split()[-1]).strip()
    pushed = ann.push(work, 'bomb', f'{bomb}:{ref}', timeout=60)
    assert pushed.status == 1
    assert 'has more than 100,000 files' in pushed.err
    assert receiver.ref('bomb', ref) is None
