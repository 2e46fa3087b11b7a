"""How many strangers may be inside at once, in all and from one address."""

import ipaddress
import threading
from collections import Counter


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


class Slots:
    """Counts places, in all and for each group. Safe to use from any thread."""

    def __init__(self, total: int, of_group: int) -> None:
        self._total, self._of_group = total, of_group
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, group: str) -> bool:
        """Takes a place if there is one."""
        with self._lock:
            if self._taken.total() >= self._total or self._taken[group] >= self._of_group:
                return False
            self._taken[group] += 1
            return True

    def free(self, group: str) -> None:
        """Gives a place back."""
        with self._lock:
            self._taken[group] -= 1
            if self._taken[group] <= 0:
                del self._taken[group]
