"""A client of HTTP/2 that keeps its connection, and repeats only what its server says it has not looked at (RFC 9113, 6.8)."""

import socket
import ssl
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events

PIECE = 1 << 16


class NotProcessed(Exception):
    """The server has said that it did not look at the request."""


class Client:
    """One connection at a time, to a port of this host; ``ask`` raises OSError if a request is lost."""

    def __init__(self, port: int, host: str, trusted: Path, seconds: float) -> None:
        self._port, self._host, self._seconds = port, host, seconds
        self._context = ssl.create_default_context(cafile=str(trusted))
        self._context.set_alpn_protocols(['h2'])
        self._socket: ssl.SSLSocket | None = None
        self.connections = 0

    def ask(self, method: str, body: bytes = b'') -> str:
        while True:
            try:
                return self._ask(method, body)
            except NotProcessed:
                self.close()

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _ask(self, method: str, body: bytes) -> str:
        if self._socket is None:
            self._connect()
        stream = self._h2.get_next_available_stream_id()
        headers = [(':method', method), (':scheme', 'https'), (':authority', self._host), (':path', '/')]
        self._h2.send_headers(stream, headers, end_stream=not body)
        if body:
            self._h2.send_data(stream, body, end_stream=True)
        self._send()
        return self._answer(stream)

    def _connect(self) -> None:
        raw = socket.create_connection(('127.0.0.1', self._port), timeout=self._seconds)
        self._socket = self._context.wrap_socket(raw, server_hostname=self._host)
        assert self._socket.selected_alpn_protocol() == 'h2'
        self._h2 = _Connection(h2.config.H2Configuration(client_side=True))
        self._h2.initiate_connection()
        self._send()
        self.connections += 1

    def _send(self) -> None:
        assert self._socket
        self._socket.sendall(self._h2.data_to_send())

    def _answer(self, stream: int) -> str:
        assert self._socket
        answer = b''
        while piece := self._socket.recv(PIECE):
            for event in self._h2.receive_data(piece):
                _check(event, stream)
                if getattr(event, 'stream_id', 0) != stream:
                    continue
                if isinstance(event, h2.events.DataReceived):
                    answer += event.data
                    self._h2.acknowledge_received_data(event.flow_controlled_length, stream)
                if isinstance(event, h2.events.StreamEnded):
                    self._go_on()
                    return answer.decode()
            self._go_on(closing=False)
        raise ConnectionError('the connection was closed before the answer')

    def _go_on(self, closing: bool = True) -> None:
        if not self._h2.leaving:
            self._send()
        elif closing:
            self.close()


def _check(event: h2.events.Event, stream: int) -> None:
    """Raises what ends a request without an answer."""
    if isinstance(event, h2.events.ConnectionTerminated) and stream > (event.last_stream_id or 0):
        raise NotProcessed
    if isinstance(event, h2.events.StreamReset) and event.stream_id == stream:
        if event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
            raise NotProcessed
        raise ConnectionError(f'the stream was reset: {event.error_code}')


class _Connection(h2.connection.H2Connection):
    """Goes on with what it has asked when the server says that it is leaving."""

    leaving = False

    def _receive_goaway_frame(self, frame):  # type: ignore[no-untyped-def]
        event = h2.events.ConnectionTerminated()
        event.error_code, event.last_stream_id = frame.error_code, frame.last_stream_id
        self.leaving = True
        return [], [event]
