"""A push by hand: the bytes of gitprotocol-pack(5) over ssh, for a client that leaves when it likes."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gitreceive.model.push import NO_COMMIT
from gitreceive.sshd.pktline import FLUSH, pkt_line
from tests.e2e.receiver import PLAIN_GIT, Pusher


class RawPush:
    """Has sent the commands and the whole pack; the answer has not been read."""

    def __init__(
        self,
        who: Pusher,
        work: Path,
        app: str,
        refs: Sequence[str],
        capabilities: str = 'report-status side-band-64k',
    ) -> None:
        words = [*who.ssh_words(), 'git@127.0.0.1', f"git-receive-pack '{app}.git'"]
        self.ssh = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        old = self._advertised()
        new = _git(work, b'', 'rev-parse', 'HEAD').decode().strip()
        commands = [f'{old.get(ref, NO_COMMIT)} {new} {ref}' for ref in refs]
        commands[0] += f'\0 {capabilities}'
        known = ''.join(f'^{commit}\n' for commit in old.values())
        pack = _git(work, f'{new}\n{known}'.encode(), 'pack-objects', '--revs', '--stdout', '-q')
        assert self.ssh.stdin
        self.ssh.stdin.write(b''.join(pkt_line(command.encode()) for command in commands) + FLUSH + pack)
        self.ssh.stdin.flush()

    def answer(self, at_least: int) -> bytes:
        """So many bytes of git's answer, or all of it."""
        assert self.ssh.stdout
        found = b''
        while len(found) < at_least and (more := os.read(self.ssh.stdout.fileno(), 65536)):
            found += more
        return found

    def leave(self) -> None:
        """The client is gone."""
        self.ssh.kill()
        self.ssh.communicate()

    def _advertised(self) -> dict[str, str]:
        assert self.ssh.stdout and self.ssh.stderr
        found = {}
        while size := int(self.ssh.stdout.read(4) or self._failed(), 16):
            commit, _, ref = (
                self.ssh.stdout.read(size - 4).partition(b'\0')[0].decode().strip().partition(' ')
            )
            if ref != 'capabilities^{}':
                found[ref] = commit
        return found

    def _failed(self) -> bytes:
        assert self.ssh.stderr
        raise AssertionError(self.ssh.stderr.read().decode())


def _git(work: Path, given: bytes, *words: str) -> bytes:
    environ = {**os.environ, **PLAIN_GIT}
    return subprocess.run(
        ['git', '-C', str(work), *words], input=given, env=environ, stdout=subprocess.PIPE, check=True
    ).stdout
