"""app.json: what is set before the first build, what a person has to set, and what is told instead of done."""

import json

import pytest

from gitreceive.build.appfiles.appjson import first_config, read_app_json, to_be_set, unpublished
from gitreceive.model.errors import DetectError
from tests.fakes import FakeSource

APP = {
    'name': 'hello',
    'env': {
        'PLAIN': 'value',
        'FULL': {'description': 'x', 'value': 'full'},
        'TOKEN': {'generator': 'secret'},
        'MUST': {'description': 'y'},
        'MAY': {'required': False},
    },
}


def source(content: object) -> FakeSource:
    return FakeSource({'app.json': json.dumps(content)})


def test_values_and_secrets_are_made_once_and_what_is_set_stays() -> None:
    wanted = read_app_json(source(APP))
    made = first_config(wanted, {'MUST': 'x', 'PLAIN': 'mine'})
    assert (sorted(made), made['FULL'], len(made['TOKEN'])) == (['FULL', 'TOKEN'], 'full', 64)
    assert first_config(wanted, {'MUST': 'x'})['TOKEN'] != made['TOKEN']
    assert first_config(wanted, {'MUST': 'x', 'PLAIN': 'mine', **made}) == {}


def test_what_only_a_person_can_set_is_named() -> None:
    with pytest.raises(
        DetectError, match=r'^app.json requires MUST, which is not set: "config APP MUST=VALUE"'
    ):
        first_config(read_app_json(source(APP)), {})


def test_a_plan_tells_what_would_be_set() -> None:
    told = list(to_be_set(read_app_json(source(APP)), {'PLAIN': ''}))
    assert told == [
        'app.json requires MUST, which is not set.',
        'app.json sets FULL, TOKEN (generated), once.',
    ]


def test_what_stands_in_app_json_is_no_secret() -> None:
    wanted = read_app_json(source(APP))
    assert unpublished(wanted, {'PLAIN': 'value', 'FULL': 'other', 'TOKEN': 'x'}) == {
        'FULL': 'other',
        'TOKEN': 'x',
    }


def test_what_has_no_effect_is_told_and_what_only_describes_is_not() -> None:
    wanted = read_app_json(
        source(
            {
                'name': 'x',
                'keywords': ['a'],
                'addons': ['postgres'],
                'image': 'x',
                'environments': {},
            }
        )
    )
    assert [note.split()[0] for note in wanted.notes] == ['"addons"', '"image"']


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        ([], 'app.json holds an array'),
        ({'env': []}, None),
        ({'env': ['A']}, '"env" in app.json is not an object'),
        ({'env': {str(number): '' for number in range(201)}}, 'at most 200'),
        ({'env': {'A B': 'x'}}, '"env.A B" in app.json is not the name'),
        ({'env': {'A': 1}}, '"env.A" in app.json is neither'),
        ({'env': {'A': {'value': 1}}}, '"env.A.value" in app.json is not a string'),
        ({'env': {'A': {'value': 'x' * 40_000}}}, 'of at most 32,768 whole characters'),
        ({'env': {'A': 'half: \ud800'}}, 'of at most 32,768 whole characters'),
        ({'env': {'A': {'generator': 'uuid'}}}, '"env.A.generator" in app.json is not "secret"'),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(content: object, said: str | None) -> None:
    if said is None:
        assert read_app_json(source(content)).values == {}
        return
    with pytest.raises(DetectError, match=said):
        read_app_json(source(content))
