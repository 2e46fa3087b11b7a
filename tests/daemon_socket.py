"""A daemon's socket that listens while a test lasts, and what is heard from it."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.socket import Answering, SocketServer
from gitreceive.grammar.wire import OUTPUT, Answer

ME = frozenset({os.geteuid()})


@contextmanager
def listening(
    path: Path, respond: Callable[[Conversation], Answering], allowed: frozenset[int] = ME
) -> Iterator[SocketServer]:
    """A server that answers what comes to ``path``."""
    server = SocketServer(path, allowed, None, respond)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(10)
        assert not thread.is_alive()


def said(answer: Answer, kind: bytes = OUTPUT) -> bytes:
    """All that an answer says in frames of that kind, to its end."""
    return b''.join(text for each, text in answer if each == kind)
