"""Which log is meant, and which lines of it."""

import pytest

from gitreceive.commands.logs import Asked, Source, chosen_source, read_selection, read_time
from gitreceive.model.errors import BadCommand
from gitreceive.run.logs import Selection

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ('asked', 'runs', 'source'),
    [
        (Asked(), True, Source.APP),
        (Asked(), False, Source.BUILD),
        (Asked(lines=5), False, Source.BUILD),
        (Asked(lines=5), True, Source.APP),
        (Asked(build=3), True, Source.BUILD),
        (Asked(build=3, source='build', lines=3), True, Source.BUILD),
        (Asked(processes=('web',)), False, Source.APP),
        (Asked(since='10m'), False, Source.APP),
        (Asked(source='release'), True, Source.RELEASE),
        (Asked(source='router', since='10m'), False, Source.ROUTER),
        (Asked(source='app'), False, Source.APP),
    ],
)
def test_the_instances_are_meant_unless_something_else_is_said_or_none_runs(
    asked: Asked, runs: bool, source: Source
) -> None:
    assert chosen_source(asked, lambda: runs) is source


@pytest.mark.parametrize(
    'asked',
    [
        Asked(build=3, source='app'),
        Asked(build=3, processes=('web',)),
        Asked(build=3, since='1h'),
        Asked(source='build', since='1h'),
        Asked(source='release', processes=('web',)),
        Asked(source='kernel'),
    ],
)
def test_what_does_not_go_together_is_refused(asked: Asked) -> None:
    with pytest.raises(BadCommand, match=r'^logs: '):
        chosen_source(asked, lambda: True)


def test_lines_are_bounded_unless_a_time_or_a_number_is_given() -> None:
    assert read_selection(Asked(), NOW) == Selection(last=100)
    assert read_selection(Asked(lines=0), NOW) == Selection(last=0)
    assert read_selection(Asked(since='1m'), NOW) == Selection(since=NOW - 60)
    assert read_selection(Asked(since='1m', lines=7), NOW) == Selection(since=NOW - 60, last=7)
    assert read_selection(Asked(processes=('web', 'worker.2')), NOW).processes == ('web', 'worker.2')
    for name in ('web.', 'web.1.2', '\x1b[31m', 'a' * 200, ''):
        with pytest.raises(BadCommand, match='instance'):
            read_selection(Asked(processes=(name,)), NOW)


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
