"""What the daemon does before it takes requests: makes the journal, the refs, the engine and the files agree again."""

import logging
import shutil
from contextlib import suppress
from pathlib import Path

from gitreceive.config.home import Home
from gitreceive.daemon.branches import BRANCHES
from gitreceive.daemon.engine import sweep_engine
from gitreceive.daemon.log import Logs
from gitreceive.daemon.plans import undo_plans
from gitreceive.daemon.queue import Queue
from gitreceive.daemon.rename import undo_moves
from gitreceive.daemon.settle import settle_all
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import GitReceiveError, StateError
from gitreceive.model.operation import Deploy, Operation
from gitreceive.model.push import NO_COMMIT, RefUpdate
from gitreceive.repositories import move_ref, point_head, read_ref
from gitreceive.slugs.stored import complete_slug
from gitreceive.wiring.receiver import Receiver

BOOT_ID = Path('/proc/sys/kernel/random/boot_id')

log = logging.getLogger(__name__)

RESTART = Actor(name='restart')
"""Who a build is recorded for when its push was accepted by git and the daemon died before it could be journaled."""


def reconcile(receiver: Receiver, queue: Queue, logs: Logs) -> None:
    """Picks everything up. Touches no network and no engine: the receiver takes pushes right after it."""
    with suppress(StateError):
        undo_moves(receiver)
    for operation in receiver.journal.operations.requeue_running():
        log.info('operation %d of %s starts again', operation.number, operation.app)
        with suppress(StateError), logs.open(operation.number) as console:
            console.step(f'The receiver was restarted; {operation.name} starts again')
    receiver.journal.releases.fail_abandoned()
    undo_plans(receiver.home)
    shutil.rmtree(receiver.home.work, ignore_errors=True)
    settle_all(receiver.journal, queue, receiver.home)
    if not receiver.home.repos.is_dir():
        return
    for path in sorted(receiver.home.repos.glob('*.git')):
        with suppress(GitReceiveError):
            _match_branch(parse_app_name(path.name.removesuffix('.git')), receiver, queue)


def sweep(receiver: Receiver) -> None:
    """Removes what dead builds left in the engine and in storage; slow things that may fail and are retried later."""
    try:
        removed = sweep_engine(receiver.journal, receiver.builder) + receiver.storage.sweep()
        if removed:
            log.info('removed %d leftovers of dead builds', removed)
    except GitReceiveError as error:
        log.warning('leftovers could not be removed: %s', error)


def complete(receiver: Receiver) -> None:
    """Makes the whole of each app's newest slug again, if it is not there as it should be: it was not synced.

    After a restart of the host also its bytes are compared, if they are on this host: a file may have its length and
    hold zeros after a power cut.
    """
    boot = _boot()
    restarted = receiver.storage.url('any').startswith('file:') and boot != _last_boot(receiver.home)
    for app in receiver.journal.apps.all():
        release = receiver.journal.releases.live(app)
        try:
            if release and complete_slug(receiver.storage, app, release.slug.sha256, thoroughly=restarted):
                log.info('made the slug of %s v%d again of its chunks', app, release.version)
        except GitReceiveError as error:
            log.warning('the slug of %s is not as it should be: %s', app, error)
    with suppress(OSError):
        receiver.home.boot.write_text(boot)


def _boot() -> str:
    """What is another one after each start of the host (random(4))."""
    with suppress(OSError):
        return BOOT_ID.read_text()
    return ''


def _last_boot(home: Home) -> str:
    with suppress(OSError):
        return home.boot.read_text()
    return 'none yet'


def _match_branch(app: AppName, receiver: Receiver, queue: Queue) -> None:
    """Lets the deploy branch name what is live or being built, or journals the push that nobody knows of."""
    journal, home = receiver.journal, receiver.home
    branch = journal.apps.deploy_branch(app) or _first_branch(app, home)
    if branch is None:
        return
    commit = read_ref(home.repo(app), branch)
    current = journal.releases.live(app)
    live = current.commit if current else NO_COMMIT
    if commit == live:
        if live != NO_COMMIT:
            point_head(home.repo(app), branch)  # the daemon may have died between the first release and this
        return
    known = _last_deploy_of(commit, journal.operations.of(app, 1000))
    if known and not known.state.final:
        return
    if known or commit == NO_COMMIT:
        move_ref(home.repo(app), branch, new=live, expected=commit)
        return
    journal.apps.add(app, branch, by=RESTART.name)
    request = Deploy(update=RefUpdate(old=live, new=commit, ref=branch))
    number = queue.submit(app, request, RESTART).number
    log.info('%s was pushed to %s and no build knew of it: build %d', commit[:7], app, number)


def _first_branch(app: AppName, home: Home) -> str | None:
    return next((name for name in BRANCHES if read_ref(home.repo(app), name) != NO_COMMIT), None)


def _last_deploy_of(commit: str, operations: list[Operation]) -> Operation | None:
    return next((each for each in operations if each.commit == commit), None)
