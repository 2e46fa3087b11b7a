"""Nobody can take the daemon's places from others."""

import pytest

from gitreceive.access.places import HOST_PLACES, Bounds, Places, Subject
from gitreceive.config.settings import KeySettings
from gitreceive.daemon.places import bounds, subject
from gitreceive.sshd.limits import bounds as of_ssh_server

SMALL = {'push': Bounds(total=16, key=12, app=12), 'verb': Bounds(total=8, key=3, app=5)}


def take_all(places: Places, about: Subject) -> int:
    count = 0
    while not places.take(about):
        count += 1
    return count


def test_a_key_gets_no_more_than_its_share_and_others_get_theirs() -> None:
    places = Places(SMALL)
    assert take_all(places, Subject('verb', 'ann', 'a')) == 3
    assert take_all(places, Subject('verb', 'bob', 'b')) == 3
    assert 'this key has 3 requests' in places.take(Subject('verb', 'ann', 'other'))


def test_the_keys_of_one_app_share_its_places() -> None:
    places = Places(SMALL)
    took = [take_all(places, Subject('verb', key, 'a')) for key in ('ann', 'bob', 'cyd')]
    assert sum(took) <= 5
    assert 'this app has' in places.take(Subject('verb', 'dan', 'a'))
    assert not places.take(Subject('verb', 'dan', 'b'))


def test_one_after_the_other_may_come_and_the_last_one_finds_a_place() -> None:
    places = Places(SMALL)
    took = [take_all(places, Subject('push', f'key{number}', f'app{number}')) for number in range(4)]
    assert took[0] == 8
    assert all(took)


def test_what_is_given_back_can_be_taken_again() -> None:
    places, about = Places(SMALL), Subject('verb', 'ann', 'a')
    for _ in range(2):
        taken = take_all(places, about)
        assert taken == 3
        for _ in range(taken):
            places.free(about)


def test_verbs_never_take_the_places_of_pushes_nor_keys_those_of_the_host() -> None:
    places = Places(SMALL)
    for number in range(50):
        take_all(places, Subject('verb', f'key{number}', f'app{number}'))
    assert not places.take(Subject('push', 'ann', 'a'))
    assert take_all(places, Subject('verb', '', '')) >= HOST_PLACES
    assert 'takes no more' in places.take(Subject('verb', '', ''))


@pytest.mark.parametrize(
    ('fields', 'about'),
    [
        (['verb', 'SHA256:x', 'logs', 'hello', '-f'], Subject('verb', 'SHA256:x', 'hello')),
        (['verb', 'SHA256:x', 'run', 'hello', '--', 'ls'], Subject('run', 'SHA256:x', 'hello')),
        (['verb', '', 'run', 'hello', '--', 'ls'], Subject('run', '', 'hello')),
        (['halt', ''], Subject('verb', '')),
        (['verb', '', 'apps'], Subject('verb', '', '')),
        (['announce', 'hello', 'SHA256:x', 'word', '0', '0'], Subject('push', 'SHA256:x', 'hello')),
        (['inflight', 'hello', 'SHA256:x'], Subject('push', 'SHA256:x', 'hello')),
        (['nonsense'], Subject('verb', '', '')),
        ([''], Subject('verb', '', '')),
    ],
)
def test_whose_request_it_is_stands_in_its_fields(fields: list[str], about: Subject) -> None:
    assert subject(fields) == about


def test_what_one_key_may_do_at_once_is_the_sysadmins_to_say() -> None:
    keys = KeySettings(sessions=2, commands=3, requests=4)
    asked = {kind: (each.key, each.app) for kind, each in (bounds(keys) | of_ssh_server(keys)).items()}
    assert asked['push'] == asked['git'] == asked['connection'] == (2, 2)
    assert bounds(keys)['verb'].key == 4
    assert asked['verb'] == (3, 6)
    places = Places(bounds(keys))
    taken = [places.take(Subject('push', 'ann', 'hello')) for _ in range(3)]
    assert taken[:2] == ['', '']
    assert taken[2]
