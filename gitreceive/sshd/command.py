"""What may be asked for over SSH: git on a repository, or a verb of the grammar. Everything else is refused here.

There is no shell: a line is split by quoting rules and each word is an argument. A refusal never repeats what may be
a value, for it may be a password.
"""

import re
from dataclasses import dataclass

from gitreceive.grammar import help as verb_help
from gitreceive.grammar.commandline import line_words
from gitreceive.grammar.parsing import Invocation, parse
from gitreceive.model.app import AppName, parse_app_name
from gitreceive.model.errors import BadCommand

MAX_COMMAND = 131_072
"""Bytes; what Linux lets a local shell give as one argument. A push needs fewer than 60."""

MAX_GIT_COMMAND = 4096

GIT = re.compile(r'git[- ](?P<verb>receive-pack|upload-pack) (?P<quote>\'?)(?P<path>.*)(?P=quote)')
"""How git clients ask: ``git-receive-pack '/hello.git'`` (git quotes always, some libraries do not)."""

LFS = 'git-lfs-'
"""How git-lfs asks before it sends files, from a pre-push hook: a refusal ends the push
(https://github.com/git-lfs/git-lfs/blob/main/docs/api/server-discovery.md)."""

NO_LFS = (
    'this receiver has no Git LFS server: "git push --no-verify" pushes without the files, and their pointers are '
    'deployed; to deploy the files, "git lfs untrack" them and commit them, or fetch them in the build'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRequest:
    """A session of ``git-receive-pack`` or ``git-upload-pack`` on an app's repository."""

    verb: str
    app: AppName


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbRequest:
    """A verb for the daemon: its words, and what they were understood as."""

    words: tuple[str, ...]
    invocation: Invocation


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest:
    """Asks how a verb is used, or for the list of them."""

    words: tuple[str, ...] = ()


Request = GitRequest | VerbRequest | HelpRequest


def parse_command(raw: bytes) -> Request:
    """What a client asks for. Raises BadCommand for everything that is not in the grammar."""
    if len(raw) > MAX_COMMAND:
        raise BadCommand(
            f'a command of {len(raw)} bytes; at most {MAX_COMMAND} are read ("help config" names another way)'
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BadCommand('the command is not UTF-8; "help" lists what can be asked for') from error
    return _parse_git(text) if text.startswith('git') else _parse_verb(text)


def help_text(host: str, port: int, words: tuple[str, ...] = ()) -> str:
    """What ``help`` prints: of all verbs, or of the one that ``words`` name."""
    usage = verb_help.help_text(words, f'ssh git@{host}' if port == 22 else f'ssh -p {port} git@{host}')
    if words:
        return usage
    lines = [
        'Push an app, and it is built and released:',
        '',
        f'    git remote add deploy ssh://git@{host}:{port}/APP.git',
        '    git push deploy main',
        '',
    ]
    return '\n'.join(lines) + '\n' + usage


def _parse_git(text: str) -> GitRequest:
    if text.startswith(LFS):
        raise BadCommand(NO_LFS)
    match = GIT.fullmatch(text) if len(text) <= MAX_GIT_COMMAND and text.isascii() else None
    if not match:
        raise BadCommand(
            f'{_shown(text)} is not served; git-receive-pack and git-upload-pack with a repository are'
        )
    name = match['path'].removeprefix('/').removesuffix('/').removesuffix('.git')
    if not name:
        raise BadCommand('the repository has no name; an address looks like ssh://git@host:2222/hello.git')
    return GitRequest(verb=f'git-{match["verb"]}', app=parse_app_name(name))


def _parse_verb(text: str) -> Request:
    words = tuple(line_words(text))
    if not words:
        raise BadCommand('nothing was asked for; "help" lists what can be')
    invocation = parse(words)
    if invocation.verb.name == 'help':
        return HelpRequest(words=invocation.texts('words'))
    if invocation.values.get('file') not in (None, '-'):
        raise BadCommand('files of yours cannot be read from here; "--file - < FILE" sends one')
    return VerbRequest(words=words, invocation=invocation)


def _shown(text: str) -> str:
    return ascii(text[:60])
