"""Small apps, pushed to a real receiver: each does what its case says, and a second build gives the same slug.

``cases.py`` says what a case may say.
"""

import json
import os
import re
import tarfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.adapters.slugfiles.entries import GzipSlugReader
from gitreceive.config.home import Home
from gitreceive.local.slugrun import SlugRun, run_slug, started
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from gitreceive.slugs.inventory import Inventory
from gitreceive.slugs.parts import Part
from gitreceive.slugs.sbom import package_url
from tests.debian_gems import debian_gems
from tests.e2e.receiver import Pushed, Pusher
from tests.gems import Gem, gem_source
from tests.integration.cases import BEFORE, MAIN, Case, cases, committed, locked, locked_inside
from tests.shipped import ROOT

BUILD_SECONDS = 1200
PREFIX = re.compile(r'^( !     |-----> |       )')
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


def params(builds: int) -> list[object]:
    """The cases of which so many builds are made, as parameters; those that are not quick are marked."""
    chosen = (case for case in cases() if builds == 1 or case.repeats)
    return [
        pytest.param(case, id=case.name, marks=[pytest.mark.slow] if case.slow(builds) else [])
        for case in chosen
    ]


@dataclass(frozen=True, slots=True)
class Built:
    """A release as ``releases --json`` has it, its slug, the app's config vars, and what the push said."""

    release: Mapping[str, Any]
    slug: Path
    config: Mapping[str, str]
    said: str


class Shop:
    """Pushes cases to a running receiver. Those of a buildpack are pushed to one app, so that they share what package
    clients have fetched."""

    def __init__(self, ann: Pusher, folder: Path, request: pytest.FixtureRequest) -> None:
        self.ann = ann
        self.folder = folder
        self._request = request
        self._built: dict[str, Built] = {}

    def first(self, case: Case) -> Built:
        """The case's first build. Debian's gems are packed anew for each run with the versions that they had, and
        Bundler refuses what it downloaded before: their app is a new one."""
        if case.name not in self._built:
            app = (
                f'gems-{uuid.uuid4().hex[:12]}'
                if case.says.get('gems')
                else f'case-{case.folder.parent.name}'
            )
            with self._prepared(case, app, {}) as work:
                if 'before' in case.says:
                    older = self.ann.push(
                        work, app, '-f', f'{BEFORE}:refs/heads/{MAIN}', timeout=BUILD_SECONDS
                    )
                    assert older.status == 0, older.err
                self._built[case.name] = self._released(app, self._push(work, app))
        return self._built[case.name]

    def again(self, case: Case) -> Built:
        """A build with empty caches, and with a config var that nobody looks at: no step that could see it comes from
        the engine's cache."""
        app = f'again-{uuid.uuid4().hex[:12]}'
        options = ('-o', 'nocache') if case.says.get('from_scratch') else ()
        with self._prepared(case, app, {'ANOTHER_BUILD': app}) as work:
            return self._released(app, self._push(work, app, *options))

    def refused(self, case: Case) -> str:
        """What the case's push says, which is rejected."""
        app = f'case-{case.folder.parent.name}'
        with self._prepared(case, app, {}) as work:
            pushed = self._push(work, app)
        assert pushed.status == 1, pushed.err
        return said(pushed)

    def _push(self, work: Path, app: str, *options: str) -> Pushed:
        return self.ann.push(work, app, '-f', *options, MAIN, timeout=BUILD_SECONDS)

    @contextmanager
    def _prepared(self, case: Case, app: str, more: Mapping[str, str]) -> Iterator[Path]:
        """The repository to be pushed, and an app with the config vars of the case, which go again at the end."""
        env = self._env(case)
        work = self._work(case, env)
        self._host('apps', 'create', app)
        if 'allow' in case.says:
            self._host('allow', app, *case.says['allow'])
        self._change_config(app, *(f'{name}={value}' for name, value in {**env, **more}.items()))
        try:
            yield work
        finally:
            self._change_config(app, *(word for name in self.config(app) for word in ('--unset', name)))

    def _env(self, case: Case) -> Mapping[str, str]:
        source = {'BUNDLE_MIRROR__ALL': self._asked('gems')} if case.says.get('gems') else {}
        return {**case.env, **source}

    def _work(self, case: Case, env: Mapping[str, str]) -> Path:
        """The case's repository: one for both builds, as its lock file may be another each time it is written."""
        work = self.folder / case.name / 'work'
        if work.exists():
            return work
        work.parent.mkdir(parents=True)
        source = case.folder
        if case.says.get('gradle'):
            source = self._asked('wrapper').beside(source, work.with_name('app'))
        lock = locked
        if 'addition' in case.says:
            lock = partial(locked_inside, self._asked(case.says['addition']), self._asked('engine'))
        return committed(source, work, case, env, lock)

    def _asked(self, fixture: str) -> Any:
        return self._request.getfixturevalue(fixture)

    def _host(self, *words: str) -> str:
        done = self.ann.receiver.host(*words)
        assert done.status == 0, f'{words}: {done.err}'
        return done.out

    def _change_config(self, app: str, *words: str) -> None:
        if words:
            self._host('config', app, *words)

    def config(self, app: str) -> Mapping[str, str]:
        """The config vars that an app has, with those that were generated."""
        return {found['name']: found['value'] for found in json.loads(self._host('config', app, '--json'))}

    def _released(self, app: str, pushed: Pushed) -> Built:
        assert pushed.status == 0, pushed.err
        release = json.loads(self._host('releases', app, '--json'))[0]
        slug = self.folder / f'{uuid.uuid4().hex}.tgz'
        os.link(
            release['url'].removeprefix('file://'), slug
        )  # only the newest release of an app has it in one file
        return Built(release, slug, self.config(app), said(pushed))


@pytest.fixture(scope='module')
def shop(
    receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Shop:
    ann = receivers(
        tmp_path_factory.mktemp('receiver'),
        GITRECEIVE_BUILDS_PARALLEL='2',
        GITRECEIVE_LIMITS_BUILD_SECONDS=str(BUILD_SECONDS),
    )
    remember(ann.receiver.home)
    ann.receiver.start()
    return Shop(ann, tmp_path_factory.mktemp('cases'), request)


def remember(home: Home) -> None:
    """Gives a receiver the identity that the one of the last run had: by it the engine keeps what package clients fetched."""
    kept = ROOT / 'build' / 'caches' / 'identity'
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(uuid.uuid4().hex)
    home.identity.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.identity.write_bytes(kept.read_bytes())


@pytest.fixture(scope='module')
def gems(engine: docker.DockerClient, stack: Stack) -> Iterator[str]:
    """The URL of a source of gems: those that are written here, and real ones."""
    with gem_source(engine, (*(gem.published() for gem in GEMS), *debian_gems(engine, stack))) as url:
        yield url


@pytest.mark.parametrize('case', params(1))
def test_an_app_does_what_its_case_says(case: Case, shop: Shop, docker_host: str, stack: Stack) -> None:
    if 'fails' in case.says:
        assert re.search(case.says['fails'], refused := shop.refused(case)), refused
        return
    built = shop.first(case)
    assert built.release['buildpack'] == case.says['buildpack']
    assert case.says.get('unchanged', '') in built.said
    for tool, wanted in case.says.get('versions', {}).items():
        assert re.fullmatch(wanted, built.release['versions'].get(tool, '')), (tool, built.release)
    bill_has(case, built)
    lacks(case, built)
    if 'expect' in case.says:
        answers(case, built, docker_host, stack)
    prints(case, built, docker_host, stack)


@pytest.mark.parametrize('case', params(2))
def test_a_second_build_with_empty_caches_gives_the_same_slug(case: Case, shop: Shop) -> None:
    one, other = shop.first(case), shop.again(case)
    assert other.release['sha256'] == one.release['sha256'], differing(one.slug, other.slug)


def said(pushed: Pushed) -> str:
    """What a push printed, without what marks the lines: first what went wrong, then all of it."""
    wrong = [line for line in pushed.lines if line.startswith(' !')]
    return '\n'.join(PREFIX.sub('', line) for line in [*wrong, *pushed.lines])


def answers(case: Case, built: Built, docker_host: str, stack: Stack) -> None:
    """The slug runs on the clean run image and says what it should."""
    wanted = slug_run(built, case.says.get('process', 'web'), stack)
    with run_slug(DockerSlugRunner(Engine(docker_host)), wanted) as url:
        for path, text in {'': case.says['expect'], **case.says.get('answers', {})}.items():
            assert text in answer(url + path)


def lacks(case: Case, built: Built) -> None:
    """What is not to be in the slug is not there."""
    if unwanted := case.says.get('absent', ()):
        with tarfile.open(built.slug) as tar:
            names = {f'/{name.removeprefix("./")}' for name in tar.getnames()}
        assert not names.intersection(unwanted)


def bill_has(case: Case, built: Built) -> None:
    """What is found in the slug has a package URL for each expression."""
    if wanted := case.says.get('components', ()):
        release = built.release
        part = Part(sha256=release['sha256'], size=release['size'], open=partial(built.slug.open, 'rb'))
        found = [package_url(each).to_string() for each in Inventory(GzipSlugReader()).of(part).packages]
        for expression in wanted:
            assert any(re.fullmatch(expression, url) for url in found), f'{expression}: {sorted(found)}'


def prints(case: Case, built: Built, docker_host: str, stack: Stack) -> None:
    """Processes that end by themselves say what they should."""
    for name, text in case.says.get('prints', {}).items():
        with started(DockerSlugRunner(Engine(docker_host)), slug_run(built, name, stack)) as running:
            running.wait()
            assert text in running.last_output()


def slug_run(built: Built, name: str, stack: Stack) -> SlugRun:
    """The process type of that name, with the app's config vars."""
    process = ProcessType(name=name, command=built.release['processes'][name])
    return SlugRun(stack=stack, slug=built.slug, process=process, env=built.config)


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


def answer(url: str) -> str:
    """What a GET gets, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return str(response.read().decode('utf-8', 'replace'))
    except urllib.error.HTTPError as error:
        return error.read().decode('utf-8', 'replace')
