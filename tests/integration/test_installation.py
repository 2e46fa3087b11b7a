"""``pip install`` of this checkout: pip fetches what builds it, so a network is needed."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.shipped import ROOT, shipped


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
