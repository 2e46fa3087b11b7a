"""The refs of a bare repository, read and moved one at a time."""

import re
from contextlib import suppress
from pathlib import Path

from gitreceive.model.errors import SourceError
from gitreceive.model.push import NO_COMMIT, Commit, parse_commit
from gitreceive.repositories.command import git

MOST = 200
"""Characters of a deploy branch's name."""

BRANCH = re.compile(r'[^\W_][\w.+@#-]*(/[\w.+@#-]+)*')
"""Of the names that git takes (git-check-ref-format(1)), those that a person types without quotes."""


def is_branch_name(name: str) -> bool:
    """Whether a branch of that name can be the deploy branch. Pure."""
    parts = name.split('/')
    odd = any(part.startswith('.') or part.endswith(('.', '.lock')) for part in parts)
    return (
        bool(BRANCH.fullmatch(name))
        and not odd
        and '..' not in name
        and parts[0] not in ('HEAD', 'refs')
        and len(name) <= MOST
    )


def read_ref(repo: Path, ref: str) -> Commit:
    """What a ref points at; NO_COMMIT if there is no such ref."""
    found = git(repo, 'rev-parse', '--verify', '--quiet', '--end-of-options', f'{ref}^{{commit}}')
    return parse_commit(found.stdout.decode().strip()) if found.returncode == 0 else NO_COMMIT


def move_ref(repo: Path, ref: str, *, new: Commit, expected: Commit) -> bool:
    """Moves a ref by compare-and-swap (NO_COMMIT: make or delete it); False if it is no longer at ``expected``."""
    words = ('-d', ref, expected) if new == NO_COMMIT else (ref, new, expected)
    return git(repo, 'update-ref', '-m', 'gitreceive', *words).returncode == 0


def point_head(repo: Path, ref: str) -> None:
    """Lets HEAD name the deploy branch, so that a clone checks it out. Costs nothing if it does already."""
    with suppress(OSError):
        if (repo / 'HEAD').read_text().strip() == f'ref: {ref}':
            return
    done = git(repo, 'symbolic-ref', 'HEAD', ref)
    if done.returncode != 0:
        raise SourceError(
            f'cannot point HEAD of {repo} at {ref}: {done.stderr.decode(errors="replace").strip()}'
        )
