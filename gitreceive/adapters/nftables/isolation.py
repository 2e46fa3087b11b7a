"""Puts the rules around instances into the kernel, by nft(8). Satisfies ``Isolation``."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from gitreceive.adapters.nftables.rules import Walls, engine_servers, name_servers, removal, script

PROGRAMS = '/usr/sbin:/sbin:/usr/bin'
SECONDS = 20
RESOLV_CONFS = (Path('/etc/resolv.conf'), Path('/run/systemd/resolve/resolv.conf'))
"""Where engines look for the name servers of containers; the second where the first names systemd-resolved's own."""

ENGINE_CONFIG = Path('/etc/docker/daemon.json')
BRIDGED = Path('/proc/sys/net/bridge/bridge-nf-call-iptables')
"""Whether the kernel shows packets between two containers of a bridge to the packet filter; engines turn it on."""

ADVICE = 'give the daemon CAP_NET_ADMIN and the Debian package nftables, or set run.allow_private'


class NftablesIsolation:
    """Around the instances in the network with the interface that ``bridge`` names. Thread-safe.

    ``ports`` of the host are for everybody, and so for instances too.
    """

    def __init__(self, bridge: Callable[[], str], ports: Sequence[int] = ()) -> None:
        self._bridge, self._ports = bridge, tuple(ports)
        self._lock = threading.Lock()
        self._script = ''

    def ensure(self) -> str:
        """See the port."""
        program = shutil.which('nft', path=PROGRAMS)
        if program is None:
            return f'instances can reach this host and private networks: nft is not installed; {ADVICE}'
        walls = self._walls()
        wanted = script(walls)
        with self._lock:
            if wanted != self._script or _refused([program, 'list', 'table', 'inet', walls.table], ''):
                cause = _refused([program, '-f', '-'], wanted)
                if cause:
                    return f'instances can reach this host and private networks: nft says "{cause}"; {ADVICE}'
                self._script = wanted
        return _unseen()

    def lift(self) -> None:
        """See the port."""
        program = shutil.which('nft', path=PROGRAMS)
        if program:
            with self._lock:
                _refused([program, '-f', '-'], removal(self._walls().table))
                self._script = ''

    def _walls(self) -> Walls:
        bridge = self._bridge()
        found = [*name_servers('\n'.join(map(_text, RESOLV_CONFS))), *engine_servers(_text(ENGINE_CONFIG))]
        resolvers = tuple(dict.fromkeys(found))
        return Walls(table=f'gitreceive_{bridge}', bridge=bridge, name_servers=resolvers, ports=self._ports)


class NoIsolation:
    """Where the settings let instances reach everything."""

    def ensure(self) -> str:
        """See the port."""
        return ''

    def lift(self) -> None:
        """See the port."""


def _text(path: Path) -> str:
    """What a file says; nothing if it is not there."""
    try:
        return path.read_text(errors='replace')
    except OSError:
        return ''


def _refused(command: Sequence[str], given: str) -> str:
    """Why a command could not be carried out; empty if it was."""
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, errors='replace', timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stderr.strip().partition('\n')[0] or f'exit {done.returncode}' if done.returncode else ''


def _unseen() -> str:
    try:
        seen = BRIDGED.read_text().strip() == '1'
    except OSError:
        seen = False
    if seen:
        return ''
    return f'instances can reach each other: {BRIDGED} is not 1; load the kernel module br_netfilter'
