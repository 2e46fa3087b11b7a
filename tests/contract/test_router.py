"""What every router does, whatever it is: HAProxy, and the one in memory that use cases are tested with."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Endpoint, Route
from gitreceive.run.ports import Router
from tests.fakes_router import FakeRouter
from tests.routed import Routed, routed
from tests.waiting import wait_until

HELLO, OTHER = AppName('hello'), AppName('other')
SECONDS = 20


class Place(Protocol):
    """A router with instances behind it, and clients in front of it."""

    router: Router

    def instance(self, release: int = 1, name: str = 'web.1') -> Endpoint: ...

    def ask(self, host: str) -> str: ...

    def asking(self, host: str) -> AbstractContextManager[list[str]]:
        """A request that ends with the context; then its answer is in the list."""


class InMemory:
    def __init__(self) -> None:
        self.router = FakeRouter('localhost')
        self._count = 0

    def instance(self, release: int = 1, name: str = 'web.1') -> Endpoint:
        self._count += 1
        return Endpoint(instance=name, release=release, address=f'10.0.0.{self._count}', port=5000)

    def ask(self, host: str) -> str:
        return self._shown(self.router.answer(host))

    @contextmanager
    def asking(self, host: str) -> Iterator[list[str]]:
        answers: list[str] = []
        with self.router.request(host) as answered:
            yield answers
        answers.append(self._shown(answered))

    def _shown(self, answered: Endpoint | str) -> str:
        if isinstance(answered, str):
            return answered
        return f'{answered.instance} of v{answered.release}'


class Haproxy:
    def __init__(self, found: Routed) -> None:
        self.router, self._routed = found.router, found

    def instance(self, release: int = 1, name: str = 'web.1') -> Endpoint:
        return self._routed.instance(release, name).endpoint

    def ask(self, host: str) -> str:
        return self._routed.ask(host)

    @contextmanager
    def asking(self, host: str) -> Iterator[list[str]]:
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.append(self._routed.ask(host, '/wait')))
        thread.start()
        arrived = self._routed.instances
        wait_until(
            lambda: any(each.waiting.acquire(blocking=False) for each in arrived), SECONDS, 'a request'
        )
        yield answers
        for each in arrived:
            each.go.set()
        thread.join()


@pytest.fixture(params=['memory', 'haproxy'])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == 'memory':
        yield InMemory()
        return
    with routed(tmp_path / 'router') as found:
        yield Haproxy(found)


def test_an_app_answers_by_its_name(place: Place) -> None:
    place.router.apply(Route(app=HELLO, endpoints=(place.instance(),)))
    assert place.ask('hello.localhost') == 'web.1 of v1'
    assert place.ask('other.localhost') == 'unknown'


def test_it_begins_with_all_apps_at_once_and_forgets_others(place: Place) -> None:
    place.router.apply(Route(app=OTHER, endpoints=(place.instance(),)))
    routes = [Route(app=AppName(f'app-{number}'), endpoints=(place.instance(number),)) for number in range(3)]
    for _ in range(2):
        place.router.begin(routes)
        assert [place.ask(f'app-{number}.localhost') for number in range(3)] == [
            f'web.1 of v{number}' for number in range(3)
        ]
        assert place.ask('other.localhost') == 'unknown'


def test_it_begins_again_with_other_instances(place: Place) -> None:
    place.router.begin([Route(app=HELLO, endpoints=(place.instance(1),)), Route(app=OTHER)])
    place.router.begin([Route(app=HELLO), Route(app=OTHER, endpoints=(place.instance(2),))])
    assert (place.ask('hello.localhost'), place.ask('other.localhost')) == ('down', 'web.1 of v2')


def test_it_begins_without_apps(place: Place) -> None:
    place.router.begin([])
    assert place.ask('hello.localhost') == 'unknown'


def test_after_a_switch_only_the_new_instances_are_asked(place: Place) -> None:
    old, new = place.instance(1), place.instance(2)
    place.router.apply(Route(app=HELLO, endpoints=(old,)))
    place.router.apply(Route(app=HELLO, endpoints=(new,)))
    assert {place.ask('hello.localhost') for _ in range(10)} == {'web.1 of v2'}
    place.router.apply(Route(app=HELLO, endpoints=(old,)))
    assert {place.ask('hello.localhost') for _ in range(10)} == {'web.1 of v1'}


def test_all_instances_are_asked(place: Place) -> None:
    both = (place.instance(1, 'web.1'), place.instance(1, 'web.2'))
    place.router.apply(Route(app=HELLO, endpoints=both))
    assert {place.ask('hello.localhost') for _ in range(20)} == {'web.1 of v1', 'web.2 of v1'}
    place.router.apply(Route(app=HELLO, endpoints=both[1:]))
    assert {place.ask('hello.localhost') for _ in range(10)} == {'web.2 of v1'}


def test_a_running_request_ends_where_it_is(place: Place) -> None:
    old, new = place.instance(1), place.instance(2)
    place.router.apply(Route(app=HELLO, endpoints=(old,)))
    with place.asking('hello.localhost') as answers:
        place.router.apply(Route(app=HELLO, endpoints=(new,)))
        assert place.router.busy(HELLO, old)
        assert not place.router.busy(HELLO, new)
        assert place.ask('hello.localhost') == 'web.1 of v2'
    assert answers == ['web.1 of v1']
    wait_until(lambda: not place.router.busy(HELLO, old), SECONDS, 'no request runs')


def test_a_new_app_does_not_disturb_what_runs(place: Place) -> None:
    mine, others = place.instance(1), place.instance(2)
    place.router.apply(Route(app=HELLO, endpoints=(mine,)))
    with place.asking('hello.localhost') as answers:
        place.router.apply(Route(app=OTHER, endpoints=(others,)))
        assert place.router.busy(HELLO, mine)
        assert place.ask('other.localhost') == 'web.1 of v2'
    assert answers == ['web.1 of v1']


def test_an_app_without_instances_is_down(place: Place) -> None:
    place.router.apply(Route(app=HELLO, endpoints=(place.instance(),)))
    place.router.apply(Route(app=HELLO))
    assert place.ask('hello.localhost') == 'down'


def test_an_app_has_domains_of_its_own(place: Place) -> None:
    web = (place.instance(),)
    place.router.apply(Route(app=HELLO, endpoints=web, domains=('www.example.com', 'example.com')))
    assert place.ask('www.example.com') == place.ask('example.com') == 'web.1 of v1'
    place.router.apply(Route(app=HELLO, endpoints=web, domains=('example.com',)))
    assert place.ask('www.example.com') == 'unknown'
    assert place.ask('example.com') == 'web.1 of v1'


def test_a_domain_moves_to_another_app_when_the_first_has_let_go(place: Place) -> None:
    first, second = place.instance(1), place.instance(2)
    place.router.apply(Route(app=HELLO, endpoints=(first,), domains=('www.example.com',)))
    place.router.apply(Route(app=OTHER, endpoints=(second,)))
    with pytest.raises(RouterError, match=r'www\.example\.com leads to hello'):
        place.router.apply(Route(app=OTHER, endpoints=(second,), domains=('www.example.com',)))
    assert place.ask('www.example.com') == 'web.1 of v1'
    assert place.ask('other.localhost') == 'web.1 of v2'
    place.router.apply(Route(app=HELLO, endpoints=(first,)))
    place.router.apply(Route(app=OTHER, endpoints=(second,), domains=('www.example.com',)))
    assert place.ask('www.example.com') == 'web.1 of v2'


@pytest.mark.parametrize('name', ['other', 'hello'])
def test_a_domain_may_be_called_as_an_app_is(place: Place, name: str) -> None:
    first, second = place.instance(1), place.instance(2)
    place.router.apply(Route(app=HELLO, endpoints=(first,), domains=(name,)))
    for maintenance in (True, False):
        place.router.apply(Route(app=OTHER, endpoints=(second,), maintenance=maintenance))
    assert place.ask(name) == 'web.1 of v1'


@pytest.mark.parametrize(
    'name', ['*.example.com', 'a b.example.com', 'x\ny', 'a;b', '', 'é.example.com', '-a.b', 'a..b']
)
def test_what_is_no_host_name_is_refused_and_nothing_changes(place: Place, name: str) -> None:
    web = (place.instance(),)
    place.router.apply(Route(app=HELLO, endpoints=web))
    with pytest.raises(RouterError, match='not a host name'):
        place.router.apply(Route(app=HELLO, endpoints=(place.instance(2),), domains=(name,)))
    assert place.ask('hello.localhost') == 'web.1 of v1'


def test_maintenance_is_told_by_a_page(place: Place) -> None:
    web = (place.instance(),)
    place.router.apply(Route(app=HELLO, endpoints=web))
    place.router.apply(Route(app=HELLO, endpoints=web, maintenance=True))
    assert place.ask('hello.localhost') == 'maintenance'
    place.router.apply(Route(app=HELLO, endpoints=web))
    assert place.ask('hello.localhost') == 'web.1 of v1'


def test_a_removed_app_is_unknown(place: Place) -> None:
    place.router.apply(Route(app=HELLO, endpoints=(place.instance(),), domains=('example.com',)))
    place.router.apply(Route(app=OTHER, endpoints=(place.instance(2),)))
    place.router.remove(HELLO)
    place.router.remove(HELLO)
    assert place.ask('hello.localhost') == place.ask('example.com') == 'unknown'
    assert place.ask('other.localhost') == 'web.1 of v2'


def test_the_same_route_may_be_applied_again(place: Place) -> None:
    route = Route(app=HELLO, endpoints=(place.instance(),), domains=('example.com',), sticky=True)
    for _ in range(3):
        place.router.apply(route)
    assert place.ask('example.com') == 'web.1 of v1'


def test_urls_are_those_of_its_names(place: Place) -> None:
    found = place.router.urls(Route(app=HELLO, domains=('www.example.com',)))
    assert [urlsplit(url).hostname for url in found] == ['hello.localhost', 'www.example.com']
