"""``refs/releases/vN``: what a kept release was built from stays in the repository, wherever the branches go.

Pushes neither see nor move them (``receive.hideRefs``); who may fetch the app may fetch them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from gitreceive.model.errors import SourceError
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.repositories.command import git
from gitreceive.repositories.refs import move_ref, read_ref

PREFIX = 'refs/releases/v'


def keep_commit(repo: Path, version: int, commit: Commit) -> None:
    """Lets a release keep its commit."""
    move_ref(repo, f'{PREFIX}{version}', new=commit, expected=NO_COMMIT)


def fetch_commit(source: Path, version: int, commit: Commit, target: Path) -> None:
    """Brings the commit of a release into another repository. Raises SourceError if it is not kept."""
    done = git(
        target, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', str(source), f'{PREFIX}{version}'
    )
    if read_ref(target, commit) != commit:
        why = done.stderr.decode(errors='replace').strip()
        raise SourceError(f'the commit {commit[:7]} of v{version} is not in {source}{why and ": "}{why}')


def keep_only(repo: Path, kept: Callable[[], Mapping[int, Commit]]) -> None:
    """Lets the releases that ``kept`` returns keep their commits, and no others. Raises SourceError.

    It is asked after the refs were listed: a release that is made meanwhile keeps its ref.
    """
    there = _kept(repo)
    wanted = kept()
    for version, commit in wanted.items():
        if there.get(version) != commit:
            move_ref(repo, f'{PREFIX}{version}', new=commit, expected=there.get(version, NO_COMMIT))
    for version in there.keys() - wanted.keys():
        move_ref(repo, f'{PREFIX}{version}', new=NO_COMMIT, expected=there[version])


def _kept(repo: Path) -> dict[int, Commit]:
    found = git(repo, 'for-each-ref', '--format=%(objectname) %(refname)', f'{PREFIX}*')
    if found.returncode != 0:
        raise SourceError(f'cannot list the refs of {repo}: {found.stderr.decode(errors="replace").strip()}')
    lines = (line.split(' ') for line in found.stdout.decode().splitlines())
    versions = {ref.removeprefix(PREFIX): commit for commit, ref in lines}
    return {int(version): Commit(commit) for version, commit in versions.items() if version.isdecimal()}
