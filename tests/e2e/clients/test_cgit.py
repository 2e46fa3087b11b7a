"""What C git's own options make of a failed build: ``--porcelain``, ``--atomic``, ``--force-with-lease``, several refs."""

from pathlib import Path

import pytest

from tests.e2e.clients.cgit import CGit, porcelain
from tests.e2e.clients.client import REMOTE, add_remote, tracked
from tests.e2e.receiver import Pusher, change, git, head, make_app

FAILS = {'Procfile': b'nonsense\n'}
"""A commit that fails before anything is built."""

MAIN, SIDE, TAG = 'refs/heads/main', 'refs/heads/side', 'refs/tags/v1'


@pytest.fixture
def work(ann: Pusher, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A working directory whose app has a release."""
    work = add_remote(ann, make_app(tmp_path / 'work'), app_of(request))
    assert CGit().push(ann, work, [f'{MAIN}:{MAIN}']).ok
    return work


@pytest.fixture
def app(request: pytest.FixtureRequest) -> str:
    """The name of the test's own app."""
    return app_of(request)


def app_of(request: pytest.FixtureRequest) -> str:
    return request.node.name.removeprefix('test_').replace('_', '-')[:30].strip('-')


def both(ref: str) -> str:
    return f'{ref}:{ref}'


def test_force_with_lease_works_after_a_failed_build(ann: Pusher, work: Path, app: str) -> None:
    good = head(work)
    change(work, FAILS)
    assert not CGit().push(ann, work, [both(MAIN)]).ok
    git(work, 'reset', '-q', '--hard', good)
    git(work, 'commit', '-q', '--amend', '--allow-empty', '-m', 'written anew')
    done = CGit().run(ann, work, 'push', '--porcelain', '--force-with-lease', REMOTE, 'main')
    assert done.status == 0, done.out + done.err
    assert tracked(work) == head(work) == ann.receiver.ref(app)


def test_of_several_refs_only_the_deploy_branch_is_rejected(ann: Pusher, work: Path, app: str) -> None:
    good = head(work)
    change(work, FAILS)
    git(work, 'tag', 'v1')
    report = CGit().push(ann, work, [both(MAIN), f'{MAIN}:{SIDE}', both(TAG)])
    assert not report.ok
    assert report.refs[MAIN]
    assert (report.refs[SIDE], report.refs[TAG]) == ('', '')
    assert (tracked(work), tracked(work, 'side')) == (good, head(work))
    assert ann.receiver.ref(app) == good
    assert ann.receiver.ref(app, SIDE) == ann.receiver.ref(app, TAG) == head(work)


def test_an_atomic_push_whose_build_fails_moves_no_ref_at_all(ann: Pusher, work: Path, app: str) -> None:
    good = head(work)
    change(work, FAILS)
    git(work, 'tag', 'v1')
    done = CGit().run(
        ann, work, 'push', '--porcelain', '--atomic', REMOTE, both(MAIN), f'{MAIN}:{SIDE}', both(TAG)
    )
    assert done.status != 0
    assert all(porcelain(done.out).get(ref) for ref in (MAIN, SIDE, TAG)), done.out
    assert (tracked(work), tracked(work, 'side')) == (good, None)
    assert ann.receiver.ref(app) == good
    assert (ann.receiver.ref(app, SIDE), ann.receiver.ref(app, TAG)) == (None, None)


def test_an_atomic_push_whose_build_succeeds_moves_all_of_its_refs(ann: Pusher, work: Path, app: str) -> None:
    change(work, {'file': b'new'})
    done = CGit().run(ann, work, 'push', '--porcelain', '--atomic', REMOTE, both(MAIN), f'{MAIN}:{SIDE}')
    assert done.status == 0, done.out + done.err
    assert ann.receiver.ref(app) == ann.receiver.ref(app, SIDE) == head(work)


def test_a_detached_push_is_taken_with_the_number_of_its_build(ann: Pusher, work: Path, app: str) -> None:
    change(work, {'Dockerfile': b'FROM gitreceive/cedar:12-build\nRUN sleep 2; exit 3\n'})
    report = CGit().push(ann, work, [both(MAIN)], ['detach'])
    assert report.ok, report
    number = ann.receiver.builds(app)[-1].number
    assert f'{number}' in report.said
    assert ann.receiver.settled(app)[-1].state == 'failed'
