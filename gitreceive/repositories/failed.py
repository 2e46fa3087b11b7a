"""What failed to deploy is remembered, so that the next try sends only what it mends.

The deploy branch is set back after a failure, and a client sends all that is not below an advertised ref. So the failed
commit gets a hidden ref, which also keeps ``git gc`` off it, and is advertised as ``.have``, as git does with what it
could borrow of other repositories: such a repository, an empty one, is named to it (gitrepository-layout(5), "alternates";
git-config(1), ``core.alternateRefsCommand``). Without a failed commit there is none, and a push costs nothing more.
"""

from contextlib import suppress
from pathlib import Path

from gitreceive.model.push import Commit
from gitreceive.repositories.bare import give
from gitreceive.repositories.command import git

REF = 'refs/failed/last'

EMPTY = 'failed'
ALTERNATES = Path('objects') / 'info' / 'alternates'


def remember_failed(repo: Path, commit: Commit) -> None:
    """Advertises a commit that failed to deploy instead of the one that did before it. Raises OSError."""
    git(repo, 'update-ref', REF, commit)
    for name in ('objects', 'refs'):
        (repo / EMPTY / name).mkdir(parents=True, exist_ok=True)
        give(repo / EMPTY, repo)
    (repo / ALTERNATES).write_text(f'../{EMPTY}/objects\n')
    give(repo / ALTERNATES, repo)


def forget_failed(repo: Path) -> None:
    """What is live now is all that the next push builds on."""
    if not (repo / ALTERNATES).exists():
        return
    with suppress(OSError):
        (repo / ALTERNATES).unlink()
    git(repo, 'update-ref', '-d', REF)
