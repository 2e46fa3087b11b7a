"""The report gate, fed with what a real git says."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreceive.sshd.gate import Gate
from gitreceive.sshd.pktline import FLUSH, HEAD, Malformed, Splitter, pkt_line
from gitreceive.sshd.report import IN_MEMORY, MAX_CAUSE, ReportTooLarge, Verdict, one_line
from tests.unit.sshd.receive_pack import SIDEBAND, Conversation, Repositories

MAIN = 'refs/heads/main'
FAILED = Verdict(status=1, cause='build 7 failed in "npm ci"', ref=MAIN)
RELEASED = Verdict(status=0)


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    return Repositories(tmp_path)


def through(gate: Gate, talk: Conversation, cuts: list[int] | None = None) -> bytes:
    """What passes at once, when both sides' bytes come in pieces."""
    for piece in pieces(talk.sent, cuts or []):
        if not gate.commands.take(piece):
            break
    return b''.join(map(gate.passes, pieces(talk.answered, cuts or [])))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(borders)]


def reported(answer: bytes) -> list[bytes]:
    """The report's lines of an answer in bands."""
    packets = [packet for packet in Splitter().split(answer) if packet != FLUSH]
    report = b''.join(packet[HEAD + 1 :] for packet in packets if packet.startswith(b'\1', HEAD))
    return [line[HEAD:].rstrip() for line in Splitter().split(report) if line != FLUSH]


def test_everything_but_the_report_passes_at_once_and_a_success_changes_no_byte(
    repositories: Repositories,
) -> None:
    repositories.hook('post-receive', 'echo building')
    gate, talk = Gate(), repositories.converse([MAIN], SIDEBAND)
    passed, held = through(gate, talk), b''.join(gate.release(RELEASED))
    assert passed.startswith(talk.answered[: talk.advertisement])
    assert passed[talk.advertisement :] == pkt_line(b'\2building\n')
    assert reported(passed) == []
    assert reported(held) == [b'unpack ok', b'ok ' + MAIN.encode()]
    assert sorted(Splitter().split(held + passed[talk.advertisement :])) == sorted(
        Splitter().split(talk.answer)
    )


@pytest.mark.parametrize('status', ['report-status', 'report-status-v2'])
def test_a_failure_refuses_the_deploy_branch_and_no_other_ref(
    repositories: Repositories, status: str
) -> None:
    gate, talk = (
        Gate(),
        repositories.converse(['refs/heads/side', MAIN, 'refs/tags/v1'], f'{status} side-band-64k'),
    )
    through(gate, talk)
    assert reported(b''.join(gate.release(FAILED))) == [
        b'unpack ok',
        b'ok refs/heads/side',
        b'ng refs/heads/main build 7 failed in "npm ci"',
        b'ok refs/tags/v1',
    ]


def test_a_plan_refuses_every_ref(repositories: Repositories) -> None:
    gate, talk = Gate(), repositories.converse([MAIN, 'refs/tags/v1'], SIDEBAND)
    through(gate, talk)
    planned = Verdict(status=1, cause='planned, nothing was released')
    assert reported(b''.join(gate.release(planned)))[1:] == [
        b'ng refs/heads/main planned, nothing was released',
        b'ng refs/tags/v1 planned, nothing was released',
    ]


def test_a_client_without_sideband_has_its_report_held_whole(repositories: Repositories) -> None:
    gate, talk = Gate(), repositories.converse([MAIN], 'report-status')
    assert through(gate, talk) == talk.answered[: talk.advertisement]
    assert b''.join(gate.release(RELEASED)) == talk.answer
    refused = list(Splitter().split(b''.join(gate.release(FAILED))))
    assert refused == [
        pkt_line(b'unpack ok\n'),
        pkt_line(b'ng refs/heads/main build 7 failed in "npm ci"\n'),
        FLUSH,
    ]


@pytest.mark.parametrize('capabilities', ['side-band-64k', 'ofs-delta'])
def test_a_client_that_asks_for_no_report_gets_none(repositories: Repositories, capabilities: str) -> None:
    gate, talk = Gate(), repositories.converse([MAIN], capabilities)
    passed = through(gate, talk)
    assert passed + b''.join(gate.release(FAILED)) == talk.answered
    assert not gate.commands.reports


def test_what_pre_receive_refuses_gets_its_reason(repositories: Repositories) -> None:
    repositories.hook('pre-receive', 'exit 1')
    gate, talk = Gate(), repositories.converse([MAIN, 'refs/heads/side'], SIDEBAND)
    through(gate, talk)
    assert not gate.report.accepted
    assert reported(b''.join(gate.release(Verdict(status=1, cause='the disk is full')))) == [
        b'unpack ok',
        b'ng refs/heads/main the disk is full',
        b'ng refs/heads/side the disk is full',
    ]


def test_a_client_with_nothing_to_push_is_known(repositories: Repositories) -> None:
    gate, talk = Gate(), repositories.converse([], '')
    assert through(gate, talk) == talk.answered
    assert gate.commands.empty
    assert b''.join(gate.release(FAILED)) == b''


def test_capabilities_and_commands_of_an_atomic_push_are_kept(repositories: Repositories) -> None:
    gate, talk = Gate(), repositories.converse([MAIN, 'refs/heads/side'], f'{SIDEBAND} atomic')
    through(gate, talk)
    assert gate.commands.atomic and not gate.commands.empty
    assert [line.split(b' ')[2] for line in gate.commands.updates] == [MAIN.encode(), b'refs/heads/side']
    assert gate.report.accepted_refs() == [MAIN.encode(), b'refs/heads/side']


def test_however_the_bytes_are_cut_the_client_gets_the_same(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path)
    repositories.hook('post-receive', 'for n in 1 2 3; do echo "line $n"; sleep 0.01; done')
    talk = repositories.converse([MAIN, 'refs/heads/side'], 'report-status-v2 side-band-64k')
    whole = Gate()
    wanted = through(whole, talk), b''.join(whole.release(FAILED))

    @settings(max_examples=200)
    @given(st.lists(st.integers(0, 10_000), max_size=30))
    def check(cuts: list[int]) -> None:
        gate = Gate()
        assert (through(gate, talk, cuts), b''.join(gate.release(FAILED))) == wanted

    check()
    check_each_byte = Gate()
    assert through(check_each_byte, talk, list(range(10_000))) == wanted[0]


def test_ten_thousand_refs_are_held_on_disk_and_told_in_whole_packets(repositories: Repositories) -> None:
    refs = [f'refs/heads/{"long-" * 20}{number:05}' for number in range(10_000)]
    gate, talk = Gate(), repositories.converse([MAIN, *refs], SIDEBAND)
    passed = through(gate, talk)
    assert len(talk.answer) > IN_MEMORY
    assert passed == talk.answered[: talk.advertisement]
    assert b''.join(gate.release(RELEASED)) == talk.answer
    lines = reported(b''.join(gate.release(FAILED)))
    assert lines[1].startswith(b'ng ') and len(lines) == 10_002
    assert all(line.startswith(b'ok ') for line in lines[2:])


def test_what_keeps_a_connection_alive_passes() -> None:
    gate = answering(SIDEBAND)
    assert gate.passes(b'0005\1' + pkt_line(b'\2text') + pkt_line(b'\3fatal')) == (
        b'0005\1' + pkt_line(b'\2text') + pkt_line(b'\3fatal')
    )


def test_options_of_a_refused_ref_are_dropped_and_others_stay() -> None:
    gate = answering('report-status-v2 side-band-64k')
    lines = (b'unpack ok\n', b'ok refs/heads/side\n', b'option forced-update\n')
    lines += (
        b'ok refs/heads/main\n',
        b'option old-oid 1\n',
        b'option new-oid 2\n',
        b'ok refs/heads/z\n',
        b'option x\n',
    )
    report = b''.join(map(pkt_line, lines)) + FLUSH
    gate.passes(pkt_line(b'\1' + report[:50]) + pkt_line(b'\1' + report[50:]) + FLUSH)
    assert reported(b''.join(gate.release(FAILED))) == [
        b'unpack ok',
        b'ok refs/heads/side',
        b'option forced-update',
        b'ng refs/heads/main build 7 failed in "npm ci"',
        b'ok refs/heads/z',
        b'option x',
    ]


def test_text_of_the_server_is_progress_in_legal_packets() -> None:
    packets = list(Splitter().split(answering(SIDEBAND).progress(b'x' * 100_000)))
    assert [len(packet) for packet in packets] == [65520, 100_000 - 65515 + 5]
    assert all(packet.startswith(b'\2', HEAD) for packet in packets)


def test_a_report_without_end_is_refused() -> None:
    gate = answering('report-status')
    with pytest.raises(ReportTooLarge):
        for _ in range(2000):
            gate.passes(pkt_line(b'ng refs/heads/x ' + b'x' * 65000))


def test_what_is_no_pkt_line_is_an_error() -> None:
    with pytest.raises(Malformed):
        Gate().passes(b'fatal: no such thing')
    gate = Gate()
    assert not gate.commands.take(b'what is this')
    assert not gate.commands.empty


def answering(capabilities: str) -> Gate:
    """A gate behind the ref advertisement."""
    gate = Gate()
    gate.commands.take(pkt_line(b'0 1 refs/heads/main\0' + capabilities.encode()) + FLUSH)
    gate.passes(FLUSH)
    return gate


@pytest.mark.parametrize(
    ('text', 'line'),
    [
        ('', b'failed'),
        ('two\nlines\r\n  and\tblanks', b'two lines and blanks'),
        ('\x1b[31mred', b'[31mred'),
        ('é' * 300, 'é'.encode() * 98 + b'...'),
        ('a' + 'é' * 300, b'a' + 'é'.encode() * 98 + b'...'),
        ('x' * 200, b'x' * 200),
        ('\udc80', b'failed'),
    ],
)
def test_a_cause_is_one_bounded_line(text: str, line: bytes) -> None:
    assert one_line(text) == line
    assert len(one_line(text)) <= MAX_CAUSE


def asking(capabilities: str = SIDEBAND) -> Gate:
    gate = Gate()
    gate.commands.take(pkt_line(b'0 1 refs/heads/main\0' + f'{capabilities} push-options'.encode()) + FLUSH)
    return gate


def test_push_options_are_looked_at_and_what_comes_behind_them_is_not() -> None:
    commands = asking().commands
    assert commands.take(pkt_line(b'plan'))
    assert not commands.take(pkt_line(b'force') + FLUSH + b'PACK and no pkt-line')
    assert not commands.refusal


@pytest.mark.parametrize('options', [pkt_line(b'x') * 101, pkt_line(b'x' * 60_000)])
def test_more_push_options_than_fit_into_an_environment_are_refused(options: bytes) -> None:
    commands = asking().commands
    assert not commands.take(options)
    assert commands.refusal.startswith('too many push options')


def test_more_refs_than_can_be_handled_are_refused() -> None:
    gate, line = Gate(), pkt_line(b'0 1 refs/heads/x')
    while gate.commands.take(line * 1000):
        assert gate.commands.count <= 101_000
    assert gate.commands.refusal.startswith('too many refs')
