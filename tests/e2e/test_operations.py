"""Operations outlive what happens to the daemon, and versions of the receiver."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gitreceive.journal.operations import TWICE
from gitreceive.model.app import AppName
from gitreceive.model.operation import OperationState
from gitreceive.repositories import ensure_repository
from tests.e2e.receiver import Pusher, change, git, head, make_app
from tests.former_home import RELEASES, FormerHome
from tests.waiting import within


@pytest.fixture(scope='module')
def apart(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to a receiver whose processes nobody starts again."""
    return receivers(tmp_path_factory.mktemp('apart'), apart=True)


def test_a_build_that_kills_the_daemon_twice_fails_and_the_next_one_is_built(
    apart: Pusher, tmp_path: Path
) -> None:
    receiver, work = apart.receiver, make_app(tmp_path / 'work')
    receiver.start(GITRECEIVE_KILL_AT='plan.chosen')
    pushing = apart.start_push(work, 'poison')
    for _ in range(2):
        assert within(60, lambda: receiver.running['daemon'].poll() == -9)
        receiver.running['daemon'] = receiver._start('daemon', {'GITRECEIVE_KILL_AT': 'plan.chosen'})
    pushed = pushing.end()
    assert pushed.status == 1
    assert any(TWICE in line for line in pushed.lines), pushed.lines
    assert [(each.state, each.attempt) for each in receiver.settled('poison')] == [(OperationState.FAILED, 2)]
    assert receiver.ref('poison') is None
    receiver.running['daemon'].terminate()
    receiver.running['daemon'].wait(20)
    receiver.start()
    assert apart.push(work, 'poison').json['release'] == 1


def test_what_kept_releases_were_built_from_can_be_fetched_and_not_pushed(
    apart: Pusher, tmp_path: Path
) -> None:
    apart.receiver.start()
    work = make_app(tmp_path / 'work')
    assert apart.push(work, 'kept').status == 0
    first = head(work)
    change(work, {'file': b'second'})
    git(work, 'reset', '--quiet', '--soft', first)
    git(work, 'commit', '--quiet', '--amend', '-m', 'rewritten')
    assert apart.push(work, 'kept', '--force', 'main').status == 0
    assert apart.receiver.ref('kept', 'refs/releases/v1') == first
    assert apart.receiver.ref('kept', 'refs/releases/v2') == head(work)
    refused = apart.push(work, 'kept', 'main:refs/releases/v9')
    assert refused.status == 1
    assert apart.receiver.ref('kept', 'refs/releases/v9') is None


def test_a_home_of_the_version_before_goes_on_where_it_is(
    receivers: Callable[..., Pusher], tmp_path: Path
) -> None:
    former = FormerHome(tmp_path / 'former' / 'home')
    app = AppName('hello')
    ensure_repository(former.home.repo(app))
    ann = receivers(tmp_path / 'former')
    ann.receiver.start()
    listed = ann.ssh('releases', app, '--json', '--limit', '100')
    assert [each['version'] for each in json.loads(listed.out)] == list(range(RELEASES, 0, -1))
    verified = ann.receiver.host('slug', 'verify', app)
    assert verified.status == 0, verified.out
    rolled = ann.ssh('rollback', app, 'v25')
    assert rolled.status == 0, rolled.out
    assert ann.receiver.releases(app)[-1].slug == ann.receiver.releases(app)[24].slug
    work = make_app(tmp_path / 'work')
    pushed = ann.push(work, app, '--force', 'main')
    assert pushed.json['release'] == RELEASES + 2, pushed.err
    assert former.home.history_db.exists()


def test_a_destroyed_app_leaves_nothing(apart: Pusher, tmp_path: Path) -> None:
    receiver, work = apart.receiver, make_app(tmp_path / 'work')
    receiver.start()
    assert apart.push(work, 'gone').status == 0
    unsure = receiver.host('apps', 'destroy', 'gone')
    assert unsure.status != 0 and receiver.ref('gone') == head(work)
    done = receiver.host('apps', 'destroy', 'gone', '--confirm', 'gone')
    assert done.status == 0, done.out + done.err
    assert not receiver.home.repo(AppName('gone')).exists()
    assert not list((receiver.home.root / 'slugs' / 'gone').rglob('*.*'))
    assert apart.push(work, 'gone').json['release'] == 1
