"""An app on one of the two ways, and the pushes that are measured."""

from collections.abc import Callable
from pathlib import Path

from bench.apps import App, change_code, commit_change, make_work_tree
from bench.naive import Naive, label
from bench.ours import Ours
from bench.push import Pushed, Way, push
from bench.setting import Bench


class Side:
    """An app on one of the two ways."""

    def __init__(self, way: Way, app: App, bench: Bench) -> None:
        self._way, self._app, self._bench = way, app, bench
        self._work = bench.place / 'work' / f'{app.name}-{"naive" if way is bench.naive else "ours"}'
        self.name = app.name
        self._colds = self._changes = 0
        mark = label(bench.place / 'naive') if way is bench.naive else None
        make_work_tree(app, self._work, mark)

    def cold(self) -> Pushed:
        """The first push of an app that nobody has seen before; nothing is cached for it."""
        self._colds += 1
        self.name = f'{self._app.name}-{self._colds}'
        self._way.prepare(self.name)
        return self._push('--push-option=nocache') if self._bench.sizes.fresh else self._push()

    def first(self) -> Pushed:
        """The first push, with what the engine has of earlier ones."""
        self._way.prepare(self.name)
        return self._push()

    def noop(self) -> Pushed:
        """A push of what is there."""
        return self._push()

    def code(self) -> Pushed:
        """A push of a changed line."""
        self._changes += 1
        change_code(self._app, self._work, self._changes)
        return self._push()

    def changed(self, change: Callable[[Path, int], None]) -> Pushed:
        """A push of another change; that gets the directory, and its number."""
        self._changes += 1
        change(self._work, self._changes)
        commit_change(self._work, self._changes)
        return self._push()

    def slug(self) -> Path:
        """The newest slug."""
        way = self._way
        assert isinstance(way, Ours | Naive)
        return way.slug(self.name)

    def _push(self, *options: str) -> Pushed:
        done = push(self._way, self._work, self.name, 'master', *options)
        if isinstance(self._way, Naive):
            self._way.tidy()
        return done
