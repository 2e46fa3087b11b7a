"""Images with apps that the bench makes up: a runtime, dependencies of many files, code."""

import shutil
import uuid
from contextlib import closing
from functools import partial

from bench.apps import git, make_bare
from bench.setting import Bench
from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.dockerfiles.render import cache_mount
from gitreceive.build.ports import BuildJob
from gitreceive.build.sources.git import GitSource
from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.plan import ContextFile, Recipe
from gitreceive.model.push import parse_commit
from gitreceive.model.slug import Image
from gitreceive.stack import load_stack

APP = AppName('bench')
SECONDS = 900.0
NUMBER = 10**6
"""Of a build; the receiver's own begin at 1."""

MAKE = """
import os, random
chance = random.Random(1)
lines = [''.join(chance.choices('abcdefghijklmnopqrstuvwxyz    =();', k=60)) for _ in range(20_000)]
for package in range({count} // 50):
    folder = f'/app/src/node_modules/package-{{package}}/lib'
    os.makedirs(folder)
    for number in range(50):
        start = chance.randrange(19_000)
        with open(f'{{folder}}/{{number}}.js', 'w') as file:
            file.write('\\n'.join(lines[start : start + min(900, int(chance.expovariate(1 / 50)))]))
"""
STEPS = """\
FROM gitreceive/cedar:12-build
USER root
RUN mkdir -p /app/heroku /app/src && cp -r /usr/lib/gcc /app/heroku/
RUN --mount=type=bind,source=buildpack,target=/tmp/buildpack ["python3", "/tmp/buildpack/make"]
COPY ["src", "/app/src"]
"""
LARGE = """\
FROM gitreceive/cedar:12-build
USER root
RUN mkdir -p /app/src && head -c {half} /dev/urandom > /app/src/first
RUN head -c {half} /dev/urandom > /app/src/second
COPY ["src", "/app/src"]
"""


def packages_image(bench: Bench, count: int, code: bytes) -> Image:
    """An app with ``count`` files of dependencies, of which only ``code`` is built anew."""
    make = ContextFile(name='buildpack/make', content=MAKE.format(count=count).encode())
    return _image(bench, Recipe(dockerfile=STEPS, files=(make,)), code)


def large_image(bench: Bench, size: int) -> Image:
    """An app with ``size`` MB that do not compress, in two layers."""
    return _image(bench, Recipe(dockerfile=LARGE.format(half=size * 500_000)), b'code')


EMPTY = """\
FROM gitreceive/cedar:12-build
USER root
RUN {mount} find /tmp/cache/{name} -mindepth 1 -delete; : {number}
"""


class Silent:
    """Satisfies the ``Console`` port and says nothing."""

    def step(self, text: str) -> None:
        """Nothing."""

    def detail(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Nothing."""


def empty_cache(bench: Bench, app: str, name: str) -> None:
    """Removes what is in the cache ``name`` of an app, as its buildpack calls it; the engine's layers stay as they are."""
    mount = cache_mount(name, load_stack('cedar-12').uid)
    text = EMPTY.format(mount=mount, name=name, number=uuid.uuid4().hex)
    _builder(bench).remove(_image(bench, Recipe(dockerfile=text), b'', AppName(app)))


def _builder(bench: Bench) -> DockerImageBuilder:
    """Has the identity of the bench's receiver, by which the caches of its builds are found."""
    home = Home(bench.place / 'home')
    return DockerImageBuilder(Engine(bench.engine), str(home.root), partial(receiver_identity, home))


def _image(bench: Bench, recipe: Recipe, code: bytes, app: AppName = APP) -> Image:
    repo = bench.place / 'code.git'
    shutil.rmtree(repo, ignore_errors=True)
    make_bare(repo, {'code.js': code})
    commit = parse_commit(git(repo, 'rev-parse', 'master'))
    with GitSource(repo, commit) as source, closing(BuildClock(SECONDS)) as clock:
        job = BuildJob(app=app, number=NUMBER, recipe=marked(recipe), source=source)
        return _builder(bench).build(job, Silent(), clock)
