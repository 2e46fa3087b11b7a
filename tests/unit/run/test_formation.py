"""Which instances there are to be, and what is done about it."""

from gitreceive.model.instance import Instance, InstanceName, InstanceState, Scale
from gitreceive.model.process import ProcessType
from gitreceive.run.formation import compare, desired
from tests.running import HELLO
from tests.running_receiver import PUSHED, RunningReceiver

TYPES = tuple(ProcessType(name=name, command=name) for name in ('web', 'worker', 'release'))


def test_without_a_word_one_web_runs_and_none_of_the_others(here: RunningReceiver) -> None:
    release = here.create(here.task(PUSHED), processes=TYPES)
    assert [str(each.name) for each in desired(release, {})] == ['web.1']


def test_the_formation_says_how_many_there_are_but_the_release_command_never_stays(
    here: RunningReceiver,
) -> None:
    release = here.create(here.task(PUSHED), processes=TYPES)
    formation = {
        'web': Scale(count=2),
        'worker': Scale(count=1),
        'release': Scale(count=3),
        'gone': Scale(count=1),
    }
    assert [str(each.name) for each in desired(release, formation)] == ['web.1', 'web.2', 'worker.1']
    assert desired(release, formation, stopped=True) == ()


def instance(
    number: int, state: InstanceState = InstanceState.UP, release: int = 1, name: str = 'web'
) -> Instance:
    return Instance(
        id=f'{name}-{number}-{release}-{state}',
        app=HELLO,
        release=release,
        name=InstanceName(name, number),
        state=state,
        since=float(number),
    )


def test_what_has_crashed_stays_and_what_has_ended_does_not(here: RunningReceiver) -> None:
    release = here.create(here.task(PUSHED), processes=TYPES)
    wanted = desired(release, {'web': Scale(count=2)})
    crashed, ended = instance(1, InstanceState.CRASHED), instance(2, InstanceState.ENDED)
    compared = compare(wanted, [crashed, ended], 1)
    assert compared.kept == (crashed,)
    assert [str(each.name) for each in compared.missing] == ['web.2']
    assert compared.surplus == (ended,)


def test_of_two_with_one_name_the_one_that_is_up_stays(here: RunningReceiver) -> None:
    wanted = desired(here.create(here.task(PUSHED), processes=TYPES), {})
    starting, up = instance(1, InstanceState.STARTING), instance(1)
    for found in ([starting, up], [up, starting]):
        compared = compare(wanted, found, 1)
        assert (compared.kept, compared.surplus) == ((up,), (starting,))


def test_nothing_of_another_release_stays(here: RunningReceiver) -> None:
    wanted = desired(here.create(here.task(PUSHED), processes=TYPES), {})
    former = instance(1, release=7)
    compared = compare(wanted, [former], 1)
    assert (compared.kept, compared.surplus, len(compared.missing)) == ((), (former,), 1)


def test_what_is_renewed_does_not_stay(here: RunningReceiver) -> None:
    wanted = desired(here.create(here.task(PUSHED), processes=TYPES), {'web': Scale(count=2)})
    found = [instance(1), instance(2)]
    compared = compare(wanted, found, 1, lambda name: name.number == 2)
    assert compared.kept == (found[0],)
    assert compared.surplus == (found[1],)
