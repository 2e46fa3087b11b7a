"""What a storage has to know to be let in: from a file that only its owner reads, or from ``.netrc``.

The file is TOML, a table for each origin (scheme, host, port):

    ["https://slugs.example.com"]
    bearer = "$SLUGS_TOKEN"              # or user and password; "$NAME" is taken from the environment
    query = "sv=2024-11-04&sig=..."      # a signature that is part of each URL
    headers = { X-Ms-Blob-Type = "BlockBlob" }
"""

import base64
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from requests.utils import get_netrc_auth

from gitreceive.adapters.web.request import origin
from gitreceive.model.errors import SettingsError

KEYS = ('bearer', 'user', 'password', 'query', 'headers')
EXPECTED = 'a table for each origin is expected, such as ["https://slugs.example.com"], with ' + ', '.join(
    KEYS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Headers and a query string for the requests to one origin. Never shown: not even by ``repr``."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default='', repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Credentials by origin."""

    known: Mapping[str, Credentials] = field(default_factory=dict)

    def of(self, url: str) -> Credentials:
        """Those for a URL's origin; else what ``.netrc`` has for its host; else none."""
        found = self.known.get(origin(url))
        if found is not None:
            return found
        login = get_netrc_auth(url)
        return Credentials(headers=_basic(*login) if login else {})


NO_SECRETS = Secrets()


def load_secrets(file: Path, environ: Mapping[str, str]) -> Secrets:
    """Reads the file. Raises SettingsError, without a word of what is in it, and if others can read it."""
    try:
        mode = file.stat().st_mode
        tables = tomllib.loads(file.read_text('utf-8'))
    except OSError as error:
        raise SettingsError(f'cannot read storage.secrets {file}: {error.strerror}') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f'storage.secrets {file} is not valid TOML; {EXPECTED}') from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f'storage.secrets {file} can be read by others: chmod 600 {file}')
    try:
        return Secrets(known={origin(url): _credentials(table, environ) for url, table in tables.items()})
    except (ValueError, AttributeError, TypeError) as error:
        raise SettingsError(f'storage.secrets {file}: {EXPECTED}') from error


def _credentials(table: Mapping[str, object], environ: Mapping[str, str]) -> Credentials:
    if not set(table) <= set(KEYS):
        raise ValueError
    named = table.get('headers', {})
    if not isinstance(named, dict):
        raise TypeError
    headers = {name: _value(value, environ) for name, value in named.items()}
    given = {key: _value(value, environ) for key, value in table.items() if key != 'headers'}
    if 'bearer' in given:
        headers['Authorization'] = f'Bearer {given["bearer"]}'
    elif 'user' in given or 'password' in given:
        headers |= _basic(given.get('user', ''), given.get('password', ''))
    return Credentials(headers=headers, query=given.get('query', '').lstrip('?'))


def _value(value: object, environ: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not value.startswith('$'):
        return value
    if value[1:] not in environ:
        raise SettingsError(f'storage.secrets names the variable {value[1:]}, which is not set')
    return environ[value[1:]]


def _basic(user: str, password: str) -> dict[str, str]:
    return {'Authorization': 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()}
