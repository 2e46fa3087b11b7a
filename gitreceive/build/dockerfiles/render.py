"""Turns a plan into a Dockerfile. Pure: no disk, no network, no clock.

Nothing that comes from a plan can become an instruction or shell syntax: an expression of a template that was not made
by one of the filters below is an error, and each filter can make one kind of thing only.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from gitreceive.build.appfiles.manifest import plain_path
from gitreceive.build.ports import Buildpack
from gitreceive.model.errors import RecipeError
from gitreceive.model.plan import Plan, Recipe, Stack

SAFE = frozenset('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._/:=@+,-~^*()|>!?#%')
"""Characters that stand for themselves in an exec form; all others are written as ``\\uXXXX``, and decoded by JSON."""

IMAGE = re.compile(r'[a-z0-9][A-Za-z0-9._/:@-]{0,250}', re.ASCII)
WORD = re.compile('[a-z][a-z0-9-]{0,29}')
LONGEST = 30_000
"""Characters of an instruction's arguments; the engine's parser reads lines of up to 65,535 bytes."""


class Syntax(str):
    """Text that is meant to be part of a Dockerfile."""

    __slots__ = ()


FOLDER = 'buildpack'
"""Where a buildpack's files are in the context."""

COPY_ALL = Syntax('COPY --chown=app:app ["src", "/app/src"]')
COPY_VERSIONS = 'COPY --from=assets ["/app/heroku/versions", "/app/heroku/assets/versions"]'
COPY_BUILT = Syntax(f'{COPY_VERSIONS}\nCOPY --from=assets --chown=app:app ["/app/src", "/app/src"]')
"""The code is the last: what stands above it stays the same from push to push."""

NODE_TO_BUILD = Syntax('COPY --from=assets ["/app/heroku/node", "/opt/node"]\nENV PATH=/opt/node/bin:$PATH\n')
NODE_TO_RUN = Syntax(
    'COPY --from=assets --chown=app:app ["/app/heroku/node", "/app/heroku/node"]\n'
    'COPY --from=assets --chown=app:app ["/app/.profile.d/node.sh", "/app/.profile.d/with-node.sh"]\n'
    'ENV PATH=/app/heroku/node/bin:$PATH\n'
)
"""Its profile is the last: where both set a variable (WEB_CONCURRENCY), the main platform has done so before."""


def render_dockerfile(plan: Plan, buildpack: Buildpack, stack: Stack) -> Recipe:
    """The buildpack's template, filled in with the plan's values; or the app's own Dockerfile, where that is the plan.

    Raises RecipeError if template and values do not fit together.
    A template knows ``stack``, the plan's values by their names, ``buildpack_mount``, ``env_mount``, ``install_env_mount``, ``meta_mount``,
    ``cache_mount('name')``, ``copy_code``, and the filters ``json``, ``copy`` and ``image``.
    """
    own, bases = plan.values.get('own_dockerfile'), plan.values.get('bases')
    if isinstance(own, str) and isinstance(bases, tuple):
        return Recipe(dockerfile=own, code='', bases=bases)
    text = _filled(plan, buildpack, stack, COPY_ALL)
    return Recipe(
        dockerfile=_tidy(text), files=buildpack.files, bases=bases if isinstance(bases, tuple) else ()
    )


def with_assets(recipe: Recipe, plan: Plan, buildpacks: Sequence[Buildpack], stack: Stack) -> Recipe:
    """``recipe`` of ``plan``, with its code from a stage before it that ``plan.assets`` describes.

    ``buildpacks`` are those of the two plans.
    What the main platform installs does not depend on that stage; its steps that follow the code find Node.js on PATH.
    Where the value ``stays`` of ``plan.assets`` is set, the app's processes do, too. The value ``only`` of ``plan`` is a
    directory that alone is taken of that stage, and the script that looks whether it was made.
    """
    assert plan.assets
    buildpack, assets = buildpacks
    if plan.values.get('only'):
        return _with_files(recipe, plan, buildpacks, stack)
    node = NODE_TO_RUN if plan.assets.values.get('stays') else NODE_TO_BUILD
    text = f'{_assets_stage(plan.assets, assets, stack)}\n\n{_filled(plan, buildpack, stack, Syntax(node + COPY_BUILT))}'
    return _joined(recipe, text, assets)


def _with_files(recipe: Recipe, plan: Plan, buildpacks: Sequence[Buildpack], stack: Stack) -> Recipe:
    """The same where the main platform needs one directory of that stage and nothing else: no step follows it."""
    assert plan.assets
    buildpack, assets = buildpacks
    only = plan.values['only']
    assert isinstance(only, tuple)
    directory, script = only
    stage = _assets_stage(replace(plan.assets, values={**plan.assets.values, 'prune': ()}), assets, stack)
    check = f'RUN {_mount(FOLDER)} {exec_form([f"/tmp/buildpack/{script}", directory])}'
    path = f'/app/src/{directory}'
    copied = Syntax(f'{COPY_VERSIONS}\nCOPY --from=assets --chown=app:app {json.dumps([path, path])}')
    checked = replace(plan, values={**plan.values, 'built': False})
    return _joined(recipe, f'{stage}\n{check}\n\n{_filled(checked, buildpack, stack, copied)}', assets)


def _assets_stage(plan: Plan, buildpack: Buildpack, stack: Stack) -> str:
    head, _, rest = _filled(plan, buildpack, stack, COPY_ALL, 'assets').partition('\n')
    return f'{head} AS assets\n{rest}'


def _joined(recipe: Recipe, text: str, assets: Buildpack) -> Recipe:
    apart = (replace(file, name=file.name.replace(FOLDER, 'assets', 1)) for file in assets.files)
    return replace(recipe, dockerfile=_tidy(text), files=(*apart, *recipe.files))


def _mount(folder: str) -> Syntax:
    return Syntax(f'--mount=type=bind,source={folder},target=/tmp/buildpack')


def _filled(plan: Plan, buildpack: Buildpack, stack: Stack, copy_code: Syntax, folder: str = FOLDER) -> str:
    """The template's text; the scripts of its steps are in ``folder`` of the context."""
    words = {
        'buildpack_mount': _mount(folder),
        'env_mount': Syntax('--mount=type=bind,source=env,target=/tmp/env'),
        'install_env_mount': Syntax('--mount=type=bind,source=install-env,target=/tmp/env'),
        'meta_mount': Syntax('--mount=type=bind,source=meta,target=/tmp/meta'),
        'cache_mount': lambda name: cache_mount(name, stack.uid),
        'copy_code': copy_code,
    }
    try:
        return _compiled(buildpack.template).render({**words, **plan.values, 'stack': stack})
    except (TemplateError, TypeError) as error:
        raise RecipeError(f'the Dockerfile template of buildpack {buildpack.name}: {error}') from error


@lru_cache
def _compiled(text: str) -> Template:
    """The template. Kept, as compiling it takes longer than all else of a plan and there are few of them."""
    environment = Environment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_only_syntax,
    )
    environment.filters.update(json=exec_form, copy=copy_form, image=image_reference)
    return environment.from_string(text)


def exec_form(words: Sequence[str]) -> Syntax:
    """``["a", "b"]`` in printable ASCII, with nothing in it that a Dockerfile's parser or a shell could take up."""
    if isinstance(words, str) or not words or not all(isinstance(word, str) for word in words):
        raise RecipeError(f'a command is a list of words, not {words!r:.100}')
    if any('\0' in word for word in words):
        raise RecipeError('a word of a command holds a zero byte')
    return _bounded('[' + ', '.join(f'"{_escaped(word)}"' for word in words) + ']')


def copy_form(paths: Sequence[str], target: str) -> Syntax:
    """The arguments of a COPY of files of the code, ``["src/a", "src/b", "/app/src/"]``.

    COPY expands variables and wildcards, so only plain names can be copied. Raises RecipeError for others.
    """
    for path in paths:
        if not plain_path(path):
            raise RecipeError(
                f'{ascii(path[:60])} cannot be copied by name: use letters, digits, ".", "_", "-"'
            )
    if not plain_path(target.strip('/')):
        raise RecipeError(f'{ascii(target[:60])} is no place to copy to')
    return _bounded(json.dumps([*(f'src/{path}' for path in paths), target]))


def image_reference(name: str) -> Syntax:
    """An image's name, as it may stand after FROM."""
    if not IMAGE.fullmatch(name):
        raise RecipeError(f'{ascii(name[:100])} is not the name of an image')
    return Syntax(name)


def cache_mount(name: str, uid: int) -> Syntax:
    """A directory that lasts from build to build of an app, at ``/tmp/cache/<name>``."""
    if not WORD.fullmatch(name):
        raise RecipeError(f'{ascii(name[:100])} is not the name of a cache')
    return Syntax(f'--mount=type=cache,id={name},target=/tmp/cache/{name},uid={uid:d},gid={uid:d}')


def _only_syntax(value: object) -> str:
    if not isinstance(value, Syntax):
        raise RecipeError(
            f'a template writes {ascii(value)[:60]} without a filter: use |json, |copy or |image'
        )
    return value


def _escaped(word: str) -> str:
    encoded = word.encode('utf-16-be', 'surrogatepass')
    units = [int.from_bytes(encoded[at : at + 2], 'big') for at in range(0, len(encoded), 2)]
    return ''.join(chr(unit) if chr(unit) in SAFE else f'\\u{unit:04x}' for unit in units)


def _bounded(text: str) -> Syntax:
    if len(text) > LONGEST:
        raise RecipeError(f'an instruction of {len(text):,} characters is too long for a Dockerfile')
    return Syntax(text)


def _tidy(text: str) -> str:
    return re.sub(r'\n{3,}', '\n\n', text).strip() + '\n'
