"""``kill -9`` at every named point, and what is there after the restart."""

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.operation import OperationState
from gitreceive.points import POINTS
from tests.e2e.receiver import Pusher, Pushing, change, head, make_app
from tests.waiting import within

_numbers = count(1)

SAID = ('Building', 'app detected', 'Discovering process types', 'Packing the slug', 'Releasing')
"""What a push prints at the beginning of each stage."""

ON_FAILURE = ('build.failed', 'ref.moved_back')
"""The points that only a failing build passes."""


ON_PLAN = ('plan.received',)
"""The point that only a push with "-o plan" passes."""

QUICK = ('push.announced', 'image.built', 'slug.stored', 'release.live', 'Building', 'Releasing')
"""Where something dies in each run of the tests; the slow ones have all the others."""

AFTERWARDS = ('document.stored',)
"""What is passed after the release of this push, or of an earlier one."""


NOT_PASSED = (*ON_PLAN, *ON_FAILURE, *AFTERWARDS)
"""What a push that is released does not pass here, or passes late."""


def quick_or_slow(*names: str) -> list[object]:
    """The names as parameters."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in names]


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to a receiver whose daemon and SSH server are processes without a supervisor."""
    return receivers(tmp_path_factory.mktemp('apart'), apart=True)


def killed_at(ann: Pusher, point: str, work: Path, app: str, *words: str) -> Pushing:
    """A push whose daemon dies at ``point`` and is not there any more."""
    receiver = ann.receiver
    if 'daemon' in receiver.running and receiver.running['daemon'].poll() is None:
        receiver.running['daemon'].terminate()
        receiver.running['daemon'].wait(20)
    receiver.start(GITRECEIVE_KILL_AT=point)
    pushing = ann.start_push(work, app, *words)
    assert within(60, lambda: receiver.running['daemon'].poll() is not None), pushing.said
    assert receiver.running['daemon'].wait() == -9
    return pushing


@pytest.mark.parametrize('point', quick_or_slow(*(each for each in POINTS if each not in NOT_PASSED)))
@pytest.mark.parametrize('pushes', [pytest.param('first', marks=pytest.mark.slow), 'second'])
def test_a_push_survives_the_daemons_death(ann: Pusher, tmp_path: Path, point: str, pushes: str) -> None:
    app, receiver = f'kill-{next(_numbers)}', ann.receiver
    work = make_app(tmp_path / 'work')
    if pushes == 'second':
        receiver.start()
        assert ann.push(work, app).status == 0
        change(work, {'file': b'second'})
    before = len(receiver.releases(app)) if receiver.home.journal_db.exists() else 0
    pushing = killed_at(ann, point, work, app)
    receiver.start()
    pushed = pushing.end()
    assert within(30, lambda: len(receiver.builds(app)) > before)
    builds = receiver.settled(app)
    assert [build.state for build in builds][before:] == [OperationState.SUCCEEDED]
    releases = receiver.releases(app)
    assert len(releases) == before + 1
    assert releases[-1].commit == head(work) == receiver.ref(app)
    assert receiver.leftovers() == []
    assert pushed.status == 0, pushed.err
    assert pushed.json['release'] == before + 1
    assert ann.push(work, app).status == 0
    change(work, {'file': b'next'})
    assert ann.push(work, app).json['release'] == before + 2


@pytest.mark.parametrize('point', ['build.started', 'slug.stored', 'release.live'])
def test_a_rollback_survives_the_daemons_death(ann: Pusher, tmp_path: Path, point: str) -> None:
    app, receiver = f'kill-{next(_numbers)}', ann.receiver
    work = make_app(tmp_path / 'work')
    receiver.start()
    for content in (b'second', b'third'):
        assert ann.push(work, app).status == 0
        change(work, {'file': content})
    receiver.running['daemon'].terminate()
    receiver.running['daemon'].wait(20)
    receiver.start(GITRECEIVE_KILL_AT=point)
    ann.ssh('rollback', app)
    assert within(30, lambda: receiver.running['daemon'].poll() == -9)
    receiver.start()
    assert [build.state for build in receiver.settled(app)] == [OperationState.SUCCEEDED] * 3
    first, _, third = receiver.releases(app)
    assert (third.slug, third.commit) == (first.slug, first.commit)
    assert within(30, lambda: receiver.ref(app) == first.commit)
    assert receiver.leftovers() == []


@pytest.mark.parametrize('point', ON_PLAN)
def test_a_push_that_only_plans_is_not_built_after_the_daemons_death(
    ann: Pusher, tmp_path: Path, point: str
) -> None:
    app, receiver = f'kill-{next(_numbers)}', ann.receiver
    work = make_app(tmp_path / 'work')
    pushing = killed_at(ann, point, work, app, '-o', 'plan', 'main', 'main:other')
    receiver.start()
    pushed = pushing.end()
    assert pushed.status == 1
    assert not any('built once it is back' in line for line in pushed.lines)
    refs = (app,), (app, 'refs/heads/other')
    assert within(30, lambda: [receiver.ref(*names) for names in refs] == [None, None])
    assert receiver.builds(app) == []
    assert ann.push(work, app).json['release'] == 1


@pytest.mark.parametrize('point', ('release.live', *AFTERWARDS))
def test_what_follows_a_release_is_made_after_the_daemons_death(
    receivers: Callable[..., Pusher], tmp_path: Path, point: str
) -> None:
    ann = receivers(tmp_path / 'receiver', apart=True)
    pushing = killed_at(ann, point, make_app(tmp_path / 'work'), 'hello')
    slugs, sha256 = ann.receiver.home.root / 'slugs' / 'hello', ann.receiver.releases('hello')[0].slug.sha256
    made = [kind for kind in ('sbom', 'provenance') if (slugs / f'{sha256}.{kind}.json').exists()]
    assert made == (['sbom'] if point in AFTERWARDS else [])
    ann.receiver.start()
    assert pushing.end().status == 0
    assert within(30, (slugs / f'{sha256}.provenance.json').exists)
    assert (slugs / f'{sha256}.sbom.json').exists()
    assert ann.receiver.leftovers() == []


@pytest.mark.parametrize('point', ON_FAILURE)
def test_a_failure_survives_the_daemons_death(ann: Pusher, tmp_path: Path, point: str) -> None:
    app, receiver = f'kill-{next(_numbers)}', ann.receiver
    work = make_app(tmp_path / 'work')
    receiver.start()
    ann.push(work, app)
    good = head(work)
    change(work, {'Procfile': b'nonsense\n'})
    pushing = killed_at(ann, point, work, app)
    receiver.start()
    pushed = pushing.end()
    assert pushed.status == 1
    assert [build.state for build in receiver.settled(app)] == [
        OperationState.SUCCEEDED,
        OperationState.FAILED,
    ]
    assert receiver.ref(app) == good
    assert len(receiver.releases(app)) == 1
    assert receiver.leftovers() == []
    assert ann.push(work, app).status == 1


@pytest.mark.parametrize('said', quick_or_slow(*SAID))
def test_a_build_survives_the_ssh_servers_death(ann: Pusher, tmp_path: Path, said: str) -> None:
    app, receiver = f'sshd-{next(_numbers)}', ann.receiver
    work = make_app(tmp_path / 'work')
    receiver.start()
    pushing = ann.start_push(work, app)
    pushing.wait_for(said)
    receiver.kill('sshd')
    pushing.end()
    receiver.start()
    assert [build.state for build in receiver.settled(app)] == [OperationState.SUCCEEDED]
    assert receiver.ref(app) == head(work)
    assert receiver.leftovers() == []
    change(work, {'file': b'next'})
    assert ann.push(work, app).json['release'] == 2


def test_the_ssh_servers_death_in_mid_transfer_leaves_nothing_and_the_same_push_works(
    ann: Pusher, tmp_path: Path
) -> None:
    app, receiver = f'sshd-{next(_numbers)}', ann.receiver
    work = make_app(tmp_path / 'work', {'blob': os.urandom(100_000_000)})
    receiver.start()
    pushing = ann.start_push(work, app)
    repo = receiver.home.repo(AppName(app))
    assert within(30, lambda: sum(file.stat().st_size for file in repo.glob('objects/*incoming*/pack/*')))
    receiver.kill('sshd')
    assert pushing.end().status != 0
    receiver.start()
    assert receiver.ref(app) is None
    assert within(30, lambda: receiver.leftovers() == []), receiver.leftovers()
    assert ann.push(work, app).json['release'] == 1
