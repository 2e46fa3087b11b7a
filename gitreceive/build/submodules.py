"""Submodules: what a commit names of other repositories, and how their files get into a build."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dulwich.config import ConfigFile, parse_submodules

from gitreceive.build.addresses import is_url, refuse_address
from gitreceive.build.appfiles.manifest import plain_path
from gitreceive.build.dockerfiles.render import Syntax, exec_form, image_reference
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Recipe, Stack
from gitreceive.model.push import COMMIT

FILE = '.gitmodules'
LIMIT = 64 * 1024
MOST = 50
SETTING = 'builds.submodule_hosts'
CODE = re.compile(r'^COPY (?:--\S+ )*\["src", "(/app(?:/src)?)"\]$', re.MULTILINE)
MOUNT = Syntax('--mount=type=bind,source=buildpack,target=/tmp/buildpack')


@dataclass(frozen=True, slots=True, kw_only=True)
class Submodule:
    """One of them: where its files belong, where they are, and which commit of them is meant."""

    path: str
    url: str
    commit: str


def read_submodules(source: Source, hosts: Sequence[str]) -> tuple[Submodule, ...]:
    """The commit's submodules; all may be fetched. Raises DetectError that names the one that may not, and why."""
    if not source.exists(FILE):
        return ()
    entries = [file for file in source.files() if file.kind == 'submodule']
    if len(entries) > MOST:
        raise DetectError(f'the commit has {len(entries)} submodules; at most {MOST} are fetched')
    urls = _urls(source) if entries else {}
    return tuple(_checked(file.path, urls.get(file.path, ''), file.commit, hosts) for file in entries)


def with_submodules(recipe: Recipe, modules: Sequence[Submodule], stack: Stack) -> Recipe:
    """``recipe`` with a stage that fetches them and a copy of them wherever the code is copied. Pure.

    Raises DetectError if the code is not copied by us: an app's own Dockerfile has to fetch them itself.
    """
    if not modules:
        return recipe
    names = ', '.join(module.path for module in modules[:10])
    text, copies = CODE.subn(
        lambda copy: f'{copy[0]}\nCOPY --from=modules --chown=app:app ["/tmp/modules", "{copy[1]}"]',
        recipe.dockerfile,
    )
    if not copies or not recipe.code:
        raise DetectError(
            f'{names}: submodules are not in the context of a Dockerfile; clone them in a RUN step'
        )
    steps = [
        f'RUN {MOUNT} {exec_form(["/tmp/buildpack/fetch-submodule", module.path, module.url, module.commit])}'
        for module in modules
    ]
    stage = '\n'.join([f'FROM {image_reference(stack.build_image)} AS modules', 'USER app', *steps])
    return replace(recipe, dockerfile=f'{stage}\n\n{text}')


def _urls(source: Source) -> dict[str, str]:
    # "[include] path = ..." in it would be looked up on this host.
    try:
        config = ConfigFile.from_file(io.BytesIO(source.read(FILE, LIMIT)), expand_includes=False)
        return {path.decode(): url.decode() for path, url, _ in parse_submodules(config)}
    except (ValueError, KeyError) as error:
        raise DetectError(f'{FILE} cannot be read ({str(error)[:100]}): correct it') from error


def _checked(path: str, url: str, commit: str, hosts: Sequence[str]) -> Submodule:
    shown = ascii(path[:100])[1:-1]
    if not plain_path(path) or not COMMIT.fullmatch(commit):
        raise DetectError(f'{shown} is a submodule that cannot be fetched: add its files themselves')
    if not is_url(url) or '#' in url:
        raise DetectError(
            f'{shown} is a submodule of {ascii(url[:100])[1:-1] or "nowhere"}, which is no https URL: '
            f'write one into {FILE}, or add the files themselves ("git rm --cached" it first)'
        )
    refuse_address(url, hosts, f'the submodule {shown}', SETTING)
    return Submodule(path=path, url=url, commit=commit)
