"""What the hooks and the SSH server hear about a push, from its announcement to its end."""

import threading
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.commands.plan import Plans
from gitreceive.daemon.intake import Intake
from gitreceive.daemon.pushes import Pushes
from gitreceive.daemon.socket import Answering
from gitreceive.grammar.wire import End
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import AccessDenied, BadCommand
from gitreceive.model.operation import Operation, OperationState, Rename
from gitreceive.model.push import NO_COMMIT, Commit
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome

SIDE = 'refs/heads/side'


@pytest.fixture
def pushes(here: ReceiverHome) -> Pushes:
    return Pushes(
        journal=here.journal,
        queue=here.queue,
        intake=Intake(here.journal, here.queue, here.positions, here.home),
        plans=cast(Plans, SimpleNamespace()),
        follower=here.follower,
        home=here.home,
        refuse=lambda request, branch: 'the disk is full' if 'full' in request.options else None,
    )


def fields(*updates: str, session: str = 'word', told: int = 0, options: tuple[str, ...] = ()) -> list[str]:
    return ['hello', 'SHA256:k', session, str(told), str(len(options)), *options, *updates]


def update(new: Commit, ref: str = MAIN, old: Commit = NO_COMMIT) -> str:
    return f'{old} {new} {ref}'


def heard(answering: Answering) -> tuple[str, End]:
    """The text of an answer, and its end."""
    text = b''
    try:
        while True:
            text += next(answering)
    except StopIteration as stop:
        assert isinstance(stop.value, End)
        return text.decode(), stop.value


def ask(pushes: Pushes, *updates: str, **how: object) -> tuple[str, End]:
    """post-receive's question."""
    return heard(pushes.push(fields(*updates, **how), ANN, lambda _: None))  # type: ignore[arg-type]


def soon(here: ReceiverHome, operation: Operation, state: OperationState, cause: str) -> None:
    """Lets a worker end the operation in a moment."""

    def end() -> None:
        here.journal.operations.finish(operation.number, state, cause)
        here.queue.ring()

    threading.Timer(0.2, end).start()


def only(here: ReceiverHome) -> Operation:
    [operation] = [*here.journal.operations.announced(), *here.journal.operations.active()]
    return operation


def announced(here: ReceiverHome, pushes: Pushes, commit: Commit) -> Operation:
    """A push of the deploy branch that pre-receive has announced."""
    heard(pushes.announce(fields(update(commit)), ANN))
    return only(here)


def test_a_push_is_journaled_before_its_ref_moves_and_its_deploy_branch_is_named(
    here: ReceiverHome, pushes: Pushes
) -> None:
    commit = here.commit()
    assert heard(pushes.announce(fields(update(commit, SIDE), update(commit)), ANN)) == ('', End(0, MAIN))
    assert (only(here).state, only(here).commit) == (OperationState.ANNOUNCED, commit)
    assert heard(pushes.announce(fields(update(commit)), ANN)) == ('', End(0, MAIN)), 'asked again'
    assert len(here.journal.operations.announced()) == 1


def test_a_push_that_deploys_nothing_announces_nothing(here: ReceiverHome, pushes: Pushes) -> None:
    commit = here.commit()
    assert heard(pushes.announce(fields(update(commit, SIDE)), ANN)) == ('', End(0, ''))
    assert here.journal.operations.announced() == []
    text, end = ask(pushes, update(commit, SIDE))
    assert 'is stored, not deployed' in text
    assert end == End(0)
    assert heard(pushes.outcome(['hello', 'SHA256:k', 'word'], ANN)) == ('', End(0))


def test_a_refused_push_has_its_cause_and_leaves_nothing(here: ReceiverHome, pushes: Pushes) -> None:
    text, end = heard(pushes.announce(fields(update(here.commit()), options=('full',)), ANN))
    assert (text, end) == (' !     the disk is full\n', End(1, 'the disk is full'))
    assert here.journal.operations.announced() == []


def test_what_was_announced_is_queued_followed_and_told_with_its_cause(
    here: ReceiverHome, pushes: Pushes
) -> None:
    commit = here.commit()
    operation = announced(here, pushes, commit)
    with here.logs.open(operation.number) as log:
        log.step('Building')
    soon(here, operation, OperationState.FAILED, '"npm ci" failed (exit 1)')
    text, end = ask(pushes, update(commit))
    assert text.startswith('-----> Building\n')
    assert f'!     Build {operation.number} failed: "npm ci" failed (exit 1)' in text
    assert end == End(1, f'build {operation.number} failed: "npm ci" failed (exit 1)')
    assert here.journal.operations.of(HELLO) != []


def test_a_hook_that_asks_again_hears_the_rest_and_starts_nothing_new(
    here: ReceiverHome, pushes: Pushes
) -> None:
    commit = here.commit()
    operation = announced(here, pushes, commit)
    with here.logs.open(operation.number) as log:
        log.step('Building')
        log.step('Packing')
    soon(here, operation, OperationState.CANCELLED, 'cancelled by bob')
    lines = ask(pushes, update(commit, SIDE), update(commit))[0]
    again, end = ask(pushes, update(commit, SIDE), update(commit), told=lines.index('-----> Packing'))
    assert again.startswith('-----> Packing\n')
    assert end == End(1, f'build {operation.number} was cancelled by bob')
    assert [each.number for each in here.journal.operations.of(HELLO)] == [operation.number]


def test_a_push_whose_announcement_was_lost_is_journaled_when_its_ref_has_moved(
    here: ReceiverHome, pushes: Pushes
) -> None:
    commit = here.commit()
    text, end = ask(pushes, update(commit), options=('detach',))
    assert (end, only(here).state) == (End(0), OperationState.QUEUED)
    assert f'Build {only(here).number} is queued' in text


def test_without_a_verdict_the_refs_say_what_becomes_of_a_push(here: ReceiverHome, pushes: Pushes) -> None:
    commit = here.commit()
    operation = announced(here, pushes, commit)
    here.move(here.update(commit))
    soon(here, operation, OperationState.FAILED, 'no')
    text, end = heard(pushes.outcome(['hello', 'SHA256:k', 'word'], ANN))
    assert f'Waiting for the end of build {operation.number}' in text
    assert text.count('failed: no') == 1
    assert end == End(1, f'build {operation.number} failed: no')


def test_what_git_did_not_move_is_forgotten(here: ReceiverHome, pushes: Pushes) -> None:
    heard(pushes.announce(fields(update(here.commit())), ANN))
    assert heard(pushes.outcome(['hello', 'SHA256:k', 'word'], ANN)) == ('', End(0))
    assert here.journal.operations.announced() == []


def test_what_git_moved_none_but_other_refs_of_is_forgotten_at_once(
    here: ReceiverHome, pushes: Pushes
) -> None:
    commit = here.commit()
    heard(pushes.announce(fields(update(commit), update(commit, SIDE)), ANN))
    text, end = ask(pushes, update(commit, SIDE))
    assert 'is stored, not deployed' in text
    assert end == End(0)
    assert here.journal.operations.announced() == []


def test_a_push_of_what_is_being_built_follows_that(here: ReceiverHome, pushes: Pushes) -> None:
    commit = here.commit()
    assert heard(pushes.inflight(['hello', 'SHA256:k'], ANN)) == ('', End(0))
    operation = announced(here, pushes, commit)
    here.move(here.update(commit))
    soon(here, operation, OperationState.FAILED, 'no')
    text, end = heard(pushes.inflight(['hello', 'SHA256:k'], ANN))
    assert f'Build {operation.number} works on this commit' in text
    assert end.status == 1
    assert heard(pushes.inflight(['hello', 'SHA256:k'], ANN)) == ('', End(0)), 'that is over'


def test_a_daemon_that_ends_lets_its_asker_ask_again(here: ReceiverHome, pushes: Pushes) -> None:
    commit = here.commit()
    heard(pushes.announce(fields(update(commit)), ANN))
    threading.Timer(0.2, here.queue.close).start()
    assert ask(pushes, update(commit))[1].status == 75


def test_a_key_that_may_not_push_here_hears_nothing(here: ReceiverHome, pushes: Pushes) -> None:
    bob = Actor(name='bob', key='SHA256:b', apps=frozenset({'other'}))
    for answering in (
        pushes.announce(fields(update(here.commit())), bob),
        pushes.push(fields(), bob, lambda _: None),
        pushes.outcome(['hello', 'SHA256:b', 'word'], bob),
        pushes.inflight(['hello', 'SHA256:b'], bob),
    ):
        with pytest.raises(AccessDenied):
            heard(answering)


@pytest.mark.parametrize(
    'bad', [[], ['hello', 'k', 's', '0', 'x'], ['hello', 'k', 's', '0', '0', 'no update']]
)
def test_what_no_hook_sends_is_refused(pushes: Pushes, bad: list[str]) -> None:
    with pytest.raises(BadCommand):
        heard(pushes.announce(bad, ANN))


def test_a_push_to_a_locked_app_is_refused_with_the_reason_before_any_ref_moves(
    here: ReceiverHome, pushes: Pushes
) -> None:
    here.journal.apps.lock(HELLO, 'black friday (ann)', by='ann')
    _, end = heard(pushes.announce(fields(update(Commit('1' * 40))), ANN))
    assert (end.status, end.cause) == (
        1,
        'hello is locked: black friday (ann); "apps unlock hello" ends that',
    )
    assert here.journal.operations.announced() == []
    _, end = heard(pushes.announce(fields(update(Commit('1' * 40)), options=('plan',)), ANN))
    assert end.status == 0, 'a plan changes nothing'


def test_nothing_is_pushed_to_an_app_that_is_being_renamed(here: ReceiverHome, pushes: Pushes) -> None:
    world = AppName('world')
    for source, to in ((HELLO, world), (world, HELLO)):
        operation = here.journal.operations.submit(source, Rename(source=source, to=to), ANN)
        _, end = heard(pushes.announce(fields(update(Commit('1' * 40))), ANN))
        assert (end.status, end.cause) == (1, f'{source} is being renamed to {to}; push to {to} in a moment')
        here.journal.operations.finish(operation.number, OperationState.CANCELLED, 'by the test')
    assert here.journal.operations.announced() == []
