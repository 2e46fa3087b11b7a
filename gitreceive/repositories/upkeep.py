"""Keeps bare repositories small. git's own collection is off, for it would run while somebody waits for a push."""

import subprocess
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from gitreceive.model.errors import SourceError
from gitreceive.repositories.command import git_environment, owner
from gitreceive.repositories.rules import as_options

GRACE = '2.weeks.ago'
"""What no ref needs is kept that long (git-gc(1), NOTES): a push that runs now may refer to it."""

MANY_PACKS = 50
"""Each push leaves one, and git looks into all of them (git-config(1), ``gc.autoPackLimit``)."""

RULES = (
    *('-c', f'gc.reflogExpireUnreachable={GRACE}'),
    *('-c', 'pack.windowMemory=100m'),
    *('-c', 'pack.deltaCacheSize=50m'),
)


def collect_repository(repo: Path) -> int:
    """Packs a repository and removes what no ref has needed for the grace period; safe beside pushes.

    Returns the bytes that are free now. Raises SourceError if git fails, OSError if the repository has gone.
    """
    before = repository_size(repo)
    done = subprocess.run(
        ['nice', 'git', *as_options(), *RULES, '--git-dir', str(repo), 'gc', '--quiet', f'--prune={GRACE}'],
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=repo,
        **owner(repo),
    )
    if done.returncode:
        said = ' '.join(done.stderr.decode(errors='replace').split())[:300]
        raise SourceError(f'git gc of {repo} failed: {said or f"status {done.returncode}"}')
    return max(0, before - repository_size(repo))


def has_many_packs(repo: Path) -> bool:
    """Whether it is time to pack it."""
    return sum(1 for _ in (repo / 'objects' / 'pack').glob('*.pack')) > MANY_PACKS


def repository_size(repo: Path) -> int:
    """Bytes of its objects."""
    total = 0
    for path in (repo / 'objects').rglob('*'):
        with suppress(FileNotFoundError):  # a push may have ended meanwhile
            found = path.lstat()
            total += found.st_size if S_ISREG(found.st_mode) else 0
    return total
