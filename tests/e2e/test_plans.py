"""What a push would do, and what of a commit is left out of it."""

import json
import tarfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, Receiver, change, git, head, make_app

_numbers = count(1)


@pytest.fixture
def app() -> Iterator[str]:
    """A name that no other test of this module uses."""
    yield f'plan-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work')


def test_a_push_that_only_plans_tells_it_and_leaves_everything_as_it_was(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    first = ann.push(work, app, '-o', 'plan', 'main', 'main:other')
    assert first.status == 1, first.err
    for line in (
        '-----> Minimal app detected (Procfile)',
        '       web: cat',
        '-----> Dockerfile',
        '       COPY --chown=app:app ["src", "/app/src"]',
        ' !     Nothing was built and nothing stored: this was "-o plan"',
    ):
        assert line in first.lines, first.err
    assert (receiver.ref(app), receiver.ref(app, 'refs/heads/other')) == (None, None)
    assert receiver.builds(app) == []
    released = head(work)
    assert ann.push(work, app).status == 0
    change(work, {'package.json': b'{"scripts": {"start": "node x"}}'})
    again = ann.push(work, app, '-o', 'plan', 'main')
    assert '-----> Node.js app detected (package.json)' in again.lines
    assert receiver.ref(app) == released
    change(work, {'package.json': b'{'})
    broken = ann.push(work, app, '-o', 'plan', 'main')
    assert broken.status == 1
    assert 'package.json is not JSON' in broken.err
    assert receiver.ref(app) == released
    assert len(receiver.builds(app)) == 1


def test_the_plan_of_what_was_pushed_can_be_asked_for(ann: Pusher, app: str, work: Path) -> None:
    assert ann.push(work, app).status == 0
    change(work, {'package.json': b'{"scripts": {"start": "node x"}}'})
    commit = head(work)
    assert ann.push(work, app, 'main:refs/heads/other').status == 0
    deployed = ann.ssh('plan', app)
    assert deployed.status == 0, deployed.err
    assert '-----> Minimal app detected (Procfile)\n' in deployed.out
    for ref in ('other', commit, commit[:10]):
        record = json.loads(ann.ssh('plan', app, ref, '--json').out)
        assert (record['buildpack'], record['commit']) == ('node', commit)
    for ref in ('none', 'main~1', ':/x', '--all'):
        refused = ann.ssh('plan', app, ref)
        assert refused.status != 0
        assert 'detected' not in refused.out


def test_force_builds_the_deploy_branch_again_when_something_else_is_pushed(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    assert ann.push(work, app).status == 0
    git(work, 'tag', 'v1')
    forced = ann.push(work, app, '-o', 'force', 'main', 'v1')
    assert forced.status == 0, forced.err
    assert forced.json['release'] == 2
    assert [build.commit for build in receiver.builds(app)] == [head(work)] * 2
    git(work, 'tag', 'v2')
    assert ann.push(work, app, 'v2').status == 0
    assert len(receiver.builds(app)) == 2


def test_what_slugignore_names_is_neither_detected_nor_in_the_slug(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    files = {'package.json': b'{', 'docs/a.md': b'a', 'docs/keep.md': b'k', 'lib/x.log': b'l', 'lib/x': b'x'}
    change(work, {**files, '.slugignore': b'package.json\n*.log\ndocs/*\n!docs/keep.md\n'})
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    with tarfile.open(receiver.slug(receiver.releases(app)[-1])) as slug:
        names = {member.name.removeprefix('./app/src/') for member in slug if member.isreg()}
    assert {'Procfile', 'docs/keep.md', 'lib/x', '.slugignore'} <= names
    assert not {'package.json', 'docs/a.md', 'lib/x.log'} & names
    change(work, {'.slugignore': b'[z-a]'})
    refused = ann.push(work, app)
    assert refused.status == 1
    assert '.slugignore, line 1 is no pattern' in refused.err


def test_a_directory_is_planned_without_a_receiver(receiver: Receiver, work: Path) -> None:
    change(work, {'.gitignore': b'requirements.txt\n'})
    (work / 'requirements.txt').write_bytes(b'')
    told = receiver.host('plan', str(work))
    assert told.status == 0, told.err
    assert told.out.startswith('-----> Minimal app detected (Procfile)\n')
    record = json.loads(receiver.host('plan', str(work), '--json').out)
    assert (record['buildpack'], record['process_types']) == ('minimal', {'web': 'cat'})
    assert record['commit'] == head(work)
    (work / 'Procfile').unlink()
    nothing = receiver.host('plan', str(work))
    assert nothing.status == 40
    assert 'no buildpack recognises this app' in nothing.err


def test_app_json_sets_config_vars_once_and_names_what_is_missing(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    wanted = {'GREETING': 'written in app.json itself', 'TOKEN': {'generator': 'secret'}, 'MUST': {}}
    about = {'env': wanted, 'addons': ['postgres']}
    change(work, {'app.json': json.dumps(about).encode()})
    refused = ann.push(work, app)
    assert refused.status == 1
    assert 'app.json requires MUST, which is not set' in refused.err
    assert receiver.host('config', app, 'MUST=x').status == 0
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert '       app.json sets the config vars GREETING, TOKEN' in pushed.lines
    assert any('"addons" in app.json has no effect' in line for line in pushed.lines)
    config = {row['name']: row['value'] for row in json.loads(receiver.host('config', app, '--json').out)}
    assert (config['GREETING'], config['MUST'], len(config['TOKEN'])) == (wanted['GREETING'], 'x', 64)
    change(work, {'more': b'more'})
    again = ann.push(work, app)
    assert again.status == 0, again.err
    assert 'app.json sets' not in again.err
    assert config['TOKEN'] in receiver.host('config', app, '--json').out
