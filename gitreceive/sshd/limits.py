"""How much of the SSH server a client may use, before and after it has logged in."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitreceive.access.places import Bounds
from gitreceive.config.checks import COMMANDS, SESSIONS
from gitreceive.config.settings import KeySettings


def bounds(keys: KeySettings) -> Mapping[str, Bounds]:
    """After log-in. Who follows logs takes no place from who pushes. A session of git costs about ten descriptors."""
    sessions, commands = keys.sessions, keys.commands
    return {
        'connection': Bounds(total=SESSIONS, key=sessions, app=sessions, what='connections'),
        'git': Bounds(total=SESSIONS, key=sessions, app=sessions, what='sessions of git'),
        'verb': Bounds(total=COMMANDS, key=commands, app=2 * commands, what='commands'),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Times in seconds, sizes in bytes.

    ``unauthenticated`` connections are those that have not logged in yet: so many in all, and from one address (IPv6:
    one /64); half of them are kept for addresses from which somebody has logged in of late. ``waiting`` more may queue,
    unread, until one of those is done or their own time to log in is over. ``tries`` as in OpenSSH (MaxAuthTries): a
    client offers each key of its agent in turn, three would lock people out. ``unauthenticated_packets``: an honest
    log-in with six keys takes about 25. ``sessions`` are those of one connection. ``global_requests`` may come at once,
    and one more with each second: clients keep connections alive by them.

    When a client has gone, its git has ``grace_seconds`` to end by itself (and to hand over a push that it has
    accepted); then its hooks are asked to end, after ``helpers_seconds`` they are killed, after ``end_seconds`` git is.
    """

    login_seconds: float = 10.0
    idle_seconds: float = 600.0
    unauthenticated: int = 64
    unauthenticated_of_address: int = 8
    waiting: int = 128
    waiting_of_address: int = 32
    tries: int = 6
    unauthenticated_packets: int = 100
    sessions: int = 10
    refused_sessions: int = 100
    requests: int = 100
    global_requests: int = 100
    grace_seconds: float = 0.4
    helpers_seconds: float = 1.0
    end_seconds: float = 1.5
