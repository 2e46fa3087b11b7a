"""Puts the Debian packages of an Aptfile into a recipe: they are unpacked below ``/app/.apt``, in an image of their own.

The image is made once for each set of packages and copied from, so that pushes that change no Aptfile fetch nothing.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from gitreceive.build.dockerfiles.render import exec_form, image_reference
from gitreceive.model.errors import RecipeError
from gitreceive.model.plan import PackageSet, Recipe, Stack

PLACE = '/app/.apt'
TRIPLETS = ('x86_64-linux-gnu', 'aarch64-linux-gnu')
"""Debian's names of the architectures that stacks are made for (https://wiki.debian.org/Multiarch/Tuples)."""

STAGE = re.compile(r'^FROM \S+(?: AS \w+)?\n(?:ENV [^\n]*\n)?USER app$', re.MULTILINE)
"""How each stage of a platform's Dockerfile begins."""


def package_set(stack: Stack, packages: Sequence[str]) -> PackageSet:
    """The image that has these packages of a stack. Pure."""
    digest = hashlib.sha256('\n'.join(packages).encode()).hexdigest()[:32]
    return PackageSet(
        stack=stack.name, packages=tuple(packages), image=f'gitreceive-apt/{stack.name}:{digest}'
    )


def with_packages(recipe: Recipe, stack: Stack, packages: Sequence[str]) -> Recipe:
    """The recipe whose steps and processes find the packages; as it is without any.

    An app's own Dockerfile stays as it is: it installs by itself.
    """
    if not packages or not recipe.code:
        return recipe
    wanted = package_set(stack, packages)
    copied = f'COPY --from={image_reference(wanted.image)} --chown=app:app {exec_form(["/app", "/app"])}'
    begin = '\n'.join([copied, *(f'ENV {name}={value}' for name, value in VARIABLES.items())])
    text, stages = STAGE.subn(lambda stage: f'{stage[0]}\n{begin}', recipe.dockerfile)
    if not stages:
        raise RecipeError('the Dockerfile of this platform has no place for the packages of an Aptfile')
    return replace(recipe, dockerfile=text, packages=wanted)


def _paths(*folders: str) -> str:
    return ':'.join(f'{PLACE}/{folder}' for folder in folders)


LIBRARIES = [f'{usr}lib/{triplet}' for usr in ('usr/', '') for triplet in TRIPLETS] + ['usr/lib', 'lib']

VARIABLES = {
    'PATH': f'{_paths("usr/bin", "usr/sbin", "bin")}:$PATH',
    'LD_LIBRARY_PATH': _paths(*LIBRARIES),
    'LIBRARY_PATH': _paths(*LIBRARIES),
    'CPATH': _paths('usr/include', *(f'usr/include/{triplet}' for triplet in TRIPLETS)),
    'PKG_CONFIG_PATH': _paths(
        *(f'usr/lib/{triplet}/pkgconfig' for triplet in TRIPLETS), 'usr/lib/pkgconfig', 'usr/share/pkgconfig'
    ),
}
"""What compilers, linkers and programs look at in build steps; ``unpack.sh`` writes the same for processes."""
