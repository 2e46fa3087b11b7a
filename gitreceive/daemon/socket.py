"""The daemon's Unix socket: takes requests from allowed users only, and answers each in a thread of its own.

One thread reads from everybody and notices who goes; it never waits for anyone. See ``gitreceive.grammar.wire``.
"""

import logging
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from pathlib import Path

from gitreceive.access.places import Places, Subject
from gitreceive.config.settings import KeySettings
from gitreceive.daemon.conversation import AskerGone, Conversation
from gitreceive.daemon.places import bounds, subject
from gitreceive.grammar.wire import (
    END,
    ERROR,
    MAX_PAYLOAD,
    OUTPUT,
    TEMPORARY,
    BrokenFrame,
    End,
    ErrorOutput,
    Frame,
)
from gitreceive.model.errors import StateError

log = logging.getLogger(__name__)

READ_SECONDS = 10.0
"""How long an asker may take to send its request."""

TICK_SECONDS = 0.5
"""A signal that comes just before epoll_wait(2) does not interrupt it: its handler runs when that returns."""

MAX_OPEN = 2048
"""Open connections, whatever they are for."""


Answering = Generator[bytes, None, End]
"""Pieces of output, some of them ErrorOutput, and last how the answer ends."""

Respond = Callable[[Conversation], Answering]


class SocketServer:
    """Listens until it is closed. ``allowed`` are the uids that may connect (SO_PEERCRED, unix(7))."""

    def __init__(
        self,
        path: Path,
        allowed: frozenset[int],
        group: int | None,
        respond: Respond,
        keys: KeySettings | None = None,
    ) -> None:
        self._path, self._allowed, self._respond = path, allowed, respond
        self._places = Places(bounds(keys or KeySettings()))
        self._open: dict[int, Conversation] = {}
        self._closing = False
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind(path, group)
        except OSError as error:
            raise StateError(f'cannot listen on {path}: {error.strerror or error}') from error
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._epoll.register(self._bell, select.EPOLLIN)

    def serve(self) -> None:
        """Takes requests until ``close``. A refused or failed connection never ends this loop."""
        with self._epoll, self._listener:
            ticked = 0.0
            while not self._closing:
                for number, _ in self._epoll.poll(TICK_SECONDS):
                    self._look(number)
                now = time.monotonic()
                if now >= ticked + TICK_SECONDS:
                    ticked = now
                    self._tick(now)

    def close(self) -> None:
        """Ends ``serve`` and removes the socket. May be called by a signal handler."""
        self._closing = True
        self._path.unlink(missing_ok=True)
        os.eventfd_write(self._bell, 1)

    def _bind(self, path: Path, group: int | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with probe, suppress(ConnectionRefusedError, FileNotFoundError):
            probe.connect(str(path))
            raise StateError(f'another daemon answers on {path}; one home has one daemon')
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        if group is not None:
            os.chown(path, -1, group)
            os.chmod(path, 0o660)
        self._listener.listen(1024)
        self._listener.setblocking(False)

    def _look(self, number: int) -> None:
        conversation = self._open.get(number)
        if conversation:
            self._read(conversation)
        elif number == self._listener.fileno():
            self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            log.error('accept: %s', error.strerror)
            time.sleep(0.1)
            return
        conversation = Conversation(connection, _peer(connection), partial(self._watch, connection))
        if conversation.peer not in self._allowed:
            log.warning('refused a connection of uid %d', conversation.peer)
            _refuse(conversation, 'this user may not ask the daemon; the SSH server and the sysadmin may')
            connection.close()
        elif len(self._open) >= MAX_OPEN:
            _refuse(conversation, 'the daemon has too many connections; ask again in a moment')
            connection.close()
        else:
            self._open[connection.fileno()] = conversation
            self._epoll.register(connection, select.EPOLLIN)

    def _read(self, conversation: Conversation) -> None:
        try:
            data = conversation.connection.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b''
        if not data:
            self._drop(conversation)
            return
        try:
            if conversation.feed(data):
                self._begin(conversation)
        except BrokenFrame as error:
            _refuse(conversation, f'this is no request: {error}')
            self._drop(conversation)
            return

    def _watch(self, connection: socket.socket, more: bool) -> None:
        """Whether more is to be read from an asker; its end is noticed in any case."""
        with suppress(OSError):
            self._epoll.modify(connection, select.EPOLLIN if more else 0)

    def _drop(self, conversation: Conversation) -> None:
        del self._open[conversation.connection.fileno()]
        self._epoll.unregister(conversation.connection)
        conversation.hang_up()
        conversation.release()

    def _tick(self, now: float) -> None:
        for conversation in list(self._open.values()):
            if conversation.fields:
                conversation.keep_alive(now)
            elif now - conversation.began > READ_SECONDS:
                _refuse(conversation, f'no request came within {READ_SECONDS:g} s')
                self._drop(conversation)

    def _begin(self, conversation: Conversation) -> None:
        about = subject(conversation.fields)
        why = self._places.take(about)
        if why:
            log.warning('refused %s of %s: %s', conversation.fields[0], about.key or 'the host', why)
            _refuse(conversation, why, again=about.kind == 'push')
            return
        conversation.hold()
        try:
            threading.Thread(target=self._converse, args=(conversation, about), daemon=True).start()
        except RuntimeError:
            self._places.free(about)
            conversation.release()
            _refuse(conversation, 'the daemon has no room for one more thread; ask again in a moment')

    def _converse(self, conversation: Conversation, about: Subject) -> None:
        try:
            _send(conversation, self._respond(conversation))
        except AskerGone:
            log.info('an asker went before its answer ended')
        except Exception:
            log.exception('a conversation failed')
            _refuse(conversation, 'an error of the receiver itself; its own log has the details')
        finally:
            self._places.free(about)
            _hang_up(conversation)
            conversation.release()


def _send(conversation: Conversation, answering: Answering) -> None:
    try:
        while True:
            piece = next(answering)
            if conversation.gone:
                return
            kind = ERROR if isinstance(piece, ErrorOutput) else OUTPUT
            for start in range(0, len(piece), MAX_PAYLOAD):
                conversation.send(Frame(kind, piece[start : start + MAX_PAYLOAD]))
    except StopIteration as stop:
        conversation.send(Frame(END, stop.value.payload))
    finally:
        answering.close()


def _refuse(conversation: Conversation, why: str, *, again: bool = False) -> None:
    """Says so and ends; never waits for the asker. What serves a push asks ``again`` by itself, and is told nothing."""
    frames = Frame(END, End(TEMPORARY, why).payload).packed
    if not again:
        frames = Frame(ERROR, f' !     {why}\n'.encode()).packed + Frame(END, End(1, why).payload).packed
    with suppress(OSError):
        conversation.connection.send(frames, socket.MSG_DONTWAIT)
    _hang_up(conversation)


def _hang_up(conversation: Conversation) -> None:
    """The loop sees the end of the connection and closes it; what was sent can still be read."""
    with suppress(OSError):
        conversation.connection.shutdown(socket.SHUT_RDWR)


def _peer(connection: socket.socket) -> int:
    return int(struct.unpack('3i', connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])
