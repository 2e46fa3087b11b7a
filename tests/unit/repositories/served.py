"""A bare repository as the receiver makes it, pushed to by the real git with the receiver's settings,
and with the report gate between them; no SSH, no daemon."""

import shlex
import subprocess
import sys
from pathlib import Path

from gitreceive.config.settings import Limits
from gitreceive.repositories import ensure_repository, git_environment, serve_command
from tests.e2e.sshd.sshd_process import Done
from tests.shipped import ROOT
from tests.unit.sshd.receive_pack import WHO


class Served:
    """``bare`` is the receiver's repository, ``work`` somebody's clone with one commit on ``main``."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.work = folder / 'app.git', folder / 'work'
        self.hooks = folder / 'hooks'
        self.hooks.mkdir()
        ensure_repository(self.bare)
        self.programs = {verb: self._program(folder, verb) for verb in ('receive-pack', 'upload-pack')}
        self.git('init', '-q', '-b', 'main', str(self.work), at=folder)
        self.change('Procfile', b'web: cat\n')

    def git(self, *words: str, given: bytes = b'', at: Path | None = None, fails: bool = False) -> Done:
        """Runs git as the person who pushes, in ``work`` unless something else is named."""
        done = subprocess.run(
            ['git', '-C', str(at or self.work), *words], env=WHO, input=given, capture_output=True
        )
        found = Done(
            done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')
        )
        assert fails or not found.status, found.err
        return found

    def change(self, name: str, content: bytes) -> str:
        """Commits a file; the commit's name."""
        (self.work / name).write_bytes(content)
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', 'a change')
        return self.git('rev-parse', 'HEAD').out.strip()

    def store(self, kind: str, data: bytes) -> str:
        """Writes an object as it is into ``work``; its name."""
        return self.git('hash-object', '-t', kind, '-w', '--stdin', '--literally', given=data).out.strip()

    def push(self, *words: str, at: Path | None = None) -> Done:
        """``git push`` to the receiver's repository."""
        program = f'--receive-pack={self.programs["receive-pack"]}'
        return self.git('push', program, str(self.bare), *words, at=at, fails=True)

    def refs(self) -> dict[str, str]:
        """The receiver's refs."""
        lines = self.git('for-each-ref', '--format=%(refname) %(objectname)', at=self.bare).out.splitlines()
        return dict(line.split(' ', 1) for line in lines)

    def _program(self, folder: Path, verb: str) -> Path:
        command = serve_command(f'git-{verb}', self.bare, Limits(), self.hooks)
        if verb == 'receive-pack':
            command[:0] = [sys.executable, '-m', 'tests.unit.repositories.gated', str(self.hooks)]
        environ = [
            f'{name}={value}' for name, value in {**git_environment(), 'PYTHONPATH': str(ROOT)}.items()
        ]
        path = folder / verb
        path.write_text(f'#!/bin/sh\nexec env -i {shlex.join([*environ, *command[:-1]])} "$1"\n')
        path.chmod(0o755)
        return path
