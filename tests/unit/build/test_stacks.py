"""An app is built on what it asks for, else on what it is on, else on the default."""

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planned, Planner
from gitreceive.build.stacks import Stacks
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Stack
from gitreceive.stack import load_stack
from tests.fakes import FakeSource

OLDER, NEWER = load_stack('cedar-12'), load_stack('cedar-13')
BOTH = Stacks(default=OLDER, others={'cedar-13': NEWER})
PROCFILE = {'Procfile': b'web: serve\n'}


def planned(files: dict[str, bytes], kept: str = '') -> Planned:
    planner = Planner(buildpacks=load_buildpacks(), stack=OLDER, others={'cedar-13': NEWER})
    return planner.plan(FakeSource(files), {}, kept=kept)


@pytest.mark.parametrize(
    ('wanted', 'kept', 'chosen'),
    [
        ('', '', OLDER),
        ('', 'cedar-13', NEWER),
        ('cedar-12', 'cedar-13', OLDER),
        ('cedar-13', '', NEWER),
        ('heroku-22', 'cedar-13', OLDER),
        ('heroku-24', '', NEWER),
        ('heroku-26', '', NEWER),
        ('container', '', OLDER),
        ('container', 'cedar-13', NEWER),
    ],
)
def test_what_app_json_asks_for_comes_before_what_the_app_is_on(
    wanted: str, kept: str, chosen: Stack
) -> None:
    assert BOTH.choose(wanted, kept) == chosen


def test_the_nearest_of_herokus_stacks_is_taken_where_one_is_missing() -> None:
    assert Stacks(default=OLDER).choose('heroku-24', '') == OLDER


@pytest.mark.parametrize(
    ('wanted', 'kept', 'told'),
    [
        ('cedar-14', '', '"stack" in app.json is \'cedar-14\''),
        ('../x', '', 'there is no such stack here; there are: cedar-12, cedar-13'),
        ('', 'cedar-9', "the app is built on the stack 'cedar-9', and there is no such stack here"),
    ],
)
def test_a_stack_that_there_is_not_is_refused_with_those_that_there_are(
    wanted: str, kept: str, told: str
) -> None:
    with pytest.raises(DetectError) as caught:
        BOTH.choose(wanted, kept)
    assert told in str(caught.value)


def test_the_dockerfile_is_of_the_stack_that_was_chosen() -> None:
    assert OLDER.build_image in planned(PROCFILE).recipe.dockerfile
    assert NEWER.build_image in planned(PROCFILE, kept='cedar-13').recipe.dockerfile
    asked = planned({**PROCFILE, 'app.json': b'{"stack": "cedar-13"}'})
    assert asked.stack == NEWER
    assert not any('app.json' in note for note in asked.plan.notes)
    assert NEWER.build_image in asked.recipe.dockerfile


def test_container_is_the_apps_own_dockerfile() -> None:
    files = {**PROCFILE, 'requirements.txt': b'', 'app.json': b'{"stack": "container"}'}
    own = planned({**files, 'Dockerfile': b'FROM heroku/cedar:14\nCOPY . /app/src\n'})
    assert own.plan.buildpack == 'dockerfile'
    with pytest.raises(DetectError, match='Dockerfile'):
        planned(files)


@pytest.mark.parametrize('stack', [b'7', b'["cedar-13"]', b'"%s"' % (b'x' * 41)])
def test_a_stack_that_is_no_name_is_refused(stack: bytes) -> None:
    with pytest.raises(DetectError, match=r'"stack" in app\.json is not the name of a stack'):
        planned({**PROCFILE, 'app.json': b'{"stack": %s}' % stack})
