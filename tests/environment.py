"""The environment that tests run in: the same on every machine, whoever starts them and however that person's account is set.

Kept of the machine's own is where programs are, where the engine is, and how its package clients reach their registries.
"""

import atexit
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

UMASK = 0o022
GONE = ('GIT_', 'LC_', 'XDG_', 'PYTHON', 'SSH_', 'GITRECEIVE_', 'AWS_', 'AZURE_', 'GOOGLE_', 'HEROKU_')
"""Beginnings of variables that tests start without."""

GONE_TOO = (
    'COLUMNS',
    'LINES',
    'NO_COLOR',
    'FORCE_COLOR',
    'LANGUAGE',
    'EMAIL',
    'EDITOR',
    'VISUAL',
    'PAGER',
    'MAKEFLAGS',
)
KEPT = 'GITRECEIVE_REQUIRE_'
"""What must not be skipped."""

OWN = {
    'LANG': 'C.UTF-8',
    'LC_ALL': 'C.UTF-8',
    'TZ': 'UTC',
    'GIT_CONFIG_NOSYSTEM': '1',
    'GIT_CONFIG_GLOBAL': os.devnull,
    'GIT_TERMINAL_PROMPT': '0',
}
CLIENTS = {
    'NPM_CONFIG_USERCONFIG': '.npmrc',
    'PIP_CONFIG_FILE': '.config/pip/pip.conf',
    'UV_CONFIG_FILE': '.config/uv/uv.toml',
    'GOENV': '.config/go/env',
}
"""Package clients follow the machine's configuration, as they do for the receiver: variable to file below the home."""

CACHES = {
    'PIP_CACHE_DIR': 'pip',
    'NPM_CONFIG_CACHE': 'npm',
    'UV_CACHE_DIR': 'uv',
    'GOMODCACHE': 'go/modules',
    'GOCACHE': 'go/build',
}
LOCAL = ('localhost', '127.0.0.1', '::1')


def environment(found: Mapping[str, str], home: Path, caches: Path) -> dict[str, str]:
    """What tests get instead of ``found``; ``home`` is empty and theirs, ``caches`` keeps what package clients fetched."""
    kept = {
        name: value
        for name, value in found.items()
        if name.startswith(KEPT) or not (name.startswith(GONE) or name in GONE_TOO)
    }
    before = Path(found.get('HOME', '/'))
    clients = {name: str(before / path) for name, path in CLIENTS.items() if (before / path).is_file()}
    folders = {name: str(caches / path) for name, path in CACHES.items()}
    proxied = {name: _with_local(found.get(name, '')) for name in ('no_proxy', 'NO_PROXY')}
    user = f'tester-{os.geteuid()}'  # pytest's own directory has it in its name, and may be read by one user only
    return {**clients, **folders, **kept, **proxied, **OWN, 'HOME': str(home), 'USER': user, 'LOGNAME': user}


def _with_local(hosts: str) -> str:
    """A list of hosts that no proxy is asked for, with this one in it: servers of tests are here."""
    return ','.join(dict.fromkeys([*filter(None, hosts.split(',')), *LOCAL]))


def settle(caches: Path) -> None:
    """Gives this process, and all that it starts, the environment of tests, and a home that goes when it ends."""
    home = Path(tempfile.mkdtemp(prefix='gitreceive-home-'))
    home.chmod(0o755)  # programs that tests start as other users look into it
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    own = environment(os.environ, home, caches)
    os.environ.clear()
    os.environ.update(own)
    os.umask(UMASK)
    time.tzset()
    sys.dont_write_bytecode = False
