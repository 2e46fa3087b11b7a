"""The hook that looks at pushed trees before any ref moves; what it refuses, it refuses without the daemon."""

import os
import subprocess
from pathlib import Path

import pytest

from gitreceive.grammar.wire import End
from gitreceive.repositories.sessionhooks import session_hooks
from tests.e2e.sshd.scripted import scripted_daemon

HOOK = Path(__file__).parents[2] / 'hooks' / 'pre-receive'
LIMITS = {'FILES': '2', 'BYTES': '100000', 'DEPTH': '10'}


def git(repo: Path, *words: str, given: bytes = b'') -> str:
    who = ('-c', 'user.name=a', '-c', 'user.email=a@b')
    done = subprocess.run(
        ['git', *who, '-C', str(repo), *words], input=given, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, 'init', '-q', '--bare', '.')
    return tmp_path


def commit(repo: Path, *entries: str) -> str:
    return git(
        repo, 'commit-tree', '-m', 'x', git(repo, 'mktree', given=''.join(f'{e}\n' for e in entries).encode())
    )


def refusal(repo: Path, ref: str, new: str, *options: str, more: str = '', hook: Path = HOOK) -> str:
    env = {
        'PATH': os.environ['PATH'],
        'GITRECEIVE_SOCKET': str(repo / 'nobody'),
        'GIT_PUSH_OPTION_COUNT': str(len(options)),
        **{f'GIT_PUSH_OPTION_{number}': option for number, option in enumerate(options)},
        **{f'GITRECEIVE_CHECKOUT_{name}': value for name, value in LIMITS.items()},
    }
    line = f'{"0" * 40} {new} {ref}\n'
    done = subprocess.run([hook], cwd=repo, env=env, input=(line + more).encode(), capture_output=True)
    assert done.returncode == 1
    return (done.stdout + done.stderr).decode()


def test_a_link_that_leads_to_no_path_of_a_file_system_is_refused(repo: Path) -> None:
    target = git(repo, 'hash-object', '-w', '--stdin', given=b'a' * 4096)
    made = commit(repo, f'120000 blob {target}\tlink')
    assert 'link is a link to a path of over 4095 bytes' in refusal(repo, 'refs/heads/main', made)


def test_a_tree_that_is_too_large_is_not_planned_either(repo: Path) -> None:
    blob = git(repo, 'hash-object', '-w', '--stdin', given=b'x')
    made = commit(repo, *(f'100644 blob {blob}\t{name}' for name in 'abc'))
    for ref in ('refs/heads/other', 'refs/tags/v1'):
        assert 'has more than 2 files' in refusal(repo, ref, made, 'plan')


@pytest.mark.parametrize(
    ('head', 'deployed', 'others'),
    [('main', ('main', 'master'), ('trunk',)), ('trunk', ('trunk',), ('main', 'master'))],
)
def test_a_submodule_that_nothing_describes_is_refused_where_it_would_be_deployed(
    repo: Path, head: str, deployed: tuple[str, ...], others: tuple[str, ...]
) -> None:
    git(repo, 'symbolic-ref', 'HEAD', f'refs/heads/{head}')
    made = commit(repo, f'160000 commit {commit(repo)}\tvendored')
    with scripted_daemon(repo / 'nobody') as daemon:
        daemon.answers['announce'] = ('asked', End(1, 'asked'))
        for branch in deployed:
            assert 'vendored is a submodule' in refusal(repo, f'refs/heads/{branch}', made)
        assert not daemon.asked
        for branch in others:
            assert refusal(repo, f'refs/heads/{branch}', made) == 'asked'


def test_without_hooks_of_its_own_a_push_with_a_bad_name_is_refused_whole(repo: Path) -> None:
    assert 'invalid ref name: ' in refusal(repo, 'refs/heads/HEAD', commit(repo))
    assert not (HOOK.parent / 'update').exists()


def test_of_very_many_refs_none_is_refused_alone(repo: Path) -> None:
    made = commit(repo)
    with session_hooks(repo) as hooks, scripted_daemon(repo / 'nobody') as daemon:
        daemon.answers['announce'] = ('the daemon looked at it\n', End(1, 'no'))
        for count, expected in ((5001, 'is taken whole or not at all'), (1, 'the daemon looked at it')):
            more = ''.join(f'{"0" * 40} {made} refs/tags/t{number}\n' for number in range(count))
            told = refusal(repo, 'refs/notes/x', made, more=more, hook=hooks / 'pre-receive')
            assert expected in told
            assert (hooks / 'update').exists() == (count == 1)
