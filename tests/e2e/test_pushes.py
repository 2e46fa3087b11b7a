"""Pushes that a receiver takes: what is told, what is stored, what the next one finds."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, Receiver, change, git, head, make_app

_numbers = count(1)


@pytest.fixture
def app() -> Iterator[str]:
    """A name that no other test of this module uses."""
    yield f'app-{next(_numbers)}'


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_app(tmp_path / 'work')


def slug_of(receiver: Receiver, app: str) -> Path:
    return receiver.slug(receiver.releases(app)[-1])


def test_a_first_push_ends_with_a_verified_slug_and_a_release(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    pushed = ann.push(work, app)
    assert pushed.status == 0, pushed.err
    assert pushed.lines[0] == f'-----> Building {app} on cedar-12 (build 1; it goes on if you disconnect)'
    assert '-----> Minimal app detected (Procfile)' in pushed.lines
    assert '       Procfile declares types -> web' in pushed.lines
    said = pushed.json
    assert (said['app'], said['release'], said['status'], said['commit']) == (app, 1, 'succeeded', head(work))
    slug = slug_of(receiver, app)
    digest = hashlib.sha256(slug.read_bytes()).hexdigest()
    assert said['slug'] == f'sha256:{digest}'
    release = receiver.releases(app)[-1]
    assert (release.slug.sha256, release.slug.size, release.version) == (digest, slug.stat().st_size, 1)
    about = json.loads(slug.with_suffix('.json').read_text())
    assert (about['app'], about['commit'], about['sha256']) == (app, head(work), digest)
    assert receiver.leftovers() == []


def test_a_second_push_makes_a_second_release(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    assert ann.push(work, app).status == 0
    commit = change(work, {'file': b'new'})
    assert ann.push(work, app).json['release'] == 2
    assert [release.commit for release in receiver.releases(app)][-1] == commit
    assert receiver.ref(app) == commit


def test_a_push_without_news_builds_nothing(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    ann.push(work, app)
    again = ann.push(work, app)
    assert (again.status, again.lines) == (0, [])
    assert 'Everything up-to-date' in again.err
    assert len(receiver.builds(app)) == 1


def test_a_failed_build_sets_the_branch_back_and_the_same_push_tries_again(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    ann.push(work, app)
    good = head(work)
    bad = change(work, {'Procfile': b'no colon here\n'})
    for _ in range(2):
        pushed = ann.push(work, app)
        assert pushed.status == 1
        assert 'failed to push some refs' in pushed.err
        assert any('Procfile, line 1' in line for line in pushed.lines)
        assert any(f'{app} still runs v1 ({good[:7]})' in line for line in pushed.lines)
        assert pushed.json['status'] == 'failed'
        assert receiver.ref(app) == good
    assert [build.commit for build in receiver.builds(app)] == [good, bad, bad]
    change(work, {'Procfile': b'web: cat\n'})
    assert ann.push(work, app).json['release'] == 2


def test_a_failed_first_push_leaves_no_branch_behind(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    change(work, {'Procfile': b'nonsense\n'})
    assert ann.push(work, app).status == 1
    assert receiver.ref(app) is None
    assert receiver.releases(app) == []


def test_another_branch_is_stored_and_told_how_to_deploy(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    ann.push(work, app)
    git(work, 'checkout', '-q', '-b', 'feature')
    commit = change(work, {'x': b'x'})
    pushed = ann.push(work, app, 'feature')
    assert pushed.status == 0, pushed.err
    assert any(line.endswith(f'git push REMOTE {commit[:12]}:refs/heads/main') for line in pushed.lines)
    assert receiver.ref(app, 'refs/heads/feature') == commit
    assert len(receiver.builds(app)) == 1
    assert ann.push(work, app, 'feature:main').json['release'] == 2
    assert ann.push(work, app, ':feature').status == 0
    assert receiver.ref(app, 'refs/heads/feature') is None


def test_a_tag_is_stored_and_its_line_deploys_it(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    ann.push(work, app)
    change(work, {'x': b'x'})
    git(work, 'tag', '-a', 'v1.0', '-m', 'one')
    pushed = ann.push(work, app, 'v1.0')
    line = next(line for line in pushed.lines if 'git push REMOTE' in line)
    assert len(receiver.builds(app)) == 1
    assert ann.push(work, app, line.split()[-1]).json['release'] == 2


def test_master_deploys_when_it_comes_first(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    git(work, 'branch', '-m', 'master')
    assert ann.push(work, app, 'master').json['release'] == 1
    assert receiver.ref(app, 'HEAD') == head(work)


def test_several_refs_at_once_make_one_build(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    git(work, 'branch', 'one')
    git(work, 'tag', 'two')
    pushed = ann.push(work, app, 'one', 'two', 'main')
    assert pushed.status == 0, pushed.err
    assert len(receiver.builds(app)) == 1
    assert sum('is stored, not deployed' in line for line in pushed.lines) == 2


def test_the_deploy_branch_cannot_be_deleted(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    ann.push(work, app)
    pushed = ann.push(work, app, ':main')
    assert pushed.status == 1
    assert any('cannot be deleted' in line for line in pushed.lines)
    assert receiver.ref(app) == head(work)


def test_a_rewritten_history_is_deployed_like_any_other(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    ann.push(work, app)
    git(work, 'commit', '-q', '--amend', '-m', 'rewritten')
    assert ann.push(work, app).status == 1
    assert ann.push(work, app, '--force', 'main').json['release'] == 2
    assert receiver.ref(app) == head(work)


def test_a_clone_gives_the_repository_back(ann: Pusher, app: str, work: Path, tmp_path: Path) -> None:
    change(work, {'dir/file': b'content'})
    ann.push(work, app)
    cloned = ann.git(tmp_path, 'clone', '-q', ann.url(app), 'clone')
    assert cloned.status == 0, cloned.err
    assert (tmp_path / 'clone' / 'dir' / 'file').read_bytes() == b'content'
    assert head(tmp_path / 'clone') == head(work)


def test_detach_returns_and_the_build_goes_on(ann: Pusher, receiver: Receiver, app: str, work: Path) -> None:
    pushed = ann.push(work, app, '-o', 'detach', 'main')
    assert pushed.status == 0, pushed.err
    assert any(f'logs {app} --build' in line for line in pushed.lines)
    followed = ann.ssh('logs', app, '-f')
    assert followed.status == 0
    assert 'v1 stored in' in followed.out
    assert [build.state for build in receiver.settled(app)] == ['succeeded']


def test_nocache_and_a_rebuild_give_the_same_slug(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    first = ann.push(work, app).json
    rebuilt = ann.ssh('rebuild', app, '--nocache')
    assert rebuilt.status == 0, rebuilt.out
    git(work, 'commit', '-q', '--allow-empty', '-m', 'nothing')
    third = ann.push(work, app, '-o', 'nocache', 'main').json
    assert [release.slug.sha256 for release in receiver.releases(app)][:2] == [first['slug'][7:]] * 2
    assert third['release'] == 3


def test_an_unknown_push_option_is_refused_with_the_ones_there_are(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    pushed = ann.push(work, app, '-o', 'fast', 'main')
    assert pushed.status == 1
    assert any('there are: detach, force, nocache, plan' in line for line in pushed.lines)
    assert receiver.ref(app) is None


def test_what_happened_can_be_asked_over_ssh_and_on_the_host(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    ann.push(work, app)
    change(work, {'Procfile': b'nonsense\n'})
    ann.push(work, app)
    for ask in (ann.ssh, receiver.host):
        *_, failed, succeeded = json.loads(ask('builds', app, '--json').out)
        assert (failed['status'], succeeded['status']) == ('failed', 'succeeded')
        first = json.loads(ask('releases', app, '--json').out)[-1]
        assert (first['version'], first['processes']) == (1, {'web': 'cat'})
        assert app in ask('apps').out
        logged = ask('logs', app, '--build', str(succeeded['build']))
        assert logged.status == 0
        assert re.search(r'-----> Packing the slug\n +[0-9.]+ MB, sha256 [0-9a-f]{64}', logged.out)
        assert 'Procfile, line 1' in ask('logs', app, '--build', str(failed['build'])).out
        assert ask('cancel', app).out == f'nothing of {app} is under way\n'
        assert ask('logs', 'nobody').status != 0
        rebuilt = ask('rebuild', app)
        assert rebuilt.status == 0, rebuilt.out + rebuilt.err
    assert len(receiver.releases(app)) == 3


def test_ten_pushes_at_once_to_ten_apps_all_arrive(ann: Pusher, receiver: Receiver, tmp_path: Path) -> None:
    pushes = {}
    for number in range(10):
        work = make_app(tmp_path / str(number), {'number': str(number).encode()})
        pushes[f'ten-{number}'] = (ann.start_push(work, f'ten-{number}'), head(work))
    for app, (pushing, commit) in pushes.items():
        pushed = pushing.end()
        assert pushed.status == 0, pushed.err
        assert pushed.json['commit'] == commit
        assert [release.commit for release in receiver.releases(app)] == [commit]
        assert receiver.ref(app) == commit


def test_two_pushes_at_once_to_one_app_both_get_their_true_verdict(
    ann: Pusher, receiver: Receiver, app: str, work: Path, tmp_path: Path
) -> None:
    ann.push(work, app)
    pushes = []
    for number in range(2):
        copy = tmp_path / f'copy-{number}'
        git(tmp_path, 'clone', '-q', str(work), str(copy))
        commit = change(copy, {'number': str(number).encode()})
        pushes.append((ann.start_push(copy, app, '--force', 'main'), commit))
    for pushing, commit in pushes:
        pushed = pushing.end()
        released = commit in [release.commit for release in receiver.releases(app)]
        assert (pushed.status == 0) == released, pushed.err
    receiver.settled(app)
    assert receiver.ref(app) == receiver.releases(app)[-1].commit
    assert receiver.leftovers() == []


def test_a_commit_that_ten_files_differ_in_is_a_full_slug(
    ann: Pusher, receiver: Receiver, app: str, work: Path
) -> None:
    change(work, {f'file-{number}': os.urandom(1000) for number in range(10)})
    assert ann.push(work, app).status == 0
    assert slug_of(receiver, app).stat().st_size > 10_000
