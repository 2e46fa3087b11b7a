"""Pushes to this receiver that find most of their work done before, beside each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError
from bench.images import empty_cache
from bench.measure import Row, alternate, series
from bench.platforms import Growing, growing_apps, interpreted_apps, plain_app
from bench.push import Pushed
from bench.setting import Bench
from bench.sides import Side

TIMES_NODE = 1.5
WITH_STEP = ('deno', 'classic')
"""Platforms that run something on the code with each push: the engine alone takes longer to start that than 1.5 allows."""

CACHE_FASTER = 1.3
WARMS = 2
"""A code-only push is short: it is measured this many times as often as the others."""

IMAGE = 'build'
"""The stage that builds the image."""


def warm(bench: Bench) -> Iterator[Row]:
    """A changed line of code, on each platform that compiles nothing, beside the plain Node.js app."""
    chosen = {name: app for name, app in interpreted_apps().items() if name in bench.sizes.interpreted}
    apps = {'node': plain_app(), **chosen}
    sides = [Side(bench.ours, replace(app, name=f'warm-{name}'), bench) for name, app in apps.items()]
    bench.say(f'warm: first pushes of {len(apps)} platforms')
    for side in sides:
        side.first()
    bench.say(f'warm: {WARMS * bench.sizes.runs} code-only pushes each')
    plain, *others = alternate(WARMS * bench.sizes.runs, [side.code for side in sides])
    for (platform, app), found in zip(chosen.items(), others, strict=True):
        wanted = None if platform in WITH_STEP else 1 / TIMES_NODE
        name = f'{app.title}: code-only push, beside that of the plain Node.js app'
        yield _row(name, found, plain, wanted)
        yield _row('the image alone', found, plain, wanted, IMAGE)


def dependencies(bench: Bench) -> Iterator[Row]:
    """A change of the dependencies, with the package manager's cache of the pushes before, and with an empty one.

    Raises BenchError, when all have had their turn, for those that failed.
    """
    failed = []
    for name, growing in growing_apps().items():
        if name in bench.sizes.growing:
            try:
                yield from _grown(_begun(name, growing), bench)
            except BenchError as error:
                failed.append(f'{growing.app.title}: {error}')
    if failed:
        raise BenchError('; '.join(failed))


def _begun(name: str, growing: Growing) -> Growing:
    """The same, whose first push differs from the later ones in nothing but its dependencies."""

    def write(folder: Path) -> None:
        growing.app.write(folder)
        growing.renew(folder, 0)

    return replace(growing, app=replace(growing.app, name=f'growing-{name}', write=write))


def _grown(growing: Growing, bench: Bench) -> Iterator[Row]:
    title, runs = growing.app.title, min(bench.sizes.runs, bench.sizes.changes)
    side = Side(bench.ours, growing.app, bench)
    bench.say(f'{title}: first push')
    side.first()

    def kept() -> Pushed:
        return side.changed(growing.renew)

    def empty() -> Pushed:
        empty_cache(bench, side.name, growing.cache)
        return side.changed(growing.renew)

    bench.say(f'{title}: {runs} pushes of changed dependencies with a cache and without')
    takes: list[Callable[[], Pushed]] = [kept, empty]
    with_cache, without = alternate(runs, takes)
    yield _row(
        f'{title}: push of changed dependencies, beside the same with an empty cache', with_cache, without
    )
    yield _row('the image alone', with_cache, without, CACHE_FASTER, IMAGE)


def _row(
    name: str, found: Sequence[Pushed], beside: Sequence[Pushed], wanted: float | None = None, stage: str = ''
) -> Row:
    ours, theirs = (
        series([push.part(stage) if stage else push.seconds for push in pushes]) for pushes in (found, beside)
    )
    return Row(name=name, ours=ours, naive=theirs, wanted=wanted, stage=bool(stage))
