"""What a client and the daemon say to each other through the SSH server: both ways at once, whole, and without piling up."""

import hashlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import paramiko
import pytest

from gitreceive.config.home import Home
from gitreceive.grammar.wire import (
    END,
    ERROR,
    INPUT,
    INPUT_END,
    OUTPUT,
    REQUEST,
    SIGNAL,
    WINDOW,
    End,
    Frame,
    FrameReader,
    request_fields,
)
from gitreceive.sshd.server import SshServer
from tests.e2e.sshd.scripted import serving
from tests.unit.sshd.test_server import Ann, ann, server

__all__ = ['ann', 'server']

PATIENCE = 20


class Daemon:
    """Hears frames, and says what a test wants it to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heard: list[Frame] = []
        self.gone = threading.Event()
        self.came = threading.Condition()
        self.connection: socket.socket | None = None
        self.reading = threading.Event()
        self.reading.set()

    def serve(self, connection: socket.socket) -> None:
        reader = FrameReader()
        with self.came:
            self.connection = connection
        while self.reading.wait(PATIENCE) and (data := connection.recv(65536)):
            with self.came:
                for frame in reader.feed(data):
                    self._hear(frame)
                self.came.notify_all()
        self.gone.set()

    def _hear(self, frame: Frame) -> None:
        if frame.kind == REQUEST:
            self.asked = request_fields(frame.payload)
        else:
            self.heard.append(frame)

    def say(self, *frames: Frame) -> None:
        with self.came:
            assert self.came.wait_for(lambda: self.connection and self.asked, PATIENCE)
        assert self.connection
        for frame in frames:
            self.connection.sendall(frame.packed)

    def end(self, status: int = 0) -> None:
        self.say(Frame(END, End(status).payload))

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.came:
            assert self.came.wait_for(happened, PATIENCE), self.heard[-3:]

    @property
    def given(self) -> bytes:
        return b''.join(frame.payload for frame in self.heard if frame.kind == INPUT)

    def kinds(self, *kinds: bytes) -> list[Frame]:
        return [frame for frame in self.heard if frame.kind in kinds]


@pytest.fixture
def daemon(server: SshServer) -> Iterator[Daemon]:
    found = Daemon()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            found.serve(self.request)

    with serving(Home(server.service.settings.home).socket, Handler):
        yield found


@contextmanager
def running(ann: Ann, command: str = 'run hello -- cat', **terminal: object) -> Iterator[paramiko.Channel]:
    with ann.client() as client:
        transport = client.get_transport()
        assert transport
        channel = transport.open_session()
        channel.settimeout(PATIENCE)
        if terminal:
            channel.get_pty(**terminal)  # type: ignore[arg-type]
        channel.exec_command(command)
        yield channel


def test_what_the_client_has_for_a_terminal_stands_in_the_request(ann: Ann, daemon: Daemon) -> None:
    with running(ann, 'run hello -- echo "a  b"', term='vt100', width=90, height=30) as channel:
        daemon.end(5)
        assert channel.recv_exit_status() == 5
    told = ['run', 'hello', '--tty', '--size=30x90', '--term=vt100', '--', 'echo "a  b"']
    assert daemon.asked[2:] == told


def test_without_a_terminal_there_is_none(ann: Ann, daemon: Daemon) -> None:
    with running(ann):
        daemon.end()
    assert daemon.asked[2:] == ['run', 'hello', '--no-tty', '--', 'cat']


def test_bytes_pass_both_ways_at_once_as_they_are(ann: Ann, daemon: Daemon) -> None:
    given, told = (hashlib.shake_128(seed).digest(5_000_000) for seed in (b'a', b'b'))

    def tell() -> None:
        daemon.say(*(Frame(OUTPUT, told[at : at + 50_000]) for at in range(0, len(told), 50_000)))

    with running(ann) as channel:
        telling, giving = (
            threading.Thread(target=tell),
            threading.Thread(target=channel.sendall, args=(given,)),
        )
        telling.start()
        giving.start()
        got = b''
        while len(got) < len(told):
            got += channel.recv(65536)
        giving.join(PATIENCE)
        channel.shutdown_write()
        daemon.wait_for(lambda: bool(daemon.kinds(INPUT_END)))
        daemon.end()
    assert got == told
    assert daemon.given == given


def test_in_a_terminal_of_its_own_keys_and_output_stay_as_they_are(ann: Ann, daemon: Daemon) -> None:
    with running(ann, term='xterm') as channel:
        daemon.say(Frame(OUTPUT, b'a\nb\r\n'), Frame(ERROR, b' !     no\n'))
        channel.sendall(b'\x03\x04\r')
        daemon.wait_for(lambda: len(daemon.given) == 3)
        assert channel.recv(100) == b'a\nb\r\n'
        assert channel.recv_stderr(100) == b' !     no\r\n'
        daemon.end()
    assert daemon.given == b'\x03\x04\r'


def test_a_client_with_a_terminal_may_do_without_one_for_the_command(ann: Ann, daemon: Daemon) -> None:
    with running(ann, 'run hello --no-tty -- cat', term='xterm') as channel:
        daemon.say(Frame(OUTPUT, b'a\n'))
        assert channel.recv(100) == b'a\r\n'
        channel.sendall(b'b\r\x03')
        assert channel.recv_exit_status() == 130
    assert daemon.gone.wait(PATIENCE)


def test_windows_and_signals_reach_the_daemon(ann: Ann, daemon: Daemon) -> None:
    with running(ann, term='xterm') as channel:
        daemon.say(Frame(OUTPUT, b'ready'))
        channel.recv(5)
        channel.resize_pty(width=132, height=50)
        send_signal(channel, 'TERM')
        send_signal(channel, 'NONSENSE')
        send_signal(channel, 'USR1')
        daemon.wait_for(lambda: len(daemon.kinds(SIGNAL)) == 2)
        daemon.wait_for(lambda: bool(daemon.kinds(WINDOW)))
        daemon.end()
    assert [frame.payload for frame in daemon.kinds(SIGNAL)] == [b'TERM', b'USR1']
    assert daemon.kinds(WINDOW)[-1].payload == b'50x132'


def test_a_signal_with_an_answer_gets_one(ann: Ann, daemon: Daemon) -> None:
    with running(ann) as channel:
        daemon.say(Frame(OUTPUT, b'ready'))
        channel.recv(5)
        send_signal(channel, 'TERM', answered=True)
        channel._wait_for_event()  # type: ignore[attr-defined]
        daemon.end()


def test_a_daemon_that_takes_no_input_does_not_keep_the_output(ann: Ann, daemon: Daemon) -> None:
    with running(ann) as channel:
        daemon.say(Frame(OUTPUT))
        daemon.reading.clear()
        stop = threading.Event()
        threading.Thread(target=pour, args=(channel, stop), daemon=True).start()
        time.sleep(0.3)
        daemon.say(*(Frame(OUTPUT, bytes(50_000)) for _ in range(40)))
        got = 0
        while got < 2_000_000:
            got += len(channel.recv(65536))
        daemon.end(3)
        assert channel.recv_exit_status() == 3
        stop.set()
    daemon.reading.set()


def test_a_client_that_reads_nothing_can_still_send(ann: Ann, daemon: Daemon) -> None:
    with running(ann) as channel:
        told = threading.Thread(target=talk, args=(daemon,), daemon=True)
        told.start()
        time.sleep(0.3)
        channel.sendall(b'still here')
        daemon.wait_for(lambda: daemon.given == b'still here')
        assert told.is_alive()
        send_signal(channel, 'INT')
        daemon.wait_for(lambda: bool(daemon.kinds(SIGNAL)))


def test_a_client_that_goes_ends_the_conversation(ann: Ann, daemon: Daemon) -> None:
    with running(ann) as channel:
        daemon.say(Frame(OUTPUT, b'ready'))
        channel.recv(5)
    assert daemon.gone.wait(PATIENCE)


def talk(daemon: Daemon) -> None:
    with suppress(OSError):
        daemon.say(*(Frame(OUTPUT, bytes(100_000)) for _ in range(200)))


def pour(channel: paramiko.Channel, stop: threading.Event) -> None:
    channel.settimeout(1)
    with suppress(OSError):
        while not stop.is_set():
            channel.send(bytes(30_000))


def send_signal(channel: paramiko.Channel, name: str, *, answered: bool = False) -> None:
    """RFC 4254, 6.9: paramiko has no function for it."""
    message = paramiko.Message()
    message.add_byte(paramiko.common.cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string('signal')
    message.add_boolean(answered)
    message.add_string(name)
    if answered:
        channel._event_pending()  # type: ignore[attr-defined]
    channel.transport._send_user_message(message)  # type: ignore[attr-defined]
