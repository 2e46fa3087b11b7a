"""From a push to a release, and an older release live again, with stand-ins for the engine, the journal and slugs."""

import pytest

from gitreceive.model.errors import BuildCancelled, BuildError, DetectError, ReleaseError, RoomError
from tests.fakes import FakeBuilder
from tests.unit.build.deploying import HELLO, PROCFILE, Bound


def test_a_push_becomes_a_release_that_records_what_was_built(here: Bound) -> None:
    here.config.kept = {'NAME': 'value'}
    commit = here.commit(PROCFILE)
    release = here.deploy(commit, 'nocache')
    (job,) = here.builder.jobs
    assert (job.number, job.nocache, job.env) == (1, True, {'NAME': 'value'})
    assert (release.version, release.operation, release.commit) == (1, 1, commit)
    assert [each.name for each in release.processes] == ['web', 'worker']
    assert (release.description, release.stack) == (f'Deploy {commit[:7]}', 'cedar-12')
    assert here.releases.config(release) == {'NAME': 'value'}
    facts = here.slugs.stored[release.slug.sha256]
    assert (facts['commit'], facts['buildpack']) == (commit, 'minimal')
    assert facts['stack_digest'] == here.builder.digest('build:12')
    assert here.console.steps[0] == 'Building hello on cedar-12 (build 1; it goes on if you disconnect)'
    assert not (here.home.work / '1').exists()
    assert not here.slugs.kept


def test_of_the_slug_before_only_the_chunks_stay(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    second = here.deploy(here.commit({**PROCFILE, 'new': ''}))
    assert here.slugs.reduced == {first.slug.sha256}
    assert second.slug.sha256 in here.slugs.stored
    assert 'before: 1' in here.console.details


def test_what_app_json_wants_set_is_the_apps_own_and_counts_for_its_plan(here: Bound) -> None:
    app_json = '{"env": {"BUILDPACK_URL": "minimal", "SECRET": {"generator": "secret"}}}'
    release = here.deploy(here.commit({**PROCFILE, 'package.json': '{}', 'app.json': app_json}))
    assert release.buildpack == 'minimal'
    assert here.config.kept['BUILDPACK_URL'] == 'minimal'
    assert len(here.config.kept['SECRET']) == 64
    assert here.releases.config(release) == here.config.kept
    assert here.slugs.orders[0].secrets == {'SECRET': here.config.kept['SECRET']}


def test_a_secret_that_the_platform_needs_is_generated_once(here: Bound) -> None:
    gems = 'GEM\n  specs:\n    rails (7.1.2)\n    railties (7.1.2)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rails\n'
    files = {'Gemfile': "gem 'rails'", 'Gemfile.lock': gems, 'Procfile': 'web: a'}
    here.deploy(here.commit(files))
    secret = here.config.kept['SECRET_KEY_BASE']
    here.deploy(here.commit({**files, 'new': ''}))
    assert here.config.kept['SECRET_KEY_BASE'] == secret
    assert here.builder.jobs[0].env['SECRET_KEY_BASE'] == secret


def test_a_build_that_fails_releases_and_stores_nothing(here: Bound) -> None:
    here.builder = FakeBuilder(error=BuildError('failed in "x" (exit 1)'))
    with pytest.raises(BuildError, match='exit 1'):
        here.deploy(here.commit(PROCFILE))
    assert (here.releases.made, here.slugs.stored) == ([], {})


def test_an_app_without_processes_is_refused_after_its_build(here: Bound) -> None:
    classic = {'.buildpacks': 'https://github.com/a/b', 'bin': ''}
    here.builder = FakeBuilder(release=b'default_process_types:\n  web: run\n')
    release = here.deploy(here.commit(classic))
    assert [each.command for each in release.processes] == ['cd /app && run']
    here.builder = FakeBuilder()
    with pytest.raises(DetectError, match='neither the app nor its buildpack'):
        here.deploy(here.commit({**classic, 'new': ''}))


def test_a_build_that_was_cancelled_before_its_release_leaves_the_live_slug(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    here.releases.ended = {2}
    with pytest.raises(ReleaseError, match='no longer running'):
        here.deploy(here.commit({**PROCFILE, 'new': ''}))
    assert list(here.slugs.stored) == [first.slug.sha256]
    assert here.releases.live(HELLO) == first
    assert here.slugs.reduced == set()


def test_a_stopped_task_ends_before_anything_is_built(here: Bound) -> None:
    commit = here.commit(PROCFILE)
    here.clock.stop(BuildCancelled('cancelled by ann'))
    with pytest.raises(BuildCancelled, match='by ann'):
        here.deploy(commit)
    assert here.builder.jobs == []


def test_a_build_for_which_there_is_no_room_is_not_begun(
    here: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('gitreceive.build.room.free_bytes', lambda path: (1, 1000))
    with pytest.raises(RoomError, match=r'"gitreceive gc" would free 42\.0 MB'):
        here.deploy(here.commit(PROCFILE))
    assert here.builder.jobs == []


def test_a_rollback_releases_the_older_slug_with_its_config(here: Bound) -> None:
    here.config.kept = {'NAME': 'old'}
    first = here.deploy(here.commit(PROCFILE))
    here.config.kept = {'NAME': 'new'}
    here.deploy(here.commit({**PROCFILE, 'new': ''}))
    third = here.roll_back(1)
    assert (third.version, third.slug, third.commit) == (3, first.slug, first.commit)
    assert (third.operation, third.description) == (3, 'Rollback to v1')
    assert here.releases.config(third) == {'NAME': 'old'}
    assert here.slugs.restored == [first.slug.sha256]
    assert here.slugs.reduced == {first.slug.sha256, here.releases.made[1][0].slug.sha256}


def test_a_rollback_to_a_slug_that_was_pruned_is_refused_with_the_remedy(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    here.deploy(here.commit({**PROCFILE, 'new': ''}))
    del here.slugs.stored[first.slug.sha256]
    with pytest.raises(ReleaseError, match=r'cannot roll back to v1: its slug was pruned \(storage\.keep_r'):
        here.roll_back(1)
    with pytest.raises(ReleaseError, match='hello has no release v9'):
        here.roll_back(9)
    assert len(here.releases.made) == 2
