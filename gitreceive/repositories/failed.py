"""What failed to deploy is remembered, so that the next try sends only what it mends.

The deploy branch is set back after a failure, and a client sends all that is not below an advertised ref. So the failed
commit gets a hidden ref, which also keeps ``git gc`` off it, and is advertised as ``.have``, as git does with what it
could borrow of other repositories: such a repository, an empty one, is named to it (gitrepository-layout(5), "alternates";
git-config(1), ``core.alternateRefsCommand``). After a success there is none, and a push costs nothing more.
"""

import logging
from contextlib import suppress
from pathlib import Path

from gitreceive.model.push import Commit
from gitreceive.repositories.bare import ALTERNATES, EMPTY, advertise_haves, give
from gitreceive.repositories.command import git

log = logging.getLogger(__name__)

REF = 'refs/failed/last'


def remember_failed(repo: Path, commit: Commit) -> None:
    """Advertises a commit that failed to deploy instead of the one that did before it. Never raises: it saves time only."""
    try:
        git(repo, 'update-ref', REF, commit)
        advertise_haves(repo)
        give(repo / EMPTY, repo)
        give(repo / ALTERNATES, repo)
    except OSError as error:
        log.warning('%s: what failed will be sent again with the next push: %s', repo, error)


def forget_failed(repo: Path) -> None:
    """What is live now is all that the next push builds on."""
    if not (repo / ALTERNATES).exists():
        return
    with suppress(OSError):
        (repo / ALTERNATES).unlink()
    git(repo, 'update-ref', '-d', REF)
