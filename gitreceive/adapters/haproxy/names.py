"""What instances are called in HAProxy: names that say which they are, and lead to one address only. Pure."""

import re
import zlib

from gitreceive.model.errors import RouterError
from gitreceive.model.route import Endpoint, Route

SERVER = re.compile(r'v[0-9]+\.[A-Za-z0-9_.-]{1,80}\.[0-9a-f]{8}', re.ASCII)
ADDRESS = re.compile(r'[0-9a-f.:]{2,45}', re.ASCII)


def server_name(endpoint: Endpoint) -> str:
    """``v3.web.1.1f0a2b3c``: the end stands for the address, which clients are not told. Raises RouterError."""
    end = zlib.crc32(f'{endpoint.address} {endpoint.port}'.encode())
    name = f'v{endpoint.release}.{endpoint.instance}.{end:08x}'
    if not SERVER.fullmatch(name) or not ADDRESS.fullmatch(endpoint.address):
        raise RouterError(f'{endpoint.instance[:80]!a} at {endpoint.address[:80]!a} is not an instance')
    return name


def target(endpoint: Endpoint) -> str:
    """Its address and port, as HAProxy reads them."""
    host = f'[{endpoint.address}]' if ':' in endpoint.address else endpoint.address
    return f'{host}:{endpoint.port}'


def servers(route: Route) -> dict[str, Endpoint]:
    """The endpoints of an app by the names of their servers."""
    return {server_name(each): each for each in route.endpoints}


def most_of_each(route: Route, max_requests: int) -> int:
    """How many requests one endpoint may answer at once, so that the app answers about ``max_requests``."""
    return max(1, -(-max_requests // max(1, len(route.endpoints))))
