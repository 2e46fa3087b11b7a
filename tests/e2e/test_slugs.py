"""What a push did not change is neither packed nor stored again; every release can be had whole at any time."""

import hashlib
import json
from pathlib import Path

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.release import Release
from gitreceive.slugs.lock import removing
from tests.e2e.receiver import Pusher, Receiver, change, copy_app, make_app
from tests.waiting import within

OWN = b"""FROM gitreceive/cedar:12-build
COPY deps.txt /app/src/
RUN mkdir /app/deps && head -c 2000000 /dev/zero > /app/deps/zeros
COPY . /app/src
RUN wc -l /app/src/* > /app/lines
"""
EXAMPLE = Path(__file__).parents[2] / 'examples' / 'node-hello'


def members(receiver: Receiver, release: Release) -> list[Path]:
    """The files that a slug is made of."""
    folder = receiver.home.root / 'slugs' / release.app
    listed = json.loads((folder / f'{release.slug.sha256}.json').read_text())['members']
    return [folder / 'members' / f'{member["sha256"]}.gz' for member in listed]


def whole(receiver: Receiver, release: Release) -> Path:
    return receiver.slug(release)


@pytest.fixture(scope='module')
def pushed(receivers, tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """An app that has been released twice; between the releases a line of its code has changed."""
    ann = receivers(tmp_path_factory.mktemp('slugs'))
    ann.receiver.start()
    work = copy_app(EXAMPLE, tmp_path_factory.mktemp('work') / 'app')
    assert ann.push(work, 'app', timeout=600).status == 0
    change(work, {'more.js': b'// more\n'})
    again = ann.push(work, 'app')
    assert again.status == 0, again.err
    assert any(line.endswith(' new)') for line in again.lines)
    return ann


def test_releases_share_what_has_not_changed(pushed: Pusher) -> None:
    receiver = pushed.receiver
    first, second = (members(receiver, release) for release in receiver.releases('app'))
    assert len(first) == len(second) >= 2
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]
    assert receiver.leftovers() == []


def test_a_push_of_code_to_an_app_with_its_own_dockerfile_packs_its_last_layers_only(
    pushed: Pusher, tmp_path: Path
) -> None:
    work = make_app(tmp_path / 'own', {'Dockerfile': OWN, 'deps.txt': b'1\n', 'Procfile': b'web: true\n'})
    for number in (1, 2):
        assert pushed.push(work, 'own', timeout=120).status == 0
        change(work, {'code': b'%d\n' % number})
    first, second = (members(pushed.receiver, release) for release in pushed.receiver.releases('own'))
    assert len(first) == len(second) == 2
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_every_release_is_its_members_in_a_row_and_the_newest_is_whole(pushed: Pusher) -> None:
    receiver = pushed.receiver
    releases = receiver.releases('app')
    for release in releases:
        content = b''.join(path.read_bytes() for path in members(receiver, release))
        assert hashlib.sha256(content).hexdigest() == release.slug.sha256
        assert len(content) == release.slug.size
    assert whole(receiver, releases[1]).read_bytes() == content
    assert within(30, lambda: not whole(receiver, releases[0]).exists())


@pytest.mark.parametrize('damage', ['cut', 'gone'])
def test_a_whole_that_a_power_cut_has_damaged_is_made_again_at_the_next_start(
    pushed: Pusher, damage: str
) -> None:
    receiver = pushed.receiver
    path = whole(receiver, receiver.releases('app')[-1])
    content = path.read_bytes()
    path.write_bytes(content[:1000]) if damage == 'cut' else path.unlink()
    shown = receiver.host('slug', 'show', 'app')
    assert shown.status == 0, shown.err
    receiver.kill('serve')
    receiver.start()
    assert within(30, lambda: path.exists() and path.read_bytes() == content)


def test_a_slug_that_was_changed_in_storage_is_not_used(pushed: Pusher) -> None:
    receiver = pushed.receiver
    path = whole(receiver, receiver.releases('app')[-1])
    content = path.read_bytes()
    path.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    try:
        refused = receiver.host('slug', 'run', 'app')
    finally:
        path.write_bytes(content)
    assert refused.status == 80
    assert 'was changed in storage' in refused.err


def test_a_slug_is_stored_when_nothing_is_being_removed(pushed: Pusher, tmp_path: Path) -> None:
    """What is cut before its release is recorded would look as if nobody needed it."""
    receiver, app = pushed.receiver, AppName('removing')
    stored = receiver.home.root / 'slugs' / app / 'members'
    with removing(app, receiver.home):
        pushing = pushed.start_push(make_app(tmp_path / 'work'), app)
        pushing.wait_for('Packing the slug')
        assert not within(0.5, stored.exists)
    assert pushing.end().status == 0
    assert stored.exists()


def test_a_build_that_waits_for_a_removal_can_be_cancelled(pushed: Pusher, tmp_path: Path) -> None:
    receiver, app = pushed.receiver, AppName('waiting')
    with removing(app, receiver.home):
        pushing = pushed.start_push(make_app(tmp_path / 'work'), app)
        pushing.wait_for('Packing the slug')
        assert receiver.host('cancel', app).status == 0
        done = pushing.end()
    assert done.status == 1
    assert 'cancelled by' in done.err
    assert receiver.releases(app) == []
