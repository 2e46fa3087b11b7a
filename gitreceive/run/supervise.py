"""Makes what runs agree with what is to run: after crashes, engine restarts, reboots, and daemons that died at anything."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from gitreceive.model.app import AppName
from gitreceive.model.cancellation import NEVER
from gitreceive.model.errors import EngineGone, GitReceiveError
from gitreceive.model.instance import Instance, InstanceState
from gitreceive.model.release import Release
from gitreceive.run.formation import Comparison, WantedInstance, compare, desired
from gitreceive.run.launch import Launcher, checks_of
from gitreceive.run.locks import AppLocks
from gitreceive.run.ports import AppsThatRun, Instances
from gitreceive.run.retire import Retiring
from gitreceive.run.traffic import Traffic

log = logging.getLogger(__name__)

SECONDS = 10.0
SOON = 0.25
"""How soon is looked again at instances that were started a moment ago."""

FIRST_REST, LONGEST_REST = 5.0, 300.0
"""An app whose instances cannot be started is left alone for a while, each time longer."""


class Supervision:
    """Looks at all apps at once; ``look`` is one pass. An app that is being changed is passed over: that change knows."""

    def __init__(
        self,
        apps: Callable[[], Sequence[AppName]],
        known: AppsThatRun,
        launcher: Launcher,
        traffic: Traffic,
        retiring: Retiring,
        locks: AppLocks,
    ) -> None:
        self._apps, self._known, self._releases = apps, known, launcher.releases
        self._instances, self._launcher = launcher.instances, launcher
        self._traffic, self._retiring, self._locks = traffic, retiring, locks
        self._unproven = Unproven(launcher)
        self._rests = Rests()

    def look(self, only: Iterable[AppName] = ()) -> bool:
        """Looks at these apps, or at all of them. Whether there is something to be looked at again soon.

        Raises EngineGone or StateError; what goes wrong with one app is logged, and does not keep the others.
        """
        begun = self._traffic.begun
        found = self._found(only if begun else ())
        if not begun:
            self._begin(found)
        for app, instances in found.items():
            try:
                self._look_at(app, instances)
            except EngineGone:
                raise
            except GitReceiveError as error:
                log.warning('%s does not run as it should: %s', app, error)
        return bool(self._unproven)

    def _found(self, only: Iterable[AppName]) -> Mapping[AppName, list[Instance]]:
        named = set(only)
        found: dict[AppName, list[Instance]] = {app: [] for app in named or self._apps()}
        for instance in self._of(next(iter(named)) if len(named) == 1 else None):
            if not named or instance.app in named:
                found.setdefault(instance.app, []).append(instance)
        return found

    def _of(self, app: AppName | None) -> list[Instance]:
        return [one for one in self._instances.find(app) if not self._retiring.holds(one)]

    def _begin(self, found: Mapping[AppName, Sequence[Instance]]) -> None:
        """A router that runs already is led where it leads: to the live instances that there are."""
        routes = []
        for app, instances in found.items():
            if release := self._releases.live(app):
                kept = self._compared(release, instances).kept
                routes.append(self._traffic.route(app, kept))
        self._traffic.begin(routes)

    def _look_at(self, app: AppName, instances: Sequence[Instance]) -> None:
        with self._locks.tried(app) as free:
            if not free:
                return
            release = self._releases.live(app)
            if release is None:
                self._clear(app, instances)
            elif not self._agrees(release, instances):
                self._make_agree(release, self._of(app))

    def _clear(self, app: AppName, instances: Sequence[Instance]) -> None:
        """Nothing of an app without a release runs."""
        if instances:
            self._retiring.retire(self._of(app))
        if self._traffic.knows(app):
            self._traffic.forget(app)

    def _compared(self, release: Release, found: Sequence[Instance]) -> Comparison:
        app = release.app
        wanted = desired(release, self._known.formation(app), stopped=self._known.stopped(app))
        return compare(wanted, found, release.version)

    def _agrees(self, release: Release, found: Sequence[Instance]) -> bool:
        """What was found before the app was had alone may be a moment old: if not, it is looked at again."""
        compared = self._compared(release, found)
        settled = all(one.state is not InstanceState.STARTING for one in compared.kept)
        proven = not any(map(self._unproven.has, compared.kept))
        leads = self._traffic.leads(self._traffic.route(release.app, compared.kept))
        return compared.agrees and settled and proven and leads

    def _make_agree(self, release: Release, found: Sequence[Instance]) -> None:
        compared = self._compared(release, found)
        self._launcher.keep(one for one in compared.kept if one.state is InstanceState.STARTING)
        there = [*compared.kept, *self._start(release, compared.missing)]
        serving = [one for one in there if self._unproven.is_up(release, one)] or there
        if not self._traffic.leads(self._traffic.route(release.app, serving)):
            self._traffic.lead(release.app, serving)
        self._retiring.retire(compared.surplus)

    def _start(self, release: Release, missing: Sequence[WantedInstance]) -> Sequence[Instance]:
        """Those that could be started; what cannot be is left alone for a while."""
        app, started = release.app, list[Instance]()
        if not missing or self._rests.rests(app):
            return started
        log.warning('%s v%d: missing %s', app, release.version, ', '.join(str(one.name) for one in missing))
        try:
            for instance in self._launcher.start(release, missing, NEVER):
                self._unproven.add(instance)
                started.append(instance)
                self._launcher.keep([instance])
            self._rests.over(app)
        except EngineGone:
            raise
        except GitReceiveError as error:
            log.error('%s v%d cannot be started: %s', app, release.version, error)
            self._rests.begin(app)
        return started


class Unproven:
    """Instances that the supervision has started, and that have not been up yet."""

    def __init__(self, launcher: Launcher) -> None:
        self._ask, self._seconds = launcher.ask, launcher.settings.boot_seconds
        self._begun: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._begun)

    def add(self, instance: Instance) -> None:
        """It was started now."""
        self._begun[instance.id] = time.monotonic()

    def has(self, instance: Instance) -> bool:
        """Whether it is one of them."""
        return instance.id in self._begun

    def is_up(self, release: Release, instance: Instance) -> bool:
        """Whether it is up, or has had its time; others are taken to be."""
        begun = self._begun.get(instance.id)
        if begun is None:
            return True
        lived = time.monotonic() - begun
        checks = checks_of(release)(instance)
        if lived < self._seconds and any(self._ask(instance, check, lived) for check in checks):
            return False
        del self._begun[instance.id]
        return True


class Rests:
    """Apps whose instances could not be started: they are left alone for a while, each time longer."""

    def __init__(self) -> None:
        self._until: dict[AppName, tuple[float, float]] = {}

    def rests(self, app: AppName) -> bool:
        """Whether it is left alone now."""
        return time.monotonic() < self._until.get(app, (0.0, 0.0))[0]

    def begin(self, app: AppName) -> None:
        """It failed again."""
        rest = min(2 * self._until.get(app, (0.0, FIRST_REST / 2))[1], LONGEST_REST)
        self._until[app] = (time.monotonic() + rest, rest)

    def over(self, app: AppName) -> None:
        """It could be started."""
        self._until.pop(app, None)


class SupervisingThread(threading.Thread):
    """Looks at all apps now and then, and at one at once when its instances begin or end."""

    def __init__(self, supervision: Supervision, instances: Instances, each: Callable[[], object]) -> None:
        super().__init__(name='supervisor', daemon=True)
        self._supervision, self._instances, self._each = supervision, instances, each
        self._bell = threading.Condition()
        self._woken: set[AppName] = set()
        self._open = True
        self._said = ''

    def wake(self, app: AppName) -> None:
        """Something has changed with this app."""
        with self._bell:
            self._woken.add(app)
            self._bell.notify_all()

    def close(self) -> None:
        """Lets ``run`` return."""
        with self._bell:
            self._open = False
            self._bell.notify_all()

    def run(self) -> None:
        """Until ``close``. ``each`` is called before all apps are looked at."""
        with self._instances.changes(self.wake):
            woken: frozenset[AppName] = frozenset()
            while self._open:
                again = self._look(woken)
                woken = self._wait(SOON if again else SECONDS)

    def _look(self, woken: frozenset[AppName]) -> bool:
        try:
            if not woken:
                self._each()
            again = self._supervision.look(woken)
            self._said = ''
            return again
        except GitReceiveError as error:
            if str(error) != self._said:
                log.warning('what runs cannot be looked at, and is looked at again in a moment: %s', error)
            self._said = str(error)
        except Exception:
            log.exception('the supervision itself failed')
        return False

    def _wait(self, seconds: float) -> frozenset[AppName]:
        """The apps that have changed; none of them in particular when the time is over."""
        with self._bell:
            if self._open and not self._woken:
                self._bell.wait(seconds)
            woken = frozenset(self._woken)
            self._woken.clear()
            return woken
