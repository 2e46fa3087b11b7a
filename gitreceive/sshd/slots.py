"""How many connections may be open that have not logged in, in all and from one address."""

import ipaddress
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Container

RECENT_SECONDS = 3600.0
MAX_RECENT = 10_000


def group_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which is one customer's."""
    try:
        found = ipaddress.ip_address(address.partition('%')[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


class RecentAddresses:
    """Where somebody has logged in from of late. Safe to use from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, group: str) -> None:
        """Somebody has logged in from there."""
        with self._lock:
            self._seen[group] = self._clock()
            self._seen.move_to_end(group)
            if len(self._seen) > MAX_RECENT:
                self._seen.popitem(last=False)

    def __contains__(self, group: object) -> bool:
        seen = self._seen.get(group) if isinstance(group, str) else None
        return seen is not None and self._clock() - seen < RECENT_SECONDS


class Slots:
    """Counts places, in all and for each group; half of them are for ``recent`` groups only. Safe from any thread."""

    def __init__(self, total: int, of_group: int, recent: Container[str] = ()) -> None:
        self._total, self._of_group, self._recent = total, of_group, recent
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, group: str) -> bool:
        """Takes a place if there is one."""
        with self._lock:
            if self._taken[group] >= self._of_group or not self._has_room(group):
                return False
            self._taken[group] += 1
            return True

    def free(self, group: str) -> None:
        """Gives a place back."""
        with self._lock:
            self._taken[group] -= 1
            if self._taken[group] <= 0:
                del self._taken[group]

    def _has_room(self, group: str) -> bool:
        if self._taken.total() >= self._total:
            return False
        others = sum(count for each, count in self._taken.items() if each not in self._recent)
        return group in self._recent or others < half(self._total)


def half(total: int) -> int:
    """How many of so many places are for anybody."""
    return (total + 1) // 2
