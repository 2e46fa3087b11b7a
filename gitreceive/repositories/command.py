"""How C git is started on a bare repository, by the SSH server and by the daemon alike."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from gitreceive.config.resources import directory
from gitreceive.config.settings import Limits
from gitreceive.repositories.rules import as_options

ALLOC_LIMIT = '512m'
"""The largest single allocation git may make: an 8 KB delta bomb asks for 1.6 GB and more."""


class Owner(TypedDict, total=False):
    """The arguments of ``subprocess`` that say who a program runs as."""

    user: int
    group: int
    extra_groups: Sequence[int]


def git_environment() -> dict[str, str]:
    """The whole environment of every git that is started: no user's or system's configuration gets in."""
    return {
        'PATH': f'{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin',
        'HOME': '/nonexistent',
        'LANG': 'C.UTF-8',
        'GIT_CONFIG_NOSYSTEM': '1',
        'GIT_CONFIG_GLOBAL': '/dev/null',
        'GIT_ATTR_NOSYSTEM': '1',
        'GIT_ALLOC_LIMIT': ALLOC_LIMIT,
        'GIT_TERMINAL_PROMPT': '0',
    }


def serve_command(verb: str, repo: Path, limits: Limits, hooks: Path | None = None) -> list[str]:
    """The argument vector of the git that serves a session; ``verb`` is ``git-receive-pack`` or ``git-upload-pack``.

    ``hooks`` is the directory with the session's hooks, where it is not the receiver's own.
    """
    more = (f'core.hooksPath={hooks or directory("hooks")}', f'receive.maxInputSize={limits.pack_bytes}')
    options = [word for option in more for word in ('-c', option)]
    return ['git', *as_options(), *options, verb.removeprefix('git-'), str(repo)]


def owner(repo: Path) -> Owner:
    """Who git has to run as when root starts it: the repository's owner, or git refuses it. Else: as before."""
    found = repo.stat()
    if os.geteuid() != 0 or found.st_uid == 0:
        return {}
    return {'user': found.st_uid, 'group': found.st_gid, 'extra_groups': ()}


def start_git(
    repo: Path,
    *words: str,
    options: Sequence[str] = (),
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
    **environ: str,
) -> subprocess.Popen[bytes]:
    """Starts a git command on a repository, as its owner, whose output is read while it runs.

    ``options`` come before the command, and may name another git directory; ``environ`` is added to git's environment.
    """
    return subprocess.Popen(
        ['git', *as_options(), '--git-dir', str(repo), *options, *words],
        env={**git_environment(), **environ},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        bufsize=-1 if stdin == subprocess.DEVNULL else 0,
        cwd=repo,
        **owner(repo),
    )


def git(repo: Path, *words: str, given: bytes = b'') -> subprocess.CompletedProcess[bytes]:
    """Runs a short git command on a repository, as its owner; the caller looks at the exit status.

    ``given`` is its standard input.
    """
    return subprocess.run(
        ['git', *as_options(), '--git-dir', str(repo), *words],
        input=given,
        env=git_environment(),
        capture_output=True,
        cwd=repo,
        **owner(repo),
    )
