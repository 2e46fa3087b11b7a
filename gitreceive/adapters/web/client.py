"""Sends requests with retries, and follows redirects.

Not ``requests`` follows them: it would keep other headers than ``Authorization`` when the host changes, and turn a
redirected PUT into a GET.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TypeVar

import requests
import tenacity
from requests.auth import AuthBase

from gitreceive.adapters.web.incoming import PIECE, incoming
from gitreceive.adapters.web.refusal import Passing, Refused, check_status, translated
from gitreceive.adapters.web.request import MOVED, Request, public
from gitreceive.model.errors import StorageError

T = TypeVar('T')
REDIRECTS = 5
SENT = 1 << 18
"""Bytes that are sent at once, which a server has to take within the time of a stall (socket.sendall)."""
LONGEST_SECONDS = 3600.0
ANSWER_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a request is tried, and how long: ``stall_seconds`` is the time without a byte in either direction."""

    tries: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 20.0
    stall_seconds: float = 60.0


USUAL_RETRIES = Retries()


class Web:
    """Connections that are used again, and retries."""

    def __init__(self, retries: Retries = USUAL_RETRIES) -> None:
        self._retries = retries
        self._session = requests.Session()
        self._session.headers.update({'Accept-Encoding': 'identity', 'User-Agent': 'gitreceive'})

    def call(self, request: Request, read: Callable[[requests.Response], T]) -> T:
        """What ``read`` makes of a good answer; sent and read again after failures that may pass.

        Raises StorageError; Refused if the server said no.
        """
        again = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._retries.tries),
            wait=self._wait,
            retry=tenacity.retry_if_exception(lambda error: _may_repeat(error, request)),
            before_sleep=_tell,
            reraise=True,
        )
        try:
            answer: T = again(self._once, request, read)
        except Passing as failure:
            raise _final(failure.error, again.statistics.get('attempt_number', 1)) from failure
        return answer

    @contextmanager
    def stream(self, request: Request) -> Iterator[IO[bytes]]:
        """The body of a good answer, as it comes; reading it raises StorageError if it ends too early."""
        with contextlib.closing(self.call(request, lambda response: response)) as response:
            yield incoming(reading(response), partial(_told_at_once, request))

    def _once(self, request: Request, read: Callable[[requests.Response], T]) -> T:
        with translated(request):
            response = self._follow(request)
            try:
                check_status(response, request)
                return read(response)
            except BaseException:
                response.close()
                raise

    def _follow(self, request: Request) -> requests.Response:
        current = request
        for _ in range(REDIRECTS + 1):
            response = self._send(current)
            location = response.headers.get('Location', '')
            if response.status_code not in MOVED or not location:
                return response
            response.close()
            target = current.redirected(location)
            if target is None:
                shown = public(location) if '://' in location else 'another place'
                raise Refused(
                    f'{request}: redirected to {shown}, where it must not go: check the address', 310
                )
            current = target
        raise Refused(f'{request}: redirected more than {REDIRECTS} times: check the address', 310)

    def _send(self, request: Request) -> requests.Response:
        with _opened(request) as body:
            return self._session.request(
                request.method,
                f'{request.url}?{request.query}' if request.query else request.url,
                headers={**request.headers, **request.secrets},
                data=body,
                auth=_GivenAuth(),
                allow_redirects=False,
                stream=True,
                timeout=self._retries.stall_seconds,
            )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        longest = self._retries.longest_seconds
        jitter = tenacity.wait_random_exponential(self._retries.first_seconds, longest)
        failure = state.outcome.exception() if state.outcome else None
        return max(jitter(state), min(failure.wait, longest) if isinstance(failure, Passing) else 0.0)


def reading(response: requests.Response, seconds: float = LONGEST_SECONDS) -> Callable[[int], bytes]:
    """Reads the body as it comes. Raises Timeout if all of it takes too long, for a byte a minute is no silence."""
    deadline = time.monotonic() + seconds

    def read(count: int) -> bytes:
        if time.monotonic() > deadline:
            raise requests.Timeout(f'the answer took longer than {seconds:.0f} seconds')
        return bytes(response.raw.read1(count))

    return read


def whole(response: requests.Response) -> bytes:
    """All of a short answer, or a megabyte of it. Raises urllib3's IncompleteRead if it breaks off."""
    found, read = b'', reading(response, ANSWER_SECONDS)
    while len(found) < PIECE and (piece := read(PIECE - len(found))):
        found += piece
    return found


class _GivenAuth(AuthBase):
    """Keeps ``requests`` from adding what ``.netrc`` has for the host, which may not be meant for this request."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        return prepared


class _Body:
    """A file to send: ``requests`` asks for its length, urllib3 reads it (in 16 KiB, if it were asked)."""

    def __init__(self, file: IO[bytes], size: int, progress: Callable[[int], None]) -> None:
        self._file = file
        self._size = size
        self._progress = progress
        self._sent = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b'')

    def read(self, count: int = SENT) -> bytes:
        piece = self._file.read(SENT)
        self._sent += len(piece)
        self._progress(self._sent)
        return piece


@contextmanager
def _told_at_once(request: Request) -> Iterator[None]:
    """Nothing in the middle of a stream can be retried."""
    try:
        with translated(request):
            yield
    except Passing as failure:
        raise failure.error from failure


@contextmanager
def _opened(request: Request) -> Iterator[_Body | bytes]:
    if isinstance(request.body, bytes):
        yield request.body
        return
    try:
        file = request.body.open('rb')
    except OSError as error:
        raise StorageError(f'cannot read {request.body}: {error.strerror}') from error
    with file:
        size = request.body.stat().st_size
        yield _Body(file, size, request.progress) if size else b''


def _may_repeat(error: BaseException, request: Request) -> bool:
    return isinstance(error, Passing) and (request.repeatable or not error.begun)


def _tell(state: tenacity.RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    log.warning('%s; trying again in %.1f s', failure, state.upcoming_sleep)


def _final(error: StorageError, tries: int) -> StorageError:
    message = f'{error} (tried {tries} times)' if tries > 1 else str(error)
    return Refused(message, error.status) if isinstance(error, Refused) else StorageError(message)
