"""Engines beside that of the tests, each with a data directory and a bridge of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from gitreceive.build.sources.pieces import readable
from gitreceive.build.sources.tarstream import without

ROOT = Path(__file__).parents[1]
DEFAULT = Path('/var/run/docker.sock')
PATIENCE = 600

can_start = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which('dockerd', path=f'{os.environ["PATH"]}:/usr/sbin'),
    reason='only root can start an engine, and only where there is dockerd',
)


def checkout(place: Path) -> Path:
    """What ``dev/engine`` needs of a checkout, at another place."""
    (place / 'dev').mkdir(parents=True)
    (place / 'build').mkdir()
    shutil.copy(ROOT / 'dev' / 'engine', place / 'dev')
    (place / 'build' / 'venv').symlink_to(ROOT / 'build' / 'venv')
    return place


def call(place: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the script of a checkout, without the engine of these tests."""
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ('DOCKER_HOST', 'GITRECEIVE_REQUIRE_DOCKER')
    }
    return subprocess.run(
        [place / 'dev' / 'engine', *words],
        env=env | environ,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@contextmanager
def another_engine(place: Path) -> Iterator[str]:
    """The address of an engine that has nothing yet, in a checkout below the new directory ``place``."""
    checkout(place)
    try:
        started = call(place, 'ensure')
        assert started.returncode == 0, started.stderr
        yield started.stdout.strip()
    finally:
        call(place, 'stop')
        shutil.rmtree(place / 'build' / 'engine', ignore_errors=True)


def copy_image(image: str, source: str, target: str, left_out: tuple[str, ...]) -> None:
    """Brings an image from one engine to another, as one layer and without the directories ``left_out`` (``usr/x/``).

    Saving and loading it takes three times as long.
    """
    giver = docker.APIClient(source, version='auto', timeout=PATIENCE)
    taker = docker.APIClient(target, version='auto', timeout=PATIENCE)
    config = giver.inspect_image(image)['Config']
    changes = [f'ENV {variable}' for variable in config['Env']]
    changes += [f'USER {config["User"]}', f'WORKDIR {config["WorkingDir"]}']
    container = giver.create_container(image, 'true')['Id']
    try:
        with readable(giver.export(container)) as exported:
            shown = without(exported.read, '', lambda path: path.startswith(left_out))
            taker.import_image_from_data(shown, repository=image, changes=changes)
    finally:
        giver.remove_container(container)
        giver.close()
        taker.close()
