"""Cron entries of app.json run when they are due."""

import threading
from datetime import UTC, datetime

import pytest

from gitreceive.model.instance import InstanceState
from gitreceive.model.needs import CronJob, Needs, as_record
from gitreceive.run.cron import CronClock, is_due
from tests.fakes_run import Script
from tests.running import HELLO
from tests.running_receiver import RunningReceiver

FOUR = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
TWO = as_record(
    Needs(
        cron=(CronJob(schedule='0 4 * * *', command='clean'), CronJob(schedule='30 * * * *', command='mail'))
    )
)


def jobs(here: RunningReceiver) -> list[str]:
    return [f'{one.name} {one.state}' for one in here.engine.found if one.name.process != 'web']


@pytest.mark.parametrize(
    ('schedule', 'due'),
    [
        ('0 4 * * *', True),
        ('*/15 * * * *', True),
        ('1 4 * * *', False),
        ('0 4 * * 1', True),
        ('0 4 29 2 *', False),
    ],
)
def test_a_schedule_names_minutes(schedule: str, due: bool) -> None:
    assert is_due(schedule, FOUR) is due


def test_what_is_due_is_run_with_the_config_of_the_release(here: RunningReceiver) -> None:
    here.deploy(running=TWO)
    here.running.cron.run_due(FOUR)
    assert jobs(here) == ['cron.job.1 starting']
    spec = next(one.spec for one in here.engine.containers.values() if one.spec.name.process != 'web')
    assert (spec.container.command, spec.container.env['NAME'], spec.container.port) == (
        ('clean',),
        'value',
        None,
    )
    here.running.cron.run_due(FOUR.replace(minute=30))
    assert jobs(here) == ['cron.job.1 starting', 'cron.job.2 starting']


def test_an_entry_that_still_runs_is_not_run_twice_and_one_that_has_ended_is_run_anew(
    here: RunningReceiver,
) -> None:
    here.deploy(running=TWO)
    here.running.cron.run_due(FOUR)
    here.running.cron.run_due(FOUR)
    (job,) = [one for one in here.engine.found if one.name.process != 'web']
    here.engine.end(job, 0)
    here.running.cron.run_due(FOUR)
    (again,) = [one for one in here.engine.found if one.name.process != 'web']
    assert again.id != job.id


def test_an_entry_is_no_business_of_the_supervision_or_of_the_next_release(here: RunningReceiver) -> None:
    here.engine.scripts[('mail',)] = Script(lines=('sent',), status=0)
    here.deploy(running=TWO)
    here.running.cron.run_due(FOUR)
    here.running.cron.run_due(FOUR.replace(minute=30))
    here.running.supervision.look()
    here.deploy()
    assert here.runs() == ['v1 cron.job.1', 'v1 cron.job.2', 'v2 web.1']
    assert jobs(here)[1] == f'cron.job.2 {InstanceState.ENDED}'
    here.running.cron.run_due(FOUR)
    assert len(jobs(here)) == 2, 'the live release has no entries'


def test_nothing_of_a_stopped_app_or_of_one_without_a_release_is_run(here: RunningReceiver) -> None:
    here.running.cron.run_due(FOUR)
    here.deploy(running=TWO)
    here.apps.off.add(HELLO)
    here.running.cron.run_due(FOUR)
    assert jobs(here) == []


def test_what_cannot_be_run_keeps_nothing_else(here: RunningReceiver) -> None:
    here.deploy(running=TWO)
    here.engine.refused.add('cron.job')
    here.running.cron.run_due(FOUR)
    assert jobs(here) == []


def test_the_clock_goes_on_whatever_happens_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('gitreceive.run.cron.time.time', lambda: 59.999)
    minutes: list[datetime] = []
    enough = threading.Event()

    def run_due(minute: datetime) -> None:
        minutes.append(minute)
        if len(minutes) == 2:
            enough.set()
        raise ValueError('no')

    clock = CronClock(run_due)
    clock.start()
    assert enough.wait(20)
    clock.close()
    clock.join(20)
    assert not clock.is_alive()
    assert minutes[0].second == 0
