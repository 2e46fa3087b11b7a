"""Stands in the place of a router where there is none. Satisfies ``run.ports.Router``."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from gitreceive.model.app import AppName
from gitreceive.model.route import Endpoint, Route


class PublishedPorts:
    """Leads nobody anywhere: who wants to reach an app asks for its addresses, which change with each release.

    ``stop_former`` ends a router that there was before, which would lead to what is gone and keep its ports.
    """

    def __init__(self, stop_former: Callable[[], None] = lambda: None) -> None:
        self._stop_former = stop_former
        self._endpoints: dict[AppName, tuple[Endpoint, ...]] = {}

    def begin(self, routes: Sequence[Route]) -> None:
        """See the port."""
        self._stop_former()
        self._endpoints = {route.app: route.endpoints for route in routes}

    def apply(self, route: Route) -> None:
        """See the port. Names, maintenance and sticky clients are what only a router can do."""
        self._endpoints[route.app] = route.endpoints

    def busy(self, app: AppName, endpoint: Endpoint) -> bool:
        """See the port. Nobody here sees requests; the process itself ends them when it is asked to stop."""
        return False

    def remove(self, app: AppName) -> None:
        """See the port."""
        self._endpoints.pop(app, None)

    def urls(self, route: Route) -> Sequence[str]:
        """See the port."""
        endpoints = route.endpoints or self._endpoints.get(route.app, ())
        return [f'http://{each.address}:{each.port}' for each in endpoints]

    def supervised(self) -> AbstractContextManager[None]:
        """See the port. There is no process."""
        return nullcontext()

    def refresh(self) -> None:
        """See the port. There are no certificates."""

    def stop(self) -> None:
        """See the port."""
        self._stop_former()
