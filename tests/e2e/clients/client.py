"""What the tests ask of a git client, whichever it is: one push, and what the client made of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.e2e.receiver import PLAIN_GIT, Pusher, git
from tests.e2e.sshd.sshd_process import run

REMOTE = 'deploy'


@dataclass(frozen=True, slots=True)
class Report:
    """A finished push as its client saw it. ``refs`` has the cause of each refusal; the empty text is "taken"."""

    ok: bool
    refs: dict[str, str] = field(default_factory=dict)
    said: str = ''


class GitClient(Protocol):
    """A program that pushes to the remote ``deploy`` of a working directory."""

    name: str

    def push(self, who: Pusher, work: Path, refspecs: Sequence[str], options: Sequence[str] = ()) -> Report:
        """Pushes full ``SOURCE:TARGET`` refspecs with push options."""


@dataclass(frozen=True, slots=True)
class Program:
    """A client in a program of its own, made with a library; it prints a report as JSON.

    ``words`` starts it; it is given ``KEY WORK OPTIONS REFSPEC...``, the options joined by commas.
    """

    name: str
    words: tuple[str, ...]

    def push(self, who: Pusher, work: Path, refspecs: Sequence[str], options: Sequence[str] = ()) -> Report:
        """See GitClient."""
        words = [*self.words, str(who.key), str(work), ','.join(options), *refspecs]
        done = run(words, environ=who.environ, timeout=120)
        assert done.status == 0, done.err
        found = json.loads(done.out.splitlines()[-1])
        return Report(found['ok'], found['refs'], found['said'])


def add_remote(who: Pusher, work: Path, app: str) -> Path:
    """Names an app's repository ``deploy`` in a working directory."""
    git(work, 'remote', 'add', REMOTE, who.url(app))
    return work


def tracked(work: Path, branch: str = 'main') -> str | None:
    """The commit that the client believes the remote's branch to be at."""
    words = ['git', '-C', str(work), 'rev-parse', '--verify', '-q', f'refs/remotes/{REMOTE}/{branch}']
    return run(words, environ=PLAIN_GIT).out.strip() or None
