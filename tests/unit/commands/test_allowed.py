"""Paths where what looks secret may stand."""

import pytest

from gitreceive.commands.allowed import MAX_PATHS, allowed_paths, change_allowed_paths
from gitreceive.model.errors import BadCommand, UnknownApp
from tests.unit.commands.conftest import BOB, EVE, HELLO, Receiver


def change(receiver: Receiver, added: list[str], removed: list[str]) -> list[str]:
    return change_allowed_paths(BOB, receiver.app(), added, removed, receiver.home, receiver.journal.apps)


def test_paths_are_added_listed_and_removed(receiver: Receiver) -> None:
    assert change(receiver, ['/app/src/b/', '/app/src/a.pem'], []) == ['/app/src/a.pem', '/app/src/b']
    assert change(receiver, [], ['/app/src/b']) == ['/app/src/a.pem']
    assert allowed_paths(BOB, HELLO, receiver.home, receiver.journal.apps) == ['/app/src/a.pem']


@pytest.mark.parametrize(
    'path', ['/etc/passwd', '/app/', '/app/../etc', '/app//x', 'src/key', '/app/./x', '/app/' + 'x' * 2000]
)
def test_what_is_no_path_of_a_slug_is_refused(receiver: Receiver, path: str) -> None:
    with pytest.raises(BadCommand):
        change(receiver, ['/app/ok', path], [])
    assert allowed_paths(BOB, HELLO, receiver.home, receiver.journal.apps) == []


def test_there_are_only_so_many(receiver: Receiver) -> None:
    change(receiver, [f'/app/{number}' for number in range(MAX_PATHS)], [])
    with pytest.raises(BadCommand, match='at most'):
        change(receiver, ['/app/more'], [])


def test_another_apps_paths_are_not_shown(receiver: Receiver) -> None:
    receiver.app()
    with pytest.raises(UnknownApp):
        allowed_paths(EVE, HELLO, receiver.home, receiver.journal.apps)
