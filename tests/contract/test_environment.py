"""Tests get the same environment on every machine."""

import os
import subprocess
import sys
from pathlib import Path

from tests.environment import environment
from tests.shipped import ROOT

HOSTILE = """
[commit]
    gpgsign = true
[core]
    autocrlf = true
    hooksPath = /nowhere
[filter "lfs"]
    clean = git-lfs clean -- %f
    process = git-lfs filter-process
    required = true
"""
SENSITIVE = 'tests/unit/build/sources/test_git.py'


def test_an_account_that_is_set_up_strangely_does_not_change_what_tests_find(tmp_path: Path) -> None:
    for name in ('.gitconfig', 'system'):
        (tmp_path / name).write_text(HOSTILE)
    strange = {
        'HOME': str(tmp_path),
        'GIT_CONFIG_SYSTEM': str(tmp_path / 'system'),
        'GIT_DIR': '/nowhere',
        'LC_ALL': 'C',
        'TZ': 'Asia/Kolkata',
        'PYTHONDONTWRITEBYTECODE': '1',
        'GITRECEIVE_BUILDS': 'many',
    }
    words = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', SENSITIVE]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **strange}, umask=0o077, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_package_clients_keep_the_configuration_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / '.npmrc').touch()
    given = environment({'HOME': str(tmp_path), 'no_proxy': 'a.example'}, Path('/new'), Path('/caches'))
    assert given['HOME'] == '/new'
    assert given['NPM_CONFIG_USERCONFIG'] == str(tmp_path / '.npmrc')
    assert 'PIP_CONFIG_FILE' not in given
    assert given['no_proxy'] == 'a.example,localhost,127.0.0.1,::1'
