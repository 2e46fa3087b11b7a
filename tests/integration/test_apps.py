"""Small apps through the whole line, from a commit to an answer over HTTP: one directory each.

``apps/<buildpack>/<case>/`` holds the app and ``case.toml``: ``buildpack`` that has to be chosen, ``expect`` (text of
the answer at ``/``), ``process`` (default ``web``), ``versions`` (tool to regular expression), ``env`` (config vars),
``fails`` (a regular expression for the failure's text, instead of ``expect``), ``why`` (what the case is about).
"""

import re
import shutil
import subprocess
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitreceive.adapters.slugs.packer import DockerSlugPacker
from gitreceive.buildpack import LoadedBuildpack, load_buildpacks
from gitreceive.cancellation import BuildClock
from gitreceive.errors import BuildError, GitReceiveError
from gitreceive.model import AppName, Commit, Plan, ProcessType, Stack
from gitreceive.ports import BuildJob
from gitreceive.settings import Limits
from gitreceive.slugrun import run_slug
from gitreceive.source import GitSource
from gitreceive.stages.build import build_image
from gitreceive.stages.detect import choose_plan
from gitreceive.stages.dockerfile import render_dockerfile
from gitreceive.stages.slug import cut_slug
from tests.building import Workshop, workshop

APPS = Path(__file__).parent / 'apps'
CASES = sorted(APPS.glob('*/*/case.toml'))
BUILD_SECONDS = 600


@pytest.fixture(scope='module')
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


@pytest.mark.parametrize('place', CASES, ids=lambda place: f'{place.parent.parent.name}/{place.parent.name}')
def test_an_app_does_what_its_case_says(place: Path, shop: Workshop, stack: Stack, tmp_path: Path) -> None:
    case = tomllib.loads(place.read_text('utf-8'))
    source = committed(place.parent, tmp_path)
    clock = BuildClock(BUILD_SECONDS)
    try:
        if 'fails' in case:
            with pytest.raises(GitReceiveError, match=case['fails']):
                deployed(case, source, shop, stack, tmp_path, clock)
        else:
            deployed(case, source, shop, stack, tmp_path, clock)
    finally:
        clock.close()


def deployed(
    case: dict[str, Any], source: GitSource, shop: Workshop, stack: Stack, folder: Path, clock: BuildClock
) -> None:
    """The line, and the slug's answer."""
    buildpacks = load_buildpacks()
    env = case.get('env', {})
    plan = choose_plan(source, buildpacks, stack, env)
    assert plan.buildpack == case['buildpack']
    buildpack = next(found for found in buildpacks if found.name == plan.buildpack)
    job = shop.job(
        '', source=source, recipe=render_dockerfile(plan, buildpack, stack), env=env, app=AppName('case')
    )
    image = built(job, buildpack, shop, clock)
    for tool, wanted in case.get('versions', {}).items():
        assert re.fullmatch(wanted, image.versions.get(tool, '')), f'{tool}: {dict(image.versions)}'
    slug = cut_slug(
        image, DockerSlugPacker(shop.engine), folder / 'slug.tgz', source.committed, Limits(), clock
    )
    if 'expect' in case:
        with run_slug(shop.engine, stack, slug.path, process(plan, case.get('process', 'web')), env) as url:
            assert case['expect'] in answer(url)


def built(job: BuildJob, buildpack: LoadedBuildpack, shop: Workshop, clock: BuildClock) -> Any:
    """The image; a failure says what the line would say of it."""
    try:
        return build_image(job, shop.builder, shop.console, clock)
    except BuildError as error:
        raise BuildError(
            f'{error}: {buildpack.explain(error.step, error.tail)}\n' + '\n'.join(error.tail)
        ) from error


def process(plan: Plan, name: str) -> ProcessType:
    """The process type of that name."""
    return next(found for found in plan.processes if found.name == name)


def answer(url: str) -> str:
    """What a GET gets, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return str(response.read().decode('utf-8', 'replace'))
    except urllib.error.HTTPError as error:
        return error.read().decode('utf-8', 'replace')


def committed(app: Path, folder: Path) -> GitSource:
    """The app's directory, without its ``case.toml``, as the one commit of a bare repository."""
    work, bare = folder / 'work', folder / 'app.git'
    shutil.copytree(app, work, symlinks=True, ignore=shutil.ignore_patterns('case.toml'))
    git = ['git', '-c', 'user.name=test', '-c', 'user.email=test@example.com', '-C', str(work)]
    for words in (['init', '-q'], ['add', '-A', '-f'], ['commit', '-q', '--allow-empty', '-m', 'the app']):
        subprocess.run([*git, *words], check=True)
    subprocess.run(['git', 'clone', '-q', '--bare', str(work), str(bare)], check=True)
    head = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True, text=True)
    return GitSource(bare, Commit(head.stdout.strip()))
