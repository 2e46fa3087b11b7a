"""HAProxy as processes: started apart from the daemon, found again by the next one, reloaded, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gitreceive.adapters.haproxy.configuration import FILE
from gitreceive.adapters.haproxy.logs import MESSAGES, open_pipe
from gitreceive.adapters.haproxy.master import SOCKET, NotRunning, Processes, ask, processes
from gitreceive.adapters.haproxy.options import RouterOptions
from gitreceive.model.errors import RouterError

PID = 'haproxy.pid'
CHECK_SECONDS = 60.0
START_SECONDS = 15.0
STOP_SECONDS = 5.0
STEP_SECONDS = 0.02
LAST_LINES = 10


class Process:
    """The HAProxy of a folder. ``holder`` says who listens on a port."""

    def __init__(self, options: RouterOptions, holder: Callable[[int], str]) -> None:
        self._options, self._holder = options, holder
        self._folder = options.folder
        self._child: subprocess.Popen[bytes] | None = None

    def check(self, file: str) -> None:
        """Lets HAProxy read a configuration. Raises RouterError with its own words."""
        command = [self._options.program, '-c', '-f', file]
        try:
            done = subprocess.run(
                command, cwd=self._folder, capture_output=True, text=True, timeout=CHECK_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RouterError(
                f'cannot run {self._options.program} (setting router.haproxy): {error}'
            ) from error
        if done.returncode:
            raise RouterError(
                f'HAProxy refuses {self._folder / file}, so the router stays as it is:\n{_complaints(done.stderr)}'
            )

    def found(self) -> Processes | None:
        """The processes that run; None if there are none."""
        if self._child and self._child.poll() is not None:
            self._child = None
        with suppress(RouterError):
            return processes(self._folder)
        return None

    def start(self) -> Processes:
        """Starts it in a session of its own. Raises RouterError, with who has the port.

        A former one that runs and has lost its socket lets go of the ports, and ends with the requests that it has.
        """
        command = [self._options.program, '-W', '-f', FILE, '-p', PID, '-S', f'unix@{SOCKET},mode,600']
        former = self._recorded()
        with (
            open(open_pipe(self._folder), 'wb', buffering=0) as requests,
            (self._folder / MESSAGES).open('ab') as messages,
        ):
            messages.truncate(0)
            self._child = subprocess.Popen(
                [*command, '-sf', str(former)] if former else command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=requests,
                stderr=messages,
                start_new_session=True,
            )
        return self._wait(lambda found: True)

    def reload(self) -> Processes:
        """Lets a new worker take over with the configuration as it is now.

        Raises RouterError, and the old one stays; NotRunning if HAProxy ends.
        """
        before = processes(self._folder)
        ask(self._folder, '', 'reload')
        after = self._wait(lambda found: found.runs != before.runs, before.master)
        if after.failed > before.failed:
            raise RouterError(self._why_not('HAProxy could not be reloaded, and goes on as before'))
        return after

    def stop(self) -> None:
        """Ends it with all its connections."""
        found = self.found()
        pid = found.master if found else self._recorded()
        if pid:
            _end(pid, signal.SIGTERM, STOP_SECONDS)
        if self._child:
            self._child.wait()
            self._child = None

    def _wait(self, ready: Callable[[Processes], bool], former: int = 0) -> Processes:
        """The processes once they are ready. ``former`` is the master that is to go on, 0 for one that is to start."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if former and _is_dead(former):
                raise NotRunning(f'HAProxy has ended:\n{self._last_words()}')
            if not former and self._child and self._child.poll() is not None:
                raise RouterError(self._why_not('HAProxy did not start'))
            with suppress(RouterError):
                found = processes(self._folder)
                if ready(found):
                    return found
            time.sleep(STEP_SECONDS)
        raise RouterError(f'HAProxy was not ready in {START_SECONDS:.0f} seconds:\n{self._last_words()}')

    def _why_not(self, what: str) -> str:
        words = self._last_words()
        for name, listen in (('listen', self._options.listen), ('tls_listen', self._options.tls_listen)):
            port = listen.rpartition(':')[2]
            if port and f':{port}]' in words and 'in use' in words:
                who = self._holder(int(port))
                return f'the router cannot listen on {listen}: {who} has port {port}; stop it, or change router.{name}'
        if 'Permission denied' in words:
            words += '\nports below 1024 are for root and for who has CAP_NET_BIND_SERVICE (capabilities(7))'
        return f'{what}:\n{words}'

    def _last_words(self) -> str:
        try:
            lines = (self._folder / MESSAGES).read_text(errors='replace').splitlines()
        except OSError:
            lines = []
        return _complaints('\n'.join(lines)) or f'(nothing is said in {self._folder / MESSAGES})'

    def _recorded(self) -> int:
        """The process of the pid file, if it is the HAProxy of this folder; else 0."""
        with suppress(OSError, ValueError):
            pid = int((self._folder / PID).read_text())
            same = Path(os.readlink(f'/proc/{pid}/cwd')) == self._folder.resolve()
            named = (Path('/proc') / str(pid) / 'comm').read_text().strip()
            if same and named == Path(self._options.program).name:
                return pid
        return 0


def _complaints(text: str) -> str:
    told = [line for line in text.splitlines() if line.strip() and not line.startswith('[NOTICE]')]
    return '\n'.join(told[-LAST_LINES:])


def _end(pid: int, asked: signal.Signals, seconds: float) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, asked)
        end = time.monotonic() + seconds
        while seconds and not _is_dead(pid):
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(STEP_SECONDS)


def _is_dead(pid: int) -> bool:
    with suppress(OSError):
        return (Path('/proc') / str(pid) / 'stat').read_text().rpartition(')')[2].split()[0] == 'Z'
    return True
