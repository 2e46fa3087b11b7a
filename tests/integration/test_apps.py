"""Small apps through the whole line, from a commit to an answer over HTTP: one directory each.

``apps/<buildpack>/<case>/`` holds the app and ``case.toml``:

- ``why``: what the case is about
- ``buildpack``: the one that has to be chosen
- ``expect``, ``answers``: text of the answer at ``/``; of those at other paths
- ``process``: the process type that answers (``web``)
- ``prints``: other process types, which end, to text of their output
- ``versions``: tool to regular expression
- ``components``: regular expressions for package URLs that its bill of materials has to have
- ``env``: config vars
- ``gems``: whether Bundler gets a source of the gems that are made here
- ``before``, ``unchanged``: path to text, what is built first, with another time; text of the log after that
- ``gradle``: whether a Gradle wrapper is put beside the app
- ``lock``: a command that writes a lock file that names registries and so is not kept here
- ``addition``: an addition to the stack that the app is built with; ``lock`` is run in it
- ``fails``: a regular expression for the failure's text, instead of ``expect``
- ``from_scratch``: also the runtime is built twice
- ``differs``: why two builds of the case cannot give the same slug, and in which files

What is built is built a second time, with empty caches, and has to be the same slug.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.build.appfiles.binrelease import with_release
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.dockerfiles.mark import marked
from gitreceive.build.generate import generate_config
from gitreceive.build.planning import Planned, Planner
from gitreceive.build.ports import BuildJob
from gitreceive.build.recipe import run_recipe
from gitreceive.build.sources.git import GitSource
from gitreceive.config.settings import Limits
from gitreceive.local.slugrun import SlugRun, run_slug, started
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildError, GitReceiveError
from gitreceive.model.plan import Plan, Stack
from gitreceive.model.process import ProcessType
from gitreceive.model.push import Commit
from gitreceive.model.slug import Slug
from gitreceive.slugs.pack import pack_slug
from gitreceive.slugs.parts import Part
from gitreceive.slugs.sbom import Inventory, package_url
from tests.building import Lines, Workshop, workshop
from tests.debian_gems import debian_gems
from tests.gems import Gem, gem_source

APPS = Path(__file__).parent / 'apps'
CASES = sorted(APPS.glob('*/*/case.toml'))
BUILD_SECONDS = 1200
C = """
#include <ruby.h>
static VALUE answer(VALUE self) { return INT2NUM(42); }
void Init_answer(void) { rb_define_singleton_method(rb_define_module("Answer"), "answer", answer, 0); }
"""
EXTCONF = 'require "mkmf"; create_makefile "answer"'
GREET = 'module Greet; def self.words = "hello from a gem"; end'
GEMS = (
    Gem(name='greet', version='1.2.0', files={'lib/greet.rb': GREET}),
    Gem(name='only-here', version='1.0.0', files={'lib/only_here.rb': ''}),
    Gem(
        name='answer', version='1.0.0', files={'ext/answer.c': C, 'ext/extconf.rb': EXTCONF, 'lib/.keep': ''}
    ),
)

pytestmark = pytest.mark.timeout(1500)  # hundreds of files from registries that may be slow


@pytest.fixture(scope='module')
def shop(docker_host: str, stack: Stack) -> Iterator[Workshop]:
    with workshop(docker_host) as made:
        yield made


@pytest.fixture(scope='module')
def gems(engine: docker.DockerClient, stack: Stack) -> Iterator[str]:
    """The URL of a source of gems: those that are written here, and real ones."""
    with gem_source(engine, (*(gem.published() for gem in GEMS), *debian_gems(engine, stack))) as url:
        yield url


@pytest.mark.parametrize('place', CASES, ids=lambda place: f'{place.parent.parent.name}/{place.parent.name}')
def test_an_app_does_what_its_case_says(
    place: Path, shop: Workshop, stack: Stack, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    case = tomllib.loads(place.read_text('utf-8'))
    if case.get('gradle'):
        wrapper = request.getfixturevalue('wrapper')
        place = wrapper.beside(place.parent, tmp_path / 'app') / place.name
    if case.get('gems'):
        case['env'] = {**case.get('env', {}), 'BUNDLE_MIRROR__ALL': request.getfixturevalue('gems')}
    case['app'] = f'case-{uuid.uuid4().hex[:12]}' if case.get('gems') else 'case'
    image = request.getfixturevalue(case['addition']) if 'addition' in case else ''
    lock = partial(locked_inside, image, request.getfixturevalue('engine')) if image else locked
    *before, source = committed(place.parent, tmp_path, case, lock)
    clock = BuildClock(BUILD_SECONDS)
    try:
        if 'fails' in case:
            with pytest.raises(GitReceiveError, match=case['fails']):
                packed(case, source, shop, stack, tmp_path / 'slug.tgz', clock)
            return
        for older in before:
            packed(case, older, shop, stack, tmp_path / 'older.tgz', clock)
        shop.console = Lines()
        plan, slug = packed(case, source, shop, stack, tmp_path / 'slug.tgz', clock)
        assert case.get('unchanged', '') in '\n'.join(shop.console.details)
        bill_has(case.get('components', ()), slug)
        if 'expect' in case:
            answers(case, plan, slug, shop, stack)
        prints(case, plan, slug, shop, stack)
        if 'differs' not in case:
            again = {**case, 'again': True}
            _, second = packed(again, source, shop, stack, tmp_path / 'again.tgz', clock)
            assert second.sha256 == slug.sha256, differing(slug.path, second.path)
    finally:
        clock.close()


def packed(
    case: dict[str, Any], source: GitSource, shop: Workshop, stack: Stack, target: Path, clock: BuildClock
) -> tuple[Plan, Slug]:
    """The line. A case that is built ``again`` has caches of its own, and one config var that nobody looks at, so that
    no step that could see it comes from the engine's cache. A case with gems has caches of its own from the start: what
    Debian packs anew has the same version, and Bundler refuses what it downloaded before."""
    buildpacks = load_buildpacks()
    again = case.get('again', False)
    env = case.get('env', {}) | ({'ANOTHER_BUILD': uuid.uuid4().hex} if again else {})
    planned = Planner(buildpacks=buildpacks, stack=stack).plan(source, env)
    plan = planned.plan
    assert plan.buildpack == case['buildpack']
    job = shop.job(
        '',
        source=planned.source,
        recipe=marked(planned.recipe),
        env=env,
        app=AppName(f'again-{uuid.uuid4().hex[:12]}' if again else case['app']),
        nocache=again and case.get('from_scratch', False),
    )
    image = built(job, planned, shop, clock)
    plan = with_release(plan, image.release)
    for tool, wanted in case.get('versions', {}).items():
        assert re.fullmatch(wanted, image.versions.get(tool, '')), f'{tool}: {dict(image.versions)}'
    packer = DockerSlugPacker(shop.engine)
    return plan, pack_slug(image, packer, target, source.committed, Limits(), clock)


def answers(case: dict[str, Any], plan: Plan, slug: Slug, shop: Workshop, stack: Stack) -> None:
    """The slug runs on the clean run image and says what it should."""
    wanted = SlugRun(
        stack=stack,
        slug=slug.path,
        process=process(plan, case.get('process', 'web')),
        env=config(case, plan),
    )
    with run_slug(DockerSlugRunner(shop.engine), wanted) as url:
        for path, text in {'': case['expect'], **case.get('answers', {})}.items():
            assert text in answer(url + path)


def bill_has(wanted: Sequence[str], slug: Slug) -> None:
    """What is found in the slug has a package URL for each expression."""
    if wanted:
        part = Part(sha256=slug.sha256, size=slug.size, open=partial(slug.path.open, 'rb'))
        found = [package_url(each).to_string() for each in Inventory(GzipSlugReader()).of(part).packages]
        for expression in wanted:
            assert any(re.fullmatch(expression, url) for url in found), f'{expression}: {sorted(found)}'


def prints(case: dict[str, Any], plan: Plan, slug: Slug, shop: Workshop, stack: Stack) -> None:
    """Processes that end by themselves say what they should."""
    for name, text in case.get('prints', {}).items():
        wanted = SlugRun(stack=stack, slug=slug.path, process=process(plan, name), env=config(case, plan))
        with started(DockerSlugRunner(shop.engine), wanted) as running:
            running.wait()
            assert text in running.last_output()


def config(case: dict[str, Any], plan: Plan) -> dict[str, str]:
    """The config vars of the case, with those that the plan wants made up."""
    env: dict[str, str] = case.get('env', {})
    return env | generate_config(plan.generated, env)


def differing(one: Path, other: Path) -> str:
    """The names of what is not the same in two slugs, at most 30."""
    contents = []
    for path in (one, other):
        with tarfile.open(path) as tar:
            contents.append(
                {
                    member.name: (
                        member.mode,
                        member.linkname,
                        read.read() if (read := opened(tar, member)) else b'',
                    )
                    for member in tar
                }
            )
    first, second = contents
    names = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return f'{len(names)} differ: {names[:30]}'


def opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    return tar.extractfile(member) if member.isreg() else None


def built(job: BuildJob, planned: Planned, shop: Workshop, clock: BuildClock) -> Any:
    """The image; a failure says what the line would say of it."""
    try:
        return run_recipe(job, shop.builder, shop.console, clock, planned.explain)
    except BuildError as error:
        raise BuildError('\n'.join([str(error), *error.tail])) from error


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


def committed(app: Path, folder: Path, case: dict[str, Any], lock: Callable[..., None]) -> list[GitSource]:
    """The app's directory, without its ``case.toml`` and locked if it says how, as the last commit of a bare repository;
    and the one before it, if the case has one."""
    work, bare = folder / 'work', folder / 'app.git'
    shutil.copytree(app, work, symlinks=True, ignore=shutil.ignore_patterns('case.toml'))
    if 'lock' in case:
        lock(case['lock'], work, case.get('env', {}))
    subprocess.run(['git', 'init', '-q', str(work)], check=True)
    now = {name: (work / name).read_text() for name in case.get('before', {})}
    commits = [commit(work, case['before'], GIT_COMMITTER_DATE='2024-01-01T00:00:00Z')] if now else []
    commits.append(commit(work, now))
    subprocess.run(['git', 'clone', '-q', '--bare', str(work), str(bare)], check=True)
    return [GitSource(bare, found) for found in commits]


def commit(work: Path, files: dict[str, str], **environ: str) -> Commit:
    """A new commit of the directory with these files as they are here."""
    for name, text in files.items():
        (work / name).write_text(text)
    git = ['git', '-c', 'user.name=test', '-c', 'user.email=test@example.com', '-C', str(work)]
    for words in (['add', '-A', '-f'], ['commit', '-q', '--allow-empty', '-m', 'the app']):
        subprocess.run([*git, *words], check=True, env={**os.environ, **environ})
    head = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True, text=True)
    return Commit(head.stdout.strip())


def locked(command: Sequence[str], work: Path, env: Mapping[str, str]) -> None:
    """Runs what writes the lock file, with the programs of the tests' own environment."""
    own = {'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}', 'GITRECEIVE_HOME': str(work.parent)}
    subprocess.run(command, cwd=work, env={**os.environ, **env, **own}, check=True)


def locked_inside(
    image: str, engine: docker.DockerClient, command: Sequence[str], work: Path, env: Mapping[str, str]
) -> None:
    """The same with the programs of an image."""
    place = {str(work): {'bind': '/app/src', 'mode': 'rw'}}
    words = {
        'user': os.geteuid(),
        'environment': {
            **env,
            'CARGO_HOME': '/tmp/cargo',
            'CARGO_HTTP_MULTIPLEXING': 'false',
            'CARGO_NET_RETRY': '5',
        },
        'working_dir': '/app/src',
    }
    engine.containers.run(image, command, volumes=place, remove=True, **words)
