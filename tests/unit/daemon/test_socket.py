"""The daemon's socket, without a daemon."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from gitreceive.daemon import conversation as conversations
from gitreceive.daemon import socket as sockets
from gitreceive.daemon.conversation import Conversation
from gitreceive.daemon.socket import Answering, SocketServer
from gitreceive.grammar import wire
from gitreceive.grammar.wire import END, ERROR, INPUT, INPUT_END, OUTPUT, End, ErrorOutput, Frame, ask
from gitreceive.model.errors import DaemonUnreachable, StateError
from tests.daemon_socket import ME, listening, said
from tests.signals import sleeps, unnoticed
from tests.waiting import wait_until


def echo(conversation: Conversation) -> Answering:
    yield '\n'.join(conversation.fields).encode()
    yield ErrorOutput(b'aside')
    return End(3, 'because')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'daemon.sock'


def test_a_request_is_answered_with_output_error_output_a_status_and_a_cause(path: Path) -> None:
    with listening(path, echo):
        answer = ask(path, ['verb', '', 'apps'])
        assert list(answer) == [Frame(OUTPUT, b'verb\n\napps'), Frame(ERROR, b'aside')]
        assert answer.end == End(3, 'because')


def test_a_request_of_many_megabytes_arrives_whole_and_one_that_is_too_long_is_refused_with_a_reason(
    path: Path,
) -> None:
    def count(conversation: Conversation) -> Answering:
        yield str(sum(map(len, conversation.fields))).encode()
        return End(0)

    with listening(path, count):
        assert said(ask(path, ['push', 'x' * 9_000_000])) == b'9000004'
        refused = ask(path, ['push', 'x' * (wire.MAX_REQUEST + 1)])
        assert b'a request of over' in said(refused, ERROR)
        assert refused.status == 1


def test_what_is_no_frame_is_refused_with_a_reason(path: Path) -> None:
    with listening(path, echo), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b'GET / HTTP/1.1\r\n\r\n')
        assert b'this is no request' in client.recv(1000)


def test_another_user_is_refused_with_a_reason(path: Path) -> None:
    with listening(path, echo, allowed=frozenset({12345})):
        refused = ask(path, ['verb', '', 'apps'])
        assert b'may not ask the daemon' in said(refused, ERROR)
        assert refused.status == 1


def test_input_reaches_whoever_answers(path: Path) -> None:
    def read(conversation: Conversation) -> Answering:
        yield conversation.read_input(1000)
        return End(0)

    with listening(path, read):
        answer = ask(path, ['verb', '', 'config'])
        for frame in (Frame(INPUT, b'A=b\n'), Frame(INPUT, b'C=\0\xff'), Frame(INPUT_END)):
            answer.send(frame)
        assert said(answer) == b'A=b\nC=\0\xff'


def test_input_that_nobody_reads_stops_the_asker_and_nobody_else(path: Path) -> None:
    done = threading.Event()

    def read(conversation: Conversation) -> Answering:
        if conversation.fields[-1] == 'wait':
            done.wait(10)
        yield str(len(conversation.read_input(50_000_000))).encode()
        return End(0)

    with listening(path, read):
        slow = ask(path, ['verb', '', 'wait'])
        piece = Frame(INPUT, bytes(500_000))

        def pour() -> None:
            for _ in range(16):
                slow.send(piece)
            slow.send(Frame(INPUT_END))

        pouring = threading.Thread(target=pour)
        pouring.start()
        quick = ask(path, ['verb', '', 'quick'])
        quick.send(Frame(INPUT_END))
        assert said(quick) == b'0'
        assert pouring.is_alive()
        done.set()
        assert said(slow) == b'8000000'
        pouring.join()


def test_an_asker_that_waits_hears_that_its_answer_is_on_the_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, 'ALIVE_SECONDS', 0.05)
    monkeypatch.setattr(sockets, 'TICK_SECONDS', 0.05)
    monkeypatch.setattr(wire, 'SILENCE_SECONDS', 0.5)

    def slowly(conversation: Conversation) -> Answering:
        time.sleep(0.8)
        yield b'done'
        return End(0)

    with listening(path, slowly):
        assert said(ask(path, ['verb', '', 'apps'])) == b'done'


def test_a_daemon_that_says_nothing_does_not_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, 'SILENCE_SECONDS', 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(DaemonUnreachable, match='does not answer'):
            list(ask(path, ['verb', '', 'apps']))


def test_nobody_who_listens_is_said_as_it_is(path: Path) -> None:
    with pytest.raises(DaemonUnreachable, match='does not answer on'):
        ask(path, ['verb', '', 'apps'])


def test_a_daemon_with_many_connections_to_accept_is_asked_again(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        waiting = []
        while True:
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            waiting.append(client)
            if client.connect_ex(str(path)):
                break
        threading.Timer(0.2, lambda: [listener.accept()[0].close() for _ in waiting]).start()
        ask(path, ['verb', '', 'apps']).close()
        for client in waiting:
            client.close()


def test_an_answer_is_closed_when_its_asker_goes(path: Path) -> None:
    closed = threading.Event()

    def endless(conversation: Conversation) -> Answering:
        try:
            while True:
                yield b'more'
                time.sleep(0.01)
        finally:
            closed.set()

    with listening(path, endless):
        answer = ask(path, ['verb', '', 'logs'])
        next(iter(answer))
        answer.close()
        assert closed.wait(10)


def test_what_waits_is_told_when_its_asker_goes(path: Path) -> None:
    told = threading.Event()

    def waits(conversation: Conversation) -> Answering:
        with conversation.call_when_gone(told.set):
            yield b'begun'
            told.wait(10)
        yield b''
        return End(0)

    with listening(path, waits):
        answer = ask(path, ['verb', '', 'plan'])
        next(iter(answer))
        answer.close()
        assert told.wait(10)


def test_an_error_of_the_daemon_itself_is_an_answer_too(path: Path) -> None:
    def fails(conversation: Conversation) -> Answering:
        yield b'half'
        raise RuntimeError('bug')

    with listening(path, fails):
        answer = ask(path, ['verb', '', 'apps'])
        frames = list(answer)
        assert frames[0] == Frame(OUTPUT, b'half')
        assert b'an error of the receiver itself' in frames[1].payload
        assert answer.status == 1


def test_a_key_with_too_many_conversations_is_refused_with_a_reason_while_pushes_are_taken(
    path: Path,
) -> None:
    go = threading.Event()

    def waits(conversation: Conversation) -> Answering:
        if 'logs' in conversation.fields:
            with conversation.call_when_gone(go.set):
                go.wait(20)
        yield b'served'
        return End(0)

    with listening(path, waits):
        followers = [ask(path, ['verb', 'SHA256:mine', 'logs', 'hello', '-f']) for _ in range(270)]
        assert said(ask(path, ['verb', 'SHA256:other', 'apps'])) == b'served'
        assert said(ask(path, ['announce', 'hello', 'SHA256:mine', 'word', '0', '0'])) == b'served'
        refused = followers[-1]
        assert b'requests under way' in said(refused, ERROR)
        assert refused.status == 1
        go.set()
        served = sum(said(answer) == b'served' for answer in followers[:-1])
        assert served == 24


def test_conversations_leave_no_descriptors_behind(path: Path) -> None:
    with listening(path, echo):
        assert said(ask(path, ['verb', '', 'apps']))
        before = len(os.listdir('/proc/self/fd'))
        for _ in range(50):
            assert said(ask(path, ['verb', '', 'apps']))
        wait_until(lambda: len(os.listdir('/proc/self/fd')) <= before, 10, 'what was open to be closed')


def test_a_second_daemon_on_one_socket_is_refused(path: Path) -> None:
    with listening(path, echo), pytest.raises(StateError, match='another daemon answers'):
        SocketServer(path, ME, None, echo)


def test_a_signal_that_interrupts_nothing_ends_it_too(path: Path) -> None:
    server = SocketServer(path, ME, None, echo)

    def knock() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))

    with unnoticed(server.close, sleeps, rescue=knock):
        server.serve()
    assert not path.exists()


def test_an_end_is_the_last_frame(path: Path) -> None:
    with listening(path, echo), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(Frame(b'Q', b'verb').packed)
        data = b''
        while piece := client.recv(1000):
            data += piece
        assert wire.FrameReader().feed(data)[-1] == Frame(END, b'3\0because')
