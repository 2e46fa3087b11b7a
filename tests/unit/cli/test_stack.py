"""``gitreceive stack build``: what is asked for, and what the program of a checkout says when it fails."""

from collections.abc import Mapping

import pytest
from click.testing import CliRunner

from gitreceive.cli import stack as program
from gitreceive.cli.main import gitreceive
from gitreceive.model.errors import StackError
from gitreceive.stack.build import Options
from gitreceive.stack.recipe import StackRecipe

Made = tuple[StackRecipe, Mapping[str, str], Options]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Made]:
    """What was to be made."""
    asked: list[Made] = []

    def make(recipe: StackRecipe, environ: Mapping[str, str], console: object, options: Options) -> bool:
        asked.append((recipe, environ, options))
        return True

    monkeypatch.setattr(program, 'make_stack', make)
    return asked


def test_the_stack_of_new_apps_is_made_in_the_engine_of_the_settings(
    made: list[Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('GITRECEIVE_ENGINE_URL', 'unix:///run/mine.sock')
    monkeypatch.setenv('GITRECEIVE_APPS_STACK', 'cedar-12')
    assert CliRunner().invoke(gitreceive, ['stack', 'build']).exit_code == 0
    ((recipe, environ, options),) = made
    assert (recipe.stack.name, environ['DOCKER_HOST'], options) == (
        'cedar-12',
        'unix:///run/mine.sock',
        Options(),
    )


def test_lists_are_written_of_images_that_are_made_again(made: list[Made]) -> None:
    words = ['--stack', 'cedar-13', '--record', '--no-host-ca', '--with', 'php', '--with', 'rust']
    assert CliRunner().invoke(gitreceive, ['stack', 'build', *words]).exit_code == 0
    ((recipe, _, options),) = made
    assert recipe.stack.name == 'cedar-13'
    assert options == Options(host_ca=False, again=True, record=True, additions=('php', 'rust'))


@pytest.mark.parametrize(
    ('words', 'status', 'said'),
    [
        (['build', '--stack', 'none'], StackError.exit_code, ' !     there is no stack "none"'),
        (['build', '--nonsense'], 2, 'No such option'),
    ],
)
def test_the_program_of_a_checkout_tells_its_errors_with_their_status(
    words: list[str],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr('sys.argv', ['stack', *words])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == status
    assert said in capsys.readouterr().err
