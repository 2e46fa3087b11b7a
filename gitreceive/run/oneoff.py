"""Commands of the live release in containers of their own, each as long as it and its caller last."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from gitreceive.config.settings import RunSettings
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import BuildCancelled, RunError
from gitreceive.model.terminal import Terminal
from gitreceive.run.attached import AttachedCommand, AttachedCommands, Given, one_off_spec
from gitreceive.run.ports import Images, RunningReleases

WhenGone = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""While it lasts, what it is given is called when the caller goes."""


class OneOffs:
    """The commands of one receiver. Thread-safe."""

    def __init__(
        self, images: Images, commands: AttachedCommands, releases: RunningReleases, settings: RunSettings
    ) -> None:
        self._images, self._commands, self._releases = images, commands, releases
        self._settings = settings
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)
        self._numbers: dict[AppName, set[int]] = {}
        self._clocks: dict[BuildClock, AppName] = {}
        self._open = True

    @contextmanager
    def begin(
        self, app: AppName, command: str, terminal: Terminal | None, when_gone: WhenGone
    ) -> Iterator[AttachedCommand]:
        """A command that was started; nothing of it is left when the context ends, which it does with its caller.

        Raises RunError, EngineGone, BuildTimeout at its end if it has been stopped for its length, or BuildCancelled.
        """
        release = self._releases.live(app)
        if release is None:
            raise RunError(f'{app} has no release to run a command of: push it first')
        with self._clock(app, when_gone) as clock:
            image = self._images.ensure(release, clock)
            given = Given(image=image, env=self._releases.config(release), settings=self._settings)
            with self._number(app) as number:
                spec = one_off_spec(release, number, command, terminal, given)
                with self._commands.begin(spec) as begun, clock.call_on_stop(begun.end):
                    yield begun
            clock.check()

    def close(self, seconds: float = 0) -> None:
        """Ends all of them and those that are about to begin, and waits at most so long until they are gone."""
        with self._lock:
            self._open = False
            clocks = list(self._clocks)
        for clock in clocks:
            clock.stop(BuildCancelled('the receiver is ending'))
        with self._lock:
            self._left.wait_for(lambda: not self._clocks, seconds)

    def end(self, app: AppName, seconds: float = 0) -> None:
        """Ends those of an app that goes, and waits at most so long until they are gone."""
        with self._lock:
            clocks = [clock for clock, of in self._clocks.items() if of == app]
        for clock in clocks:
            clock.stop(BuildCancelled(f'{app} is being removed or renamed'))
        with self._lock:
            self._left.wait_for(lambda: app not in self._clocks.values(), seconds)

    @contextmanager
    def _clock(self, app: AppName, when_gone: WhenGone) -> Iterator[BuildClock]:
        clock = BuildClock(self._settings.command_seconds)
        try:
            with self._lock:
                self._clocks[clock] = app
                ending = not self._open
            if ending:
                raise BuildCancelled('the receiver is ending')
            with when_gone(lambda: clock.stop(BuildCancelled('the client has gone'))):
                yield clock
        finally:
            clock.close()
            with self._lock:
                self._clocks.pop(clock, None)
                self._left.notify_all()

    @contextmanager
    def _number(self, app: AppName) -> Iterator[int]:
        """The lowest that no command of the app has."""
        with self._lock:
            taken = self._numbers.setdefault(app, set())
            number = next(each for each in range(1, len(taken) + 2) if each not in taken)
            taken.add(number)
        try:
            yield number
        finally:
            with self._lock:
                taken.discard(number)
