"""What goes wrong between here and a server: told in its own words, and whether the next try may be luckier."""

import contextlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3

from gitreceive.adapters.web.request import Request
from gitreceive.model.errors import StorageError
from gitreceive.model.text import decoded, harmless

WORDS = 2000
"""Bytes of a refusal that are read: enough for some sentences."""
WORDS_SECONDS = 10.0
PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Statuses that may pass, and are retried (RFC 9110, RFC 6585, RFC 8470)."""
NOT_BEGUN = (429, 503)
"""Statuses after which even a request that must not be carried out twice may be sent again."""
REMEDIES = {
    401: 'check the credentials',
    403: 'check the credentials and what they may do',
    404: 'check the address',
    405: 'the server does not allow that there',
    413: 'raise what the server takes, or make the slug smaller',
    507: 'make room there',
}
MARKUP = re.compile(r'<\?.*?\?>|<!--.*?-->|<style.*?</style>|<script.*?</script>|<[^>]*>', re.DOTALL)
WRAPPING = re.compile(r'^<[^>]*>: |^[\w.]+\([^)]*\): ')
"""What urllib3 puts before the cause: ``<urllib3.connection.HTTPConnection object at 0x7f...>: ``."""


class Refused(StorageError):
    """The server answered, and its answer was no."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Passing(Exception):
    """A failure that the next try may not have.

    ``begun``: the server may have carried out what was asked. ``wait``: the seconds that it wants to be left alone.
    """

    def __init__(self, error: StorageError, *, begun: bool = True, wait: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.begun = begun
        self.wait = wait


def check_status(response: requests.Response, request: Request) -> None:
    """Raises Refused, or Passing around it, unless the status is one of success."""
    status = response.status_code
    if 200 <= status < 300:
        return
    said, remedy = words(response), REMEDIES.get(status)
    message = f'{request}: {status} {harmless(response.reason or "")}'.rstrip() + (
        f': {said}' if said else ''
    )
    if status in PASSING:
        wait = response.headers.get('Retry-After', '')
        seconds = float(wait) if wait.isdecimal() else 0.0
        raise Passing(Refused(message, status), begun=status not in NOT_BEGUN, wait=seconds)
    raise Refused(message + (f' ({remedy})' if remedy else ''), status)


def words(response: requests.Response) -> str:
    """What the server says, in one line: of JSON the message, of XML and HTML the text."""
    raw = _beginning(response)
    text = decoded(raw)
    with contextlib.suppress(ValueError):
        told = json.loads(raw)
        if isinstance(told, dict):
            text = (
                ' '.join(str(told[key]) for key in ('message', 'error', 'detail', 'id') if told.get(key))
                or text
            )
    return harmless(' '.join(MARKUP.sub(' ', text).split()))


@contextmanager
def translated(request: Request) -> Iterator[None]:
    """Turns the errors of requests and urllib3 into StorageError, or Passing around it."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise StorageError(f'{request}: no safe connection: {cause(error)}') from error
    except requests.ConnectionError as error:
        begun = not isinstance(_root(error), urllib3.exceptions.NewConnectionError)
        raise Passing(StorageError(f'{request}: {cause(error)}'), begun=begun) from error
    except (
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
        urllib3.exceptions.HTTPError,
    ) as error:
        raise Passing(StorageError(f'{request}: {cause(error)}')) from error
    except requests.exceptions.InvalidHeader as error:  # its words are the header: the credentials
        raise StorageError(
            f'{request}: a header has characters that none may have: check the credentials'
        ) from error
    except (requests.RequestException, ValueError) as error:
        raise StorageError(f'{request}: {cause(error)}') from error


def cause(error: BaseException) -> str:
    """The innermost words: libraries wrap an error up to four times, each with the whole URL, secrets and all."""
    root = _root(error)
    text = root.strerror if isinstance(root, OSError) and root.strerror else str(root)
    return harmless(WRAPPING.sub('', text))[:300] or type(root).__name__


def _root(error: BaseException) -> BaseException:
    inner = getattr(error, 'reason', None) or next(
        (arg for arg in error.args if isinstance(arg, Exception)), None
    )
    return _root(inner) if isinstance(inner, Exception) else error


def _beginning(response: requests.Response) -> bytes:
    deadline, found = time.monotonic() + WORDS_SECONDS, b''
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
        while len(found) < WORDS and time.monotonic() < deadline:
            piece = response.raw.read1(WORDS - len(found))
            if not piece:
                break
            found += piece
    return found
