"""Starts instances of a release together, and waits until all of them are up."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from gitreceive.config.settings import RunSettings
from gitreceive.model.cancellation import pause
from gitreceive.model.errors import GitReceiveError, Unhealthy
from gitreceive.model.instance import Instance, InstanceState
from gitreceive.model.needs import Check, read_needs
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.release import Release
from gitreceive.run import health, listening
from gitreceive.run.formation import WantedInstance
from gitreceive.run.ports import Images, Instances, Observed, RunningReleases
from gitreceive.run.spec import LIVED_SECONDS, WEB, ReleaseSurroundings, instance_spec

AT_ONCE = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
LAST_LINES = 100

Ask = Callable[[Instance, Check, float], str]
"""Why an instance is not up so many seconds after its start; empty if it is."""

LISTENS, LIVES = Check(), Check(uptime=LIVED_SECONDS)
"""What is looked at unless the app says something else: of a web process, and of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """Starts instances. ``retire`` ends those that are not to be after all; ``routed``: a router leads to them."""

    images: Images
    instances: Instances
    observed: Observed
    releases: RunningReleases
    retire: Callable[[Iterable[Instance]], None]
    settings: RunSettings
    routed: bool = True
    ask: Ask = health.why_not_up

    @contextmanager
    def launched(
        self, release: Release, wanted: Sequence[WantedInstance], console: Console, cancellation: Cancellation
    ) -> Iterator[Sequence[Instance]]:
        """New instances that are up. If the context fails, they end.

        Raises Unhealthy, RunError, EngineGone, or what the cancellation was stopped with.
        """
        started: list[Instance] = []
        try:
            if wanted:
                console.step(f'Starting {_listed(str(each.name) for each in wanted)}')
                self._start(release, wanted, started, cancellation)
                self._await_up(release, started, console, cancellation)
            yield tuple(started)
        except BaseException:
            self.retire(started)
            raise

    def start(
        self, release: Release, wanted: Sequence[WantedInstance], cancellation: Cancellation
    ) -> Iterator[Instance]:
        """Starts them one after the other, and waits for none to be up. Raises RunError or EngineGone."""
        start = self._starter(release, cancellation)
        yield from map(start, wanted)

    def keep(self, instances: Iterable[Instance]) -> None:
        """From now on the engine starts them again when they crash. Raises EngineGone."""
        for instance in instances:
            self.instances.keep(instance)

    def _start(
        self,
        release: Release,
        wanted: Sequence[WantedInstance],
        started: list[Instance],
        cancellation: Cancellation,
    ) -> None:
        """All that were started are in ``started``, also if one could not be."""
        start = self._starter(release, cancellation)

        def one(each: WantedInstance) -> None:
            cancellation.check()
            started.append(start(each))

        with ThreadPoolExecutor(min(len(wanted), AT_ONCE)) as pool:
            for _ in pool.map(one, wanted):
                pass

    def _starter(self, release: Release, cancellation: Cancellation) -> Callable[[WantedInstance], Instance]:
        around = ReleaseSurroundings(
            image=self.images.ensure(release, cancellation),
            env=self.releases.config(release),
            settings=self.settings,
            routed=self.routed,
        )

        def start(each: WantedInstance) -> Instance:
            spec = instance_spec(release, each.name, each.process.command, each.scale, around)
            return self.instances.start(spec)

        return start

    def _await_up(
        self,
        release: Release,
        started: Sequence[Instance],
        console: Console,
        cancellation: Cancellation,
    ) -> None:
        began, step = time.monotonic(), FIRST_PAUSE
        checks = checks_of(release)
        waiting = [(one, check) for one in started for check in checks(one)]

        def ask(each: tuple[Instance, Check]) -> str:
            return self.ask(each[0], each[1], time.monotonic() - began)

        with ThreadPoolExecutor(min(len(waiting), AT_ONCE)) as pool:
            while True:
                answers = [*pool.map(ask, waiting)]
                self._refuse_ended(started, console)
                left = [(each, why) for each, why in zip(waiting, answers, strict=True) if why]
                if not left:
                    return
                if (lived := time.monotonic() - began) > self.settings.boot_seconds:
                    (instance, _), why = left[0]
                    raise self._failed(instance, f'after {lived:.0f} s {why}', console, listens=True)
                waiting = [each for each, _ in left]
                pause(cancellation, step)
                step = min(step * 1.2, LONGEST_PAUSE)

    def _refuse_ended(self, started: Sequence[Instance], console: Console) -> None:
        """An instance that has ended no longer comes up."""
        found = {one.id: one for one in self.instances.find(started[0].app)}
        for instance in started:
            now = found.get(instance.id)
            if now is None:
                raise self._failed(instance, 'somebody has removed it', console)
            if now.state in (InstanceState.ENDED, InstanceState.CRASHED):
                raise self._failed(now, _how_it_ended(now.exit_status), console)

    def _failed(self, instance: Instance, why: str, console: Console, *, listens: bool = False) -> Unhealthy:
        """The error, after the last lines of the instance were told."""
        told = ''
        try:
            for line in self.observed.logs(instance, last=LAST_LINES):
                console.detail(f'{instance.name}: {line.text}')
            if listens and instance.name.process == WEB:
                told = listening.unanswered(self.observed.sockets(instance))
        except GitReceiveError as error:
            console.warn(f'What {instance.name} has printed cannot be read: {error}')
        return Unhealthy(
            f'{instance.name} of v{instance.release} did not come up: {why}{"; " if told else ""}{told}'
        )


def checks_of(release: Release) -> Callable[[Instance], Sequence[Check]]:
    """What is asked of each instance of a release."""
    said: Mapping[str, Sequence[Check]] = read_needs(release.running).checks

    def checks(instance: Instance) -> Sequence[Check]:
        process = instance.name.process
        return said.get(process) or ((LISTENS,) if process == WEB else (LIVES,))

    return checks


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return 'it has ended'
    killed = ' (SIGKILL: as a rule, it needed more memory than it may use)' if status == 137 else ''
    return f'it has ended with exit status {status}{killed}'


def _listed(names: Iterable[str]) -> str:
    return ', '.join(names)
