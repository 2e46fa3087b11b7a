"""What a setting's value must be beside its type. Pure: what a host has is looked at where it is used."""

import re
from collections.abc import Callable, Mapping
from functools import partial

URL = re.compile(r'https?://[A-Za-z0-9._~:/@%+-]{1,500}', re.ASCII)
HOST = re.compile(r'(https?://)?[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?', re.ASCII)
DOMAIN = re.compile(
    r'(?=.{1,220}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*', re.ASCII
)
ENGINE = re.compile('(unix|tcp|http|https|ssh)://.+')
ALGORITHMS = ('default', 'strict', 'compatible')
MOST_PARALLEL = 256

SESSIONS, COMMANDS, REQUESTS = 1024, 256, 256
"""Places that there are in all: sessions of git, commands over SSH, requests to the daemon beside pushes."""


def check(key: str, value: object) -> None:
    """Raises ValueError that says what is expected."""
    if key in CHECKS:
        CHECKS[key](value)


def _address(value: object) -> None:
    host, _, port = str(value).rpartition(':')
    if not host or not re.fullmatch('[0-9]{1,5}', port) or int(port) > 65535:
        raise ValueError('host:port is expected, for example 0.0.0.0:2222')


def _maybe_address(value: object) -> None:
    if value:
        _address(value)


def _one_of(names: tuple[str, ...], value: object) -> None:
    if value not in names:
        raise ValueError(f'{", ".join(names[:-1])} or {names[-1]} is expected')


def _url(value: object) -> None:
    if value and not URL.fullmatch(str(value)):
        raise ValueError('a URL of http or https is expected, with nothing to escape')


def _domain(value: object) -> None:
    if not DOMAIN.fullmatch(str(value)):
        raise ValueError('a domain in lower case is expected, for example apps.example.com')


def _engine(value: object) -> None:
    if value and not ENGINE.fullmatch(str(value)):
        raise ValueError('unix:///PATH or tcp://HOST:PORT is expected')


def _hosts(value: object) -> None:
    assert isinstance(value, tuple)
    for host in value:
        if not HOST.fullmatch(host):
            raise ValueError(f'{host!r} is neither a host name nor http://HOST:PORT')


def _at_least_one(why: str, value: object) -> None:
    if value == 0:
        raise ValueError(f'at least 1 is expected: {why}')


def _parallel(value: object) -> None:
    assert isinstance(value, int)
    if not 1 <= value <= MOST_PARALLEL:
        raise ValueError(f'a number from 1 to {MOST_PARALLEL} is expected')


def _of_one_key(most: int, value: object) -> None:
    assert isinstance(value, int)
    if not 1 <= value <= most:
        raise ValueError(f'a number from 1 to {most:,} is expected: there are so many places in all')


CHECKS: Mapping[str, Callable[[object], None]] = {
    'ssh.listen': _address,
    'registry.listen': _maybe_address,
    'router.listen': _maybe_address,
    'router.tls_listen': _maybe_address,
    'router.domain': _domain,
    'router.acme': _url,
    'run.boot_seconds': partial(_at_least_one, 'an app takes its time to start'),
    'run.command_seconds': partial(_at_least_one, 'a command takes its time'),
    'run.memory_bytes': partial(_at_least_one, 'an app needs memory'),
    'run.pids': partial(_at_least_one, 'an app is a process'),
    'ssh.algorithms': partial(_one_of, ALGORITHMS),
    'builds.parallel': _parallel,
    'builds.buildpack_hosts': _hosts,
    'builds.submodule_hosts': _hosts,
    'builds.python_mirror': _url,
    'builds.gradle_distribution': _url,
    'storage.keep_releases': partial(_at_least_one, 'the slug that an app runs is kept'),
    'engine.url': _engine,
    'keys.sessions': partial(_of_one_key, SESSIONS),
    'keys.commands': partial(_of_one_key, COMMANDS),
    'keys.requests': partial(_of_one_key, REQUESTS),
    'limits.build_seconds': partial(_at_least_one, 'a build takes its time'),
}
