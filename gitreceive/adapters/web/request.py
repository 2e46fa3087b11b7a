"""What is asked of a server: a value, with its secrets apart, and where a redirect may take it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from gitreceive.model.text import harmless

PORTS = {'http': 80, 'https': 443}
MOVED = (301, 302, 307, 308)
"""303 is none of them: it answers what was asked (RFC 9110 15.4.4), and nothing here is asked that way."""


def nothing(count: int) -> None:
    """Watches no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """``secrets`` are headers for the origin of ``url`` alone, ``query`` is a secret too and is never shown.

    ``body`` is a file that is streamed, or a few bytes; ``progress`` is told how many bytes of the file have been read
    so far, from the beginning again with each try. ``repeatable``: carried out twice it does what it does once.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    query: str = ''
    body: Path | bytes = b''
    progress: Callable[[int], None] = nothing
    repeatable: bool = True

    def __str__(self) -> str:
        return f'{self.method} {public(self.url)}'

    def redirected(self, location: str) -> 'Request | None':
        """The same request at another place, without what is secret if that is another origin.

        None if it must not go there: from https to something else, or what must not be carried out twice.
        """
        url, _, query = urljoin(self.url, location).partition('#')[0].partition('?')
        scheme = urlsplit(url).scheme
        if not self.repeatable or scheme not in PORTS or (scheme == 'http' and self.url.startswith('https:')):
            return None
        secrets = self.secrets if origin(url) == origin(self.url) else {}
        return replace(self, url=url, query=query, secrets=secrets)


def origin(url: str) -> str:
    """``https://host:443``: whom credentials are for. Raises ValueError for a port that is none."""
    parts = urlsplit(url)
    host = f'[{parts.hostname}]' if ':' in (parts.hostname or '') else parts.hostname
    return f'{parts.scheme}://{host}:{parts.port or PORTS.get(parts.scheme, 0)}'


def public(url: str) -> str:
    """The part of a URL that anybody may see: no query, which may be a signature, no user and no password."""
    parts = urlsplit(url)
    return harmless(f'{parts.scheme}://{parts.netloc.rpartition("@")[2]}{parts.path}')[:300]
