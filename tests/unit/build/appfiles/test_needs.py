"""What app.json says of how an app runs."""

import json

import pytest

from gitreceive.build.appfiles.appjson import read_app_json
from gitreceive.model.errors import DetectError
from gitreceive.model.needs import NO_NEEDS, Check, CronJob, Needs, as_record
from gitreceive.model.needs import read_needs as of_record
from tests.fakes import FakeSource


def read(**said: object) -> Needs:
    return read_app_json(FakeSource({'app.json': json.dumps(said)})).needs


def notes(**said: object) -> tuple[str, ...]:
    return read_app_json(FakeSource({'app.json': json.dumps(said)})).notes


ALL = {
    'formation': {'web': {'quantity': 2}, 'worker': 1, 'clock': {}},
    'scripts': {'postdeploy': 'rake db:seed'},
    'healthchecks': {
        'web': [
            {
                'type': 'startup',
                'name': 'up',
                'path': '/up',
                'content': 'ok',
                'timeout': 2,
                'httpHeaders': [{'name': 'Host', 'value': 'example.test'}],
            }
        ],
        'worker': [{'uptime': 1.5}],
    },
    'cron': [{'command': 'rake clean', 'schedule': '0 4 * * *'}],
}


def test_all_of_it_is_read_and_kept_with_a_release() -> None:
    needs = read(**ALL)
    assert needs == Needs(
        formation={'web': 2, 'worker': 1, 'clock': 1},
        postdeploy='rake db:seed',
        checks={
            'web': (Check(path='/up', content='ok', headers={'Host': 'example.test'}, timeout=2.0),),
            'worker': (Check(uptime=1.5),),
        },
        cron=(CronJob(schedule='0 4 * * *', command='rake clean'),),
    )
    assert of_record(json.loads(json.dumps(as_record(needs)))) == needs


def test_an_app_that_says_nothing_needs_nothing() -> None:
    assert read(name='hello') == NO_NEEDS
    assert as_record(NO_NEEDS) == {}
    assert of_record({}) == NO_NEEDS


def test_what_is_not_acted_on_is_told() -> None:
    assert notes(
        formation={'web': {'quantity': 1, 'size': 'standard-2x'}},
        scripts={'pr-predestroy': 'x', 'test': 'y'},
        healthchecks={'web': [{'type': 'liveness', 'path': '/'}, {'command': ['true']}]},
    ) == (
        '"scripts.pr-predestroy" in app.json has no effect: postdeploy is the only script that is run.',
        '"formation.web.size" in app.json has no effect: "ps limits" sets memory and CPU.',
        'A check of "healthchecks.web" in app.json has no effect: its type is not "startup".',
        '"command" of "healthchecks.web" in app.json has no effect.',
    )
    assert notes(**ALL) == ()


@pytest.mark.parametrize(
    ('said', 'told'),
    [
        ({'formation': ['web']}, '"formation" in app.json is not an object'),
        ({'formation': {'web': {'quantity': -1}}}, '"formation.web.quantity" in app.json is not a number'),
        ({'formation': {'web': {'quantity': 10_000}}}, 'from 0 to 100'),
        ({'formation': {'web': True}}, 'is not a number'),
        ({'scripts': {'postdeploy': 7}}, '"scripts.postdeploy" in app.json is not a string'),
        ({'healthchecks': {'web': {'path': '/'}}}, '"healthchecks.web" in app.json is not a list'),
        ({'healthchecks': {'web': ['/']}}, 'a check that is no object'),
        (
            {'healthchecks': {'web': [{'path': 'up'}]}},
            '"healthchecks.web.path" in app.json is not the path of a URL',
        ),
        ({'healthchecks': {'web': [{'path': '/ HTTP/1.1\r\nX: y'}]}}, 'is not the path of a URL'),
        (
            {'healthchecks': {'web': [{'timeout': '5'}]}},
            '"healthchecks.web.timeout" in app.json is not a number',
        ),
        ({'healthchecks': {'web': [{'httpHeaders': ['Host']}]}}, 'httpHeaders'),
        ({'healthchecks': {'web': [{'httpHeaders': [{'name': 'a', 'value': 'b\r\nc'}]}]}}, 'several lines'),
        ({'cron': {'a': 'b'}}, '"cron" in app.json is not a list'),
        ({'cron': ['x']}, 'an entry that is no object'),
        ({'cron': [{'schedule': '* * * * *'}]}, 'an entry without a "command"'),
        ({'cron': [{'command': 'x', 'schedule': 'daily'}]}, "the schedule 'daily', which is none"),
        ({'cron': [{'command': 'x', 'schedule': '61 * * * *'}]}, 'which is none'),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(said: dict[str, object], told: str) -> None:
    with pytest.raises(DetectError) as error:
        read(**said)
    assert told in str(error.value)
