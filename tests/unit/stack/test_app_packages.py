"""The packages that an app asks for are fetched once, and again when the run image is another one."""

from pathlib import Path

import pytest

from gitreceive.build.packages import package_set
from gitreceive.model.errors import BuildError, StackError
from gitreceive.stack.packages import ensure_packages
from gitreceive.stack.ports import Inside
from tests.building import Lines
from tests.fakes_stack import FakeStackEngine
from tests.unit.stack.test_making import Workplace, scripts

INSTALLED = ''.join(f'installed lib{number}=1\n' for number in range(40))


def printed(inside: Inside) -> str:
    return INSTALLED if inside.script == 'unpack.sh' else scripts(inside)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A host whose engine has the stack."""
    made = Workplace(monkeypatch, tmp_path)
    made.engine = FakeStackEngine(printed)
    made.make()
    return made


def ensure(place: Workplace, *names: str) -> list[str]:
    """What is told."""
    console = Lines()
    ensure_packages(place.engine, package_set(place.recipe.stack, names), console)
    return [*console.steps, *console.details]


def fetched(place: Workplace) -> list[str]:
    return [call for call in place.calls if '--download-only' in call]


def test_an_image_of_the_packages_is_made_on_the_run_image_and_told(place: Workplace) -> None:
    told = ensure(place, 'libzbar0', 'zbar-tools')
    assert told[0] == 'Fetching libzbar0, zbar-tools'
    assert told[1:3] == ['lib0=1', 'lib1=1'] and told[-1] == '... and 10 more'
    (call,) = fetched(place)
    assert call.endswith('install --download-only libzbar0 zbar-tools')
    assert package_set(place.recipe.stack, ('libzbar0', 'zbar-tools')).image in place.engine.names


def test_it_is_made_once(place: Workplace) -> None:
    ensure(place, 'libzbar0')
    assert ensure(place, 'libzbar0') == []
    assert len(fetched(place)) == 1
    ensure(place, 'imagemagick')
    assert len(fetched(place)) == 2


def test_it_is_made_again_of_another_run_image(place: Workplace) -> None:
    ensure(place, 'libzbar0')
    build_image = place.engine.names[place.recipe.stack.build_image]
    place.engine.names[place.recipe.stack.run_image] = build_image
    assert ensure(place, 'libzbar0') != []


@pytest.mark.parametrize(
    ('said', 'told'),
    [
        ('E: Unable to locate package libzbar9', 'asks for libzbar9, which Debian bookworm does not have'),
        ("E: Version '9' for 'zbar' was not found", 'asks for zbar of version 9, which Debian'),
        ("E: Package 'zbar' has no installation candidate", 'asks for zbar, which Debian'),
        ('E: the mirror is gone', 'the mirror is gone'),
    ],
)
def test_a_package_that_cannot_be_fetched_is_named_with_what_to_do(
    place: Workplace, said: str, told: str
) -> None:
    place.program('apt-get', f'echo "{said}" >&2; exit 100')
    with pytest.raises(BuildError, match=told):
        ensure(place, 'zbar')
    assert package_set(place.recipe.stack, ('zbar',)).image not in place.engine.names


def test_without_the_run_image_the_sysadmin_is_told_the_command(place: Workplace) -> None:
    del place.engine.names[place.recipe.stack.run_image]
    with pytest.raises(StackError, match='run "gitreceive stack build --stack cedar-12"'):
        ensure(place, 'zbar')
