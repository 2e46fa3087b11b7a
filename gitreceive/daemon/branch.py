"""The deploy branch names what is live, or what is being built right now."""

from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.operation import Configure, Deploy, Operation
from gitreceive.model.push import NO_COMMIT, Commit
from gitreceive.model.release import Release
from gitreceive.repositories import move_ref, point_head, read_ref
from gitreceive.repositories.failed import forget_failed, remember_failed


def follow_release(
    operation: Operation, released: Release, before: Release | None, journal: Journal, home: Home
) -> None:
    """After a release: the deploy branch names its commit, also if it had been set back meanwhile to that of ``before``.

    After a rollback or a promotion it may name what was pushed and not built; what is still to be built keeps it. New
    config vars move nothing.
    """
    request, ref = operation.request, _branch(operation, journal)
    if ref is None or isinstance(request, Configure):
        return
    repo = home.repo(operation.app)
    expected = before.commit if before else NO_COMMIT
    if not isinstance(request, Deploy) and not journal.operations.active(operation.app):
        expected = read_ref(repo, ref)
    move_ref(repo, ref, new=released.commit, expected=expected)
    point_head(repo, ref)
    if isinstance(request, Deploy):
        forget_failed(repo)


def set_back(operation: Operation, journal: Journal, home: Home) -> bool:
    """Sets the deploy branch back to what is live, unless it has moved on; True if it was moved."""
    current = journal.releases.live(operation.app)
    live: Commit = current.commit if current else NO_COMMIT
    repo, ref = home.repo(operation.app), _branch(operation, journal)
    if ref is None or live == operation.commit or read_ref(repo, ref) != operation.commit:
        return False
    moved = move_ref(repo, ref, new=live, expected=operation.commit)
    if moved:
        remember_failed(repo, operation.commit)
    return moved


def _branch(operation: Operation, journal: Journal) -> str | None:
    request = operation.request
    return request.update.ref if isinstance(request, Deploy) else journal.apps.deploy_branch(operation.app)
