"""What is measured. Each scenario takes both ways in turn and returns the rows that it fills."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.answers import answers
from bench.apps import (
    WHO,
    App,
    change_file,
    flask_app,
    git,
    make_blobs,
    make_many_files,
    node_app,
)
from bench.cutting import large, link, s3, slugs, space
from bench.followers import followers
from bench.images import Silent
from bench.measure import Row, Series, alternate, series
from bench.naive import label
from bench.packages import make_packages
from bench.processes import run
from bench.push import Pushed, Way, push
from bench.routers import routers
from bench.servers import registry
from bench.setting import Bench
from bench.sides import Side
from bench.slugs import count_files
from bench.supervising import supervision
from bench.warm import dependencies, warm
from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.engine import Engine
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.ports import BuildJob
from gitreceive.build.report import context_size
from gitreceive.build.sources.git import GitSource
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.plan import Recipe
from gitreceive.model.push import parse_commit
from gitreceive.model.slug import Image
from gitreceive.stack import load_stack

TIMES_FASTER = 3.0
BLOBS_WITHIN = 1.2
NOOPS = 3
"""A push of nothing is short: it is measured this many times as often as the others."""

STAGES = {
    'receive': 'connection, pack and hooks',
    'plan': 'detection and plan / git checkout',
    'build': 'image',
    'cut': 'slug packed',
    'store': 'slug stored / curl',
    'end': 'verdict and end of the push',
}
CHANGED = 'changed.txt'
MANIFEST = '{"scripts": {"start": "node ."}, "dependencies": {"ms": "2.1.3"}}'
BUILD_SECONDS = 600.0


def flask(bench: Bench) -> Iterator[Row]:
    """A small app."""
    yield from _deploys(flask_app(), bench)


def node(bench: Bench) -> Iterator[Row]:
    """An app with a large node_modules; its packages come from a registry that the bench runs for the engine."""
    bench.say(f'making npm packages of {bench.sizes.packages:,} files')
    packages = make_packages(bench.place / 'packages', bench.sizes.packages)
    with registry(_gateway(bench.engine), packages) as url:
        yield from _deploys(node_app(packages, bench.sizes.packages, url), bench)


def context(bench: Bench) -> Iterator[Row]:
    """A repository of many files, one of them changed, until an image has been made of a file of it."""
    place, count = bench.place / 'context', bench.sizes.files
    place.mkdir()
    bench.say(f'context: making a repository of {count:,} files')
    repo, tree = place / 'files.git', place / 'tree'
    tree.mkdir()
    text = f'FROM gitreceive/cedar:12\nLABEL {label(bench.place / "naive")}\nCOPY {{}}{CHANGED} /\n'
    make_many_files(repo, count, 'Dockerfile', text.format(''))
    number = iter(range(1, 1000))

    def change() -> None:
        change_file(repo, CHANGED, f'{next(number)}\n'.encode())

    def ours() -> float:
        change()
        return _our_context(bench, repo, text.format('src/'))

    def naive() -> float:
        change()
        return _naive_context(bench, repo, tree)

    takes = [ours, naive] if bench.deploys else [ours]
    bench.say('context: one not counted')
    alternate(1, takes)
    bench.say(f'context: {bench.sizes.runs} times')
    times = [series(found) for found in alternate(bench.sizes.runs, takes)]
    yield Row(name=f'context of a repository of {count:,} files', ours=times[0], naive=_second(times))


def plan(bench: Bench) -> Iterator[Row]:
    """What a repository of many files is and what would be built, read from its objects; against a checkout of them."""
    place, count = bench.place / 'plan', bench.sizes.files
    place.mkdir()
    bench.say(f'plan: making a repository of {count:,} files')
    repo, tree = place / 'files.git', place / 'tree'
    make_many_files(repo, count, 'package.json', MANIFEST)
    planner = Planner(buildpacks=load_buildpacks(), stack=load_stack('cedar-12'))
    takes = [lambda: _our_plan(planner, repo), lambda: _checkout(repo, tree)]
    alternate(1, takes)
    bench.say(f'plan: {bench.sizes.runs} times')
    times = [series(found) for found in alternate(bench.sizes.runs, takes)]
    yield Row(name=f'plan of a repository of {count:,} files', ours=times[0], naive=times[1])


def blobs(bench: Bench) -> Iterator[Row]:
    """Incompressible files, pushed to a branch that is not deployed, into repositories with the same settings."""
    repo, count = bench.place / 'blobs.git', bench.sizes.blobs
    bench.say(f'blobs: making {count} MB')
    make_blobs(repo, count)
    number = iter(range(1, 1000))

    def take(way: Way) -> Callable[[], float]:
        def pushed() -> float:
            app = f'blobs-{next(number)}'
            way.prepare(app, deploys=False)
            return push(way, repo, app, 'master:refs/heads/data').seconds

        return pushed

    bench.say(f'blobs: {bench.sizes.runs} pushes each')
    times = [series(found) for found in alternate(bench.sizes.runs, [take(way) for way in _ways(bench)])]
    name = f'{count} MB of incompressible blobs, not deployed'
    yield Row(name=name, ours=times[0], naive=_second(times), wanted=1 / BLOBS_WITHIN)


SCENARIOS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    'flask': flask,
    'node': node,
    'warm': warm,
    'dependencies': dependencies,
    'context': context,
    'plan': plan,
    'blobs': blobs,
    'slugs': slugs,
    's3': s3,
    'space': space,
    'link': link,
    'large': large,
    'followers': followers,
    'answers': answers,
    'supervision': supervision,
    'routers': routers,
}


def _deploys(app: App, bench: Bench) -> Iterator[Row]:
    sizes = bench.sizes
    sides = [Side(way, app, bench) for way in _ways(bench)]
    deploying = sides if bench.deploys else sides[:1]
    bench.say(f'{app.title}: {sizes.cold} cold pushes each')
    cold = alternate(sizes.cold, [side.cold for side in deploying])
    bench.say(f'{app.title}: {sizes.runs} code-only pushes each')
    code = alternate(sizes.runs, [side.code for side in deploying])
    bench.say(f'{app.title}: {NOOPS * sizes.runs} pushes of nothing each')
    nothing = alternate(NOOPS * sizes.runs, [side.noop for side in deploying])
    yield _row(f'{app.title}: no-op push', nothing, TIMES_FASTER)
    yield _row(f'{app.title}: code-only push', code, TIMES_FASTER)
    yield from _stages(code)
    yield _row(f'{app.title}: cold push', cold)
    yield from _stages(cold)
    yield _row(f'{app.title}: slug of a code-only push, cut and stored', code, None, 'cut', 'store')
    yield _row(f'{app.title}: first slug, cut and stored', cold, None, 'cut', 'store')
    for side, whose in zip(deploying, ('ours', 'the naive one'), strict=False):
        slug = side.slug()
        bench.remark(
            f'{app.title}: {whose} has {count_files(slug):,} files in a slug of {slug.stat().st_size / 1e6:.1f} MB.'
        )


def _stages(found: Sequence[Sequence[Pushed]]) -> Iterator[Row]:
    for stage, title in STAGES.items():
        row = _row(title, found, None, stage)
        yield Row(name=row.name, ours=row.ours, naive=row.naive, stage=True)


def _row(name: str, found: Sequence[Sequence[Pushed]], wanted: float | None = None, *parts: str) -> Row:
    times = [series([push.part(*parts) if parts else push.seconds for push in pushes]) for pushes in found]
    return Row(name=name, ours=times[0], naive=_second(times), wanted=wanted)


def _second(times: Sequence[Series | None]) -> Series | None:
    return times[1] if len(times) > 1 else None


def _ways(bench: Bench) -> list[Way]:
    return [bench.ours, bench.naive] if bench.naive else [bench.ours]


def _our_context(bench: Bench, repo: Path, dockerfile: str) -> float:
    builder = DockerImageBuilder(Engine(bench.engine), str(bench.place / 'home'), lambda: 'bench')
    commit = parse_commit(git(repo, 'rev-parse', 'master'))
    with GitSource(repo, commit) as source, closing(BuildClock(BUILD_SECONDS)) as clock:
        job = BuildJob(
            app=AppName('bench-context'), number=10**6, recipe=Recipe(dockerfile=dockerfile), source=source
        )
        began = time.monotonic()
        image = builder.build(job, Silent(), clock)
        seconds = time.monotonic() - began
    builder.remove(Image(id=image.id))
    return seconds


def _our_plan(planner: Planner, repo: Path) -> float:
    commit = parse_commit(git(repo, 'rev-parse', 'master'))
    began = time.monotonic()
    with GitSource(repo, commit) as source:
        context_size(planner.plan(source, {}))
    return time.monotonic() - began


def _checkout(repo: Path, tree: Path) -> float:
    """All files, where there was none."""
    (repo / 'index').unlink(missing_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    began = time.monotonic()
    run(
        'git', '--git-dir', repo, '--work-tree', tree, 'checkout', '--quiet', '--force', 'master', environ=WHO
    )
    return time.monotonic() - began


def _naive_context(bench: Bench, repo: Path, tree: Path) -> float:
    environ = {**WHO, 'DOCKER_BUILDKIT': '0', 'DOCKER_HOST': bench.engine}
    began = time.monotonic()
    run(
        'git', '--git-dir', repo, '--work-tree', tree, 'checkout', '--quiet', '--force', 'master', environ=WHO
    )
    run('docker', 'build', '--quiet', tree, environ=environ)
    return time.monotonic() - began


def _gateway(engine: str) -> str:
    """The host's address on the network that builds use."""
    with Engine(engine).connect() as client:
        found = client.inspect_network('bridge')['IPAM']['Config'][0]
        return str(found.get('Gateway') or found['Subnet'].rpartition('.')[0] + '.1')
