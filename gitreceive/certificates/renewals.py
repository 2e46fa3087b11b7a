"""Gets certificates from an authority as soon as names need them, and again before they end."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from gitreceive.certificates.certificates import Certificates
from gitreceive.certificates.ports import Issuer
from gitreceive.model.app import AppName
from gitreceive.model.errors import CertificateError, RouterError

LOOK_SECONDS = 2.0
"""How soon a new name is seen."""

PASS_SECONDS = 60 * 60.0
"""How often all are looked at."""

FIRST_SECONDS, LONGEST_SECONDS = 10 * 60.0, 24 * 60 * 60.0
"""Between two tries for a name that fails: authorities count them."""

Names = Collection[tuple[AppName, str]]
log = logging.getLogger(__name__)


class Renewals:
    """``issuer`` is asked for the names of apps (None: the receiver's own authority does it, when the router asks).

    ``refresh`` lets the router serve what there is.
    """

    def __init__(
        self,
        certificates: Certificates,
        issuer: Issuer | None,
        names: Callable[[], Names],
        refresh: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._certificates, self._issuer, self._names = certificates, issuer, names
        self._refresh, self._clock = refresh, clock
        self._seen: set[tuple[AppName, str]] = set()
        self._next = 0.0
        self._again: dict[str, tuple[float, float]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """As long as it lasts, certificates are looked after, in a thread of its own."""
        ended = threading.Event()
        thread = threading.Thread(target=self._look, args=(ended,), name='certificates', daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()

    def look(self) -> None:
        """Renews what needs it, if there are new names or the time has come."""
        names, now = set(self._names()), self._clock()
        if names <= self._seen and now < self._next:
            return
        due = [host for app, host in sorted(names) if self._is_due(app, host, now)]
        for host in due:
            self._issue(host)
        now = self._clock()
        # One that is taken away and given again waits all the same: authorities count what fails.
        hosts = {host for _, host in names}
        self._again = {host: each for host, each in self._again.items() if host in hosts or each[0] > now}
        self._seen, self._next = names, min([now + PASS_SECONDS, *(when for when, _ in self._again.values())])
        self._refresh()

    def _is_due(self, app: AppName, host: str, now: float) -> bool:
        when, _ = self._again.get(host, (0.0, 0.0))
        if self._issuer is None or now < when:
            return False
        needed = self._certificates.needs(app, host)
        if not needed:
            self._again.pop(host, None)
        return needed

    def _issue(self, host: str) -> None:
        assert self._issuer
        try:
            self._certificates.put(host, self._issuer.issue(host))
        except (CertificateError, RouterError) as error:
            _, wait = self._again.get(host, (0.0, FIRST_SECONDS / 2))
            wait = min(2 * wait, LONGEST_SECONDS)
            self._again[host] = (self._clock() + wait, wait)
            log.warning('%s; trying again in %.0f minutes', error, wait / 60)
            return
        self._again.pop(host, None)
        log.info('%s has a new certificate', host)

    def _look(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            try:
                self.look()
            except (CertificateError, RouterError) as error:
                log.warning('certificates: %s', error)
            except Exception:
                log.exception('certificates: an error of the receiver itself')
