"""The two images of a stack: how they are labelled and configured, and whether they are there."""

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from gitreceive.model.errors import StackError
from gitreceive.model.stackimages import making
from gitreceive.stack.ports import FoundImage, Inside, StackEngine
from gitreceive.stack.recipe import StackRecipe

STACK, VERSION, DIGEST = 'gitreceive.stack', 'gitreceive.stack.version', 'gitreceive.stack.digest'
BASE = 'gitreceive.stack.base'


def present(engine: StackEngine, recipe: StackRecipe, digest: str) -> bool:
    """Whether the engine has both images, made of what ``digest`` stands for, the one on top of the other."""
    run, build = engine.find(recipe.stack.run_image), engine.find(recipe.stack.build_image)
    if run is None or build is None:
        return False
    made = {run.labels.get(DIGEST), build.labels.get(DIGEST)} == {digest}
    return made and build.labels.get(BASE) == run.id


def is_marked(image: FoundImage | None, digest: str) -> bool:
    """Whether an image is there and was made of what ``digest`` stands for."""
    return image is not None and image.labels.get(DIGEST) == digest


def build_image_id(engine: StackEngine, recipe: StackRecipe) -> str:
    """The id of the build image. Raises StackError if it is not there."""
    found = engine.find(recipe.stack.build_image)
    if found is None:
        raise StackError(
            f'the engine has no image {recipe.stack.build_image}: run "{making(recipe.stack.build_image)}"'
        )
    return found.id


def import_run_image(engine: StackEngine, recipe: StackRecipe, digest: str, root: IO[bytes]) -> str:
    """Makes the run image of a root's tar; returns its id. It has no name yet."""
    return engine.import_root(
        root, instructions(recipe.env, labels(recipe, digest), recipe.user, recipe.home)
    )


def commit_on_top(
    engine: StackEngine, recipe: StackRecipe, base_id: str, marks: Mapping[str, str], script: Inside
) -> tuple[str, str]:
    """Makes an image with the labels ``marks`` on top of another; its id, and what the script printed."""
    changes = instructions({**recipe.env, **recipe.build_env}, marks, recipe.user, recipe.home)
    return engine.commit_on_top(base_id, changes, script)


def inside(recipe: StackRecipe, script: str, work: Path, parts: tuple[str, ...]) -> Inside:
    """A script of the recipe, to be run inside a container."""
    folder = recipe.file(script).parent
    return Inside(stack=recipe.stack.name, directory=folder, script=script, work=work, parts=parts)


def labels(recipe: StackRecipe, digest: str) -> dict[str, str]:
    """The labels of both images."""
    return {STACK: recipe.stack.name, VERSION: str(recipe.version), DIGEST: digest}


def instructions(env: Mapping[str, str], marks: Mapping[str, str], user: str, home: str) -> list[str]:
    """An image's configuration as Dockerfile lines, for the engine's import and commit."""
    return [
        *(f'ENV {key}="{value}"' for key, value in env.items()),
        *(f'LABEL "{key}"="{value}"' for key, value in marks.items()),
        f'USER {user}',
        f'WORKDIR {home}',
        'ENTRYPOINT []',
        'CMD ["/bin/bash"]',
    ]


def said(printed: str, mark: str) -> str:
    """Those lines of ``printed`` that begin with the word ``mark``, without it."""
    lines = [line.removeprefix(f'{mark} ') for line in printed.splitlines() if line.startswith(f'{mark} ')]
    return ''.join(f'{line}\n' for line in lines)
