"""Domains belong to one app, and are taken as DNS has them; the router is told of every change."""

import pytest

from gitreceive.commands.routing import (
    MOST,
    Names,
    add_domain,
    list_domains,
    read_domain,
    remove_domain,
    route,
    set_maintenance,
    set_sessions,
)
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand, RouterError, UnknownApp
from tests.unit.commands.conftest import ANN, BOB, EVE, HELLO, OTHER, Receiver


class Told:
    """A router that is told of apps; ``down``: it cannot be."""

    def __init__(self, *, down: bool = False) -> None:
        self.apps: list[AppName] = []
        self._down = down

    def __call__(self, app: AppName) -> None:
        if self._down:
            raise RouterError('the router is away')
        self.apps.append(app)


def add(receiver: Receiver, name: str, told: Told | None = None, actor=BOB, app=HELLO) -> str:
    names = Names(below='apps.example', tell=told or Told())
    return add_domain(actor, receiver.app(app), name, receiver.home, receiver.journal, names)


def test_a_name_that_is_added_leads_to_the_app_and_the_router_knows(receiver: Receiver) -> None:
    told = Told()
    assert add(receiver, 'WWW.Example.com.', told) == 'www.example.com'
    assert add(receiver, 'bücher.example', told) == 'xn--bcher-kva.example'
    assert told.apps == [HELLO, HELLO]
    found = list_domains(BOB, HELLO, receiver.home, receiver.journal)
    assert found == ['www.example.com', 'xn--bcher-kva.example']
    assert route(BOB, HELLO, receiver.home, receiver.journal).domains == tuple(found)


def test_a_name_is_taken_away_by_who_has_it(receiver: Receiver) -> None:
    add(receiver, 'www.example.com')
    told = Told()
    names = Names(below='apps.example', tell=told)
    assert remove_domain(BOB, HELLO, 'www.example.COM', receiver.home, receiver.journal, names)
    assert told.apps == [HELLO]
    with pytest.raises(BadCommand, match=r'hello has no domain www\.example\.com'):
        remove_domain(BOB, HELLO, 'www.example.com', receiver.home, receiver.journal, names)


def test_the_name_of_another_app_is_refused_and_the_app_told_only_to_who_reaches_it(
    receiver: Receiver,
) -> None:
    add(receiver, 'www.example.com')
    with pytest.raises(BadCommand, match='is a domain of another app'):
        add(receiver, 'www.example.com', actor=EVE, app=OTHER)
    with pytest.raises(BadCommand, match='is a domain of hello;'):
        add(receiver, 'www.example.com', actor=ANN, app=OTHER)
    with pytest.raises(BadCommand, match='of hello already'):
        add(receiver, 'www.example.com')
    with pytest.raises(UnknownApp):
        list_domains(EVE, HELLO, receiver.home, receiver.journal)


def test_a_name_that_the_router_does_not_take_is_not_kept(receiver: Receiver) -> None:
    with pytest.raises(RouterError):
        add(receiver, 'www.example.com', Told(down=True))
    assert receiver.journal.domains.owner('www.example.com') is None


def test_an_app_has_only_so_many_names(receiver: Receiver) -> None:
    for number in range(MOST):
        receiver.journal.domains.add(HELLO, f'{number}.example.com', by='ann')
    with pytest.raises(BadCommand, match='100 domains'):
        add(receiver, 'www.example.com')


@pytest.mark.parametrize(
    ('name', 'why'),
    [
        ('*.example.com', 'wildcards'),
        ('localhost', 'is no domain, as'),
        ('', 'is no domain'),
        ('a..b', 'is no domain'),
        ('-a.example', 'is no domain'),
        ('a_b.example', 'is no domain'),
        ('a b.example', 'is no domain'),
        ('xn--zz.example', 'is no domain'),
        ('a.example/../x', 'is no domain'),
        ('a.example:80', 'is no domain'),
        ('a.example\nserver x', 'is no domain'),
        (f'{"a" * 64}.example', 'is no domain'),
        (f'{"a." * 130}example', 'is no domain'),
        ('192.0.2.1', 'is an address'),
        ('::1', 'is no domain'),
        ('1.2', 'is an address'),
        ('hello.apps.example', 'names below apps.example'),
        ('a.b.apps.example', 'names below apps.example'),
        ('Apps.Example', 'names below apps.example'),
    ],
)
def test_what_is_no_domain_of_an_app_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(BadCommand, match=why) as refused:
        read_domain(name, 'apps.example')
    assert str(refused.value).isprintable()


def test_maintenance_and_sessions_are_switched_and_the_router_is_told(receiver: Receiver) -> None:
    receiver.app()
    told, home, journal = Told(), receiver.home, receiver.journal
    set_maintenance(BOB, HELLO, True, home, journal, told)
    set_sessions(BOB, HELLO, True, home, journal, told)
    found = route(BOB, HELLO, home, journal)
    assert (found.maintenance, found.sticky) == (True, True)
    set_maintenance(BOB, HELLO, False, home, journal, told)
    assert not route(BOB, HELLO, home, journal).maintenance
    assert told.apps == [HELLO] * 3
    with pytest.raises(UnknownApp):
        set_maintenance(EVE, HELLO, True, home, journal, told)
