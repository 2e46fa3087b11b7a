"""One release is shown, an older one made live again, and one of another app released."""

import pytest

from gitreceive.commands.releases import Back, Promoted, promote, roll_back, show_release
from gitreceive.model.errors import BadCommand, UnknownApp
from gitreceive.model.operation import Promote, Rollback
from gitreceive.model.slug import StoredSlug
from tests.releases import release_of
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, OTHER, Receiver


def failed(receiver: Receiver, number: int):
    """A release that did not come up."""
    receiver.push(HELLO, number)
    operation = receiver.journal.operations.claim(builds=True, retries=False)
    assert operation
    slug = StoredSlug(sha256=f'{number:064x}', size=1)
    made = receiver.journal.releases.create(operation, release_of(operation, slug), {})
    receiver.journal.releases.fail(made)
    receiver.journal.operations.finish(operation.number, operation.state.FAILED, 'did not come up')
    return made


def test_one_release_is_shown_with_its_config_vars(receiver: Receiver) -> None:
    receiver.push()
    operation = receiver.journal.operations.claim(builds=True, retries=False)
    assert operation
    made = receiver.journal.releases.record(
        operation, release_of(operation, StoredSlug(sha256='a' * 64, size=1)), {'B': '1', 'A': '2'}
    )
    for version in ('v1', '1'):
        found = show_release(BOB, HELLO, version, receiver.home, receiver.journal.releases)
        assert (found.release, list(found.config)) == (made, ['A', 'B'])
    with pytest.raises(BadCommand, match="no release 'v2'"):
        show_release(BOB, HELLO, 'v2', receiver.home, receiver.journal.releases)
    with pytest.raises(UnknownApp):
        show_release(EVE, HELLO, 'v1', receiver.home, receiver.journal.releases)


def test_the_way_back_passes_over_what_never_came_up(receiver: Receiver) -> None:
    receiver.release(number=1)
    failed(receiver, 2)
    receiver.release(number=3)
    target = Back(version=None, code_only=True)
    done = roll_back(BOB, HELLO, target, receiver.home, receiver.journal, receiver.submit)
    assert done.request == Rollback(version=1, commit=f'{1:040x}', code_only=True)
    with pytest.raises(BadCommand, match='v2 was never live'):
        roll_back(BOB, HELLO, Back(version='v2'), receiver.home, receiver.journal, receiver.submit)


def test_what_another_app_runs_is_promoted(receiver: Receiver) -> None:
    receiver.release(HELLO, 1)
    receiver.release(HELLO, 2)
    receiver.app(OTHER)

    def promoted(version: str | None = None):
        origin = Promoted(app=HELLO, version=version)
        return promote(ANN, origin, OTHER, receiver.home, receiver.journal, receiver.submit)

    done = promoted()
    assert (done.app, done.request) == (OTHER, Promote(source=HELLO, version=2, commit=f'{2:040x}'))
    assert promoted('v1').request == Promote(source=HELLO, version=1, commit=f'{1:040x}')
    with pytest.raises(BadCommand, match="hello has no release 'v7'"):
        promoted('v7')
    failed(receiver, 3)
    with pytest.raises(BadCommand, match='v3 was never live'):
        promoted('v3')


@pytest.mark.parametrize(('actor', 'source', 'target'), [(BOB, HELLO, OTHER), (EVE, HELLO, OTHER)])
def test_both_apps_have_to_be_reached(receiver: Receiver, actor, source, target) -> None:
    receiver.release(source, 1)
    receiver.release(target, 2)
    with pytest.raises(UnknownApp):
        promote(actor, Promoted(app=source), target, receiver.home, receiver.journal, receiver.submit)
    assert receiver.submitted == []


def test_there_is_nothing_to_promote_without_a_release_or_to_itself(receiver: Receiver) -> None:
    receiver.app(HELLO)
    receiver.app(OTHER)
    with pytest.raises(BadCommand, match='hello has no release yet'):
        promote(ANN, Promoted(app=HELLO), OTHER, receiver.home, receiver.journal, receiver.submit)
    with pytest.raises(BadCommand, match='cannot be promoted to itself'):
        promote(ANN, Promoted(app=HELLO), HELLO, receiver.home, receiver.journal, receiver.submit)
