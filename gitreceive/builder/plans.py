"""``git push -o plan``: the plan of what was pushed, and nothing else."""

from collections.abc import Generator
from contextlib import closing

from gitreceive.builder.desk import Desk
from gitreceive.builder.log import shown
from gitreceive.builder.pushes import BRANCHES, Arrival
from gitreceive.cancellation import BuildClock
from gitreceive.model import RefUpdate
from gitreceive.planning import tell_planned
from gitreceive.repositories import move_ref
from gitreceive.shown import WatchedSource
from gitreceive.source import GitSource


def only_plan(arrival: Arrival, desk: Desk) -> Generator[bytes, None, str]:
    """Tells the plan of the deploy branch, or else of the first ref of the push, and sets every ref back.

    The status is always 1: ``git push`` exits 0 for what is released, and nothing is.
    """
    try:
        update = _subject(arrival, desk.history.deploy_branch(arrival.app))
        if update:
            yield _told(arrival, update, desk)
        yield ''.join(shown(' !     ', 'Nothing was built and nothing stored: this was "-o plan"')).encode()
        return '1'
    finally:
        for update in arrival.updates:
            move_ref(desk.home.repo(arrival.app), update.ref, new=update.old, expected=update.new)


def _told(arrival: Arrival, update: RefUpdate, desk: Desk) -> bytes:
    console = _Lines()
    with (
        closing(BuildClock(desk.settings.limits.build_seconds)) as clock,
        GitSource(desk.home.repo(arrival.app), update.new) as code,
    ):
        source = WatchedSource(code, clock.check)
        tell_planned(desk.planner.plan(source, desk.history.config(arrival.app)), console)
    return ''.join(console.lines).encode()


def _subject(arrival: Arrival, branch: str | None) -> RefUpdate | None:
    pushed = {update.ref: update for update in arrival.updates if not update.deletes}
    wanted = [branch] if branch else BRANCHES
    return next((pushed[ref] for ref in (*wanted, *pushed) if ref in pushed), None)


class _Lines:
    """A console that keeps the lines of an answer."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines += shown('-----> ', text)

    def detail(self, text: str) -> None:
        self.lines += shown('       ', text)

    def warn(self, text: str) -> None:
        self.lines += shown(' !     ', text)
