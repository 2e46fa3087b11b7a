"""The grammar of what may be asked for over SSH. Everything else is refused before any of it is split or looked up."""

import re
from dataclasses import dataclass

from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import BadCommand

MAX_COMMAND = 4096
"""Bytes; a push needs fewer than 60."""

GIT = re.compile(r'git[- ](?P<verb>receive-pack|upload-pack) (?P<quote>\'?)(?P<path>.*)(?P=quote)')
"""How git clients ask: ``git-receive-pack '/hello.git'`` (git quotes always, some libraries do not)."""

WORD = re.compile(r'[A-Za-z0-9._=:@/-]{1,128}')
"""What a verb's arguments are made of: no quoting is needed, so none is understood."""

MAX_WORDS = 20

VERBS = {
    'apps': 'apps [--json]                      the apps that you may reach',
    'builds': 'builds [APP] [--json]              the newest builds',
    'logs': 'logs APP [--build N] [-f]          the log of a build; -f follows it',
    'cancel': 'cancel APP                         stops what builds or waits',
    'rebuild': 'rebuild APP [--nocache]            builds what is live once more',
    'rollback': 'rollback APP [vN]                  makes an older release live again',
    'plan': 'plan APP [REF] [--json]            what a build would do, of what was pushed',
    'config': 'config APP [NAME=VALUE ...]        what builds get in their environment; --unset NAME',
    'allow': 'allow APP [PATH ...]               where slugs may hold what looks secret; --remove PATH',
    'releases': 'releases APP [--json]              what was released',
}
"""The verbs that the builder answers, with the line that ``help`` prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRequest:
    """A session of ``git-receive-pack`` or ``git-upload-pack`` on an app's repository."""

    verb: str
    app: AppName


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbRequest:
    """A verb for the builder, with its arguments."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest:
    """Asks for the list of verbs."""


Request = GitRequest | VerbRequest | HelpRequest


def parse_command(raw: bytes) -> Request:
    """What a client asks for. Raises BadCommand for everything that is not in the grammar."""
    if len(raw) > MAX_COMMAND:
        raise BadCommand(f'a command of {len(raw)} bytes; at most {MAX_COMMAND} are read')
    try:
        text = raw.decode('ascii')
    except UnicodeDecodeError as error:
        raise BadCommand(f'{_shown(raw)} is not plain ASCII; "help" lists what can be asked for') from error
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise BadCommand(f'{_shown(raw)} has control characters in it; "help" lists what can be asked for')
    return _parse_git(text) if text.startswith('git') else _parse_verb(text)


def help_text(host: str, port: int) -> str:
    """What ``help`` prints."""
    address = f'git@{host}' if port == 22 else f'-p {port} git@{host}'
    lines = [
        'Push an app, and it is built and released:',
        '',
        f'    git remote add deploy ssh://git@{host}:{port}/APP.git',
        '    git push deploy main',
        '',
        f'Ask for something (ssh {address} VERB ...):',
        '',
        *(f'    {line}' for line in VERBS.values()),
        '    help                               this list',
    ]
    return '\n'.join(lines) + '\n'


def _parse_git(text: str) -> GitRequest:
    match = GIT.fullmatch(text)
    if not match:
        raise BadCommand(
            f'{_shown(text)} is not served; git-receive-pack and git-upload-pack with a repository are'
        )
    name = match['path'].removeprefix('/').removesuffix('/').removesuffix('.git')
    if not name:
        raise BadCommand('the repository has no name; an address looks like ssh://git@host:2222/hello.git')
    return GitRequest(verb=f'git-{match["verb"]}', app=parse_app_name(name))


def _parse_verb(text: str) -> Request:
    words = tuple(text.split(' ')) if len(text) < MAX_COMMAND else ()
    words = tuple(word for word in words if word)
    if words in (('help',), ('--help',), ('-h',)):
        return HelpRequest()
    if not words or words[0] not in VERBS:
        raise BadCommand(f'{_shown(words[0] if words else text)} is not a verb here; "help" lists them')
    if len(words) > MAX_WORDS or not all(map(WORD.fullmatch, words)):
        raise BadCommand(
            f'{_shown(text)} cannot be read: letters, digits and . _ = : @ / - make up its words'
        )
    return VerbRequest(words=words)


def _shown(text: str | bytes) -> str:
    return ascii(text[:60]).removeprefix('b')
