"""Debian packages that an app asks for: unpacked in an image of their own, made once for each set of them."""

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path

from gitreceive.model.errors import BuildError, StackError
from gitreceive.model.plan import PackageSet
from gitreceive.model.progress import Console
from gitreceive.model.stackimages import making
from gitreceive.stack import images
from gitreceive.stack.additions import STATUS, fetch_packages
from gitreceive.stack.build import work_directory
from gitreceive.stack.ports import FoundImage, StackEngine
from gitreceive.stack.recipe import FORMAT, StackRecipe, load_recipe
from gitreceive.stack.root import inspect_host

SCRIPT = 'unpack.sh'
UNKNOWN = re.compile(
    r"Unable to locate package (\S+)|Version '(\S+)' for '(\S+)' was not found|'(\S+)' has no installation candidate"
)
SHOWN = 30

_lock = threading.Lock()
"""Two apps that ask for the same at once wait for one image."""


def ensure_packages(engine: StackEngine, wanted: PackageSet, console: Console) -> None:
    """Makes the image of the packages unless it is there and of today's run image.

    Raises BuildError for a package that there is not, or that cannot be fetched; StackError without the run image.
    """
    recipe = load_recipe(wanted.stack)
    with _lock:
        base = engine.find(recipe.stack.run_image)
        if base is None:
            image = recipe.stack.run_image
            raise StackError(f'the engine has no image {image}: run "{making(image)}"')
        mark = _mark(recipe, wanted.packages, base)
        if not images.is_marked(engine.find(wanted.image), mark):
            with work_directory() as work:
                _make(engine, recipe, wanted, base, mark, work, console)


def _make(
    engine: StackEngine,
    recipe: StackRecipe,
    wanted: PackageSet,
    base: FoundImage,
    mark: str,
    work: Path,
    console: Console,
) -> None:
    console.step(f'Fetching {", ".join(wanted.packages[:8])}{", ..." if len(wanted.packages) > 8 else ""}')
    try:
        fetch_packages(
            work, inspect_host(recipe.suite, ()), engine.read_file(base.id, STATUS), wanted.packages
        )
    except StackError as error:
        raise BuildError(_unknown(str(error), recipe) or str(error)) from error
    marks = {**images.labels(recipe, mark), images.BASE: base.id}
    script = images.inside(recipe, SCRIPT, work, ('debs',))
    made, printed = images.commit_on_top(engine, recipe, base.id, marks, script)
    engine.name(made, wanted.image)
    installed = images.said(printed, 'installed').splitlines()
    for line in installed[:SHOWN]:
        console.detail(line)
    if len(installed) > SHOWN:
        console.detail(f'... and {len(installed) - SHOWN} more')


def _mark(recipe: StackRecipe, packages: Sequence[str], base: FoundImage) -> str:
    script = recipe.file(SCRIPT).read_text('utf-8')
    return hashlib.sha256(json.dumps([FORMAT, script, *packages, base.id]).encode()).hexdigest()


def _unknown(said: str, recipe: StackRecipe) -> str:
    """What to tell of a package that there is not; empty if it is not that."""
    match = UNKNOWN.search(said)
    if not match:
        return ''
    name = match[1] or match[3] or match[4]
    version = f' of version {match[2]}' if match[2] else ''
    return (
        f'the Aptfile asks for {name[:100]}{version}, which Debian {recipe.suite} does not have: '
        'correct the name, or take the line out'
    )
