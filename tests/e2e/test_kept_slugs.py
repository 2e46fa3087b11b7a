"""Slugs of a running receiver: looked into, compared, verified, described, and removed when they are not kept any more."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitreceive import __version__
from tests.e2e.receiver import Pusher, Receiver, change, make_app
from tests.waiting import within

KEPT = 2


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to a receiver that keeps two slugs of an app."""
    pusher = receivers(tmp_path_factory.mktemp('receiver'), GITRECEIVE_STORAGE_KEEP_RELEASES=str(KEPT))
    pusher.receiver.start()
    return pusher


@pytest.fixture(scope='module')
def released(ann: Pusher, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What three pushes of ``hello`` printed; the last one is much larger."""
    work = make_app(tmp_path_factory.mktemp('work') / 'hello', {'one': b'1'})
    said = [ann.push(work, 'hello').err]
    change(work, {'one': b'2', 'two': b''})
    said.append(ann.push(work, 'hello').err)
    change(work, {'assets/large': bytes(range(256)) * 4000, 'two': None})
    return [*said, ann.push(work, 'hello').err]


def stored(receiver: Receiver) -> set[str]:
    """The names of the app's objects that are no members."""
    return {path.name for path in (receiver.home.root / 'slugs' / 'hello').glob('*.*')}


def made_of(provenance: Any) -> dict[str, dict[str, str]]:
    """What was resolved, by name: the digests."""
    found = provenance['predicate']['buildDefinition']['resolvedDependencies']
    return {each['name']: each['digest'] for each in found}


def test_a_push_says_by_how_much_and_where_the_slug_has_grown(released: list[str]) -> None:
    assert '% more than v2' in released[2]
    assert '+1.0 MB in /app/src/assets' in released[2]


def test_a_slug_is_looked_into(receiver: Receiver, released: list[str]) -> None:
    seen = json.loads(receiver.host('slug', 'show', 'hello', '--json').out)
    assert seen['release'] == 'v3'
    assert seen['largest_files'][0] == {'path': '/app/src/assets/large', 'size': 1_024_000}
    assert seen['growth']['folders'][0] == {'path': '/app/src/assets', 'size': 1_024_000}
    assert sum(member['packed'] for member in seen['members']) == seen['packed']
    text = receiver.host('slug', 'show', 'hello:v3').out
    assert text.startswith('hello v3: ')
    assert '1.0 MB  /app/src/assets/large' in text


def test_two_slugs_are_compared(receiver: Receiver, released: list[str]) -> None:
    done = receiver.host('slug', 'diff', 'hello:v2', 'hello')
    assert done.status == 1
    assert done.out.splitlines() == ['+ /app/src/assets', '+ /app/src/assets/large', '- /app/src/two']
    assert receiver.host('slug', 'diff', 'hello', 'hello:b3').status == 0
    assert receiver.host('slug', 'diff', 'hello', 'hello:v9').status == 23


def test_slugs_that_are_not_kept_go_and_those_that_are_have_their_documents(
    receiver: Receiver, released: list[str]
) -> None:
    first, *kept = (release.slug.sha256 for release in receiver.releases('hello'))
    wanted = {f'{sha256}.{kind}' for sha256 in kept for kind in ('json', 'sbom.json', 'provenance.json')}
    assert within(30, lambda: stored(receiver) == {*wanted, f'{kept[-1]}.tgz'}), stored(receiver)
    assert f'{first}.json' not in stored(receiver)
    facts = json.loads((receiver.home.root / 'slugs' / 'hello' / f'{kept[-1]}.json').read_bytes())
    said = json.loads((receiver.home.root / 'slugs' / 'hello' / f'{kept[-1]}.provenance.json').read_bytes())
    materials = made_of(said)
    assert materials['cedar-12'] == {'sha256': facts['stack_digest'].removeprefix('sha256:')}
    assert materials['source'] == {'gitCommit': receiver.releases('hello')[-1].commit}
    assert said['predicate']['runDetails']['builder']['version'] == {'gitreceive': __version__}
    assert receiver.host('gc', '--dry-run').out == '0.000 MB in 0 objects would be removed\n'


def test_what_an_apps_own_dockerfile_builds_on_is_told(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    dockerfile = b'FROM gitreceive/cedar:12\nCOPY . /app/src\nCMD cat\n'
    assert ann.push(make_app(tmp_path / 'own', {'Dockerfile': dockerfile}), 'own').status == 0
    slug = receiver.releases('own')[0].slug.sha256
    written = receiver.home.root / 'slugs' / 'own' / f'{slug}.provenance.json'
    assert within(30, written.exists)
    assert made_of(json.loads(written.read_bytes())).keys() == {'source', 'Dockerfile', 'gitreceive/cedar:12'}


def test_gc_tells_what_it_would_remove_and_removes_it(receiver: Receiver, released: list[str]) -> None:
    orphan = receiver.home.root / 'slugs' / 'hello' / f'{"0" * 64}.tgz'
    orphan.write_bytes(bytes(200_000))
    before = stored(receiver)
    told = json.loads(receiver.host('gc', '--dry-run', '--json').out)
    assert told == [{'object': f'hello/{orphan.name}', 'size': 200_000}]
    assert stored(receiver) == before
    assert receiver.host('gc').out.splitlines()[-1] == '0.2 MB in 1 objects removed'
    assert stored(receiver) == before - {orphan.name}


def test_a_slug_that_was_changed_is_named_and_not_run(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    work = make_app(tmp_path / 'work', {'one': b'1'})
    assert ann.push(work, 'changed').status == 0
    folder, sha256 = receiver.home.root / 'slugs' / 'changed', receiver.releases('changed')[0].slug.sha256
    assert within(30, (folder / f'{sha256}.provenance.json').exists)
    good = receiver.host('slug', 'verify', 'changed')
    assert (good.status, good.out) == (0, 'all objects verified\n')
    whole = folder / f'{sha256}.tgz'
    content = bytearray(whole.read_bytes())
    content[-9] ^= 1
    whole.write_bytes(content)
    refused = receiver.host('slug', 'run', 'changed')
    assert refused.status == 80
    assert 'was changed in storage' in refused.err
    again = receiver.host('slug', 'verify', 'changed')
    assert (again.status, again.out[:20]) == (0, 'made again   changed')
    assert sha256 == hashlib.sha256(whole.read_bytes()).hexdigest()
    whole.write_bytes(content)
    member = next((folder / 'members').iterdir())
    packed = bytearray(member.read_bytes())
    packed[-9] ^= 1
    member.write_bytes(packed)
    found = receiver.host('slug', 'verify', '--json')
    assert found.status == 70
    told = [(each['object'], each['what'], each['release']) for each in json.loads(found.out)]
    names = [f'changed/members/{member.name}', f'changed/{whole.name}']
    assert told == [(name, 'damaged', 'changed v1') for name in names]
    receiver.end()
    receiver.start()
    assert receiver.host('rebuild', 'changed').status == 0
    assert receiver.host('slug', 'verify', 'changed').status == 0
