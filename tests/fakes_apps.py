"""Stand-ins for what the journal knows of apps that run, which keep the ports' promises."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitreceive.model.app import AppName
from gitreceive.model.errors import ReleaseError
from gitreceive.model.instance import Formation
from gitreceive.model.operation import Operation
from gitreceive.model.route import Route


class FakeAppsThatRun:
    """Satisfies ``AppsThatRun``, and what changes it; ``ended`` operations can change nothing any more."""

    def __init__(self, formations: Mapping[AppName, Formation] | None = None) -> None:
        self.formations = {app: dict(formation) for app, formation in (formations or {}).items()}
        self.routes: dict[AppName, Route] = {}
        self.off: set[AppName] = set()
        self.done: list[int] = []
        self.ended: set[int] = set()

    def formation(self, app: AppName) -> Formation:
        return dict(self.formations.get(app, {}))

    def set_first_formation(self, app: AppName, formation: Formation) -> None:
        if formation:
            self.formations.setdefault(app, dict(formation))

    def rescale(self, operation: Operation, formation: Formation) -> None:
        self._end(operation)
        self.formations.setdefault(operation.app, {}).update(formation)

    def stopped(self, app: AppName) -> bool:
        return app in self.off

    def switch(self, operation: Operation, on: bool) -> None:
        self._end(operation)
        (self.off.discard if on else self.off.add)(operation.app)

    def route(self, app: AppName) -> Route:
        return self.routes.get(app, Route(app=app))

    def set_maintenance(self, app: AppName, on: bool, *, by: str) -> None:
        self.routes[app] = replace(self.route(app), maintenance=on)

    def set_sticky(self, app: AppName, on: bool, *, by: str) -> None:
        self.routes[app] = replace(self.route(app), sticky=on)

    def set_domains(self, app: AppName, domains: Iterable[str]) -> None:
        self.routes[app] = replace(self.route(app), domains=tuple(domains))

    def _end(self, operation: Operation) -> None:
        if operation.number in self.ended:
            raise ReleaseError(f'{operation.name} is no longer running')
        self.ended.add(operation.number)
        self.done.append(operation.number)
