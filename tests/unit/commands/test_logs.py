"""Which log is meant, and which lines of it."""

import pytest

from gitreceive.commands.logs import AskedLogs, LogSource, chosen_source, read_selection, read_time
from gitreceive.model.errors import BadCommand
from gitreceive.run.logs import Selection

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ('asked', 'runs', 'source'),
    [
        (AskedLogs(), True, LogSource.APP),
        (AskedLogs(), False, LogSource.BUILD),
        (AskedLogs(lines=5), False, LogSource.BUILD),
        (AskedLogs(lines=5), True, LogSource.APP),
        (AskedLogs(build=3), True, LogSource.BUILD),
        (AskedLogs(build=3, source='build', lines=3), True, LogSource.BUILD),
        (AskedLogs(processes=('web',)), False, LogSource.APP),
        (AskedLogs(since='10m'), False, LogSource.APP),
        (AskedLogs(source='release'), True, LogSource.RELEASE),
        (AskedLogs(source='router', since='10m'), False, LogSource.ROUTER),
        (AskedLogs(source='app'), False, LogSource.APP),
    ],
)
def test_the_instances_are_meant_unless_something_else_is_said_or_none_runs(
    asked: AskedLogs, runs: bool, source: LogSource
) -> None:
    assert chosen_source(asked, lambda: runs) is source


@pytest.mark.parametrize(
    'asked',
    [
        AskedLogs(build=3, source='app'),
        AskedLogs(build=3, processes=('web',)),
        AskedLogs(build=3, since='1h'),
        AskedLogs(source='build', since='1h'),
        AskedLogs(source='release', processes=('web',)),
        AskedLogs(source='kernel'),
    ],
)
def test_what_does_not_go_together_is_refused(asked: AskedLogs) -> None:
    with pytest.raises(BadCommand, match=r'^logs: '):
        chosen_source(asked, lambda: True)


def test_lines_are_bounded_unless_a_time_or_a_number_is_given() -> None:
    assert read_selection(AskedLogs(), NOW) == Selection(last=100)
    assert read_selection(AskedLogs(lines=0), NOW) == Selection(last=0)
    assert read_selection(AskedLogs(since='1m'), NOW) == Selection(since=NOW - 60)
    assert read_selection(AskedLogs(since='1m', lines=7), NOW) == Selection(since=NOW - 60, last=7)
    assert read_selection(AskedLogs(processes=('web', 'worker.2')), NOW).processes == ('web', 'worker.2')
    for name in ('web.', 'web.1.2', '\x1b[31m', 'a' * 200, ''):
        with pytest.raises(BadCommand, match='instance'):
            read_selection(AskedLogs(processes=(name,)), NOW)


@pytest.mark.parametrize(
    ('text', 'at'),
    [
        ('30s', NOW - 30),
        ('2h', NOW - 7200),
        ('3d', NOW - 259_200),
        ('999999999d', 0.0),
        ('2026-01-31T13:00:00Z', 1_769_864_400.0),
        ('2026-01-31T13:00:00', 1_769_864_400.0),
        ('2026-01-31T14:00:00+01:00', 1_769_864_400.0),
        ('2026-01-31', 1_769_817_600.0),
        ('1900-01-01', 0.0),
    ],
)
def test_times_are_ago_or_as_iso_8601_has_them(text: str, at: float) -> None:
    assert read_time(text, NOW) == at


@pytest.mark.parametrize('text', ['', 'now', '10', '10x', '-5m', '٣m', '2026-13-01', '1e3s'])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadCommand, match='since'):
        read_time(text, NOW)
