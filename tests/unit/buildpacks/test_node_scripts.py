"""How packages of the npm registry are fetched into a slug; npm is a stand-in."""

import os
import subprocess
from pathlib import Path

import pytest

from gitreceive.config.resources import directory

FETCH = '. "$1"; file=$(fetch pnpm@10.20.0); echo "went on with $file"'
FETCH_RANGE = '. "$1"; file=$(fetch_range Bun @oven/bun 99.x); echo "went on with $file"'


def fetched(tmp_path: Path, npm: str, script: str = FETCH) -> subprocess.CompletedProcess[str]:
    """What a step does that fetches a package by a program ``npm``."""
    program = tmp_path / 'npm'
    program.write_text(f'#!/bin/sh\n{npm}\n')
    program.chmod(0o755)
    return subprocess.run(
        [
            'bash',
            '-euo',
            'pipefail',
            '-c',
            script,
            'step',
            str(directory('buildpacks') / 'shared' / 'registry'),
        ],
        env={'PATH': f'{tmp_path}:{os.environ["PATH"]}'},
        capture_output=True,
        text=True,
    )


def test_a_package_that_cannot_be_fetched_ends_the_step_with_what_npm_says(tmp_path: Path) -> None:
    done = fetched(tmp_path, 'echo "npm error code ETIMEDOUT" >&2; exit 1')
    assert done.returncode == 1
    assert done.stdout == ''
    assert done.stderr.splitlines() == [
        'npm error code ETIMEDOUT',
        'npm could not fetch pnpm@10.20.0 from the package registry',
    ]


def test_a_package_that_is_fetched_is_found_where_npm_has_put_it(tmp_path: Path) -> None:
    done = fetched(tmp_path, 'test "$1 $2" = "pack pnpm@10.20.0"; echo pnpm-10.20.0.tgz')
    assert done.stdout == 'went on with /tmp/pnpm-10.20.0.tgz\n'


@pytest.mark.parametrize(
    ('code', 'told'),
    [('E404', True), ('ETARGET', True), ('ETIMEDOUT', False)],
)
def test_a_version_that_is_not_there_is_not_mistaken_for_a_network_that_fails(
    tmp_path: Path, code: str, told: bool
) -> None:
    done = fetched(tmp_path, f'echo "npm error code {code}" >&2; exit 1', FETCH_RANGE)
    assert (done.returncode, done.stdout) == (1, '')
    assert f'npm error code {code}' in done.stderr
    assert ('there is no Bun that satisfies "99.x"' in done.stderr) is told


def manager(tmp_path: Path, name: str, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What the script of a package manager does in the app below ``tmp_path``; the manager is a stand-in."""
    for folder in ('shared', 'node'):
        for file in filter(Path.is_file, (directory('buildpacks') / folder).iterdir()):
            script = tmp_path / 'buildpack' / file.name
            script.parent.mkdir(exist_ok=True)
            script.write_text(file.read_text().replace('/app/', f'{tmp_path}/'))
            script.chmod(0o755)
    stand_in = tmp_path / 'heroku/node/bin' / name
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(f'#!/bin/sh\n{program}\n')
    stand_in.chmod(0o755)
    return subprocess.run(
        [tmp_path / 'buildpack' / name, *words],
        env={'PATH': os.environ['PATH'], 'WITH_ENV': 'yes'},
        capture_output=True,
        text=True,
    )


def test_what_is_wrong_in_the_settings_of_yarn_is_said_by_yarn(tmp_path: Path) -> None:
    (tmp_path / 'src').mkdir()
    (tmp_path / 'src/.yarnrc.yml').touch()
    program = '[ -f .yarnrc.yml ] || exec echo 4.9.1\necho "Usage Error: $*"; exit 1'
    done = manager(tmp_path, 'yarn', program, 'install', '--immutable')
    assert (done.returncode, done.stdout) == (1, 'Usage Error: install --immutable\n')


def test_what_tools_keep_for_their_next_run_does_not_stay(tmp_path: Path) -> None:
    kept = ('.next/cache/fetch-cache', '.next/server', 'node_modules/ms')
    forgotten = ('.next/cache/webpack', '.angular/cache', '.parcel-cache', 'node_modules/.cache')
    (tmp_path / 'src').mkdir()
    done = manager(tmp_path, 'pnpm', f'mkdir -p {" ".join(kept + forgotten)}', 'run', 'build')
    assert done.returncode == 0, done.stderr
    assert [name for name in kept + forgotten if (tmp_path / 'src' / name).exists()] == list(kept)
