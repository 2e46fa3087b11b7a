"""What is refused of a push before any ref moves, and why."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.config.home import Home
from gitreceive.config.settings import AppSettings, Limits, Settings
from gitreceive.daemon.intake import PushRequest, refusal
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.slugs.retention import Retention
from tests.receiver_home import ANN, HELLO, MAIN

NEW = Commit('1' * 40)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / 'repos').mkdir()
    return Settings(home=tmp_path, limits=Limits(free_bytes=1, free_inodes=0))


def request(*refs: str, options: tuple[str, ...] = (), new: Commit = NEW) -> PushRequest:
    updates = tuple(RefUpdate(old=NO_COMMIT, new=new, ref=ref) for ref in refs)
    return PushRequest(app=HELLO, actor=ANN, session='', told=0, options=frozenset(options), updates=updates)


def why(asked: PushRequest, settings: Settings, branch: str | None = MAIN) -> str | None:
    retention = SimpleNamespace(home=Home(settings.home), freeable=lambda: 0)
    return refusal(asked, branch, cast(Retention, retention), settings)


@pytest.mark.parametrize(
    'ref', [MAIN, 'refs/heads/fix/#12', 'refs/heads/été', 'refs/tags/v1.0', "refs/heads/it's"]
)
def test_what_git_takes_is_taken(settings: Settings, ref: str) -> None:
    assert why(request(ref), settings) is None


@pytest.mark.parametrize(
    'ref', ['refs/notes/x', 'HEAD', 'refs/heads/a b', 'refs/heads/a\nb', 'refs/heads/' + 'x' * 251]
)
def test_what_is_no_name_of_a_ref_is_refused_by_name(settings: Settings, ref: str) -> None:
    assert f'invalid ref name: {ref[:80]!a}' == why(request(ref), settings)


def test_an_option_that_there_is_not_is_refused_with_those_that_there_are(settings: Settings) -> None:
    said = why(request(MAIN, options=('plan', 'verbose')), settings)
    assert said == "unknown push option 'verbose'; there are: detach, force, nocache, plan"


def test_the_deploy_branch_cannot_be_deleted_and_others_can(settings: Settings) -> None:
    assert 'cannot be deleted' in (why(request(MAIN, new=NO_COMMIT), settings) or '')
    assert why(request('refs/heads/side', new=NO_COMMIT), settings) is None


def test_the_other_deploy_branch_is_refused_unless_the_sysadmin_wants_it_stored(settings: Settings) -> None:
    asked = request('refs/heads/master')
    assert 'master' in (why(asked, settings) or '')
    assert why(asked, replace(settings, apps=AppSettings(strict_branch=False))) is None
    assert why(request('refs/heads/master', options=('plan',)), settings) is None


def test_a_host_without_room_refuses_with_how_much_there_is(settings: Settings) -> None:
    full = replace(settings, limits=Limits(free_bytes=1 << 60, free_inodes=0))
    assert 'MB free at' in (why(request(MAIN), full) or '')
    crowded = replace(settings, limits=Limits(free_bytes=1, free_inodes=1 << 60))
    assert 'inodes free at' in (why(request(MAIN), crowded) or '')
