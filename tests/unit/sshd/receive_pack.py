"""Real conversations with a real ``git receive-pack``, as bytes of both sides."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gitreceive.sshd.pktline import FLUSH, pkt_line

ZERO = '0' * 40
WHO = {
    'GIT_CONFIG_NOSYSTEM': '1',
    'GIT_CONFIG_GLOBAL': '/dev/null',
    'HOME': '/nonexistent',
    'PATH': os.environ['PATH'],
    **{f'GIT_{role}_{what}': 'a@b' for role in ('AUTHOR', 'COMMITTER') for what in ('NAME', 'EMAIL')},
}
SIDEBAND = 'report-status side-band-64k'


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the client sent, and what git answered."""

    sent: bytes
    answered: bytes
    advertisement: int

    @property
    def answer(self) -> bytes:
        """What came behind the ref advertisement."""
        return self.answered[self.advertisement :]


class Repositories:
    """A repository with a commit, and a bare one that it is pushed to; ``hooks`` are the bare one's."""

    def __init__(self, folder: Path) -> None:
        self.work, self.bare = folder / 'work', folder / 'bare.git'
        self.git('init', '-q', '-b', 'main', str(self.work))
        self.git('-C', str(self.work), 'commit', '-q', '--allow-empty', '-m', 'one')
        self.git('init', '-q', '--bare', str(self.bare))
        for name in ('receive.advertisePushOptions', 'receive.advertiseAtomic'):
            self.git('-C', str(self.bare), 'config', name, 'true')
        self.commit = self.git('-C', str(self.work), 'rev-parse', 'HEAD').decode().strip()

    def hook(self, name: str, script: str) -> None:
        """Lets the bare repository run a script."""
        path = self.bare / 'hooks' / name
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def request(self, refs: list[str], capabilities: str) -> bytes:
        """What a client sends that pushes the commit to some refs."""
        commands = [f'{ZERO} {self.commit} {ref}'.encode() for ref in refs]
        lines = [
            pkt_line(line + (b'\0' + capabilities.encode() if not at else b''))
            for at, line in enumerate(commands)
        ]
        sent = b''.join(lines) + FLUSH
        if refs:
            words = ('-C', str(self.work), 'pack-objects', '--revs', '--stdout', '-q')
            sent += self.git(*words, given=self.commit.encode())
        return sent

    def converse(self, refs: list[str], capabilities: str) -> Conversation:
        """Pushes the commit to some refs."""
        sent = self.request(refs, capabilities)
        advertised = self.git('receive-pack', '--http-backend-info-refs', str(self.bare))
        return Conversation(sent, self.git('receive-pack', str(self.bare), given=sent), len(advertised))

    def git(self, *words: str, given: bytes = b'') -> bytes:
        """Runs git."""
        return subprocess.run(
            ['git', *words], input=given, stdout=subprocess.PIPE, env=WHO, check=True
        ).stdout
