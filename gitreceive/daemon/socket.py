"""The builder's Unix socket: takes requests from allowed users only, and answers each in a thread of its own."""

import logging
import os
import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gitreceive.daemon.answers import Answering
from gitreceive.grammar.wire import END, MAX_REQUEST
from gitreceive.model.errors import StateError

log = logging.getLogger(__name__)

READ_SECONDS = 10.0
SEND_SECONDS = 60.0
"""A listener that reads nothing for so long is gone; the build does not depend on it."""

MAX_CONVERSATIONS = 256

TICK_SECONDS = 0.25
"""A signal that comes just before accept(2) does not interrupt it: its handler runs when that returns."""

Respond = Callable[[list[str], int], Answering]
"""Fields and the peer's uid in, text and status out."""


class SocketServer:
    """Listens until it is closed. ``allowed`` are the uids that may connect (SO_PEERCRED, unix(7))."""

    def __init__(self, path: Path, allowed: frozenset[int], group: int | None, respond: Respond) -> None:
        self._path, self._allowed, self._respond = path, allowed, respond
        self._places = threading.BoundedSemaphore(MAX_CONVERSATIONS)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind(path, group)
        except OSError as error:
            raise StateError(f'cannot listen on {path}: {error.strerror or error}') from error

    def serve(self) -> None:
        """Accepts until ``close``. A refused or failed connection never ends this loop."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if self._listener.fileno() < 0:
                    return
                log.error('accept: %s', error.strerror)
                threading.Event().wait(0.1)
                continue
            if not self._start(connection):
                connection.close()

    def close(self) -> None:
        """Ends ``serve`` and removes the socket."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _bind(self, path: Path, group: int | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with probe, suppress(ConnectionRefusedError, FileNotFoundError):
            probe.connect(str(path))
            raise StateError(f'another builder answers on {path}; one home has one builder')
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        if group is not None:
            os.chown(path, -1, group)
            os.chmod(path, 0o660)
        self._listener.listen(128)
        self._listener.settimeout(TICK_SECONDS)

    def _start(self, connection: socket.socket) -> bool:
        peer = struct.unpack('3i', connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if peer not in self._allowed or not self._places.acquire(blocking=False):
            log.warning('refused a connection of uid %d', peer)
            return False
        try:
            threading.Thread(target=self._converse, args=(connection, peer), daemon=True).start()
        except RuntimeError:
            self._places.release()
            return False
        return True

    def _converse(self, connection: socket.socket, peer: int) -> None:
        try:
            with connection:
                connection.settimeout(READ_SECONDS)
                fields = _read_fields(connection)
                connection.settimeout(SEND_SECONDS)
                _send(connection, self._respond(fields, peer))
        except (OSError, ValueError) as error:
            log.info('a conversation ended early: %s', error)
        except Exception:
            log.exception('a conversation failed')
        finally:
            self._places.release()


def _read_fields(connection: socket.socket) -> list[str]:
    request = bytearray()
    while chunk := connection.recv(65536):
        request += chunk
        if len(request) > MAX_REQUEST:
            raise ValueError(f'a request of over {MAX_REQUEST} bytes')
    return [field.decode(errors='surrogateescape') for field in bytes(request).split(END)]


def _send(connection: socket.socket, answering: Answering) -> None:
    gone = select.poll()
    gone.register(connection, 0)
    try:
        while True:
            piece = next(answering)
            if gone.poll(0):
                return
            connection.sendall(piece.replace(END, b''))
    except StopIteration as end:
        connection.sendall(END + str(end.value).encode())
    finally:
        answering.close()
