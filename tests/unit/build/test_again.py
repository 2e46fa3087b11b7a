"""Releases of slugs that there are already: older ones, those of other apps, and the live one with other config vars."""

import pytest

from gitreceive.build.configure import configure
from gitreceive.build.promote import promote
from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.operation import Configure, OperationRequest, Promote
from gitreceive.model.push import NO_COMMIT
from gitreceive.model.release import Release, ReleaseState
from tests.unit.build.deploying import HELLO, PROCFILE, Bound


def configured(here: Bound) -> Release:
    task = here.task(Configure(changed='Set NAME', commit=NO_COMMIT))
    return configure(task, slugs=here.slugs, releases=here.releases, apps=here.config, roll_out=here.roll_out)


def test_new_config_vars_make_a_release_of_the_live_slug(here: Bound) -> None:
    here.config.kept = {'NAME': 'old'}
    first = here.deploy(here.commit(PROCFILE))
    here.config.kept = {'NAME': 'new'}
    second = configured(here)
    assert (second.version, second.slug, second.commit, second.processes) == (
        2,
        first.slug,
        first.commit,
        first.processes,
    )
    assert second.description == 'Set NAME'
    assert here.releases.config(second) == {'NAME': 'new'}
    assert here.releases.config(first) == {'NAME': 'old'}
    assert 'Set NAME on hello; restarting' in here.console.steps


def test_an_app_without_a_release_has_its_config_vars_in_the_first_one(here: Bound) -> None:
    with pytest.raises(ReleaseError, match='the first one has the config vars'):
        configured(here)


def test_a_rollback_of_the_code_alone_has_the_config_vars_of_now(here: Bound) -> None:
    here.config.kept = {'NAME': 'old'}
    here.deploy(here.commit(PROCFILE))
    here.deploy(here.commit({**PROCFILE, 'new': ''}))
    here.config.kept = {'NAME': 'new'}
    assert here.releases.config(here.roll_back(1, code_only=True)) == {'NAME': 'new'}


def test_a_rollback_to_a_release_that_never_came_up_is_refused(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    here.deploy(here.commit({**PROCFILE, 'new': ''}))
    here.releases.starting(first)
    here.releases.fail(first)
    with pytest.raises(ReleaseError, match='cannot roll back to v1: it never came up'):
        here.roll_back(1)


def promoted(here: Bound, request: OperationRequest) -> tuple[Release, list[tuple[Release, AppName]]]:
    brought: list[tuple[Release, AppName]] = []
    release = promote(
        here.task(request),
        slugs=here.slugs,
        releases=here.releases,
        apps=here.config,
        bring_commit=lambda found, app: brought.append((found, app)),
        roll_out=here.roll_out,
    )
    return release, brought


def test_a_promotion_releases_the_slug_of_another_app_with_its_own_config_vars(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    here.config.kept = {'NAME': 'of hello'}
    request = Promote(source=HELLO, version=1, commit=first.commit)
    release, brought = promoted(here, request)
    assert (release.slug, release.commit, release.state) == (first.slug, first.commit, ReleaseState.LIVE)
    assert release.description == 'Promote hello v1'
    assert here.slugs.copied == [(HELLO, first.slug.sha256, HELLO)]
    assert brought == [(first, HELLO)]
    assert here.releases.config(release) == {'NAME': 'of hello'}


def test_a_promotion_of_what_is_gone_is_refused(here: Bound) -> None:
    first = here.deploy(here.commit(PROCFILE))
    with pytest.raises(ReleaseError, match='hello no longer has a release v7'):
        promoted(here, Promote(source=HELLO, version=7, commit=first.commit))
    here.slugs.stored.clear()
    with pytest.raises(ReleaseError, match='the slug of hello v1 was pruned'):
        promoted(here, Promote(source=HELLO, version=1, commit=first.commit))
