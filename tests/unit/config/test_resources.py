"""The files that come with the program are found from a checkout and from an installation."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from gitreceive.config import resources
from gitreceive.model.errors import StateError

ROOT = Path(__file__).parents[3]
TREES = ('hooks', 'buildpacks', 'stacks')


def shipped() -> dict[str, set[str]]:
    """Directory to file names, of all that is committed in the trees."""
    listed = subprocess.run(
        ['git', 'ls-tree', '-r', '-z', '--name-only', 'HEAD', *TREES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, set[str]] = {}
    for path in map(Path, filter(None, listed.split('\0'))):
        if path.name != 'README.md':
            found.setdefault(str(path.parent), set()).add(path.name)
    return found


def test_a_checkout_uses_its_own_files() -> None:
    assert resources.directory('stacks') == ROOT / 'stacks'


def test_what_is_not_there_is_an_error_that_names_the_place() -> None:
    with pytest.raises(StateError, match=r'no nothing/ in .*nothing; install again'):
        resources.directory('nothing')


@pytest.fixture(scope='module')
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a wheel of this project and one more buildpack, as ``pip install .`` makes it."""
    place = tmp_path_factory.mktemp('installed')
    source = place / 'source'
    subprocess.run(['git', 'clone', '--quiet', '--no-local', ROOT, source], check=True)
    shutil.copytree(source / 'buildpacks' / 'minimal', source / 'buildpacks' / 'cobol')
    venv.create(place / 'venv', with_pip=False)
    pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', '--python', place / 'venv']
    subprocess.run([*pip, 'install', '--no-deps', source], check=True)
    return place / 'venv'


def test_a_normal_installation_has_the_files_with_their_modes(installed: Path) -> None:
    look = 'from gitreceive.config.resources import directory; print(directory("stacks"))'
    python = [installed / 'bin' / 'python', '-I', '-c', look]
    printed = subprocess.run(python, cwd='/', capture_output=True, text=True, check=True).stdout.strip()
    assert printed == str(installed / 'share' / 'gitreceive' / 'stacks')
    for place, names in shipped().items():
        for name in names:
            copy = installed / 'share' / 'gitreceive' / place / name
            original = installed.parent / 'source' / place / name
            assert copy.read_bytes() == original.read_bytes()
            assert os.access(copy, os.X_OK) == bool(original.stat().st_mode & 0o100), copy


def test_a_buildpack_is_installed_by_adding_its_directory(installed: Path) -> None:
    copy = installed / 'share' / 'gitreceive' / 'buildpacks' / 'cobol'
    original = ROOT / 'buildpacks' / 'minimal'
    assert {path.name for path in copy.iterdir()} >= {
        path.name for path in original.iterdir() if path.is_file()
    }
