"""Reads packets for paramiko, and bounds what a peer can make us hold.

paramiko's own reader takes a packet of any length, reads an identification line of any length (in quadratic time),
and starts a thread for each handshake to time it. This one has limits, and no timer: whoever owns the connection ends
it from outside when its time is over. It also reads more than one packet at once, which saves system calls.
"""

import socket
from typing import Final

from paramiko import SSHException
from paramiko.packet import NeedRekeyException, Packetizer

UNAUTHENTICATED_PACKET = 35_000
"""Bytes of a packet before log-in: what RFC 4253, 6.1 wants supported."""

PACKET = 256 * 1024
"""Bytes of a packet after it, as in OpenSSH."""

BANNER = 8192
"""Bytes of everything up to the end of the identification line, as in OpenSSH."""

SMALL_READ = 4096
LARGE_READ = 256 * 1024


class LimitExceeded(SSHException):
    """A peer went over a limit; the text is ours and has nothing of the peer's in it."""


class Guard(Packetizer):
    """A Packetizer with limits. ``trusted`` is set once the peer has logged in."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)  # type: ignore[no-untyped-call, unused-ignore]
        self._sock: Final = sock
        self._held = b''
        self._at = 0
        self._packets_left = 0
        self._skipping = False
        self.trusted = False

    def allow_packets(self, count: int) -> None:
        """How many packets may come before log-in."""
        self._packets_left = count

    def skip_packet(self) -> None:
        """The next packet is read and forgotten: dropbear sends the first of a key exchange on a guess."""
        self._skipping = True

    def start_handshake(self, timeout: float) -> None:
        """Nothing: paramiko would start a thread for each connection here."""

    def handshake_timed_out(self) -> bool:
        """Never: the connection's owner looks at the clock."""
        return False

    def complete_handshake(self) -> None:
        """Nothing: only logging in ends the time for it, not the first key exchange message."""

    def read_message(self):  # type: ignore[no-untyped-def]
        """The next packet. Raises LimitExceeded for one too many before log-in."""
        if not self.trusted:
            if self._packets_left <= 0:
                raise LimitExceeded('too many packets before log-in')
            self._packets_left -= 1
        if self._skipping:
            self._skipping = False
            super().read_message()  # type: ignore[no-untyped-call, unused-ignore]
        return super().read_message()  # type: ignore[no-untyped-call, unused-ignore]

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:
        """Exactly ``n`` bytes. Raises LimitExceeded for more than a packet may have, EOFError at the end."""
        if not 0 <= n <= (PACKET if self.trusted else UNAUTHENTICATED_PACKET):
            raise LimitExceeded('a packet is too large')
        end = self._at + n
        while len(self._held) < end:
            self._read_more(check_rekey)
            end = self._at + n
        data = self._held[self._at : end]
        self._at = end
        return data

    def readline(self, timeout: float) -> str:
        """The identification line. Raises LimitExceeded if it does not end in time for ``BANNER``."""
        while (end := self._held.find(b'\n', self._at)) < 0:
            if len(self._held) >= BANNER:
                raise LimitExceeded('the identification line is too long')
            self._read_more(False)
        line = self._held[self._at : end]
        self._at = end + 1
        if not line.startswith(b'SSH-'):
            raise LimitExceeded('the peer does not speak SSH')
        return line.removesuffix(b'\r').decode('utf-8', 'replace')

    def _read_more(self, check_rekey: bool) -> None:
        while True:
            try:
                data = self._sock.recv(LARGE_READ if self.trusted else SMALL_READ)
                break
            except TimeoutError:
                self._look_around(check_rekey)
            except OSError as error:
                raise EOFError from error
        if not data:
            raise EOFError
        self._acknowledge_quickly(len(data))
        self._held = self._held[self._at :] + data if self._at < len(self._held) else data
        self._at = 0

    def _look_around(self, check_rekey: bool) -> None:
        if self.closed:
            raise EOFError
        if check_rekey and self._at == len(self._held) and self.need_rekey():
            raise NeedRekeyException

    def _acknowledge_quickly(self, received: int) -> None:
        """A client that waits for our acknowledgement (Nagle) would wait 40 ms; the flag lasts for a moment only."""
        if received < SMALL_READ:
            try:
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            except OSError:
                pass
