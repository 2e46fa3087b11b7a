"""Peers that do not behave: raw sockets before the key exchange, paramiko's framing after it."""

import queue
import socket
import struct
import threading
import time
from functools import partial
from pathlib import Path

import paramiko
from paramiko.common import cMSG_SERVICE_REQUEST, cMSG_USERAUTH_REQUEST

from tests.e2e.sshd.sshd_process import RunningServer

MSG_KEXINIT = 20


def connect(server: RunningServer, source: str = '127.0.0.1') -> socket.socket:
    """A TCP connection from an address of this host."""
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((source, 0))
    sock.connect(('127.0.0.1', server.port))
    return sock


def packet(payload: bytes) -> bytes:
    """An unencrypted packet (RFC 4253, 6)."""
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack('>IB', len(payload) + padding + 1, padding) + payload + bytes(padding)


def kexinit(*lists: bytes) -> bytes:
    """A KEXINIT that this server will take, or one with other lists."""
    names = lists or (
        *(b'curve25519-sha256@libssh.org', b'ssh-ed25519'),
        *(b'aes128-gcm@openssh.com',) * 2,
        *(b'hmac-sha2-256-etm@openssh.com',) * 2,
        *(b'none', b'none', b'', b''),
    )
    body = b''.join(struct.pack('>I', len(name)) + name for name in names)
    return packet(bytes([MSG_KEXINIT]) + bytes(16) + body + bytes(5))


def read_banner(sock: socket.socket) -> bytes:
    banner = b''
    while not banner.endswith(b'\n'):
        byte = sock.recv(1)
        if not byte:
            raise EOFError
        banner += byte
    return banner


def closed_within(sock: socket.socket, seconds: float) -> bool:
    """Whether the server ends the connection in that time."""
    deadline = time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not sock.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


class Answers:
    """Takes what the server says about authentication, in place of paramiko's client that knows what it asked for."""

    def __init__(self) -> None:
        self.messages: queue.Queue[int] = queue.Queue()
        self._handler_table = {number: partial(self._take, number) for number in AUTHENTICATION}

    def _take(self, number: int, message: paramiko.Message) -> None:
        self.messages.put(number)

    def next(self) -> str:
        """The next answer's name."""
        return AUTHENTICATION[self.messages.get(timeout=30)]

    def is_authenticated(self) -> bool:
        return False

    def abort(self) -> None:
        self.messages.put(0)


AUTHENTICATION = {0: 'the end', 6: 'accepted', 51: 'failure', 52: 'success', 60: 'acceptable'}


class Peer:
    """A client after its key exchange that can send any message."""

    def __init__(self, server: RunningServer, **words) -> None:
        self.sock = connect(server)
        self.transport = paramiko.Transport(self.sock, **words)
        self.transport.start_client(timeout=30)

    def __enter__(self) -> 'Peer':
        return self

    def __exit__(self, *_) -> None:
        self.transport.close()

    def send(self, *parts: bytes | str | int | bool) -> None:
        """A message: bytes as they are first, then strings, numbers, booleans by their SSH encoding."""
        message = paramiko.Message()
        message.add_byte(parts[0])
        for part in parts[1:]:
            if isinstance(part, bool):
                message.add_boolean(part)
            elif isinstance(part, int):
                message.add_int(part)
            else:
                message.add_string(part)
        self.transport._send_message(message)

    def ask_for_authentication(self) -> None:
        self.answers = Answers()
        self.transport.auth_handler = self.answers
        self.send(cMSG_SERVICE_REQUEST, 'ssh-userauth')
        assert self.answers.next() == 'accepted'

    def offer(self, algorithm: str, blob: bytes) -> str:
        """Asks whether a key would do."""
        self.send(cMSG_USERAUTH_REQUEST, 'git', 'ssh-connection', 'publickey', False, algorithm, blob)
        return self.answers.next()

    def prove(self, key: Path) -> str:
        """Signs with an ed25519 key."""
        own = paramiko.Ed25519Key(filename=str(key))
        signed = paramiko.Message()
        signed.add_string(self.transport.session_id)
        signed.add_byte(cMSG_USERAUTH_REQUEST)
        for part in ('git', 'ssh-connection', 'publickey'):
            signed.add_string(part)
        signed.add_boolean(True)
        signed.add_string('ssh-ed25519')
        signed.add_string(own.asbytes())
        signature = own.sign_ssh_data(signed.asbytes()).asbytes()
        words = ('git', 'ssh-connection', 'publickey', True, 'ssh-ed25519', own.asbytes(), signature)
        self.send(cMSG_USERAUTH_REQUEST, *words)
        return self.answers.next()

    def log_in(self, key: Path) -> None:
        self.transport.auth_publickey('git', paramiko.Ed25519Key(filename=str(key)))

    def ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.transport.is_active() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.transport.is_active()


def flood(server: RunningServer, count: int, prelude: bytes) -> list[socket.socket]:
    """``count`` connections that say ``prelude`` and then nothing."""
    socks: list[socket.socket] = []
    lock = threading.Lock()

    def one() -> None:
        sock = connect(server)
        sock.sendall(prelude)
        with lock:
            socks.append(sock)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return socks
