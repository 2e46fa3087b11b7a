"""Leads the requests of apps to instances."""

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError, RouterError
from gitreceive.model.instance import Instance, InstanceState
from gitreceive.model.route import Endpoint, Route
from gitreceive.run.ports import AppsThatRun, Router
from gitreceive.run.spec import WEB

log = logging.getLogger(__name__)

BEGIN_SECONDS = 20.0
"""The supervision tells the router of all apps, once the engine answers after a start."""

SERVES = (InstanceState.UP, InstanceState.CRASHED)
"""One that has crashed is started again at its address."""


def endpoint(instance: Instance) -> Endpoint:
    """Where an instance takes requests."""
    return Endpoint(
        instance=str(instance.name),
        release=instance.release,
        address=instance.address,
        port=instance.port,
    )


class Traffic:
    """What the router was told last of each app, and what it is told next. It is told one thing at a time."""

    def __init__(self, router: Router, apps: AppsThatRun) -> None:
        self._router, self._apps = router, apps
        self._led: dict[AppName, Route] = {}
        self._lock = threading.RLock()
        self._begun = threading.Event()
        self._why = 'the engine has not told yet what runs'

    @property
    def begun(self) -> bool:
        """Whether the router has been told of all apps."""
        return self._begun.is_set()

    def begin(self, routes: Iterable[Route]) -> None:
        """Leads to these from the start on, and to nothing else. Raises RouterError."""
        with self._lock:
            told = {route.app: route for route in routes} | self._led
            try:
                self._router.begin(tuple(told.values()))
            except RouterError as error:
                self._why = str(error)
                raise
            self._led = told
            self._begun.set()

    def route(self, app: AppName, instances: Iterable[Instance]) -> Route:
        """The route to those of the instances that take requests."""
        endpoints = [endpoint(one) for one in instances if one.name.process == WEB and one.port]
        return replace(self._apps.route(app), endpoints=tuple(endpoints))

    def leads(self, route: Route) -> bool:
        """Whether the router was told so already."""
        return self._led.get(route.app) == route

    def knows(self, app: AppName) -> bool:
        """Whether the router was told of the app."""
        return app in self._led

    def lead(self, app: AppName, instances: Iterable[Instance]) -> Route:
        """Leads new requests of the app to these instances only. Raises RouterError; then nothing has changed."""
        if not self._begun.wait(BEGIN_SECONDS):
            raise RouterError(f'the router has not begun: {self._why}')
        return self._apply(self.route(app, instances))

    def _apply(self, route: Route) -> Route:
        with self._lock:
            self._router.apply(route)
            self._led[route.app] = route
        return route

    @contextmanager
    def led(
        self, app: AppName, instances: Iterable[Instance], *, instead_of: Iterable[Instance]
    ) -> Iterator[None]:
        """The same; if the context fails, they lead where they led before, or ``instead_of`` that was never told."""
        before = self._led.get(app) or self.route(app, [one for one in instead_of if one.state in SERVES])
        self.lead(app, instances)
        try:
            yield
        except BaseException:
            self._lead_back(before)
            raise

    def _lead_back(self, before: Route) -> None:
        try:
            self._apply(before)
        except GitReceiveError as error:
            self._led.pop(before.app, None)
            log.error(
                '%s: requests do not lead back yet, and are led again in a moment: %s', before.app, error
            )

    def again(self, app: AppName) -> None:
        """Names or the ways of serving have changed: the same instances are led to. Raises RouterError."""
        led = self._led.get(app)
        if led is not None:
            self._apply(replace(self._apps.route(app), endpoints=led.endpoints))

    def forget(self, app: AppName) -> None:
        """Leads nowhere. Raises RouterError."""
        with self._lock:
            self._router.remove(app)
            self._led.pop(app, None)

    def busy(self, instance: Instance) -> bool:
        """Whether requests still run there."""
        taken = instance.name.process == WEB and instance.port
        return bool(taken) and self._router.busy(instance.app, endpoint(instance))

    def urls(self, app: AppName) -> Sequence[str]:
        """Where the app is reached, the best address first."""
        return self._router.urls(self._led.get(app) or self._apps.route(app))
