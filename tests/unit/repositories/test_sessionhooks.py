"""One push whose refs are refused one by one, by the real git."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gitreceive.repositories.sessionhooks import MAX_SPARE, read_refused, session_hooks
from tests.unit.repositories.served import Served

PRE_RECEIVE = """\
#!/usr/bin/env -S python3 -I -S
import os, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import refnames
taken, refused = refnames.split_updates(line[:-1] for line in os.fdopen(0, errors='surrogateescape'))
if refused and refnames.refuse(here, refused, len(taken)):
    sys.exit(1)
"""
KEPT = (
    'fix/#12',
    'été',
    '_x',
    '$(id)',
    ';reboot',
    "it's",
    'a"b',
    'ünï/cödé',
    'a/-b',
    'x' * 200,
    '漢字',
    '🚀',
)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    with session_hooks(made.bare) as hooks:
        made.hooks.rmdir()
        made.hooks.symlink_to(hooks)
        (hooks / 'pre-receive').unlink()
        (hooks / 'post-receive').unlink()
        (hooks / 'pre-receive').write_text(PRE_RECEIVE)
        (hooks / 'pre-receive').chmod(0o755)
        yield made
    assert not hooks.exists()


def branches(served: Served, *names: str) -> None:
    for name in names:
        served.git('update-ref', name if name.startswith('refs/') else f'refs/heads/{name}', 'HEAD')


def test_branches_are_kept_whatever_letters_they_have(served: Served) -> None:
    branches(served, *KEPT)
    pushed = served.push('--all')
    assert pushed.status == 0, pushed.err
    assert set(served.refs()) == {f'refs/heads/{name}' for name in ('main', *KEPT)}
    assert not (served.hooks / 'update').exists()


def test_of_a_mirror_only_what_is_no_branch_or_tag_is_refused(served: Served) -> None:
    others = ('refs/notes/commits', 'refs/remotes/origin/main', 'refs/releases/v1')
    branches(served, 'side', 'refs/tags/v1', *others)
    pushed = served.push('--mirror', '--porcelain')
    assert pushed.status == 1
    assert set(served.refs()) == {'refs/heads/main', 'refs/heads/side', 'refs/tags/v1'}
    refused = [line for line in pushed.out.splitlines() if line.startswith('!')]
    assert len(refused) == len(others)
    assert all(line.endswith('[remote rejected] (only branches and tags are kept here)') for line in refused)
    assert read_refused(served.hooks) == {
        name.encode(): 'only branches and tags are kept here' for name in others
    }


BAD = (
    'refs/heads/HEAD',
    'refs/heads/refs/heads/main',
    'refs/tags/HEAD',
    'refs/heads/-x',
    'refs/heads/a\u202eb',
    'refs/heads/a\u0085b',
    'refs/heads/' + 'x' * 130 + '/' + 'y' * 130,
)


@pytest.mark.parametrize('bad', BAD)
def test_names_that_mislead_are_refused_alone_and_by_name(served: Served, bad: str) -> None:
    served.git('tag', 'v1')
    pushed = served.push('main', 'v1', f'main:{bad}')
    assert pushed.status == 1
    assert set(served.refs()) == {'refs/heads/main', 'refs/tags/v1'}
    assert '[remote rejected]' in pushed.err
    assert '(invalid ref name: ' in pushed.err


def test_atomic_means_all_or_none(served: Served) -> None:
    pushed = served.push('--atomic', 'main', 'main:refs/heads/HEAD')
    assert pushed.status == 1
    assert served.refs() == {}


def test_a_bad_name_of_former_days_can_be_deleted(served: Served) -> None:
    served.push('main')
    served.git('update-ref', 'refs/heads/-x', 'refs/heads/main', at=served.bare)
    served.git('update-ref', 'refs/releases/v1', 'refs/heads/main', at=served.bare)
    assert served.push(':refs/heads/-x').status == 0
    assert served.push(':refs/releases/v1').status == 1
    assert set(served.refs()) == {'refs/heads/main', 'refs/releases/v1'}


def test_a_name_that_is_not_utf8_is_refused(served: Served) -> None:
    commit = served.git('rev-parse', 'HEAD').out.strip()
    (served.work / '.git' / 'packed-refs').write_bytes(b'%b refs/heads/\xe9t\xe9\n' % commit.encode())
    assert served.push('--all').status == 1
    assert set(served.refs()) == {'refs/heads/main'}


def test_a_session_takes_the_hooks_that_an_earlier_one_has_left_unless_they_are_changed(
    tmp_path: Path,
) -> None:
    with session_hooks(tmp_path) as first, session_hooks(tmp_path) as meanwhile:
        assert first != meanwhile
        assert (first / 'pre-receive').exists()
    with session_hooks(tmp_path) as later:
        assert later in (first, meanwhile)
        (later / 'refused').touch()
    assert not later.exists()
    [left] = tmp_path.iterdir()
    (left / 'pre-receive').unlink()
    with session_hooks(tmp_path) as whole:
        assert whole != left
        assert (whole / 'pre-receive').exists()


def test_few_are_left_after_many_at_once(tmp_path: Path) -> None:
    with ExitStack() as sessions:
        assert len({sessions.enter_context(session_hooks(tmp_path)) for _ in range(20)}) == 20
    assert len(list(tmp_path.iterdir())) <= MAX_SPARE
