"""A push from its beginning to its exit status, with the real git and without SSH."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gitreceive.grammar.wire import OUTPUT, End, Frame
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand, DaemonUnreachable
from gitreceive.sshd import push as module
from gitreceive.sshd.child import Child
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.pktline import FLUSH, HEAD, Splitter, pkt_line
from gitreceive.sshd.push import NO_HOOKS, NO_VERDICT, NOT_KNOWN, PushSession, serve_push
from tests.unit.sshd.local_peer import LocalPeer
from tests.unit.sshd.receive_pack import SIDEBAND, WHO, Repositories

MAIN = 'refs/heads/main'
VERDICT = '/proc/self/fd/$GITRECEIVE_VERDICT'
ANNOUNCED = f'printf "none\\t\\t{MAIN}\\n" > {VERDICT}'


class Heard:
    """An answer of the daemon's."""

    def __init__(self, text: str, end: End) -> None:
        self.end, self._text = end, text
        self.closed = threading.Event()

    @property
    def status(self) -> int:
        return self.end.status

    def __iter__(self) -> Iterator[Frame]:
        if self._text == 'for ever':
            self.closed.wait(10)
            raise DaemonUnreachable('closed')
        yield Frame(OUTPUT, self._text.encode())

    def close(self) -> None:
        self.closed.set()


class Daemon:
    """Gives one answer after the other; without any it is not there."""

    def __init__(self) -> None:
        self.answers: list[Heard] = []
        self.asked: list[Sequence[str]] = []

    def ask(self, fields: Sequence[str]) -> Heard:
        self.asked.append(fields)
        if not self.answers:
            raise DaemonUnreachable('nobody')
        return self.answers.pop(0)


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    """Each push is announced, as the receiver's own hook does it."""
    monkeypatch.setattr(module, 'RESTART_SECONDS', 0.5)
    monkeypatch.setattr(module, 'RETRY_SECONDS', 0.01)
    made = Repositories(tmp_path)
    made.hook('pre-receive', ANNOUNCED)
    return made


def push(repositories: Repositories, daemon: Daemon, peer: LocalPeer) -> int:
    session = PushSession(
        app=AppName('hello'),
        key='SHA256:k',
        token='word',
        repository=repositories.bare,
        hooks=repositories.bare / 'hooks',
        ask=daemon.ask,  # type: ignore[arg-type]
    )
    command = ['git', 'receive-pack', str(repositories.bare)]
    with closing(peer), closing(Child(command, WHO, repositories.bare)) as child:
        return serve_push(session, child, peer, ServerLimits())


def reported(peer: LocalPeer) -> list[str]:
    """The lines of a report in bands."""
    packets = [line for line in Splitter().split(bytes(peer.out)) if line.startswith(b'\1', HEAD)]
    report = b''.join(line[HEAD + 1 :] for line in packets)
    return [line[HEAD:].decode().rstrip() for line in Splitter().split(report) if line != FLUSH]


def sent(
    repositories: Repositories, refs: Sequence[str] = (MAIN,), capabilities: str = SIDEBAND
) -> LocalPeer:
    return LocalPeer(repositories.request(list(refs), capabilities))


def test_a_verdict_of_the_hook_is_what_the_client_is_told(repositories, daemon) -> None:
    repositories.hook('post-receive', f'echo "0" > {VERDICT}')
    peer = sent(repositories)
    assert push(repositories, daemon, peer) == 0
    assert reported(peer) == ['unpack ok', f'ok {MAIN}']
    assert peer.out.endswith(FLUSH)


def test_a_failure_refuses_the_announced_ref_alone(repositories, daemon) -> None:
    repositories.hook('post-receive', f'printf "7\\tnpm failed\\n" > {VERDICT}')
    peer = sent(repositories, (MAIN, 'refs/heads/side'))
    assert push(repositories, daemon, peer) == 7
    assert reported(peer)[1:] == [f'ng {MAIN} npm failed', 'ok refs/heads/side']


def test_a_failure_of_an_atomic_push_sets_the_others_back(repositories, daemon) -> None:
    repositories.hook('post-receive', f'printf "1\\tnpm failed\\n" > {VERDICT}')
    peer = sent(repositories, (MAIN, 'refs/heads/side'), f'{SIDEBAND} atomic')
    assert push(repositories, daemon, peer) == 1
    assert reported(peer)[1:] == [f'ng {MAIN} npm failed', 'ng refs/heads/side npm failed']
    assert repositories.git('-C', str(repositories.bare), 'for-each-ref', 'refs/heads/side') == b''


def test_a_lock_that_nobody_holds_is_in_the_way_of_one_push_only(repositories, daemon) -> None:
    repositories.hook('post-receive', f'echo "0" > {VERDICT}')
    (repositories.bare / f'{MAIN}.lock').touch()
    peer = sent(repositories, (MAIN, 'refs/heads/side'))
    assert push(repositories, daemon, peer) == 1
    [_, refused, taken] = reported(peer)
    assert 'has left it locked; push again' in refused
    assert taken == 'ok refs/heads/side'
    again = sent(repositories)
    assert push(repositories, daemon, again) == 0
    assert reported(again) == ['unpack ok', f'ok {MAIN}']


def test_a_killed_git_leaves_no_lock(repositories, daemon) -> None:
    repositories.hook('pre-receive', 'touch HEAD.lock; kill -9 $PPID')
    assert push(repositories, daemon, sent(repositories)) != 0
    assert not (repositories.bare / 'HEAD.lock').exists()


def test_refs_that_have_moved_on_since_are_not_set_back(repositories, daemon) -> None:
    move = 'git update-ref refs/heads/side $(git commit-tree refs/heads/main^{tree} -m x </dev/null)'
    repositories.hook('post-receive', f'{move}; printf "1\\tnpm failed\\n" > {VERDICT}')
    peer = sent(repositories, (MAIN, 'refs/heads/side'), f'{SIDEBAND} atomic')
    assert push(repositories, daemon, peer) == 1
    assert reported(peer)[1:] == [f'ng {MAIN} npm failed', 'ok refs/heads/side']


@pytest.mark.parametrize('capabilities', [SIDEBAND, 'report-status'])
def test_without_a_verdict_the_daemon_says_how_it_ends(repositories, daemon, capabilities) -> None:
    daemon.answers = [Heard('', End(75)), Heard('waiting\n', End(1, 'build 7 failed'))]
    peer = sent(repositories, capabilities=capabilities)
    assert push(repositories, daemon, peer) == 1
    assert b'ng refs/heads/main build 7 failed\n' in peer.out
    assert daemon.asked == [('outcome', 'hello', 'SHA256:k', 'word')] * 2
    assert (pkt_line(b'\2waiting\n') in peer.out) == (capabilities == SIDEBAND)
    assert (b'waiting\n' in peer.err) == (capabilities != SIDEBAND)


def test_without_a_verdict_and_a_daemon_it_is_rejected(repositories, daemon) -> None:
    peer = sent(repositories)
    assert push(repositories, daemon, peer) == 1
    assert reported(peer)[1:] == [f'ng {MAIN} {NO_VERDICT}']


def test_without_hooks_it_is_rejected(repositories, daemon) -> None:
    (repositories.bare / 'hooks' / 'pre-receive').unlink()
    daemon.answers = [Heard('', End(0))]
    peer = sent(repositories)
    assert push(repositories, daemon, peer) == 1
    assert reported(peer)[1:] == [f'ng {MAIN} {NO_HOOKS}']


def test_what_git_has_not_taken_needs_no_verdict_and_is_forgotten(repositories, daemon) -> None:
    repositories.hook('pre-receive', f'{ANNOUNCED}; exit 1')
    peer = sent(repositories)
    assert push(repositories, daemon, peer) == 1
    assert reported(peer)[1:] == [f'ng {MAIN} pre-receive hook declined']
    assert daemon.asked == [('outcome', 'hello', 'SHA256:k', 'word')]


def test_a_client_that_asks_for_no_report_gets_the_exit_status(repositories, daemon) -> None:
    daemon.answers = [Heard('', End(3, 'failed'))]
    assert push(repositories, daemon, sent(repositories, capabilities='ofs-delta')) == 3


def test_a_push_that_changes_nothing_follows_what_is_under_way(repositories, daemon) -> None:
    daemon.answers = [Heard('following\n', End(4, 'failed'))]
    peer = sent(repositories, ())
    assert push(repositories, daemon, peer) == 4
    assert daemon.asked == [('inflight', 'hello', 'SHA256:k')]
    assert bytes(peer.err) == b'following\n'
    silent = sent(repositories, ())
    assert push(repositories, daemon, silent) == 1
    assert NOT_KNOWN.encode() in silent.err


def test_what_a_client_that_has_gone_announced_is_settled(repositories, daemon) -> None:
    repositories.hook('post-receive', 'echo here; sleep 5')
    peer = sent(repositories)
    threading.Timer(0.3, peer.go).start()
    assert push(repositories, daemon, peer) != 0
    assert daemon.asked == [('outcome', 'hello', 'SHA256:k', 'word')]


def test_a_client_that_goes_while_the_daemon_is_listened_to_ends_that(repositories, daemon) -> None:
    daemon.answers = [Heard('for ever', End(0)), Heard('', End(0))]
    peer = sent(repositories)
    threading.Timer(0.5, peer.go).start()
    assert push(repositories, daemon, peer) == 1
    assert len(daemon.asked) == 2


@pytest.mark.parametrize('room', [0, 10, 3000])
def test_a_client_that_does_not_read_gets_everything_when_it_does(repositories, daemon, room) -> None:
    repositories.hook('post-receive', f'head -c 300000 /dev/zero; printf "1\\tnpm failed\\n" > {VERDICT}')
    peer = sent(repositories)
    peer.room = room
    threading.Timer(0.4, peer.read).start()
    assert push(repositories, daemon, peer) == 1
    assert reported(peer)[1:] == [f'ng {MAIN} npm failed']


def test_commands_that_no_hook_could_be_given_never_reach_git(repositories, daemon) -> None:
    request = repositories.request([MAIN], f'{SIDEBAND} push-options')
    commands = request[: request.index(FLUSH + b'PACK') + len(FLUSH)]
    with pytest.raises(BadCommand, match='too many push options'):
        push(repositories, daemon, LocalPeer(commands + pkt_line(b'x') * 200 + FLUSH))
    assert repositories.git('-C', str(repositories.bare), 'for-each-ref') == b''
