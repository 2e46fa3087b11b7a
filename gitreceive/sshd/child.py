"""A git that serves one session: started in a process group of its own, within limits, and surely ended."""

import os
import resource
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from gitreceive.repositories import owner
from gitreceive.sshd.quarantine import members, tidy, unlock

MEMORY = 1 << 30
"""Bytes of address space: an 8 KB push can make git ask for 8 GB."""

CPU_SECONDS = 300

LAST_SECONDS = 2.0
"""What the killed helpers of a git get until they have really gone."""

MAX_ENTRIES = 1 << 20
"""Bytes of the verdict pipe that are looked at; a pipe holds 64 KiB."""

LIMITS = {
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_CORE: 0,
}


class Child:
    """A running process. ``stdin`` is a socket; ``stdout`` and ``stderr`` are descriptors that never block.

    ``gone`` is a descriptor that becomes readable when the process has ended (pidfd_open(2)).
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], repository: Path) -> None:
        self._repository = repository
        with ExitStack() as undo:
            ours, theirs = socket.socketpair()
            undo.callback(theirs.close)
            failed = undo.enter_context(ExitStack())
            failed.callback(ours.close)
            verdict, written = os.pipe()
            undo.callback(os.close, written)
            failed.callback(os.close, verdict)
            self._process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
                argv,
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={**environment, 'GITRECEIVE_VERDICT': str(written)},
                cwd=repository,
                start_new_session=True,
                pass_fds=(written,),
                **owner(repository),
            )
            failed.callback(self._abandon)
            self.gone = os.pidfd_open(self._process.pid)
            failed.pop_all()
        assert self._process.stdout and self._process.stderr
        self.stdin = ours
        self._verdict = verdict
        self.stdout, self.stderr = self._process.stdout.fileno(), self._process.stderr.fileno()
        for descriptor in (self.stdout, self.stderr, verdict):
            os.set_blocking(descriptor, False)
        self._limit()

    def exit_status(self) -> int:
        """Waits for the end; git's own status, as a shell's number."""
        self._signal(signal.SIGKILL)  # what git may have left in its group; git itself has ended
        status = self._process.wait()
        return 128 - status if status < 0 else status

    def entries(self) -> bytes:
        """What the hooks have written into the verdict pipe. Only after the end, and once."""
        found = b''
        with suppress(BlockingIOError):
            while (data := os.read(self._verdict, 65536)) and len(found) < MAX_ENTRIES:
                found += data
        return found

    def ended(self, seconds: float) -> bool:
        """Whether the process ends within so many seconds."""
        poll = select.poll()
        poll.register(self.gone, select.POLLIN)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def end_helpers(self, number: signal.Signals) -> None:
        """Signals what git has started (hooks, index-pack), not git: it then cleans up and ends by itself."""
        helpers = [pid for pid in members(self._process.pid) if pid != self._process.pid]
        for pid in helpers:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Ends the whole group."""
        self._signal(signal.SIGKILL)
        self.ended(10.0)

    def close(self) -> None:
        """Gives back all descriptors; the process must have ended. Removes what it can remove no more.

        While another git serves the same repository nothing is removed; the last one's end does it for all.
        """
        self.stdin.close()
        for descriptor in (self._verdict, self.gone):
            os.close(descriptor)
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        end = time.monotonic() + LAST_SECONDS
        while not tidy(self._repository) and members(self._process.pid) and time.monotonic() < end:
            time.sleep(0.01)
        if (self._process.returncode or 0) < 0:
            unlock(self._repository)

    def _limit(self) -> None:
        """From outside, at once: git only starts others after it has heard from the client."""
        for kind, most in LIMITS.items():
            with suppress(ProcessLookupError, PermissionError):
                resource.prlimit(self._process.pid, kind, (most, most))

    def _signal(self, number: signal.Signals) -> None:
        """Only before the process has been waited for: until then its number cannot be another's."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _abandon(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()
