"""``gitreceive keys``: who may log in."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from gitreceive.access.book import AccessBook, Grant
from gitreceive.access.publickeys import MAX_FILE, read_public_keys
from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.model.app import parse_app_name
from gitreceive.model.errors import KeyRefused

keys = click.Group('keys', help='Who may log in, and what they may reach.')


@keys.command('add')
@click.argument('name')
@click.argument('file', default='-')
@click.option(
    '--app', 'apps', multiple=True, help='an app that these keys may reach (repeatable); without it: all'
)
@settings_options
def add(settings: Settings, name: str, file: str, apps: tuple[str, ...]) -> None:
    """Register the public keys of FILE ("-": standard input) for NAME."""
    reached = frozenset(map(parse_app_name, apps)) if apps else None
    found = read_public_keys(_read(file), 'standard input' if file == '-' else file)
    for grant in _book(settings).add(name, found, reached):
        click.echo(f'{grant.fingerprint} may log in as {grant.name}{_reach(grant)}')


@keys.command('list')
@click.option('--json', 'as_json', is_flag=True, help='for machines')
@settings_options
def list_keys(settings: Settings, as_json: bool) -> None:
    """Show the registered keys."""
    grants = _book(settings).list()
    if as_json:
        click.echo(json.dumps([_record(grant) for grant in grants], indent=2))
        return
    for grant in grants:
        click.echo(f'{grant.fingerprint}  {grant.algorithm:<19}  {_day(grant)}  {grant.name}{_reach(grant)}')
    if not grants:
        click.echo('no keys yet; "gitreceive keys add NAME FILE" registers one', err=True)


@keys.command('remove')
@click.argument('which', metavar='NAME|FINGERPRINT')
@settings_options
def remove(settings: Settings, which: str) -> None:
    """Take keys away: one by its fingerprint, or all of a name. Running sessions go on, new ones are refused."""
    for grant in _book(settings).remove(which):
        click.echo(f'{grant.fingerprint} of {grant.name} is removed')


@keys.command('token')
@click.argument('which', metavar='NAME|FINGERPRINT')
@click.option('--revoke', is_flag=True, help='remove its tokens instead')
@settings_options
def token(settings: Settings, which: str, revoke: bool) -> None:
    """Make a token that opens over HTTP what a key opens over SSH: "docker login" takes it as the password."""
    if revoke:
        click.echo(f'{_book(settings).remove_tokens(which)} tokens of {which} are revoked')
        return
    click.echo(_book(settings).add_token(which))


def _book(settings: Settings) -> AccessBook:
    return AccessBook(Home(settings.home).access_db)


def _read(file: str) -> bytes:
    if file == '-':
        return sys.stdin.buffer.read(MAX_FILE + 1)
    try:
        with open(file, 'rb') as stream:
            return stream.read(MAX_FILE + 1)
    except OSError as error:
        raise KeyRefused(f'cannot read {Path(file)}: {error.strerror}') from error


def _record(grant: Grant) -> dict[str, object]:
    return {
        'name': grant.name,
        'fingerprint': grant.fingerprint,
        'algorithm': grant.algorithm,
        'added': datetime.fromtimestamp(grant.added, UTC).isoformat(timespec='seconds'),
        'apps': None if grant.apps is None else sorted(grant.apps),
    }


def _day(grant: Grant) -> str:
    return datetime.fromtimestamp(grant.added, UTC).strftime('%Y-%m-%d')


def _reach(grant: Grant) -> str:
    return '' if grant.apps is None else f' ({", ".join(sorted(grant.apps))} only)'
