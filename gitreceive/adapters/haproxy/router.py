"""Leads requests to instances by HAProxy. Satisfies ``run.ports.Router``.

A switch is some words to the running HAProxy. It is reloaded only where its configuration changes beside the servers,
and started where it does not run: each time from the routes that it was told, so that nothing of it can be lost.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

from gitreceive.adapters.haproxy.configuration import CHALLENGES, FILE, most_files, render, structure
from gitreceive.adapters.haproxy.files import placed, written
from gitreceive.adapters.haproxy.logs import bound_messages, reading_logs
from gitreceive.adapters.haproxy.master import CURRENT, NotRunning, Processes, processes, tell
from gitreceive.adapters.haproxy.names import server_name
from gitreceive.adapters.haproxy.options import RouterOptions, all_hosts, urls
from gitreceive.adapters.haproxy.process import Process
from gitreceive.adapters.haproxy.runtime import redirect, running_requests, synchronise
from gitreceive.adapters.haproxy.tls import Bundles, certificate_files, no_certificate, tell_certificates
from gitreceive.adapters.haproxy.watch import watching
from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Endpoint, Route

TOKEN = re.compile('[A-Za-z0-9_.-]{1,200}', re.ASCII)

log = logging.getLogger(__name__)


class HaproxyRouter:
    """The router of a receiver. ``holder`` says who listens on a port of this host; ``bundles`` has certificates."""

    def __init__(
        self,
        options: RouterOptions,
        holder: Callable[[int], str] = lambda port: 'another server',
        bundles: Bundles = no_certificate,
    ) -> None:
        self._options, self._process, self._bundles = options, Process(options, holder), bundles
        self._lock = threading.RLock()
        self._routes: dict[AppName, Route] | None = None
        self._company: list[Callable[[], AbstractContextManager[None]]] = []
        self._challenges: dict[str, str] = {}
        self._worker = 0
        self._agreed: Mapping[AppName, Route] | None = None

    def begin(self, routes: Sequence[Route]) -> None:
        """See the port."""
        with self._lock:
            self._change({route.app: route for route in routes}, routes)

    def apply(self, route: Route) -> None:
        """See the port."""
        with self._lock:
            self._change({**(self._routes or {}), route.app: route}, [route])

    def remove(self, app: AppName) -> None:
        """See the port."""
        with self._lock:
            known = self._routes or {}
            if app in known:
                self._change({name: known[name] for name in known if name != app}, [Route(app=app)])

    def busy(self, app: AppName, endpoint: Endpoint) -> bool:
        """See the port. Where no HAProxy runs, no request does."""
        folder, name = self._options.folder, server_name(endpoint)
        with suppress(NotRunning):
            return any(_requests(self._options, each, app, name) for each in processes(folder).workers)
        return False

    def urls(self, route: Route) -> Sequence[str]:
        """See the port."""
        return urls(route, self._options)

    def refresh(self) -> None:
        """Serves the certificates that there are now. Raises RouterError."""
        with self._lock:
            if self._routes is not None:
                self._worker = 0
                self._change(self._routes, [])

    def put(self, token: str, answer: str) -> None:
        """Answers a challenge of an authority, at every name (certificates.ports.Challenges). Raises RouterError."""
        if not TOKEN.fullmatch(token) or not TOKEN.fullmatch(answer):
            raise RouterError(f'{token[:80]!a} is not a token of RFC 8555')
        with self._lock:
            self._challenges[token] = answer
            for worker in processes(self._options.folder).workers:
                tell(self._options.folder, worker, f'add map {CHALLENGES} {token} {answer}')

    def drop(self, token: str) -> None:
        """Answers it no more."""
        with self._lock, suppress(RouterError):
            self._challenges.pop(token, None)
            for worker in processes(self._options.folder).workers:
                tell(self._options.folder, worker, f'del map {CHALLENGES} {token}')

    def stop(self) -> None:
        """Ends HAProxy, with all connections."""
        with self._lock:
            self._process.stop()

    @contextmanager
    def supervised(self) -> Iterator[None]:
        """As long as it lasts, HAProxy is started whenever it ends. It goes on afterwards."""
        with ExitStack() as stack:
            stack.enter_context(reading_logs(self._options.folder))
            for context in (self._watching, *self._company):
                stack.enter_context(context())
            yield

    def _watching(self) -> AbstractContextManager[None]:
        return watching(self._running, lambda: bound_messages(self._options.folder))

    def accompany(self, context: Callable[[], AbstractContextManager[None]]) -> None:
        """Adds what is to last as long as ``supervised`` does."""
        self._company.append(context)

    def names(self) -> Sequence[tuple[AppName, str]]:
        """The host names that lead to apps, each with its app."""
        routes = self._routes or {}
        return [(app, host) for host, app in all_hosts(routes, self._options.domain).items()]

    def _change(self, routes: dict[AppName, Route], told: Sequence[Route]) -> None:
        found = self._process.found()
        agreed = self._agreed if found and found.current == self._worker else None
        if agreed == routes:
            return
        self._agreed = None
        try:
            if found is None:
                raise NotRunning('HAProxy is not running')
            if agreed is None or _names(agreed) != _names(routes):
                self._reconfigure(routes, told)
            else:
                self._tell_current_worker(told)
            self._tell_old_workers(processes(self._options.folder), told)
        except NotRunning:
            self._start(self._files(routes))
        self._routes = routes
        self._remember(routes)

    def _reconfigure(self, routes: Mapping[AppName, Route], told: Sequence[Route]) -> None:
        """Where names or settings may have changed: by a reload, if that takes one. Raises NotRunning, RouterError."""
        files = self._files(routes)
        if structure(files[FILE]) != structure(written(self._options.folder)) or not self._certified(files):
            with placed(self._options.folder, files, self._process.check):
                self._process.reload()
        else:
            self._tell_current_worker(told)

    def _files(self, routes: Mapping[AppName, Route]) -> Mapping[str, str]:
        challenges = ''.join(f'{token} {answer}\n' for token, answer in self._challenges.items())
        certificates = certificate_files(self._options, routes, self._bundles)
        return {
            **render(self._options, routes, most_files()),
            **certificates,
            CHALLENGES: challenges,
        }

    def _remember(self, routes: dict[AppName, Route]) -> None:
        with suppress(RouterError):
            self._worker, self._agreed = processes(self._options.folder).current, routes

    def _start(self, files: Mapping[str, str]) -> None:
        with placed(self._options.folder, files, self._process.check):
            self._process.start()

    def _certified(self, files: Mapping[str, str]) -> bool:
        """Whether the certificates could be changed without a reload. Raises NotRunning."""
        try:
            tell_certificates(self._options.folder, files)
        except NotRunning:
            raise
        except RouterError as error:
            log.warning('HAProxy is reloaded for its certificates: %s', error)
            return False
        return True

    def _tell_current_worker(self, routes: Sequence[Route]) -> None:
        try:
            synchronise(self._options, CURRENT, routes)
        except NotRunning:
            raise
        except RouterError:
            known = self._routes or {}
            with suppress(RouterError):
                former = [known.get(route.app, Route(app=route.app)) for route in routes]
                synchronise(self._options, CURRENT, former)
            raise

    def _tell_old_workers(self, found: Processes, routes: Sequence[Route]) -> None:
        """Requests come to them, too, on connections that clients keep. One that has just ended needs to know nothing."""
        for worker in found.workers[1:]:
            with suppress(RouterError):
                redirect(self._options, worker, routes)

    def _running(self) -> int:
        """The process id of HAProxy, which is started unless it runs; 0 as long as nothing has begun. Raises RouterError."""
        with self._lock:
            if self._routes is None:
                return 0
            found = self._process.found()
            if found is None:
                log.warning('HAProxy has ended; it is started again')
                self._start(self._files(self._routes))
            return (found or processes(self._options.folder)).master


def _names(routes: Mapping[AppName, Route]) -> Mapping[AppName, tuple[str, ...]]:
    return {app: route.domains for app, route in routes.items()}


def _requests(options: RouterOptions, worker: str, app: AppName, name: str) -> int:
    """An old worker that has just ended, or does not know the app, has none."""
    try:
        return running_requests(options.folder, worker, app, name)
    except NotRunning:
        raise
    except RouterError:
        return 0
