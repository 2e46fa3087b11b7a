"""``gitreceive``: all commands in one group; the one place where errors become exit codes."""

import difflib
import os
import sys
import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from gitreceive.cli.lines import Lines, end_unheard
from gitreceive.grammar.verbs import WORDS
from gitreceive.model.errors import GitReceiveError

COMMANDS = {
    'serve': 'serve:serve',
    'sshd': 'sshd:sshd',
    'daemon': 'daemon:daemon',
    'keys': 'keys:keys',
    'plan': 'plan:plan',
    'stack': 'stack:stack',
    'slug': 'slug:slug',
    'gc': 'tidy:gc',
    'init': 'init:init',
    'start': 'start:start',
    'exec': 'exec:exec_command',
    'release': 'release:release',
    'clean': 'clean:clean',
    'forget-config': 'forget:forget',
    'halt': 'halt:halt_command',
}
"""Where each command is, in a module of this package. Only the one that is asked for is imported: the SSH and Docker
libraries take longer to load than most commands to run."""

FORMER = {'door': 'sshd', 'builder': 'daemon'}
"""What commands were called before."""

NEEDLESS = {'daemon': ('paramiko', 'charset_normalizer')}
"""What a command is not to load. docker-py takes paramiko for engines at ssh://, 16 MB of an idle daemon; requests guesses
encodings by the other, 2 MB, and takes what says nothing of its encoding for UTF-8 without."""

VERBS = tuple(word for word in WORDS if word not in {*COMMANDS, 'help', 'version'})
"""Those of the grammar, which are asked over SSH too. ``plan`` is of a directory here."""


class CommandGroup(click.Group):
    """The commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click."""
        return sorted([*COMMANDS, *VERBS, 'help', 'version'])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click."""
        cmd_name = FORMER.get(cmd_name, cmd_name)
        if cmd_name in VERBS:
            found = import_module('gitreceive.cli.verbs').verb_command(cmd_name)
        elif cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].partition(':')
            found = getattr(import_module(f'gitreceive.cli.{module}'), name)
        else:
            return OWN.get(cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click. A word that is almost a command is answered with that command."""
        if self.get_command(ctx, args[0]) is None and args[0][:1] != '-':
            almost = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = f'did you mean "{almost[0]}"?' if almost else '"gitreceive help" lists them'
            ctx.fail(f'{args[0]!a} is not a command; {hint}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """See click, which would end with status 1 if nobody reads the output."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            end_unheard()


@click.group(cls=CommandGroup, context_settings={'help_option_names': ['-h', '--help']})
@click.version_option(package_name='gitreceive')
def gitreceive() -> None:
    """A git push-to-deploy receiver: push, build, slug, release."""


@click.command('help')
@click.argument('words', nargs=-1, metavar='[COMMAND]')
@click.pass_context
def help_command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """List the commands, or show how one is used."""
    gitreceive.main([*words, '--help'], prog_name=ctx.find_root().info_name)


@click.command('version')
def version_command() -> None:
    """Show the version."""
    click.echo(f'gitreceive {version("gitreceive")}')


OWN = {'help': help_command, 'version': version_command}


def main() -> None:
    """The entry point. Exit codes: 0 done, 2 wrong usage, 10 and up as in ``gitreceive.model.errors``, 130 interrupted, 141
    if whoever was to read the output has gone.
    """
    _open_standard_streams()
    word = ''.join(sys.argv[1:2])
    for needless in NEEDLESS.get(FORMER.get(word, word), ()):
        sys.modules[needless] = None  # type: ignore[assignment]
        warnings.filterwarnings('ignore', message=f'.*{needless}')
    try:
        sys.exit(_status())
    except BrokenPipeError:
        end_unheard()


def _status() -> Any:
    try:
        return gitreceive.main(standalone_mode=False)
    except GitReceiveError as error:
        for line in str(error).splitlines():
            Lines().warn(line)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130


def _open_standard_streams() -> None:
    """Whoever closed one of them must not find its number on a socket that is opened later."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == '__main__':
    main()
