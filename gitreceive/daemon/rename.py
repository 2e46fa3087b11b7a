"""Renames an app: everything or nothing. Whatever interrupts it, it is carried on from where it was.

Its slugs are copied to their new names; then the repository gets its name, and the journal in one transaction. Up to
there everything is undone if anything fails; from there on the app has its new name, and what is left is done again
until it is done, or told.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

from gitreceive.access.book import AccessBook
from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.journal import Journal
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import GitReceiveError, NoSuchObject, ReleaseError, StateError
from gitreceive.model.instance import InstanceState
from gitreceive.model.operation import Rename
from gitreceive.model.task import Task
from gitreceive.points import point
from gitreceive.run.changeover import Aim
from gitreceive.run.clear import cleared
from gitreceive.run.formation import desired
from gitreceive.run.parts import Running
from gitreceive.wiring.receiver import Receiver

LEFT_SECONDS = 300.0
"""For new instances to come up under the new name; nobody can stop that now."""

log = logging.getLogger(__name__)


def rename(task: Task, receiver: Receiver) -> None:
    """Gives the app of the operation its new name. Raises ReleaseError, StateError, StorageError, or what stopped the
    task; then it has its old name in every respect.
    """
    request = task.operation.request
    assert isinstance(request, Rename)
    with _unsupervised(request, receiver.running):
        if task.app == request.source:
            _move(task, request, receiver)
            point('rename.committed')
        if receiver.running:
            _lead_to_former(task, request, receiver.running)
    moved = replace(task.operation, app=request.to)
    if receiver.running:
        with closing(BuildClock(LEFT_SECONDS)) as clock:
            left = replace(task, operation=moved, cancellation=clock)
            _run_under_new_name(left, request, receiver.journal, receiver.running)
    _forget_old_name(task, request, receiver)
    receiver.journal.operations.done(moved)


def renaming(app: AppName, journal: Journal) -> Rename | None:
    """What is under way that takes the app's name away, or gives it to another one."""
    requests = (operation.request for operation in journal.operations.active())
    return next(
        (each for each in requests if isinstance(each, Rename) and app in (each.source, each.to)), None
    )


def undo_moves(receiver: Receiver) -> None:
    """After a crash: a repository whose app has not got its new name has its old one again. Raises StateError."""
    for operation in receiver.journal.operations.active():
        request = operation.request
        if isinstance(request, Rename) and operation.app == request.source:
            _move_back(request, receiver)


def _move(task: Task, request: Rename, receiver: Receiver) -> None:
    task.console.step(f'Renaming {request.source} to {request.to}')
    if receiver.journal.operations.announced(request.source):
        raise ReleaseError(f'something is being pushed to {request.source} right now; rename it after that')
    with _undoing(request, receiver):
        _copy_slugs(task, request, receiver)
        point('rename.copied')
        task.cancellation.check()
        _book(receiver).also_reach(request.source, request.to)
        _move_repository(request.source, request.to, receiver)
        point('rename.moved')
        receiver.journal.apps.rename(task.operation, request.to)


@contextmanager
def _undoing(request: Rename, receiver: Receiver) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for undo in (
            lambda: _move_back(request, receiver),
            lambda: _book(receiver).reach_no_more(request.to),
            lambda: receiver.retention.remove_all(request.to),
        ):
            with _told(f'{request.to}: not all of it could be undone'):
                undo()
        raise


def _copy_slugs(task: Task, request: Rename, receiver: Receiver) -> None:
    """Those that there are: of releases that are not kept there are none."""
    slugs, source, to = receiver.slugs, request.source, request.to
    releases = receiver.journal.releases.of(source, -1)
    with slugs.keeping(source, task.cancellation), slugs.keeping(to, task.cancellation):
        for sha256 in dict.fromkeys(release.slug.sha256 for release in releases):
            with suppress(NoSuchObject):
                slugs.copy(source, sha256, to, task.cancellation.check)
    task.console.detail('Its slugs have their new names')


def _move_repository(source: AppName, to: AppName, receiver: Receiver) -> None:
    """Nothing of another app is replaced: a directory that is not empty stays (rename(2))."""
    old, new = receiver.home.repo(source), receiver.home.repo(to)
    try:
        os.rename(old, new)
    except OSError as error:
        raise StateError(f'cannot rename the repository {old} to {new}: {error.strerror}') from error


def _move_back(request: Rename, receiver: Receiver) -> None:
    old, new = receiver.home.repo(request.source), receiver.home.repo(request.to)
    if new.exists() and not old.exists():
        _move_repository(request.to, request.source, receiver)


def _run_under_new_name(task: Task, request: Rename, journal: Journal, running: Running) -> None:
    """What cannot be done now, the supervision does as soon as it can."""
    live = journal.releases.live(request.to)
    former = replace(task, operation=replace(task.operation, app=request.source))
    with _warned(task, f'{request.to} is not up yet, and is looked after'):
        if live:
            stopped = journal.running.stopped(request.to)
            wanted = desired(live, journal.running.formation(request.to), stopped=stopped)
            running.changeover.change(task, Aim(release=live, wanted=wanted), lambda: None)
    with _warned(task, f'instances of {request.source} still run, and are ended in a moment'):
        with cleared(former, running):
            pass


@contextmanager
def _unsupervised(request: Rename, running: Running | None) -> Iterator[None]:
    """The supervision does not come in between: it ends what runs of an app that is not in the journal."""
    with ExitStack() as locks:
        if running:
            for app in sorted((request.source, request.to)):
                locks.enter_context(running.changeover.locks.held(app))
        yield


def _lead_to_former(task: Task, request: Rename, running: Running) -> None:
    """The names are those of the other app now; until its instances are up, those that run answer for it."""
    with _warned(task, f'requests do not lead to {request.to} yet'):
        found = running.ports.instances.find(request.source)
        up = [one for one in found if one.state is InstanceState.UP]
        running.traffic.again(request.source)
        if up:
            running.traffic.lead(request.to, up)


def _forget_old_name(task: Task, request: Rename, receiver: Receiver) -> None:
    source, folder = request.source, receiver.home.certificates
    receiver.chunk_cache.forget(source)
    with _warned(task, f'keys may still reach the name {source}'):
        _book(receiver).reach_no_more(source)
    with _warned(task, 'the certificate that was added is to be added again'):
        Certificates(folder, OwnAuthority(folder / 'ca.pem', '')).rename(source, request.to)
    with _warned(task, f'objects below {source}/ are still in storage; remove them there'):
        receiver.retention.remove_all(source)


def _book(receiver: Receiver) -> AccessBook:
    return AccessBook(receiver.home.access_db)


@contextmanager
def _warned(task: Task, what: str) -> Iterator[None]:
    try:
        yield
    except GitReceiveError as error:
        task.console.warn(f'{what}: {error}')


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (GitReceiveError, OSError) as error:
        log.warning('%s: %s', what, error)
