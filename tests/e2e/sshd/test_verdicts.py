"""What a git client is told of its refs follows the verdict, wherever that comes from; no verdict is never success."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitreceive.config.home import Home
from gitreceive.grammar.wire import End
from gitreceive.sshd.pktline import FLUSH, pkt_line
from tests.e2e.sshd.scripted import ScriptedDaemon, scripted_daemon
from tests.e2e.sshd.sshd_process import Client, RunningServer, commit, hook, run_git
from tests.unit.sshd.receive_pack import ZERO
from tests.waiting import wait_until

MAIN = 'refs/heads/main'
VERDICT = '/proc/self/fd/$GITRECEIVE_VERDICT'
ANNOUNCE = f'printf "none\\t\\t{MAIN}\\n" > {VERDICT}; rm -f unborn'
FAIL = f'printf "1\\tbuild 7 failed in \\"npm ci\\"\\n" > {VERDICT}'
REFUSED = f'!\t{MAIN}:{MAIN}\t[remote rejected] (build 7 failed in "npm ci")'


@pytest.fixture
def daemon(server: RunningServer) -> Iterator[ScriptedDaemon]:
    with scripted_daemon(Home(server.home).socket) as daemon:
        yield daemon


@pytest.fixture
def announced(server: RunningServer) -> None:
    """Every push is announced, as the receiver's own pre-receive does it."""
    hook(server, 'pre-receive', ANNOUNCE)


@pytest.fixture
def remote(alice: Client, work: Path) -> str:
    run_git(work, 'remote', 'add', 'deploy', alice.url('hello'))
    return 'deploy'


def tracked(work: Path) -> str:
    """What the client believes that the server has."""
    return run_git(work, 'for-each-ref', '--format=%(objectname)', 'refs/remotes/deploy/main').strip()


def test_a_failure_is_a_rejected_ref_and_moves_no_remote_tracking_branch(
    alice, server, work, remote, announced
):
    first = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert first.status == 0, first.err
    before = tracked(work)
    commit(work)
    hook(server, 'post-receive', f'echo building; {FAIL}')
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert pushed.status == 1
    assert REFUSED in pushed.out.splitlines()
    assert 'remote: building' in pushed.err
    assert tracked(work) == before
    hook(server, 'post-receive', '')
    run_git(server.repository('hello'), 'update-ref', MAIN, before)
    again = alice.git(work, 'push', '--force-with-lease', remote, 'main')
    assert again.status == 0, again.err
    assert tracked(work) == run_git(work, 'rev-parse', 'main').strip() != before


def test_other_refs_of_a_push_are_taken_when_the_build_fails(alice, server, work, remote, announced):
    hook(server, 'post-receive', FAIL)
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main', 'main:side', 'HEAD:refs/tags/v1')
    assert pushed.status == 1
    assert REFUSED in pushed.out.splitlines()
    assert f'*\t{MAIN}:refs/heads/side\t[new branch]' in pushed.out
    assert '*\tHEAD:refs/tags/v1\t[new tag]' in pushed.out


def test_an_atomic_push_takes_no_ref_when_the_build_fails(alice, server, work, remote, announced):
    alice.git(work, 'push', remote, 'main', 'main:side')
    before = run_git(work, 'rev-parse', 'main')
    commit(work)
    hook(server, 'post-receive', FAIL)
    pushed = alice.git(work, 'push', '--porcelain', '--atomic', remote, 'main', 'main:side', 'main:fresh')
    assert pushed.status == 1
    assert len([line for line in pushed.out.splitlines() if line.startswith('!')]) == 3
    assert run_git(server.repository('hello'), 'rev-parse', 'side') == before
    assert run_git(server.repository('hello'), 'for-each-ref', 'refs/heads/fresh') == ''


def test_a_plan_refuses_all_refs_and_makes_no_app(alice, server, work, remote):
    hook(
        server,
        'post-receive',
        f'while read old new ref; do git update-ref -d $ref; done; echo planned > {VERDICT}',
    )
    pushed = alice.git(work, 'push', '--porcelain', '-o', 'plan', remote, 'main', 'main:side')
    assert pushed.status == 1
    refused = [line for line in pushed.out.splitlines() if line.startswith('!')]
    assert len(refused) == 2
    assert all('(planned, nothing was released)' in line for line in refused)
    wait_until(lambda: not server.repository('hello').exists(), 10, 'the repository to go')


def test_a_detached_push_is_a_success(alice, server, work, remote, announced):
    hook(server, 'post-receive', f'echo detached > {VERDICT}')
    assert alice.git(work, 'push', '-o', 'detach', remote, 'main').status == 0


def test_what_pre_receive_refuses_is_told_with_its_reason(alice, server, work, remote):
    hook(server, 'pre-receive', f'printf "none\\nrefused\\tthe disk is full\\n" > {VERDICT}; exit 1')
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert pushed.status == 1
    assert f'!\t{MAIN}:{MAIN}\t[remote rejected] (the disk is full)' in pushed.out.splitlines()


@pytest.mark.usefixtures('announced')
@pytest.mark.parametrize(
    'left', ['exit 0', 'kill -9 $$', f'head -c 300 /dev/zero > {VERDICT}', f'echo x > {VERDICT}']
)
@pytest.mark.parametrize('end', [End(0), End(1, 'build 7 failed in "npm ci"')])
def test_without_a_verdict_the_daemon_is_asked(alice, server, work, remote, daemon, left, end):
    hook(server, 'post-receive', f'{left}; : VERDICT')
    daemon.answers['outcome'] = ('waiting for build 7\n', end)
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert pushed.status == end.status
    assert (REFUSED in pushed.out.splitlines()) == bool(end.status)
    assert 'remote: waiting for build 7' in pushed.err
    [[_, app, key, token]] = daemon.of('outcome')
    assert (app, len(token)) == ('hello', 32) and key.startswith('SHA256:')
    assert bool(tracked(work)) == (not end.status)


def test_a_git_that_is_killed_behind_its_report_makes_no_failure_of_a_release(
    alice, server, work, remote, announced, daemon
):
    hook(server, 'post-receive', 'kill -9 $PPID; : VERDICT')
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert pushed.status == 0, pushed.err
    assert daemon.of('outcome')
    assert tracked(work)


def test_a_push_whose_hooks_are_gone_is_rejected_whatever_the_daemon_knows(
    alice, server, work, remote, daemon
):
    (server.hooks / 'post-receive').unlink()
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert pushed.status == 1
    assert 'the hooks of this push did not run' in pushed.out
    assert len(daemon.of('outcome')) == 1


def test_without_a_verdict_and_without_a_daemon_the_push_is_rejected(alice, server, work, remote, announced):
    hook(server, 'post-receive', 'exit 0; : VERDICT')
    pushed = alice.git(work, 'push', '--porcelain', remote, 'main')
    assert pushed.status == 1
    assert 'no verdict: the daemon does not answer' in pushed.out
    assert tracked(work) == ''


def test_a_push_that_changes_nothing_follows_what_is_under_way(
    alice, server, work, remote, announced, daemon
):
    assert alice.git(work, 'push', remote, 'main').status == 0
    daemon.answers['inflight'] = ('following build 7\n', End(1, 'failed'))
    again = alice.git(work, 'push', remote, 'main')
    assert again.status == 1
    assert 'following build 7' in again.err
    assert 'up-to-date' not in again.err
    daemon.answers['inflight'] = ('', End(0))
    last = alice.git(work, 'push', remote, 'main')
    assert (last.status, last.err) == (0, 'Everything up-to-date\n')


def test_what_a_client_announced_before_it_went_away_is_settled(alice, server, work, announced, daemon):
    hook(server, 'post-receive', 'sleep 60; : VERDICT')
    push = alice.start_push(work, 'hello')
    wait_until(lambda: (server.repository('hello') / MAIN).exists(), 20, 'the ref to move')
    os.killpg(push.pid, signal.SIGKILL)
    push.communicate()
    wait_until(lambda: daemon.of('outcome'), 20, 'the daemon to be asked')


@pytest.mark.parametrize('words', [('push', '--dry-run'), ('ls-remote',)])
def test_what_pushes_nothing_makes_no_app(alice, server, work, daemon, words):
    alice.git(work, *words, alice.url('typo'), 'main')
    wait_until(lambda: repositories(server) == [], 10, 'the repository to go')


def test_a_refused_push_makes_no_app(alice, server, work):
    hook(server, 'pre-receive', 'exit 1')
    assert alice.push(work, 'typo').status == 1
    wait_until(lambda: repositories(server) == [], 10, 'the repository to go')


@pytest.mark.parametrize('sideband', [' side-band-64k', ''])
def test_a_client_that_reads_nothing_while_the_report_is_held_gets_it_in_the_end(
    server, peer, announced, work, sideband
):
    hook(server, 'post-receive', f'head -c 3000000 /dev/zero | tr "\\0" x; {FAIL}')
    channel = peer.transport.open_session()
    channel.settimeout(20)
    channel.exec_command("git-receive-pack '/hello.git'")
    receive_until(channel, FLUSH)
    commit_name = run_git(work, 'rev-parse', 'main').strip()
    pack = subprocess.run(
        ['git', '-C', str(work), 'pack-objects', '--revs', '--stdout', '-q'],
        input=commit_name.encode(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    channel.sendall(
        pkt_line(f'{ZERO} {commit_name} {MAIN}\0 report-status{sideband}'.encode()) + FLUSH + pack
    )
    channel.set_combine_stderr(True)
    time.sleep(1)
    answer = b''
    while data := channel.recv(65536):
        answer += data
    assert pkt_line(b'ng refs/heads/main build 7 failed in "npm ci"\n') in answer
    assert channel.recv_exit_status() == 1


def repositories(server: RunningServer) -> list[Path]:
    return list((server.home / 'repos').glob('*'))


def receive_until(channel, end: bytes) -> bytes:
    data = b''
    while not data.endswith(end):
        data += channel.recv(65536)
    return data


@pytest.mark.parametrize('options', [3000 * ['x'], 60 * ['x' * 60_000]])
def test_push_options_that_no_hook_could_be_given_are_refused_with_a_sentence(
    alice, server, work, remote, options
):
    for option in options[:60]:
        run_git(work, 'config', '--add', 'push.pushOption', option)
    with (work / '.git' / 'config').open('a') as config:
        config.writelines(f'\tpushOption = {option}\n' for option in options[60:])
    pushed = alice.git(work, 'push', remote, 'main')
    assert pushed.status != 0
    assert 'too many push options' in pushed.err
    assert 'Argument list too long' not in pushed.err
    wait_until(lambda: repositories(server) == [], 10, 'the repository to go')


def test_a_report_of_ten_thousand_refs_says_of_each_what_became_of_it(alice, server, work, remote, announced):
    commit_name = run_git(work, 'rev-parse', 'main').strip()
    made = ''.join(f'create refs/heads/side/{number:05} {commit_name}\n' for number in range(10_000))
    subprocess.run(['git', '-C', str(work), 'update-ref', '--stdin'], input=made.encode(), check=True)
    hook(server, 'post-receive', FAIL)
    pushed = alice.git(work, 'push', '--porcelain', remote, 'refs/heads/*:refs/heads/*', timeout=300)
    assert pushed.status == 1
    lines = pushed.out.splitlines()
    assert [line for line in lines if line.startswith('!')] == [REFUSED]
    assert sum(line.startswith('*') for line in lines) == 10_000
    assert server.memory('VmHWM') < 120_000_000
