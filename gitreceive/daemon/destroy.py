"""Removes an app. Whatever interrupts it, it is carried on from where it was; the journal's rows go last."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.model.errors import GitReceiveError, StateError
from gitreceive.model.operation import Operation
from gitreceive.model.task import Task
from gitreceive.run.clear import cleared
from gitreceive.wiring.receiver import Receiver


def destroy(task: Task, receiver: Receiver) -> None:
    """Removes what runs of the app, its repository, slugs, logs and rows. Its images go with the next look at the engine.

    Raises StateError, StorageError or ReleaseError; then the app is there as before, but for slugs that went already.
    """
    app, operation, console = task.app, task.operation, task.console
    console.step(f'Destroying {app}')
    task.cancellation.check()
    ended = cleared(task, receiver.running) if receiver.running else nullcontext()
    with ended, _set_aside(receiver.home.repo(app), operation) as gone:
        console.detail(f'Removed {receiver.retention.remove_all(app)} objects of its slugs')
        _remove_tree(gone)
    console.detail('Removed its repository')
    receiver.chunk_cache.forget(app)
    folder = receiver.home.certificates
    Certificates(folder, OwnAuthority(folder / 'ca.pem', '')).remove(app)
    for each in receiver.journal.operations.of(app, -1):
        if each.number < operation.number:
            receiver.home.log(each.number).unlink(missing_ok=True)
    receiver.journal.apps.destroy(operation)


@contextmanager
def _set_aside(repo: Path, operation: Operation) -> Iterator[Path]:
    """The repository has another name before the first of its files goes: nobody sees half of it."""
    gone = repo.with_name(f'.gone-{operation.number}')
    try:
        if repo.exists() and not gone.exists():
            os.rename(repo, gone)
    except OSError as error:
        raise StateError(f'cannot remove the repository {repo}: {error.strerror}') from error
    try:
        yield gone
    except GitReceiveError:
        if gone.exists() and not repo.exists():
            os.rename(gone, repo)
        raise


def _remove_tree(path: Path) -> None:
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise StateError(f'cannot remove {error.filename}: {error.strerror}') from error
