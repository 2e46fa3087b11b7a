"""What is said of pushed refs that are not deployed; each command in it works as it is typed. Pure.

They name commits, not branches: the pusher's branch may have another name, or there is none (a detached HEAD in CI).
Targets are full refs, since git does not guess what to make of a commit or a tag (git-push(1)).
"""

from collections.abc import Sequence

from gitreceive.model.app import AppName
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate

BRANCHES = ('refs/heads/main', 'refs/heads/master')
"""The deploy branch is the first of these that is pushed."""

DIGITS = 12
"""Of a commit in a command: enough to be the only one of that beginning."""


def first_branch(updates: Sequence[RefUpdate]) -> str | None:
    """The deploy branch of an app that has none yet, if one of its updates is to be."""
    pushed = {update.ref for update in updates if not update.deletes}
    return next((name for name in BRANCHES if name in pushed), None)


def wrong_branch(app: AppName, updates: Sequence[RefUpdate], deploy_branch: str | None) -> str | None:
    """Why a push is refused that most likely was to deploy: of ``main`` where ``master`` is deployed, or the reverse.

    With the deploy branch in the same push it is clear what is meant.
    """
    if deploy_branch is None or any(update.ref == deploy_branch for update in updates):
        return None
    update = next((each for each in updates if each.ref in BRANCHES and not each.deletes), None)
    if update is None:
        return None
    name, deployed = _name(update.ref), _name(deploy_branch)
    return (
        f'{app} is deployed from {deployed}, not from {name}: "git push REMOTE {update.new[:DIGITS]}:{deployed}" '
        f'deploys this, "deploy-branch set {app} {name}" changes it'
    )


def how_to_deploy(update: RefUpdate, commit: Commit, deploy_branch: str | None) -> str:
    """A line about a ref that is stored; ``commit`` is what it points at, NO_COMMIT if that is something else."""
    what = 'tag' if update.ref.startswith('refs/tags/') else 'branch'
    line = f'       The {what} {_name(update.ref)} is stored, not deployed.'
    if commit == NO_COMMIT:
        return f'{line}\n'
    target = deploy_branch or BRANCHES[0]
    return f'{line} To deploy it: git push REMOTE {commit[:DIGITS]}:{target}\n'


def _name(ref: str) -> str:
    return ref.split('/', 2)[2]
