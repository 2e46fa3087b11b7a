"""Whether an instance is up, asked from outside: something accepts on its port, or answers a request as it should."""

import http.client
import socket
from contextlib import closing

from gitreceive.model.instance import Instance
from gitreceive.model.needs import Check

CONNECT_SECONDS = 1.0
SILENT_SECONDS = 0.05
"""What forwards a published port of the host accepts for a container that does not, and hangs up at once."""

LOOPBACK = '127.'
MOST_CONTENT = 1 << 20
NOBODY = 'nothing accepts on its port'


def why_not_up(instance: Instance, check: Check, lived: float) -> str:
    """Why the instance is not up yet, ``lived`` seconds after its start; empty if it is."""
    if check.uptime:
        return '' if lived >= check.uptime else f'it has not lived {check.uptime:g} s'
    return refused(instance, check)


def refused(instance: Instance, check: Check) -> str:
    """Why the check does not pass (``nothing accepts on port 5000``); empty if it does. Takes the check's timeout at most."""
    return _asked(instance, check) if check.path else _connected(instance)


def _connected(instance: Instance) -> str:
    try:
        connection = socket.create_connection((instance.address, instance.port), timeout=CONNECT_SECONDS)
    except OSError:
        return NOBODY
    with connection:
        forwarded = instance.address.startswith(LOOPBACK)
        return NOBODY if forwarded and _is_hung_up(connection) else ''


def _is_hung_up(connection: socket.socket) -> bool:
    connection.settimeout(SILENT_SECONDS)
    try:
        return not connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except OSError:
        return True


def _asked(instance: Instance, check: Check) -> str:
    asked = f'GET {check.path}'
    connection = http.client.HTTPConnection(instance.address, instance.port, timeout=check.timeout)
    try:
        with closing(connection):
            connection.request('GET', check.path, headers={'User-Agent': 'gitreceive', **check.headers})
            answer = connection.getresponse()
            content = answer.read(MOST_CONTENT).decode('utf-8', 'replace') if check.content else ''
    except ConnectionRefusedError:
        return NOBODY
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f'{asked} is not answered ({error or type(error).__name__})'
    if answer.status >= 400:
        return f'{asked} is answered with {answer.status}'
    if check.content not in content:
        return f'{asked} is answered without {check.content[:80]!r}'
    return ''
