"""A router in memory that keeps the promises of its port."""

from collections.abc import Sequence

from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Endpoint, Route


class FakeRouter:
    """Satisfies ``Router``. ``routes`` are what it leads to, ``told`` all that it was told; ``broken``: it takes nothing.

    ``requests`` run at those endpoints.
    """

    def __init__(self) -> None:
        self.routes: dict[AppName, Route] = {}
        self.told: list[Route] = []
        self.requests: set[Endpoint] = set()
        self.broken = False
        self.begun = 0

    def begin(self, routes: Sequence[Route]) -> None:
        self._check()
        self.begun += 1
        self.routes = {route.app: route for route in routes}

    def apply(self, route: Route) -> None:
        self._check()
        self.told.append(route)
        self.routes[route.app] = route

    def busy(self, app: AppName, endpoint: Endpoint) -> bool:
        return endpoint in self.requests

    def remove(self, app: AppName) -> None:
        self._check()
        self.routes.pop(app, None)

    def urls(self, route: Route) -> Sequence[str]:
        return [f'http://{route.app}.example.test/']

    def _check(self) -> None:
        if self.broken:
            raise RouterError('the router does not answer')
