"""The bare repositories: how one is made, and how C git is run on it, by the door and by the builder alike."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from dulwich.repo import Repo

from gitreceive.config.resources import directory
from gitreceive.config.settings import Limits
from gitreceive.model.errors import SourceError, StateError
from gitreceive.model.push import NO_COMMIT, Commit, parse_commit

CONFIG = (
    ('receive', 'unpackLimit', '1'),
    ('receive', 'fsckObjects', 'true'),
    ('receive', 'advertisePushOptions', 'true'),
    ('receive', 'autogc', 'false'),
    ('receive', 'shallowUpdate', 'false'),
    ('receive', 'denyDeleteCurrent', 'false'),
    ('transfer', 'fsckObjects', 'true'),
    ('gc', 'auto', '0'),
    ('core', 'bigFileThreshold', '1048576'),
    ('core', 'protectHFS', 'true'),
    ('core', 'protectNTFS', 'true'),
    ('core', 'logAllRefUpdates', 'true'),
    ('pack', 'threads', '1'),
)
"""Written into each repository. ``bigFileThreshold``: 500 MB of zeros in a 600 KB pack cost 4.6 MB of memory
instead of 492. ``unpackLimit``: packs are kept as they come, 300 MB of blobs take 3.8 s instead of 10.6."""

ATTRIBUTES = '* -export-ignore -export-subst\n'
"""Those two are meant for release tarballs: a deploy wants the files as they were committed."""

ALLOC_LIMIT = '512m'
"""The largest single allocation git may make: an 8 KB delta bomb asks for 1.6 GB and more."""

WINDOWS = ('core.packedGitWindowSize=32m', 'core.packedGitLimit=256m')
"""How much of a pack is mapped at once: with git's own default, a pack of 1 GB does not fit into the memory limit."""


def ensure_repository(path: Path) -> None:
    """Makes a bare repository at ``path`` unless one is there; whole or not at all.

    Raises StateError if the directory cannot be written.
    """
    if (path / 'HEAD').exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix='.new-', dir=path.parent))
        try:
            _fill(fresh)
            os.chmod(fresh, 0o700)
            _give(fresh, path.parent.stat())
            os.rename(fresh, path)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            if not (path / 'HEAD').exists():
                raise
    except OSError as error:
        raise StateError(f'cannot make the repository {path}: {error.strerror}') from error


def serve_command(verb: str, repo: Path, limits: Limits) -> list[str]:
    """The argument vector of the git that serves a session; ``verb`` is ``git-receive-pack`` or ``git-upload-pack``."""
    options = [
        f'core.hooksPath={directory("hooks")}',
        f'receive.maxInputSize={limits.pack_bytes}',
        'gc.auto=0',
        *WINDOWS,
    ]
    return [
        'git',
        *(word for option in options for word in ('-c', option)),
        verb.removeprefix('git-'),
        str(repo),
    ]


def git_environment() -> dict[str, str]:
    """The whole environment of every git that is started: no user's or system's configuration gets in."""
    return {
        'PATH': f'{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin',
        'HOME': '/nonexistent',
        'LANG': 'C.UTF-8',
        'GIT_CONFIG_NOSYSTEM': '1',
        'GIT_CONFIG_GLOBAL': '/dev/null',
        'GIT_ALLOC_LIMIT': ALLOC_LIMIT,
        'GIT_TERMINAL_PROMPT': '0',
    }


class Owner(TypedDict, total=False):
    """The arguments of ``subprocess`` that say who a program runs as."""

    user: int
    group: int
    extra_groups: Sequence[int]


def owner(repo: Path) -> Owner:
    """Who git has to run as when root starts it: the repository's owner, or git refuses it. Else: as before."""
    found = repo.stat()
    if os.geteuid() != 0 or found.st_uid == 0:
        return {}
    return {'user': found.st_uid, 'group': found.st_gid, 'extra_groups': ()}


def git(repo: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a short git command on a repository, as its owner; the caller looks at the exit status."""
    return subprocess.run(
        ['git', '--git-dir', str(repo), *words],
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=repo,
        **owner(repo),
    )


def read_ref(repo: Path, ref: str) -> Commit:
    """What a ref points at; NO_COMMIT if there is no such ref."""
    found = git(repo, 'rev-parse', '--verify', '--quiet', '--end-of-options', f'{ref}^{{commit}}')
    return parse_commit(found.stdout.decode().strip()) if found.returncode == 0 else NO_COMMIT


def move_ref(repo: Path, ref: str, *, new: Commit, expected: Commit) -> bool:
    """Moves a ref by compare-and-swap (NO_COMMIT: make or delete it); False if it is not at ``expected`` any more."""
    words = ('-d', ref, expected) if new == NO_COMMIT else (ref, new, expected)
    return git(repo, 'update-ref', '-m', 'gitreceive', *words).returncode == 0


def point_head(repo: Path, ref: str) -> None:
    """Lets HEAD name the deploy branch, so that a clone checks it out."""
    done = git(repo, 'symbolic-ref', 'HEAD', ref)
    if done.returncode != 0:
        raise SourceError(
            f'cannot point HEAD of {repo} at {ref}: {done.stderr.decode(errors="replace").strip()}'
        )


def _give(path: Path, to: os.stat_result) -> None:
    """What root makes belongs to whoever has the directory around it: to the door's user."""
    if os.geteuid() != 0 or to.st_uid == 0:
        return
    for place in (path, *path.rglob('*')):
        os.chown(place, to.st_uid, to.st_gid, follow_symlinks=False)


def _fill(path: Path) -> None:
    with Repo.init_bare(str(path)) as repo:
        config = repo.get_config()
        for section, key, value in CONFIG:
            config.set((section.encode(),), key.encode(), value.encode())
        config.write_to_path()
    (path / 'info').mkdir(exist_ok=True)
    (path / 'info' / 'attributes').write_text(ATTRIBUTES)
