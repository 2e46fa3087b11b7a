"""What a build would do, of what was pushed: bounded in files, time and number, and over when nobody waits for it."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TypeVar

from gitreceive.build.planning import Planned, Planner
from gitreceive.build.preview import preview_plan
from gitreceive.build.sources.git import GitSource
from gitreceive.build.sources.shown import WatchedSource
from gitreceive.commands.access import reached
from gitreceive.config.home import Home
from gitreceive.journal.apps import Apps
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import AccessDenied, BadCommand, BuildCancelled, SourceError
from gitreceive.model.plan import SourceFile
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.repositories import read_ref

REF = re.compile('[A-Za-z0-9_][A-Za-z0-9._/-]{0,127}')
"""A name, without what git reads as an expression."""

PLAN_SECONDS = 60.0
AT_ONCE = 2
OF_KEY = 4
"""Plans of one key, of which one is made at once and the others wait."""

LOOK_SECONDS = 0.5

Gone = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""While it lasts, the action is called when nobody waits for the answer."""

Shown = TypeVar('Shown')


class PlanTurns:
    """Lets few plans be made at once, and one of each key."""

    def __init__(self, at_once: int = AT_ONCE, of_key: int = OF_KEY) -> None:
        self._at_once, self._of_key = at_once, of_key
        self._changed = threading.Condition()
        self._asked: Counter[str] = Counter()
        self._running: set[str] = set()

    @contextmanager
    def turn(self, key: str, check: Callable[[], None]) -> Iterator[None]:
        """Waits for a turn; ``check`` may raise meanwhile. Raises AccessDenied if the key waits for many already."""
        with self._changed:
            if self._asked[key] >= self._of_key:
                raise AccessDenied(f'{self._of_key} plans are under way for this key; wait for one of them')
            self._asked[key] += 1
        try:
            with self._place(key, check):
                yield
        finally:
            with self._changed:
                self._asked -= Counter({key: 1})

    @contextmanager
    def _place(self, key: str, check: Callable[[], None]) -> Iterator[None]:
        with self._changed:
            while key in self._running or len(self._running) >= self._at_once:
                check()
                self._changed.wait(LOOK_SECONDS)
            self._running.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._running.discard(key)
                self._changed.notify_all()


class Plans:
    """Makes plans of commits of the apps' repositories. ``most_files`` is how many a commit may have."""

    def __init__(self, home: Home, apps: Apps, planner: Planner, most_files: int) -> None:
        self._home, self._apps, self._planner, self._most_files = home, apps, planner, most_files
        self._turns = PlanTurns()

    def of_ref(
        self, actor: Actor, app: AppName, ref: str | None, gone: Gone, show: Callable[[Planned], Shown]
    ) -> Shown:
        """``show`` of the plan of a branch, tag or commit that was pushed; without ``ref`` the deploy branch.

        Raises UnknownApp, BadCommand, AccessDenied, BuildCancelled and what planning raises.
        """
        reached(actor, app, self._home)
        wanted = ref or self._apps.deploy_branch(app) or ''
        commit = read_ref(self._home.repo(app), wanted) if REF.fullmatch(wanted) else NO_COMMIT
        if commit == NO_COMMIT:
            what = ascii(ref[:60]) if ref else 'deploy branch yet'
            raise BadCommand(f'{app} has no {what}: name a branch, tag or commit that was pushed')
        return self.of_commit(actor, app, commit, gone, show)

    def of_commit(
        self, actor: Actor, app: AppName, commit: Commit, gone: Gone, show: Callable[[Planned], Shown]
    ) -> Shown:
        """The same of a commit. ``show`` is called while the commit can still be read."""
        with closing(BuildClock(PLAN_SECONDS)) as clock, gone(_stopping(clock)):
            with self._turns.turn(actor.key, clock.check), GitSource(self._home.repo(app), commit) as code:
                source = _BoundedSource(code, clock.check, self._most_files)
                return show(
                    preview_plan(self._planner, source, self._apps.config(app), self._apps.kept_stack(app))
                )


def _stopping(clock: BuildClock) -> Callable[[], None]:
    return lambda: clock.stop(BuildCancelled('nobody waits for this plan'))


class _BoundedSource(WatchedSource):
    """A commit of at most so many files; one that was pushed before they were counted may have any number."""

    def __init__(self, source: GitSource, check: Callable[[], None], most_files: int) -> None:
        super().__init__(source, check)
        self._most_files = most_files

    def files(self) -> Iterator[SourceFile]:
        """What is there, sorted by path. Raises SourceError for one too many."""
        for count, file in enumerate(super().files(), 1):
            if count > self._most_files:
                raise SourceError(
                    f'{self.commit[:7]} has more than {self._most_files:,} files; '
                    'that is the most that this receiver takes'
                )
            yield file
