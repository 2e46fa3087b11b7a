"""A daemon that answers as a test tells it to, and remembers what it was asked."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gitreceive.grammar.wire import (
    END,
    OUTPUT,
    REQUEST,
    REQUEST_PART,
    End,
    Frame,
    FrameReader,
    request_fields,
)


@dataclass
class ScriptedDaemon:
    """``answers`` has texts and an end for each kind of request, ``endless`` are those that go on until the asker goes.

    ``asked`` are the requests so far.
    """

    answers: dict[str, tuple[str, End]] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    asked: list[list[str]] = field(default_factory=list)

    def of(self, name: str) -> list[list[str]]:
        """The requests of a kind."""
        return [fields for fields in self.asked if fields[0] == name]


@contextmanager
def scripted_daemon(path: Path) -> Iterator[ScriptedDaemon]:
    """Listens at ``path``."""
    daemon = ScriptedDaemon()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            fields = read_request(self.request)
            daemon.asked.append(fields)
            while fields[0] in daemon.endless and self.request.recv(65536):
                pass
            text, end = daemon.answers.get(fields[0], ('', End(0)))
            self.request.sendall(Frame(OUTPUT, text.encode()).packed + Frame(END, end.payload).packed)
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(65536):
                pass  # what is not read would reset the connection, and with it the answer

    with serving(path, Handler):
        yield daemon


@contextmanager
def serving(path: Path, handler: type[socketserver.BaseRequestHandler]) -> Iterator[None]:
    """A handler listens where the daemon would."""
    path.parent.mkdir(exist_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), handler) as stub:
        stub.daemon_threads, stub.handle_error = True, lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=stub.serve_forever, args=(0.02,), daemon=True).start()
        yield
        stub.shutdown()


def read_request(connection: socket.socket) -> list[str]:
    """The fields of a request, however many frames it has."""
    reader, frames = FrameReader(), list[Frame]()
    while all(frame.kind != REQUEST for frame in frames):
        frames += reader.feed(connection.recv(65536))
    asked = (frame.payload for frame in frames if frame.kind in (REQUEST, REQUEST_PART))
    return request_fields(b''.join(asked))
