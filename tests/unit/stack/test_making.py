"""Making a stack's images and its additions, at an engine that exists in memory and with stand-ins for Debian's programs."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.model.errors import StackError
from gitreceive.stack.build import Options, build_stack
from gitreceive.stack.ports import Inside
from gitreceive.stack.recipe import StackRecipe, load_recipe
from tests.building import Lines
from tests.fakes_stack import FakeStackEngine
from tests.stand_ins import stand_in

STATUS = 'Package: libc6\nStatus: install ok installed\n'
NO_CA = Options(host_ca=False)


def scripts(inside: Inside) -> str:
    """What the scripts of recipes print: some word for each list."""
    if inside.script == 'build.sh':
        return 'stripped /usr/bin/su\ninstalled gcc=12\nsome other word\n'
    return f'installed {(inside.work / "packages").read_text().split()[0]}=1\n'


class Workplace:
    """A host with Debian's programs, and an engine. ``calls`` are those of the host's programs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
        self._monkeypatch, self._place = monkeypatch, place
        for folder in ('bin', 'apt', 'recipe', 'root/var/lib/dpkg'):
            (place / folder).mkdir(parents=True)
        (place / 'root/var/lib/dpkg/status').write_text(STATUS)
        monkeypatch.setattr('gitreceive.stack.root.APT', place / 'apt')
        (place / 'apt/sources.list').write_text('deb http://mirror.example/debian bookworm main\n')
        monkeypatch.setattr('os.geteuid', lambda: 0)
        self.program('mmdebstrap', f'{self.in_work("stripped-run.txt")}; exec tar -C {place}/root -c .')
        self.program('pip', 'true')
        self.program('apt-get', 'true')
        self._monkeypatch.setattr(sys, 'executable', str(place / 'bin' / 'pip'))
        self.recipe = self._recipe()
        self.engine = FakeStackEngine(scripts)
        self.console = Lines()

    def _recipe(self) -> StackRecipe:
        found = load_recipe('cedar-12')
        copied = self._place / 'recipe' / 'cedar-12'
        shutil.copytree(found.directory, copied)
        (copied / 'installed-run.txt').write_text('libc6=1\n')
        (copied / 'installed-build.txt').write_text('gcc=12\n')
        return replace(found, directory=copied)

    def program(self, name: str, script: str) -> None:
        stand_in(
            self._monkeypatch, self._place / 'bin', f'echo "{name} $*" >>{self._place}/calls\n{script}', name
        )

    def in_work(self, name: str) -> str:
        """What the recipe's hook leaves in the work directory, whose path is in a hook's text."""
        found = """work=$(printf '%s\\n' "$@" | sed -n 's/.*run.sh "$1" //p')"""
        left = f'mkdir "$work/debs"; echo /usr/bin/passwd >"$work/{name}"'
        return f'{found}; {left}; echo libc6=1 >"$work/installed-run.txt"'

    @property
    def calls(self) -> list[str]:
        """The words of each call of a program of the host."""
        path = self._place / 'calls'
        return path.read_text().splitlines() if path.exists() else []

    def make(self, options: Options = NO_CA) -> bool:
        return build_stack(self.recipe, self.engine, self.console, options)

    def images(self) -> tuple[str, str]:
        """The ids of the run image and of the build image."""
        names = self.engine.names
        return names[self.recipe.stack.run_image], names[self.recipe.stack.build_image]

    def fail(self, error: Exception) -> None:
        """Scripts fail from now on."""

        def failing(inside: Inside) -> str:
            raise error

        self.engine._run = failing


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workplace:
    return Workplace(monkeypatch, tmp_path)


def test_both_images_are_made_the_one_on_top_of_the_other(place: Workplace) -> None:
    assert place.make()
    run, build = map(place.engine.find, (place.recipe.stack.run_image, place.recipe.stack.build_image))
    assert run and build and build.labels['gitreceive.stack.base'] == run.id
    assert place.engine.run_in[0][0] == run.id
    assert place.engine.unnamed() == set()
    assert place.console.steps[-1].endswith('are ready')
    assert '  /usr/bin/passwd' in place.console.details and '  /usr/bin/su' in place.console.details


def test_images_of_the_same_recipe_are_not_made_again_unless_that_is_asked_for(place: Workplace) -> None:
    place.make()
    first, calls = place.images(), len(place.calls)
    assert not place.make()
    assert place.console.steps[-1].startswith('cedar-12 is up to date')
    assert (place.images(), len(place.calls)) == (first, calls)
    assert place.make(replace(NO_CA, again=True))
    assert place.images() != first


def test_a_changed_recipe_makes_other_images(place: Workplace) -> None:
    place.make()
    first = place.images()
    with (place.recipe.directory / 'packages-run.txt').open('a') as file:
        file.write('cowsay\n')
    assert place.make()
    assert place.images() != first


@pytest.mark.parametrize('broken', ['the root', 'the build image'])
def test_what_cannot_be_made_leaves_the_images_of_before_and_none_beside_them(
    place: Workplace, broken: str
) -> None:
    place.make()
    before = place.images()
    if broken == 'the root':
        place.program('mmdebstrap', f'{place.in_work("stripped-run.txt")}; tar -C / -c dev/null; exit 1')
    else:
        place.fail(StackError('build.sh of cedar-12 failed (exit 1)'))
    with pytest.raises(StackError, match='mmdebstrap could not' if broken == 'the root' else r'build\.sh'):
        place.make(replace(NO_CA, again=True))
    assert place.images() == before
    assert place.engine.unnamed() == set()


def test_a_missing_temporary_directory_is_told_with_the_remedy(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('tempfile.tempdir', '/nowhere')
    with pytest.raises(StackError, match=r'/nowhere.*No such file.*set TMPDIR'):
        place.make()


def test_what_debian_has_moved_is_told_and_written_down_when_that_is_asked_for(place: Workplace) -> None:
    (place.recipe.directory / 'installed-run.txt').write_text('libc6=0\n')
    place.make()
    assert '-libc6=0' in place.console.details and '+libc6=1' in place.console.details
    place.make(replace(NO_CA, again=True, record=True))
    assert (place.recipe.directory / 'installed-run.txt').read_text() == 'libc6=1\n'


def test_an_addition_is_made_on_top_of_the_build_image_of_what_apt_fetches(place: Workplace) -> None:
    assert place.make(replace(NO_CA, additions=('php',)))
    _, build = place.images()
    found = place.engine.find(place.recipe.stack.addition('php'))
    assert found and found.labels['gitreceive.stack.base'] == build
    update, install = [call for call in place.calls if call.startswith('apt-get')]
    assert update.endswith(' update') and ' install --download-only ' in install


def test_an_addition_that_is_there_is_made_again_with_its_build_image_and_not_without(
    place: Workplace,
) -> None:
    place.make(replace(NO_CA, additions=('php',)))
    first = place.engine.names[place.recipe.stack.addition('php')]
    assert not place.make()
    assert place.make(replace(NO_CA, again=True))
    assert place.engine.names[place.recipe.stack.addition('php')] != first


def test_an_addition_that_no_recipe_has_is_refused_with_those_that_there_are(place: Workplace) -> None:
    with pytest.raises(StackError, match='cedar-12 has no addition "cobol"; there are: php, rust'):
        place.make(replace(NO_CA, additions=('cobol',)))
    assert place.calls == []


def apt_fails(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.program('apt-get', 'echo "E: Unable to locate package php" >&2; exit 100')


def no_sources(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    (place._place / 'apt/sources.list').unlink()
    monkeypatch.setattr('platform.freedesktop_os_release', lambda: {'ID': 'fedora'})


@pytest.mark.parametrize(
    ('breaking', 'told'),
    [(apt_fails, 'Unable to locate package php'), (no_sources, 'has no sources of Debian')],
)
def test_an_addition_that_cannot_be_fetched_says_why(
    place: Workplace,
    monkeypatch: pytest.MonkeyPatch,
    breaking: Callable[[Workplace, pytest.MonkeyPatch], None],
    told: str,
) -> None:
    breaking(place, monkeypatch)
    with pytest.raises(StackError, match=told):
        place.make(replace(NO_CA, additions=('php',)))
    assert place.recipe.stack.addition('php') not in place.engine.names


def test_an_addition_needs_the_build_image(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.make()
    del place.engine.names[place.recipe.stack.build_image]
    monkeypatch.setattr('gitreceive.stack.images.present', lambda *given: True)
    with pytest.raises(StackError, match='run "gitreceive stack build --stack cedar-12"'):
        place.make(replace(NO_CA, additions=('php',)))
