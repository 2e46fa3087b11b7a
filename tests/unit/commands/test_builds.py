"""Builds and releases: what is listed, once more, back, and cancelled."""

import subprocess

import pytest

from gitreceive.commands.builds import cancel, find_build, list_builds, rebuild
from gitreceive.commands.releases import Back, list_releases, roll_back
from gitreceive.model.errors import BadCommand, UnknownApp
from gitreceive.model.operation import Deploy, Operation, Rollback
from gitreceive.repositories import git
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, MAIN, OTHER, SYSADMIN, Receiver


def numbers(receiver: Receiver, actor, app=None, limit: int = 20) -> list[int]:
    return [each.operation.number for each in list_builds(actor, app, limit, receiver.home, receiver.journal)]


def test_a_key_of_one_app_sees_its_newest_builds_however_busy_the_receiver_is(receiver: Receiver) -> None:
    mine = [receiver.push(HELLO, 1).number, receiver.push(HELLO, 2).number]
    for number in range(30):
        receiver.push(OTHER, number + 10)
    assert numbers(receiver, BOB) == mine[::-1]
    assert numbers(receiver, BOB, limit=1) == mine[:0:-1]
    assert len(numbers(receiver, SYSADMIN)) == 20
    assert numbers(receiver, SYSADMIN, HELLO) == mine[::-1]


def test_a_build_is_listed_with_the_release_that_it_made(receiver: Receiver) -> None:
    made = receiver.release()
    receiver.push(number=2)
    newest, older = list_builds(ANN, HELLO, 20, receiver.home, receiver.journal)
    assert newest.release is None
    assert older.release and older.release.version == made.version


def test_the_builds_of_an_app_that_is_not_theirs_are_not_shown(receiver: Receiver) -> None:
    number = receiver.push().number
    with pytest.raises(UnknownApp):
        list_builds(EVE, HELLO, 20, receiver.home, receiver.journal)
    with pytest.raises(UnknownApp):
        find_build(EVE, HELLO, number, receiver.home, receiver.journal)
    receiver.app(OTHER)
    with pytest.raises(BadCommand, match=f'other has no build {number}'):
        find_build(EVE, OTHER, number, receiver.home, receiver.journal)


def test_a_build_is_found_by_its_number_or_is_the_newest(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(BadCommand, match='hello has no build;'):
        find_build(ANN, HELLO, None, receiver.home, receiver.journal)
    first, second = receiver.push(number=1), receiver.push(number=2)
    assert find_build(ANN, HELLO, None, receiver.home, receiver.journal).number == second.number
    assert find_build(ANN, HELLO, first.number, receiver.home, receiver.journal).number == first.number


def commit(receiver: Receiver) -> str:
    repo = receiver.home.repo(receiver.app())
    tree = subprocess.run(
        ['git', '--git-dir', repo, 'mktree'], input=b'', capture_output=True, check=True
    ).stdout.decode()
    made = git(repo, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', '-m', 'x', tree.strip())
    found = made.stdout.decode().strip()
    assert git(repo, 'update-ref', MAIN, found).returncode == 0
    receiver.journal.apps.add(HELLO, MAIN)
    return found


def test_what_the_deploy_branch_names_is_built_once_more(receiver: Receiver) -> None:
    pushed = commit(receiver)
    again = rebuild(BOB, HELLO, True, receiver.home, receiver.journal, receiver.submit)
    assert receiver.submitted == [again]
    assert isinstance(again.request, Deploy)
    assert (again.commit, again.request.update.old, again.options) == (pushed, pushed, {'nocache'})
    assert again.actor.name == 'bob'


def test_what_was_never_pushed_cannot_be_built_again(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(BadCommand, match='push one'):
        rebuild(BOB, HELLO, False, receiver.home, receiver.journal, receiver.submit)
    with pytest.raises(UnknownApp):
        rebuild(EVE, HELLO, False, receiver.home, receiver.journal, receiver.submit)


def test_all_that_waits_or_runs_of_an_app_is_cancelled_and_nothing_else(receiver: Receiver) -> None:
    receiver.release(HELLO, 1)
    running = receiver.push(HELLO, 2)
    receiver.journal.operations.claim(builds=True, retries=False)
    waiting, others = receiver.push(HELLO, 3), receiver.push(OTHER, 4)
    ended: list[tuple[int, str]] = []

    def end(operation: Operation, actor) -> Operation:
        ended.append((operation.number, actor.name))
        return operation

    found = cancel(BOB, HELLO, receiver.home, receiver.journal, end)
    assert [each.number for each in found] == [running.number, waiting.number]
    assert ended == [(running.number, 'bob'), (waiting.number, 'bob')]
    with pytest.raises(UnknownApp):
        cancel(BOB, OTHER, receiver.home, receiver.journal, end)
    assert others.number not in dict(ended)


def test_releases_are_listed_newest_first(receiver: Receiver) -> None:
    for number in range(1, 4):
        receiver.release(HELLO, number)
    found = list_releases(BOB, HELLO, 2, receiver.home, receiver.journal.releases)
    assert [each.version for each in found] == [3, 2]
    with pytest.raises(UnknownApp):
        list_releases(EVE, HELLO, 2, receiver.home, receiver.journal.releases)


@pytest.mark.parametrize(('version', 'target'), [(None, 2), ('v1', 1), ('1', 1), ('v2', 2)])
def test_an_older_release_is_made_live_again(receiver: Receiver, version: str | None, target: int) -> None:
    for number in range(1, 4):
        receiver.release(HELLO, number)
    done = roll_back(BOB, HELLO, Back(version=version), receiver.home, receiver.journal, receiver.submit)
    assert done.request == Rollback(version=target, commit=f'{target:040x}')


@pytest.mark.parametrize(
    ('version', 'why'),
    [
        ('v3', 'v3 is what hello runs'),
        ('v9', 'no release'),
        ('x', 'no release'),
        ('v' + '9' * 30, 'no release'),
    ],
)
def test_there_is_no_way_back_to_what_never_was_or_is_live(
    receiver: Receiver, version: str, why: str
) -> None:
    for number in range(1, 4):
        receiver.release(HELLO, number)
    with pytest.raises(BadCommand, match=why):
        roll_back(BOB, HELLO, Back(version=version), receiver.home, receiver.journal, receiver.submit)
    assert receiver.submitted == []


def test_without_an_older_release_there_is_no_way_back(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(BadCommand, match='has no release yet'):
        roll_back(BOB, HELLO, Back(version=None), receiver.home, receiver.journal, receiver.submit)
    receiver.release()
    with pytest.raises(BadCommand, match='no release before v1'):
        roll_back(BOB, HELLO, Back(version=None), receiver.home, receiver.journal, receiver.submit)
