"""An older release live again, and what cannot be."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gitreceive.model.operation import OperationState
from tests.e2e.receiver import Pusher, Receiver, change, git, head, make_app
from tests.waiting import within

KEPT = 3
_numbers = count(1)


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to a receiver that keeps few slugs."""
    pusher = receivers(tmp_path_factory.mktemp('rollback'), GITRECEIVE_STORAGE_KEEP_RELEASES=str(KEPT))
    pusher.receiver.start()
    return pusher


@pytest.fixture
def work(ann: Pusher, tmp_path: Path) -> Path:
    """An app, named after its directory, that has been released twice, the second time with another config var."""
    name = f'app-{next(_numbers)}'
    work = make_app(tmp_path / name, {'code': b'one\n'})
    assert ann.push(work, name).status == 0
    assert ann.ssh('config', name, 'COLOUR=blue').status == 0
    change(work, {'code': b'two\n'})
    assert ann.push(work, name).status == 0
    return work


def objects(receiver: Receiver, app: str) -> Path:
    return receiver.home.root / 'slugs' / app


def test_the_release_before_is_live_again_with_its_slug_its_config_and_its_commit(
    ann: Pusher, work: Path
) -> None:
    receiver, app = ann.receiver, work.name
    done = ann.ssh('rollback', app)
    assert done.status == 0, done.out + done.err
    assert f'Rolling {app} back to v1' in done.out
    first, second, third = receiver.releases(app)
    assert (third.version, third.slug, third.commit) == (3, first.slug, first.commit)
    assert (third.processes, third.versions) == (first.processes, first.versions)
    assert receiver.journal().releases.config(third) == {}
    assert third.actor.name == 'ann'
    assert receiver.ref(app) == first.commit
    assert receiver.slug(first).stat().st_size == first.slug.size
    assert receiver.host('slug', 'verify', app).status == 0
    assert receiver.leftovers() == []
    change(work, {'code': b'three\n'})
    assert ann.push(work, app).json['release'] == 4
    assert receiver.releases(app)[-1].commit == head(work) == receiver.ref(app)
    again = ann.ssh('rollback', app, 'v2')
    assert again.status == 0, again.out
    assert receiver.releases(app)[-1].slug == second.slug


@pytest.mark.parametrize('damage', ['changed', 'gone'])
def test_a_slug_that_is_not_as_it_was_stored_is_not_released(ann: Pusher, work: Path, damage: str) -> None:
    receiver, app = ann.receiver, work.name
    first, second = receiver.releases(app)
    facts = json.loads((objects(receiver, app) / f'{first.slug.sha256}.json').read_text())
    later = json.loads((objects(receiver, app) / f'{second.slug.sha256}.json').read_text())
    own = next(each for each in facts['members'] if each not in later['members'])
    member = objects(receiver, app) / 'members' / f'{own["sha256"]}.gz'
    if damage == 'gone':
        member.unlink()
    else:
        content = bytearray(member.read_bytes())
        content[20] ^= 1
        member.write_bytes(content)
    done = ann.ssh('rollback', app, 'v1')
    assert done.status == 1
    assert 'Rollback to v1 failed: cannot roll back to v1' in done.out
    assert ('was changed in storage' if damage == 'changed' else 'its slug was pruned') in done.out
    assert f'{app} still runs v2' in done.out
    assert 'set back' not in done.out
    assert len(receiver.releases(app)) == 2
    assert receiver.ref(app) == second.commit
    assert receiver.builds(app)[-1].state == OperationState.FAILED


def test_what_is_no_older_release_is_refused_before_anything_is_done(ann: Pusher, work: Path) -> None:
    receiver, app = ann.receiver, work.name
    for version, told in (
        ('v2', 'is what'),
        ('v9', "has no release 'v9'"),
        ('HEAD', "has no release 'HEAD'"),
    ):
        done = ann.ssh('rollback', app, version)
        assert done.status == 1
        assert told in done.err
    assert len(receiver.builds(app)) == 2
    pushed = ann.push(work, app, '-o', 'rollback=1', 'main', 'main:other')
    assert pushed.status == 1
    assert 'unknown push option' in pushed.err


def test_a_release_whose_slug_is_not_kept_is_told_as_that(ann: Pusher, work: Path) -> None:
    receiver, app = ann.receiver, work.name
    for number in range(KEPT):
        change(work, {'code': b'%d' % number})
        assert ann.push(work, app).status == 0
    assert receiver.host('gc').status == 0
    done = ann.ssh('rollback', app, 'v1')
    assert done.status == 1
    assert 'its slug was pruned' in done.out
    assert 'keep_releases' in done.out


def test_a_rollback_comes_after_what_waits_to_be_built(ann: Pusher, work: Path) -> None:
    receiver, app = ann.receiver, work.name
    first = receiver.releases(app)[0]
    change(
        work,
        {
            'Procfile': b'web: true\n',
            'bin/detect': b'#!/bin/sh\necho x\n',
            'bin/compile': b'#!/bin/sh\nsleep 4\n',
        },
    )
    git(work, 'update-index', '--chmod=+x', 'bin/detect', 'bin/compile')
    git(work, 'commit', '--quiet', '--amend', '--no-edit')
    assert ann.push(work, app, '-o', 'detach', 'main').status == 0
    change(work, {'code': b'waits\n'})
    assert ann.push(work, app, '-o', 'detach', 'main').status == 0
    done = ann.ssh('rollback', app, 'v1')
    assert done.status == 0, done.out
    states = [build.state for build in receiver.settled(app)]
    assert states[-3::2] == [OperationState.SUCCEEDED] * 2
    assert states[-2] is not OperationState.SUPERSEDED
    assert receiver.releases(app)[-1].slug == first.slug
    assert within(30, lambda: receiver.ref(app) == first.commit)
