"""What the hooks have left in the verdict pipe; whatever is not as it should be is no verdict."""

import pytest

from gitreceive.sshd.report import Verdict
from gitreceive.sshd.verdictpipe import PLANNED, Left, parse_entries

MAIN = 'refs/heads/main'
ASKED = f'none\nnone\t\t{MAIN}\n'.encode()


@pytest.mark.parametrize(
    ('entries', 'verdict'),
    [
        (b'0\n', Verdict(status=0)),
        (b'0\tsomething\n', Verdict(status=0)),
        (b'detached\n', Verdict(status=0)),
        (b'1\tnpm failed\n', Verdict(status=1, cause='npm failed', ref=MAIN)),
        (b'3\n', Verdict(status=3, ref=MAIN)),
        (b'planned\twhatever\n', Verdict(status=1, cause=PLANNED)),
        (b'refused\tthe disk is full\n', Verdict(status=1, cause='the disk is full')),
        (b'0\n1\tlast\n', Verdict(status=1, cause='last', ref=MAIN)),
    ],
)
def test_the_last_entry_is_the_verdict(entries: bytes, verdict: Verdict) -> None:
    assert parse_entries(ASKED + entries) == Left(verdict=verdict, asked=True, ref=MAIN)


@pytest.mark.parametrize(
    'entries',
    [b'', b'0', b'1\tby hal', b'\n', b'256\n', b'-1\n', b'x\n', b'\xff\n', '²\n'.encode(), b'0\ta\tb\tc\n']
    + [b'0\t' + b'x' * 300 + b'\n', bytes(300), b'0\n' + b'junk' * 100 + b'\n', b'0\nnone\n'],
)
def test_anything_else_is_no_verdict(entries: bytes) -> None:
    assert parse_entries(ASKED + entries) == Left(verdict=None, asked=True, ref=MAIN)


def test_an_empty_pipe_says_that_the_daemon_was_not_asked() -> None:
    assert parse_entries(b'') == Left()
