"""paramiko's transport, made safe for a server: it only translates, the observer decides.

The private names of paramiko that are overridden here are listed in a contract test: an upgrade that renames one of
them fails there, not in silence.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.common import (
    AUTH_FAILED,
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_FAILURE,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_SUCCESS,
    MSG_CHANNEL_WINDOW_ADJUST,
    cMSG_CHANNEL_FAILURE,
    cMSG_CHANNEL_SUCCESS,
    cMSG_CHANNEL_WINDOW_ADJUST,
)

from gitreceive.sshd.algorithms import Profile, ciphers_for, disabled, nothing_in_common
from gitreceive.sshd.guard import Guard, LimitExceeded

IDENTIFICATION = 'SSH-2.0-gitreceive'
MAX_LATE = 1000
"""Replies that may wait for the end of a key exchange."""


class Observer(Protocol):
    """Hears what happens on a connection, in the transport's thread, which it must not block."""

    def logged_in(self) -> None:
        """The key that was checked last has been proved."""

    def failed(self) -> bool:
        """A try to log in failed; True if it was the last one allowed."""

    def opened(self, channel: paramiko.Channel) -> None:
        """A session's channel is open."""

    def requested(self, number: int) -> None:
        """A request for the channel has been answered."""

    def fed(self, number: int, data: bytes) -> None:
        """The peer sent data for a channel."""

    def ended(self, number: int) -> None:
        """The peer will send no more data for a channel."""

    def signalled(self, number: int, name: str) -> bool:
        """The peer sends a signal to what runs; False if there is no such signal."""

    def adjusted(self, number: int) -> None:
        """The peer will take more data of a channel."""

    def closed(self, number: int) -> None:
        """The peer has closed a channel."""

    def asked_globally(self) -> None:
        """The peer asks for something that no channel is about."""

    def gone(self, error: BaseException | None) -> None:
        """The connection has ended."""


class UnusableKey(paramiko.PKey):
    """Stands for a key that cannot be verified here (FIDO, certificates, damaged ones): it never fits."""

    def asbytes(self) -> bytes:
        """No key's bytes."""
        return b''

    def verify_ssh_sig(self, data: bytes, msg: paramiko.Message) -> bool:
        """Says that no signature is this key's."""
        return False


class TolerantAuth(AuthHandler):
    """paramiko's authentication, except that a key it cannot read is a failed try instead of the end."""

    def _generate_key_from_request(self, algorithm: str, keyblob: bytes) -> paramiko.PKey:
        try:
            key = super()._generate_key_from_request(algorithm, keyblob)  # type: ignore[misc]
            if key is not None and key.public_blob is None and key.asbytes() == keyblob:
                return key  # type: ignore[no-any-return]
        except Exception:  # noqa: BLE001  (whatever it is, the key cannot be used)
            return UnusableKey()
        return UnusableKey()

    def _parse_userauth_info_response(self, m: paramiko.Message) -> None:
        """Never asked for; paramiko would collect as many answers as the packet claims to have, up to 2**32."""
        self._send_auth_result(self.auth_username, 'keyboard-interactive', AUTH_FAILED)

    def _send_auth_result(self, username: Any, method: Any, result: Any) -> None:
        observer: Observer = self.transport.server_object  # type: ignore[assignment]
        if self.is_authenticated():
            raise LimitExceeded('a log-in after log-in')
        last = result == AUTH_FAILED and method != 'none' and observer.failed()
        super()._send_auth_result(username, method, result)  # type: ignore[misc]
        if self.is_authenticated():
            observer.logged_in()
        elif last:
            self._disconnect_no_more_auth()  # type: ignore[attr-defined]


class ServerTransport(paramiko.Transport):
    """One connection. ``server_object`` is both paramiko's ServerInterface and our Observer."""

    _active_check_timeout = 2.0

    def __init__(self, sock: socket.socket, host_keys: Iterable[paramiko.PKey], profile: Profile) -> None:
        super().__init__(sock, disabled_algorithms=disabled(profile), packetizer_class=Guard)
        self.local_version = IDENTIFICATION
        for host_key in host_keys:
            self.add_server_key(host_key)
        self._profile = profile
        self._lists: Mapping[str, Any] = {}
        self._late: list[paramiko.Message] = []

    @property
    def guard(self) -> Guard:
        """The packet reader."""
        guard = self.packetizer
        assert isinstance(guard, Guard)
        return guard

    @property
    def observer(self) -> Observer:
        """Who is told of everything."""
        return self.server_object  # type: ignore[return-value]

    @property
    def preferred_ciphers(self) -> tuple[str, ...]:
        """What is offered to this peer."""
        return ciphers_for(self.remote_version, tuple(super().preferred_ciphers), self._profile)

    def run(self) -> None:
        """The transport's thread."""
        try:
            super().run()
        finally:
            self.observer.gone(self.saved_exception)

    def stop(self) -> None:
        """Lets the transport's thread end once it looks up, and other threads send nothing more."""
        self.active = False

    def grant(self, channel: paramiko.Channel, count: int) -> None:
        """Lets the peer send ``count`` more bytes for a channel."""
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_WINDOW_ADJUST)
        message.add_int(channel.remote_chanid)
        message.add_int(count)
        self._send_user_message(message)

    def _log(self, level: Any, msg: Any, *args: Any) -> None:
        """Nothing: paramiko's messages carry bytes of anybody."""

    def _negotiate_keys(self, m: paramiko.Message) -> None:
        if self.initial_kex_done and not self.is_authenticated():
            raise LimitExceeded('a second key exchange before log-in')
        try:
            super()._negotiate_keys(m)  # type: ignore[misc]
        except paramiko.ssh_exception.IncompatiblePeer as error:
            raise LimitExceeded(nothing_in_common(self._lists, self._profile) or str(error)) from error
        if self._lists['kex_follows'] and not self._guessed_right():
            self.guard.skip_packet()

    def _guessed_right(self) -> bool:
        """Whether the packet that follows a peer's lists counts (RFC 4253, 7): both sides name the same algorithms first."""
        keys = [name for name in self.preferred_keys if name in self.server_key_dict]
        ours = [(*self.preferred_kex, '')[0], (*keys, '')[0]]
        return ours == [(*self._lists[name], '')[0] for name in ('kex_algo_list', 'server_key_algo_list')]

    def _really_parse_kex_init(self, m: Any, ignore_first_byte: Any = False) -> Mapping[str, Any]:
        parsed: Mapping[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:  # else it is what this side has sent
            self._lists = parsed
        return parsed

    def _parse_newkeys(self, m: paramiko.Message) -> None:
        if self.auth_handler is None:
            self.auth_handler = TolerantAuth(self)
        super()._parse_newkeys(m)  # type: ignore[misc]
        late, self._late = self._late, []
        for message in late:
            self._send_user_message(message)

    def _parse_ext_info(self, msg: paramiko.Message) -> None:
        """Nothing: a server needs none of it, and paramiko counts up to what the packet claims, 2**32."""

    def _parse_global_request(self, m: paramiko.Message) -> None:
        """Counted: each is answered, and there is no end to them by itself."""
        self.observer.asked_globally()
        super()._parse_global_request(m)  # type: ignore[misc]

    def _parse_debug(self, m: paramiko.Message) -> None:
        """Nothing: 20 bytes could make paramiko escape a megabyte for its log."""

    def _queue_incoming_channel(self, channel: paramiko.Channel) -> None:
        self.observer.opened(channel)

    def _send_user_message(self, data: paramiko.Message) -> None:
        """In a key exchange nothing else may be sent; paramiko waits for its end, which only this thread can bring."""
        if threading.current_thread() is self and not self.clear_to_send.is_set():
            if len(self._late) >= MAX_LATE:
                raise LimitExceeded('too many requests in a key exchange')
            self._late.append(data)
            return
        super()._send_user_message(data)  # type: ignore[misc]

    _channel_handler_table: Mapping[int, Callable[[paramiko.Channel, paramiko.Message], None]]


def _data(channel: Any, m: paramiko.Message) -> None:
    channel.transport.observer.fed(channel.chanid, m.get_binary())


def _extended_data(channel: Any, m: paramiko.Message) -> None:
    raise LimitExceeded('data on a stream that only a server has')


def _eof(channel: Any, m: paramiko.Message) -> None:
    channel._handle_eof(m)
    channel.transport.observer.ended(channel.chanid)


def _close(channel: Any, m: paramiko.Message) -> None:
    channel._handle_close(m)
    channel.transport.observer.closed(channel.chanid)


def _window_adjust(channel: Any, m: paramiko.Message) -> None:
    channel._window_adjust(m)
    channel.transport.observer.adjusted(channel.chanid)


def _request(channel: Any, m: paramiko.Message) -> None:
    start = m.packet.tell()
    if m.get_text() == 'signal':
        _signal(channel, m)
    else:
        m.packet.seek(start)
        channel._handle_request(m)
    channel.transport.observer.requested(channel.chanid)


def _signal(channel: Any, m: paramiko.Message) -> None:
    """RFC 4254, 6.9: no answer is wanted, though a peer may ask for one. paramiko knows nothing of it."""
    wanted = m.get_boolean()
    taken = channel.transport.observer.signalled(channel.chanid, m.get_text())
    if wanted:
        answer = paramiko.Message()
        answer.add_byte(cMSG_CHANNEL_SUCCESS if taken else cMSG_CHANNEL_FAILURE)
        answer.add_int(channel.remote_chanid)
        channel.transport._send_user_message(answer)


def _ignore(channel: Any, m: paramiko.Message) -> None:
    """An answer to a question that is never asked."""


ServerTransport._channel_handler_table = {
    MSG_CHANNEL_DATA: _data,
    MSG_CHANNEL_EXTENDED_DATA: _extended_data,
    MSG_CHANNEL_EOF: _eof,
    MSG_CHANNEL_CLOSE: _close,
    MSG_CHANNEL_WINDOW_ADJUST: _window_adjust,
    MSG_CHANNEL_REQUEST: _request,
    MSG_CHANNEL_SUCCESS: _ignore,
    MSG_CHANNEL_FAILURE: _ignore,
}
