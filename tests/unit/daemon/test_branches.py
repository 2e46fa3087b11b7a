"""What a pusher is told about refs that are not deployed."""

import pytest

from gitreceive.daemon.branches import first_branch, how_to_deploy, wrong_branch
from gitreceive.model.app import AppName
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate

HELLO = AppName('hello')
COMMIT = Commit('41ccc10ab12c' + '0' * 28)
MAIN, MASTER = 'refs/heads/main', 'refs/heads/master'


def update(ref: str, new: Commit = COMMIT) -> RefUpdate:
    return RefUpdate(old=NO_COMMIT, new=new, ref=ref)


def test_the_first_of_main_and_master_that_is_pushed_is_deployed() -> None:
    assert first_branch([update('refs/heads/side'), update(MASTER)]) == MASTER
    assert first_branch([update(MASTER), update(MAIN)]) == MAIN
    assert first_branch([update('refs/tags/main'), update(MAIN, NO_COMMIT)]) is None


@pytest.mark.parametrize(('deployed', 'pushed'), [(MAIN, MASTER), (MASTER, MAIN)])
def test_the_other_of_main_and_master_is_refused_with_the_commands_that_help(
    deployed: str, pushed: str
) -> None:
    why = wrong_branch(HELLO, [update('refs/tags/v1'), update(pushed)], deployed)
    short = deployed.removeprefix('refs/heads/'), pushed.removeprefix('refs/heads/')
    assert why
    assert f'"git push REMOTE 41ccc10ab12c:{short[0]}" deploys this' in why
    assert f'"deploy-branch set hello {short[1]}" changes it' in why
    assert len(why.encode()) < 200


@pytest.mark.parametrize(
    ('updates', 'deployed'),
    [
        ([update(MAIN)], None),
        ([update(MAIN)], MAIN),
        ([update(MAIN), update(MASTER)], MASTER),
        ([update(MAIN, NO_COMMIT)], MASTER),
        ([update('refs/heads/side'), update('refs/tags/main')], MASTER),
    ],
)
def test_what_is_meant_otherwise_is_taken(updates: list[RefUpdate], deployed: str | None) -> None:
    assert wrong_branch(HELLO, updates, deployed) is None


@pytest.mark.parametrize('deployed', [MASTER, None])
def test_the_command_that_deploys_names_a_commit_and_a_whole_ref(deployed: str | None) -> None:
    line = how_to_deploy(update('refs/tags/v1.0', Commit('a' * 40)), COMMIT, deployed)
    assert line.startswith('       The tag v1.0 is stored, not deployed. To deploy it: ')
    assert line.endswith(f'git push REMOTE 41ccc10ab12c:{deployed or MAIN}\n')
    assert 'The branch fix/#12 is stored' in how_to_deploy(update('refs/heads/fix/#12'), COMMIT, deployed)


def test_what_is_no_commit_cannot_be_deployed() -> None:
    assert (
        how_to_deploy(update('refs/tags/file'), NO_COMMIT, MAIN)
        == '       The tag file is stored, not deployed.\n'
    )
