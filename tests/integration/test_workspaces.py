"""Workspaces in a real engine: what a push has to install again, and what it has not."""

import json
import shutil
from contextlib import closing
from pathlib import Path

from gitreceive.buildpack import load_buildpacks
from gitreceive.cancellation import BuildClock
from gitreceive.model import Stack
from gitreceive.planning import Planner
from gitreceive.sources.workdir import WorkingDirectory
from tests.building import Workshop, workshop

APP = Path(__file__).parent / 'apps' / 'node' / 'workspaces'
BUILD_SECONDS = 300


def unchanged(app: Path, shop: Workshop, stack: Stack) -> str:
    """The steps of a build of the directory that had nothing to do, as the push tells them."""
    shop.console.details.clear()
    with WorkingDirectory(app) as source, closing(BuildClock(BUILD_SECONDS)) as clock:
        planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(source, {})
        job = shop.job('', source=planned.source, recipe=planned.recipe)
        shop.builder.build(job, shop.console, clock)
    return next((line for line in shop.console.details if line.startswith('Unchanged')), '')


def test_only_a_change_of_a_manifest_installs_again(docker_host: str, stack: Stack, tmp_path: Path) -> None:
    app = shutil.copytree(APP, tmp_path / 'app')
    greet = app / 'packages' / 'greet'
    with workshop(docker_host) as shop:
        unchanged(app, shop, stack)
        (greet / 'greet.js').write_text(f'module.exports = () => "{shop.home}"\n')
        assert 'npm ci' in unchanged(app, shop, stack)
        manifest = json.loads((greet / 'package.json').read_text())
        (greet / 'package.json').write_text(json.dumps({**manifest, 'description': shop.home}))
        assert 'npm ci' not in unchanged(app, shop, stack)
