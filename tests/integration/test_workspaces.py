"""Workspaces in a real engine: what a push has to install again, and what it has not."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.sources.workdir import WorkingDirectory
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.plan import Stack
from tests.building import Workshop, workshop

APPS = Path(__file__).parent / 'apps'
BUILD_SECONDS = 300


def unchanged(app: Path, shop: Workshop, stack: Stack) -> str:
    """The steps of a build of the directory that had nothing to do, as the push tells them."""
    shop.console.details.clear()
    with WorkingDirectory(app) as source, closing(BuildClock(BUILD_SECONDS)) as clock:
        planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(source, {})
        job = shop.job('', source=planned.source, recipe=planned.recipe)
        shop.builder.build(job, shop.console, clock)
    return next((line for line in shop.console.details if line.startswith('Unchanged')), '')


@pytest.mark.parametrize(
    ('app', 'code', 'installs'),
    [('node/workspaces', 'greet.js', 'npm ci'), ('bun/workspaces', 'greet.ts', 'bun install')],
)
def test_only_a_change_of_a_manifest_installs_again(
    docker_host: str, stack: Stack, tmp_path: Path, app: str, code: str, installs: str
) -> None:
    place = shutil.copytree(APPS / app, tmp_path / 'app')
    greet = place / 'packages' / 'greet'
    with workshop(docker_host) as shop:
        unchanged(place, shop, stack)
        (greet / code).write_text(f'// {shop.home}\n')
        assert installs in unchanged(place, shop, stack)
        manifest = json.loads((greet / 'package.json').read_text())
        (greet / 'package.json').write_text(json.dumps({**manifest, 'description': shop.home}))
        assert installs not in unchanged(place, shop, stack)
