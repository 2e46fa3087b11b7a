"""A receiver whose processes and hooks a test can hit, and what has to be true after each blow."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Collection
from pathlib import Path

from tests.e2e.kills.steps import Steps
from tests.e2e.receiver import Pushed, Pusher, Pushing, Receiver, change, head
from tests.e2e.sshd.sshd_process import descendants
from tests.waiting import within

HERE = Path(__file__).parent
SETTLED_SECONDS = 40
HELPERS = {
    'hook': re.compile(r'^python3 .*/(pre|post)-receive\b'),
    'git': re.compile(r'^git\b.* receive-pack\b'),
}
"""Who serves a push below the SSH server, by the command line."""

Strike = Callable[[Pushing], object]
"""What is done when a push comes to a step."""


class HitReceiver(Receiver):
    """The daemon and the SSH server without a supervisor, and steps at which they wait."""

    def __init__(self, folder: Path, docker_host: str, **environ: str) -> None:
        super().__init__(folder, docker_host, apart=True, **environ)
        self.steps = Steps.made(folder / 'steps')

    def _words(self, name: str) -> list[str]:
        return [str(HERE / f'{name}_launcher.py'), str(self.steps.folder), *[name] * (name == 'daemon')]

    def comes_to_step(self, pushing: Pushing, seconds: float = 120) -> bool:
        """Whether somebody waits at the step that was aimed at, before the push has ended; nobody else will."""
        assert within(seconds, lambda: self.steps.reached or pushing.process.poll() is not None), pushing.said
        self.steps.aim_at_nothing()
        return self.steps.reached

    def kill_all(self, victims: Collection[str], pushing: Pushing) -> None:
        """``kill -9`` of them, as near to each other as can be; what had stood still at a step goes on."""
        self._signal(victims, pushing, signal.SIGKILL)
        for name in self.parts:
            if name in victims:
                self.running[name].wait(20)
        self.steps.go_on()

    def stop_all(self, victims: Collection[str], pushing: Pushing, seconds: float) -> None:
        """SIGSTOP of them, while what had stood still at a step goes on; SIGCONT after a while."""
        stopped = self._signal(victims, pushing, signal.SIGSTOP)
        self.steps.go_on()
        time.sleep(seconds)
        signal_all(stopped, signal.SIGCONT)

    def stop(self, name: str) -> None:
        """Ends one of the processes orderly, if it runs."""
        if name in self.running and self.running[name].poll() is None:
            self.running[name].terminate()
            self.running[name].wait(20)

    def restarted_until(self, ended: Callable[[], bool], seconds: float = 90) -> None:
        """Starts what has died, as a supervisor does, until something has happened."""

        def look() -> bool:
            for name, process in self.running.items():
                if process.poll() is not None:
                    self.running[name] = self._start(name, {})
            return ended()

        assert within(seconds, look), 'not ended'

    def answers_again(self) -> bool:
        """Whether both processes take connections; one that has just died is started soon."""
        try:
            return self.answers()
        except AssertionError:
            return False

    def helpers(self) -> dict[int, str]:
        """What the SSH server has started and what still runs of it: command lines."""
        found = {}
        for pid in descendants(self.running['sshd'].pid):
            with contextlib.suppress(OSError):
                found[pid] = Path(f'/proc/{pid}/cmdline').read_text().replace('\0', ' ')
        return found

    def pids(self, who: str) -> list[int]:
        """The processes of ``sshd`` or ``daemon``; the hooks or gits that serve pushes now."""
        if who in self.parts:
            return [self.pid(who)]
        return [pid for pid, command in self.helpers().items() if HELPERS[who].search(command)]

    def _signal(self, victims: Collection[str], pushing: Pushing, number: int) -> list[int]:
        """The processes that got it. A client is a git and its ssh."""
        pids = [pid for who in victims if who != 'client' for pid in self.pids(who)]
        assert len(pids) >= len({*victims} - {'client'}), (victims, self.helpers())
        if 'client' in victims:
            pids += [pushing.process.pid, *descendants(pushing.process.pid)]
        signal_all(pids, number)
        return pids


def signal_all(pids: Collection[int], number: int) -> None:
    """Sends a signal to those that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end(pushing: Pushing, receiver: HitReceiver) -> Pushed:
    """The end of a push, while what has died is started again."""
    receiver.restarted_until(lambda: pushing.process.poll() is not None)
    return pushing.end(10)


def check_truth(who: Pusher, work: Path, app: str, pushed: Pushed, *, lies: bool = False) -> None:
    """What the client was told is true, what was accepted is settled without a restart, and nothing half is left.

    ``lies``: a failure may have been reported although the build was good, as nobody could be asked.
    """
    receiver = who.receiver
    assert isinstance(receiver, HitReceiver)
    receiver.restarted_until(receiver.answers_again)
    receiver.restarted_until(lambda: all(build.state.final for build in receiver.builds(app)))
    assert within(SETTLED_SECONDS, lambda: settled(receiver, app)), (
        f'{receiver.ref(app)} is not settled: {pushed.err}'
    )
    released = bool(receiver.releases(app)) and receiver.releases(app)[-1].commit == head(work)
    assert pushed.status or released, f'a false success: {pushed.err}'
    assert not (pushed.status and released) or lies, f'a false failure: {pushed.err}'
    assert within(10, lambda: not receiver.helpers()), receiver.helpers()
    assert within(SETTLED_SECONDS, lambda: not receiver.leftovers()), receiver.leftovers()
    assert 'Traceback' not in pushed.err


def settled(receiver: Receiver, app: str) -> bool:
    """Whether nothing waits or runs, and the deploy branch names what is live."""
    if not receiver.home.journal_db.exists():
        return receiver.ref(app) is None
    releases = receiver.releases(app)
    live = releases[-1].commit if releases else None
    return all(build.state.final for build in receiver.builds(app)) and receiver.ref(app) == live


def next_commit(work: Path, *, good: bool, number: int) -> str:
    """A commit that will be released, or one whose build fails."""
    procfile = b'web: cat\n' if good else b'nonsense\n'
    return change(work, {'Procfile': procfile, 'file': b'%d' % number})
