"""The rules that keep instances from each other, from the host and from private networks, as nft(8) reads them. Pure.

A packet is dropped if any chain drops it, so that these hold beside the rules of engines and firewalls, whichever comes
first. What is refused gets an answer: an app fails at once and does not wait.
"""

import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PRIVATE = (
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',  # shared by the customers of a carrier (RFC 6598)
    '127.0.0.0/8',
    '169.254.0.0/16',  # link-local, and the metadata services of clouds
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '224.0.0.0/3',  # multicast, reserved, broadcast
)
"""What is no address of the internet (IANA IPv4 Special-Purpose Address Registry), but for ranges of documentation."""

NAMESERVER = re.compile(r'^\s*nameserver\s+(\S+)', re.MULTILINE)
"""resolv.conf(5)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """Around the instances whose network has the interface ``bridge``: a table of that name keeps them in.

    They reach the ``name_servers`` for names, and ``ports`` of the host where they are for everybody.
    """

    table: str
    bridge: str
    name_servers: Sequence[str]
    ports: Sequence[int] = ()


def name_servers(resolv_conf: str) -> Sequence[str]:
    """The name servers that containers are given, by the host's configuration.

    An engine asks those on the loopback itself.
    """
    found = NAMESERVER.findall(resolv_conf)
    return tuple(text for text in found if _is_reached(text))


def engine_servers(daemon_json: str) -> Sequence[str]:
    """The name servers that an engine gives to containers instead, by its configuration."""
    try:
        found = json.loads(daemon_json or '{}')
    except ValueError:
        return ()
    servers = found.get('dns') if isinstance(found, dict) else None
    return tuple(filter(_is_reached, map(str, servers))) if isinstance(servers, list) else ()


def _is_reached(text: str) -> bool:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return not address.is_loopback


def script(walls: Walls) -> str:
    """Puts the table in the place of one that is there, in one step."""
    return f'{removal(walls.table)}{_table(walls)}'


def removal(table: str) -> str:
    """Takes the table away, whether it is there or not."""
    return f'table inet {table}\ndelete table inet {table}\n'


def _table(walls: Walls) -> str:
    bridge = f'"{walls.bridge}"'
    return f"""table inet {walls.table} {{
  set private {{
    type ipv4_addr; flags interval; elements = {{ {', '.join(PRIVATE)} }}
  }}
  chain out {{
{_for_names(walls)}    iifname {bridge} oifname {bridge} reject
    meta nfproto ipv6 reject
    ip daddr @private reject
  }}
  chain forward {{
    type filter hook forward priority filter - 10; policy accept;
    ct state established,related accept
    iifname {bridge} jump out
    oifname {bridge} drop
  }}
  chain input {{
    type filter hook input priority filter - 10; policy accept;
    iifname != {bridge} accept
    ct state established,related accept
{_for_names(walls)}{_for_all(walls.ports)}    reject
  }}
}}
"""


def _for_names(walls: Walls) -> str:
    if not walls.name_servers:
        return ''
    servers = ', '.join(walls.name_servers)
    return ''.join(
        f'    ip daddr {{ {servers} }} {protocol} dport 53 accept\n' for protocol in ('udp', 'tcp')
    )


def _for_all(ports: Iterable[int]) -> str:
    found = ', '.join(map(str, ports))
    return f'    tcp dport {{ {found} }} accept\n' if found else ''
