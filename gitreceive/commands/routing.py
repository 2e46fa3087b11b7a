"""How requests reach apps: their domains, the page of maintenance, and whether a client stays with an instance."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

import idna

from gitreceive.commands.access import changeable, reached
from gitreceive.config.home import Home
from gitreceive.journal import Journal
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.errors import BadCommand, RouterError
from gitreceive.model.route import Route

MOST = 100
"""Domains of an app."""

LABEL = re.compile(r'[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?')

Tell = Callable[[AppName], None]
"""Tells the router of an app again. Raises RouterError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a router knows of names: ``below`` this domain each app has one already."""

    below: str
    tell: Tell


def list_domains(actor: Actor, app: AppName, home: Home, journal: Journal) -> list[str]:
    """The app's domains, beside the name that every app has. Raises UnknownApp."""
    return journal.domains.of(reached(actor, app, home))


def add_domain(actor: Actor, app: AppName, name: str, home: Home, journal: Journal, names: Names) -> str:
    """Gives the app a name; returns it as DNS has it. Raises UnknownApp, AccessDenied, BadCommand or RouterError."""
    changeable(actor, app, home, journal.apps)
    wanted, had = read_domain(name, names.below), journal.domains.of(app)
    if wanted in had:
        raise BadCommand(f'{wanted} is a domain of {app} already')
    if len(had) >= MOST:
        raise BadCommand(f'{app} has {MOST} domains; that is the most that an app can have')
    owner = journal.domains.add(app, wanted, by=actor.name)
    if owner != app:
        whose = owner if actor.reaches(owner) else 'another app'
        raise BadCommand(f'{wanted} is a domain of {whose}; it has to be removed there first')
    try:
        names.tell(app)
    except RouterError:
        journal.domains.remove(app, wanted, by=actor.name)
        raise
    return wanted


def remove_domain(actor: Actor, app: AppName, name: str, home: Home, journal: Journal, names: Names) -> str:
    """Takes a name away from the app. Raises UnknownApp, AccessDenied, BadCommand or RouterError."""
    changeable(actor, app, home, journal.apps)
    wanted = read_domain(name, names.below)
    if not journal.domains.remove(app, wanted, by=actor.name):
        raise BadCommand(f'{app} has no domain {wanted}; "domains {app}" lists those that it has')
    names.tell(app)
    return wanted


def route(actor: Actor, app: AppName, home: Home, journal: Journal) -> Route:
    """How the app is served. Raises UnknownApp."""
    return journal.running.route(reached(actor, app, home))


def set_maintenance(actor: Actor, app: AppName, on: bool, home: Home, journal: Journal, tell: Tell) -> None:
    """Whether requests get the page that says that the app is being worked on. Raises UnknownApp, RouterError."""
    journal.running.set_maintenance(changeable(actor, app, home, journal.apps), on, by=actor.name)
    tell(app)


def set_sessions(actor: Actor, app: AppName, on: bool, home: Home, journal: Journal, tell: Tell) -> None:
    """Whether a client stays with the instance that answered it first. Raises UnknownApp, RouterError."""
    journal.running.set_sticky(changeable(actor, app, home, journal.apps), on, by=actor.name)
    tell(app)


def read_domain(text: str, below: str) -> str:
    """A domain as DNS has it, of what people write (``Bücher.example``). Pure. Raises BadCommand with the reason."""
    shown, plain = ascii(text[:80]), text.strip().rstrip('.')
    if '*' in plain:
        raise BadCommand(f'{shown}: wildcards are not served; add each name')
    try:
        name = idna.encode(plain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise BadCommand(f'{shown} is no domain: {error}') from error
    labels = name.split('.')
    if len(name) > 253 or len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        raise BadCommand(f'{shown} is no domain, as www.example.com is')
    if _is_address(name) or labels[-1].isdigit():
        raise BadCommand(f'{shown} is an address; a domain is a name')
    if name == below or name.endswith(f'.{below}'):
        raise BadCommand(
            f'{shown}: names below {below} are those of apps, APP.{below}, and given by this receiver'
        )
    return name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
