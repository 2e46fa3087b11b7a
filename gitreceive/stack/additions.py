"""Additions to a stack: what few apps are built with, in an image of its own on top of the build image.

An addition ``NAME`` is the list ``packages-NAME.txt`` of a recipe. Those who do not ask for it do not pay for it.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from gitreceive.model.errors import StackError
from gitreceive.model.progress import Console
from gitreceive.stack import images
from gitreceive.stack.ports import StackEngine
from gitreceive.stack.recipe import FORMAT, StackRecipe, packages
from gitreceive.stack.root import APTS, Host, explain

SCRIPT = 'add.sh'
STATUS = '/var/lib/dpkg/status'


def wanted_additions(engine: StackEngine, recipe: StackRecipe, asked: Iterable[str]) -> list[str]:
    """Those that are asked for, and those that the engine has already: they have to fit the build image.

    Raises StackError for one that the recipe does not have.
    """
    known = recipe.additions
    for name in asked:
        if name not in known:
            raise StackError(
                f'{recipe.stack.name} has no addition "{name}"; there are: {", ".join(known) or "none"}'
            )
    return [name for name in known if name in asked or engine.find(recipe.stack.addition(name))]


def add(
    engine: StackEngine, recipe: StackRecipe, host: Host, name: str, work: Path, console: Console
) -> bool:
    """Makes the addition ``name`` in the empty directory ``work``, unless it is there and fits; True if it made it.

    ``work`` then has ``installed-NAME.txt``. Raises StackError; then there is no new image.
    """
    image, build_id = recipe.stack.addition(name), images.build_image_id(engine, recipe)
    wanted = packages((recipe.directory / f'packages-{name}.txt').read_text('utf-8'))
    mark = _mark(recipe, wanted, build_id)
    if images.is_marked(engine.find(image), mark):
        return False
    console.step(f'Addition {name}: {len(wanted)} packages and what they depend on')
    fetch_packages(work, host, engine.read_file(build_id, STATUS), wanted)
    (work / 'packages').write_text(''.join(f'{package}\n' for package in wanted))
    marks = {**images.labels(recipe, mark), images.BASE: build_id}
    made, printed = images.commit_on_top(
        engine, recipe, build_id, marks, images.inside(recipe, SCRIPT, work, ('packages', 'debs'))
    )
    (work / f'installed-{name}.txt').write_text(images.said(printed, 'installed'))
    engine.name(made, image)
    console.step(f'{image} is ready')
    return True


def _mark(recipe: StackRecipe, wanted: Sequence[str], build_id: str) -> str:
    script = recipe.file(SCRIPT).read_text('utf-8')
    return hashlib.sha256(json.dumps([FORMAT, script, *wanted, build_id]).encode()).hexdigest()


def fetch_packages(work: Path, host: Host, status: bytes, wanted: Sequence[str]) -> None:
    """Downloads ``wanted``, and what they need beyond the packages of ``status``, into ``work/debs``.

    The host's apt does it, with lists of its own below ``work``, and installs nothing. Raises StackError.
    """
    if not host.sources:
        raise StackError(
            'additions are fetched by the apt of this host, which has no sources of Debian: make the stack on a host '
            'with Debian and bring its images here ("docker save", "docker load")'
        )
    for folder in ('state/lists/partial', 'cache', 'debs/partial'):
        (work / folder).mkdir(parents=True)
    (work / 'status').write_bytes(status)
    (work / 'debian.sources').write_text(host.sources)
    options = {
        'Dir::Etc::SourceList': work / 'debian.sources',
        'Dir::Etc::SourceParts': '/dev/null',
        'Dir::State': work / 'state',
        'Dir::State::status': work / 'status',
        'Dir::Cache': work / 'cache',
        'Dir::Cache::archives': work / 'debs',
        'APT::Sandbox::User': 'root',
        'APT::Install-Recommends': 'false',
    }
    apt = [
        'apt-get',
        '--quiet',
        '--quiet',
        '--yes',
        *(f'--option={key}={value}' for key, value in options.items()),
    ]
    for call in (['update'], ['install', '--download-only', *wanted]):
        done = subprocess.run([*apt, *call], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(explain('apt could not fetch packages', done.stderr.splitlines()[-12:], APTS))
