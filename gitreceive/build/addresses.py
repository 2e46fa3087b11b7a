"""Which addresses a build may fetch from: the pusher names them, the sysadmin decides which hosts are allowed."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from gitreceive.model.errors import DetectError

URL = re.compile(r'[A-Za-z0-9._~:/?@&+,=%-]{1,500}(#[A-Za-z0-9._/-]{1,200})?', re.ASCII)


def is_url(text: str) -> bool:
    """Whether ``text`` is a URL of http or https, and nothing else to a shell. Pure."""
    if not URL.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ('https', 'http') and bool(parts.hostname)


def refuse_address(url: str, hosts: Sequence[str], what: str, setting: str) -> None:
    """Raises DetectError for a URL with a token in it, or of a host that is not among ``hosts``.

    A host is a name (HTTPS on its usual port is meant) or a scheme with a host: ``http://10.0.0.5:8080``. ``what``
    begins the message, ``setting`` is the one that would allow more.
    """
    parts = urlsplit(url)
    if '@' in parts.netloc:
        raise DetectError(f'{what}: a URL with a name or token in it would stay in layers: remove it')
    if not any(_allows(host, parts.scheme, parts.netloc.lower()) for host in hosts):
        raise DetectError(
            f'{what} is {ascii(url[:100])[1:-1]}, and this receiver fetches from {", ".join(hosts) or "nowhere"}: '
            f'the sysadmin can allow more (setting {setting})'
        )


def _allows(host: str, scheme: str, netloc: str) -> bool:
    return f'{scheme}://{netloc}' == (host if '://' in host else f'https://{host}')
