"""``git push -o plan``: the plan of what was pushed, and nothing else; and the plan of what was pushed before."""

import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

from gitreceive.commands.plan import Gone, Plans
from gitreceive.config.home import Home
from gitreceive.daemon import render
from gitreceive.daemon.branches import BRANCHES
from gitreceive.daemon.intake import PushRequest
from gitreceive.daemon.log import warning
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import GitReceiveError, StateError
from gitreceive.model.push import RefUpdate, parse_commit
from gitreceive.points import point
from gitreceive.repositories import move_ref


def only_plan(
    request: PushRequest, branch: str | None, plans: Plans, home: Home, gone: Gone
) -> Generator[bytes, None, None]:
    """Shows the plan of the deploy branch, or else of the first ref of the push, and sets every ref back."""
    point('plan.received')
    try:
        update = _subject(request, branch)
        if update:
            yield plans.of_commit(request.actor, request.app, update.new, gone, render.plan_text).encode()
        yield warning('Nothing was built and nothing stored: this was "-o plan"')
    finally:
        set_refs_back(request.app, request.updates, home)
        _note(request, home).unlink(missing_ok=True)


def note_plan(request: PushRequest, home: Home) -> None:
    """Notes, before any ref moves, what is to be set back: else a restart would take it for a push that nobody built.

    Raises StateError if it cannot be written.
    """
    note = _note(request, home)
    try:
        home.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        with note.open('w') as file:
            file.write(''.join(f'{update.old} {update.new} {update.ref}\n' for update in request.updates))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StateError(f'cannot write {note}: {error.strerror}') from error


def forget_plans(request: PushRequest, home: Home) -> None:
    """A push that is meant removes notes about the same refs and commits: git may not have got as far as moving them."""
    pushed = {f'{update.new} {update.ref}' for update in request.updates}
    for note in home.work.glob(f'plan {request.app} *'):
        with suppress(OSError):
            if any(line.partition(' ')[2] in pushed for line in note.read_text().splitlines()):
                note.unlink()


def undo_plans(home: Home) -> None:
    """Sets back what plans that were cut off have left."""
    for note in home.work.glob('plan *'):
        with suppress(OSError, ValueError, GitReceiveError):
            _undo(note, home)


def undo_plan(app: AppName, session: str, home: Home) -> bool:
    """Sets back what a session's plan was to set back itself; False if it was none, or has done it."""
    note = _note_of(app, session, home)
    if not session or not note.exists():
        return False
    _undo(note, home)
    return True


def set_refs_back(app: AppName, updates: Sequence[RefUpdate], home: Home) -> None:
    """Undoes a push, but for refs that have moved on."""
    for update in updates:
        move_ref(home.repo(app), update.ref, new=update.old, expected=update.new)


def _note(request: PushRequest, home: Home) -> Path:
    if request.session:
        return _note_of(request.app, request.session, home)
    about = ''.join(f'{update.new} {update.ref}\n' for update in request.updates)
    return _note_of(request.app, hashlib.sha256(about.encode()).hexdigest(), home)


def _note_of(app: AppName, word: str, home: Home) -> Path:
    return home.work / f'plan {app} {word}'


def _undo(note: Path, home: Home) -> None:
    lines = [line.split(' ', 2) for line in note.read_text().splitlines()]
    updates = [RefUpdate(old=parse_commit(old), new=parse_commit(new), ref=ref) for old, new, ref in lines]
    set_refs_back(parse_app_name(note.name.split(' ')[1]), updates, home)
    note.unlink(missing_ok=True)


def _subject(request: PushRequest, branch: str | None) -> RefUpdate | None:
    pushed = {update.ref: update for update in request.updates if not update.deletes}
    wanted = [branch] if branch else BRANCHES
    return next((pushed[ref] for ref in (*wanted, *pushed) if ref in pushed), None)
