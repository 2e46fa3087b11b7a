"""The bench measures all that it promises, says what it could not measure, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import docker
import pytest
from click.testing import CliRunner

import bench.naive
from bench.__main__ import main
from bench.images import empty_cache
from bench.naive import LABEL, identity
from bench.scenarios import STAGES
from bench.setting import Bench
from gitreceive.build.dockerfiles.render import cache_mount
from gitreceive.config.home import Home
from gitreceive.model.app import AppName
from gitreceive.model.plan import Stack
from tests.building import FROM, workshop

ROOT = Path(__file__).parents[2]
QUICK = (sys.executable, '-m', 'bench', '--quick')
APPS = ('Flask app', 'Node app, 300 files in node_modules')
MEASURED = (
    'no-op push',
    'code-only push',
    'cold push',
    'slug of a code-only push, cut and stored',
    'first slug, cut and stored',
)
OTHERS = (
    'context of a repository of 500 files',
    'plan of a repository of 500 files',
    '10 MB of incompressible blobs, not deployed',
    'slug of 500 files, first',
    'slug of 500 files, code changed',
    'slug of 500 files, code changed, beside packing all of it',
    'slug of 500 files in S3, code changed, beside packing and sending all of it',
    'static site: code-only push, beside that of the plain Node.js app',
    'Node.js: push of changed dependencies, beside the same with an empty cache',
)
REMARKS = (
    'space in a directory: 3 releases',
    'space in S3: 3 releases',
    'link: 10 MB',
    'large: cutting and storing a slug of 20 MB',
)

pytestmark = pytest.mark.usefixtures('stack')


def start(place: Path, *words: str) -> 'subprocess.Popen[str]':
    """The bench, at a place of its own."""
    return subprocess.Popen(
        [*QUICK, '--place', str(place), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_over(place: Path, engine: docker.DockerClient) -> list[str]:
    """What still exists of the bench at a place: files, processes, images, containers."""
    found = [str(path) for path in place.iterdir() if path.suffix != '.log' and path.name != 'lock']
    for process in Path('/proc').glob('[0-9]*/cmdline'):
        try:
            words = process.read_bytes().decode(errors='replace').replace('\0', ' ')
        except OSError:
            continue
        if f'{place}/run' in words:
            found.append(words)
    made = {'label': f'{LABEL}={identity(place / "run" / "naive")}'}
    ours = {'label': f'gitreceive.home={place}/run/home'}
    for labels in (made, ours):
        found += [image.id for image in engine.images.list(filters=labels)]
        found += [container.id for container in engine.containers.list(all=True, filters=labels)]
    return found


def rows(text: str) -> dict[str, list[str]]:
    """The cells of the table's rows, without those of stages, by the row's name."""
    lines = (re.split(r' *\| *', line.strip('| ')) for line in text.splitlines() if line.startswith('|'))
    return {name: cells for name, *cells in lines if not name.startswith('↳')}


@pytest.mark.slow
def test_a_quick_run_fills_every_row_and_leaves_nothing(
    tmp_path: Path, stack: Stack, engine: docker.DockerClient
) -> None:
    done = start(tmp_path / 'bench', '--output', str(tmp_path / 'table.md'))
    text, said = done.communicate(timeout=560)
    assert done.returncode == 0, said + text
    assert (tmp_path / 'table.md').read_text().strip() == text.strip()
    found = rows(text)
    for name in (*(f'{app}: {what}' for app in APPS for what in MEASURED), *OTHERS):
        ratio, _, ours, naive, _ = found[name]
        assert float(ours.partition(' ')[0]) > 0, name
        if 'there is no' not in text:
            assert float(ratio.strip('*')) > 0 and float(naive.partition(' ')[0]) > 0, name
    assert all(text.count(f'↳ {title}') == 4 for title in STAGES.values())
    assert text.count('↳ the image alone') == 2
    assert all(remark in text for remark in REMARKS)
    assert left_over(tmp_path / 'bench', engine) == []


@pytest.mark.slow
def test_the_router_is_measured_beside_its_peers(tmp_path: Path) -> None:
    done = start(tmp_path / 'bench', '--only', 'routers')
    text, said = done.communicate(timeout=300)
    assert done.returncode == 0, said + text
    if 'Nothing is said of routers' in text:
        pytest.skip('no nginx or no wrk is here ("dev/setup bench" installs them)')
    ratio, _, ours, naive, _ = rows(text)[
        '10,000 requests through the router of 3 apps, beside nginx as a reverse proxy'
    ]
    assert float(ratio.strip('*')) > 0 and float(ours) > 0 and float(naive) > 0
    assert re.search('Memory with 3 apps after that: this receiver [0-9.]+ MB', text)
    assert re.search('through 3 switches: this receiver lost 0 of [0-9,]+ requests; nginx lost', text)


def test_without_sshd_the_table_says_so_and_has_our_numbers(
    tmp_path: Path, docker_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.naive.shutil, 'which', lambda *_, **__: None)
    monkeypatch.setenv('DOCKER_HOST', docker_host)
    kept = signal.getsignal(signal.SIGTERM)
    try:
        words = ['--quick', '--only', 'blobs', '--place', str(tmp_path / 'bench')]
        done = CliRunner().invoke(main, words)
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert done.exit_code == 0, done.output
    assert 'there is no sshd here: install openssh-server' in done.output
    ratio, _, ours, naive, _ = rows(done.output)['10 MB of incompressible blobs, not deployed']
    assert (ratio, naive) == ('-', '-') and float(ours) > 0


def test_an_emptied_cache_is_empty_for_its_app_alone(docker_host: str, stack: Stack, tmp_path: Path) -> None:
    apps = [AppName(f'app-{uuid.uuid4().hex[:12]}') for _ in range(2)]
    mount, place = cache_mount('words', stack.uid), SimpleNamespace(engine=docker_host, place=tmp_path)
    with workshop(docker_host) as shop:
        identity = Home(tmp_path / 'home').identity
        identity.parent.mkdir(parents=True)
        identity.write_text(shop.home)
        for app in apps:
            shop.build(f'{FROM}RUN {mount} echo {app} >/tmp/cache/words/word\n', app=app)
        empty_cache(cast(Bench, place), apps[0], 'words')
        for app, kept in zip(apps, (0, 1), strict=True):
            shop.build(
                f'{FROM}RUN {mount} : {app}; find /tmp/cache/words -type f -exec cat {{}} +\n', app=app
            )
            assert shop.console.details.count(app) == kept


@pytest.mark.parametrize('with_signal', [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(
    tmp_path: Path, engine: docker.DockerClient, with_signal: signal.Signals
) -> None:
    place = tmp_path / 'bench'
    running = start(place, '--only', 'flask')
    assert running.stderr
    while 'cold' not in (line := running.stderr.readline()):
        assert line, 'the bench ended before it began'
    time.sleep(1)
    os.kill(running.pid, with_signal)
    running.communicate(timeout=60)
    assert running.returncode == (130 if with_signal == signal.SIGINT else 143)
    assert left_over(place, engine) == []
