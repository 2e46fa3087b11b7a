"""What a stranger, and a friend, may cost the door."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Times in seconds, sizes in bytes.

    ``strangers`` are connections that have not logged in yet: so many in all, and from one address (IPv6: one /64);
    ``waiting`` more may stand in line, untouched, until one of those is done or their own time to log in is over.
    ``tries`` as in OpenSSH (MaxAuthTries): a client offers each key of its agent in turn, three would lock people out.
    ``stranger_packets``: an honest log-in with six keys takes about 25.

    When a client has gone, its git has ``grace_seconds`` to end by itself (and to hand over a push that it has
    accepted); then its hooks are asked to end, after ``helpers_seconds`` they are killed, after ``end_seconds`` git is.
    """

    login_seconds: float = 10.0
    idle_seconds: float = 600.0
    strangers: int = 64
    strangers_of_address: int = 8
    waiting: int = 128
    waiting_of_address: int = 32
    tries: int = 6
    stranger_packets: int = 100
    sessions: int = 10
    refused_sessions: int = 100
    requests: int = 100
    grace_seconds: float = 0.4
    helpers_seconds: float = 1.0
    end_seconds: float = 1.5
