"""C git, which speaks through the OpenSSH client beside it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.clients.client import REMOTE, Report
from tests.e2e.receiver import Pusher
from tests.e2e.sshd.sshd_process import Done, run


@dataclass(frozen=True, slots=True)
class CGit:
    """``words`` starts git; ``before`` are words that run it elsewhere (see newest.py)."""

    name: str = 'git'
    before: tuple[str, ...] = ()

    def push(self, who: Pusher, work: Path, refspecs: Sequence[str], options: Sequence[str] = ()) -> Report:
        """See GitClient."""
        words = [word for option in options for word in ('-o', option)]
        done = self.run(who, work, 'push', '--porcelain', *words, REMOTE, *refspecs)
        return Report(done.status == 0, porcelain(done.out), done.err)

    def run(self, who: Pusher, work: Path, *words: str) -> Done:
        """A command of git's in a working directory, with the pusher's key."""
        environ = {**who.environ, 'PATH': os.environ['PATH'], 'LC_ALL': 'C'}
        return run([*self.before, 'git', '-C', str(work), *words], environ=environ, timeout=120)


def porcelain(text: str) -> dict[str, str]:
    """The refs in the output of ``git push --porcelain`` (git-push(1), "OUTPUT"), with the cause of each refusal."""
    found = {}
    for line in text.splitlines():
        flag, *rest = line.split('\t')
        if len(rest) != 2:
            continue
        target = rest[0].rpartition(':')[2]
        found[target] = rest[1].partition('(')[2].removesuffix(')') if flag == '!' else ''
    return found
