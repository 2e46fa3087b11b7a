"""A router in memory; it passes the same contract suite as HAProxy."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from gitreceive.adapters.haproxy.options import HOST
from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Endpoint, Route


class FakeRouter:
    """Satisfies ``ResidentRouter``. ``routes`` are what it leads to, ``told`` all that it was told; ``broken``: it takes nothing.

    ``requests`` run at those endpoints.
    """

    def __init__(self, domain: str = 'example.test') -> None:
        self.routes: dict[AppName, Route] = {}
        self.told: list[Route] = []
        self.requests: set[Endpoint] = set()
        self.broken = False
        self.begun = 0
        self._domain = domain
        self._turn = 0

    def begin(self, routes: Sequence[Route]) -> None:
        self._check()
        self.begun += 1
        self.routes = {route.app: route for route in routes}

    def apply(self, route: Route) -> None:
        self._check()
        for name in self._names(route):
            owner = self._owner(name)
            if owner not in (None, route.app):
                raise RouterError(f'{name} leads to {owner}')
        self.routes[route.app] = route
        self.told.append(route)

    def busy(self, app: AppName, endpoint: Endpoint) -> bool:
        return endpoint in self.requests

    def remove(self, app: AppName) -> None:
        self._check()
        self.routes.pop(app, None)

    def urls(self, route: Route) -> Sequence[str]:
        return [f'http://{name}/' for name in self._names(route)]

    def answer(self, host: str) -> Endpoint | str:
        """Who answers a request: an endpoint, or ``unknown``, ``maintenance`` or ``down``."""
        owner = self._owner(host)
        if owner is None:
            return 'unknown'
        route = self.routes[owner]
        if route.maintenance:
            return 'maintenance'
        if not route.endpoints:
            return 'down'
        self._turn += 1
        return route.endpoints[self._turn % len(route.endpoints)]

    @contextmanager
    def request(self, host: str) -> Iterator[Endpoint | str]:
        """A request that runs as long as the context does."""
        answered = self.answer(host)
        if isinstance(answered, Endpoint):
            self.requests.add(answered)
        try:
            yield answered
        finally:
            if isinstance(answered, Endpoint):
                self.requests.remove(answered)

    def supervised(self) -> AbstractContextManager[None]:
        return nullcontext()

    def stop(self) -> None:
        self.routes.clear()

    def _names(self, route: Route) -> Sequence[str]:
        for name in route.domains:
            if not HOST.fullmatch(name):
                raise RouterError(f'{name!a} is not a host name')
        return (f'{route.app}.{self._domain}', *route.domains)

    def _owner(self, host: str) -> AppName | None:
        found = (app for app, route in self.routes.items() if host in self._names(route))
        return next(found, None)

    def _check(self) -> None:
        if self.broken:
            raise RouterError('the router does not answer')
