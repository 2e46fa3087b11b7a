"""``gitreceive stack``: makes and shows the base images."""

import os
import sys

import click

from gitreceive.cli.lines import Lines
from gitreceive.cli.options import settings_options
from gitreceive.config.settings import Settings
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.text import harmless
from gitreceive.stack.build import Options
from gitreceive.stack.recipe import load_recipe
from gitreceive.wiring.engine import make_stack


@click.group('stack')
def stack() -> None:
    """The base images of apps."""


@stack.command('build')
@click.option('--stack', 'name', help='which one (default: the setting "stack")')
@click.option(
    '--host-ca/--no-host-ca', default=True, help="put this host's extra CA certificates in (default: yes)"
)
@click.option(
    '--again', is_flag=True, help="make the images although the recipe is unchanged: for Debian's updates"
)
@click.option('--record', is_flag=True, help="write the installed packages into the recipe's installed-*.txt")
@click.option(
    '--with', 'additions', multiple=True, metavar='ADDITION', help='make this addition too: rust, php'
)
@settings_options
def build(
    settings: Settings,
    name: str | None,
    host_ca: bool,
    again: bool,
    record: bool,
    additions: tuple[str, ...],
) -> None:
    """Make a stack's run image and build image, unless they are there, and the additions that are asked for."""
    environ = {**os.environ, 'DOCKER_HOST': settings.engine.url} if settings.engine.url else os.environ
    options = Options(host_ca=host_ca, again=again or record, record=record, additions=additions)
    make_stack(load_recipe(name or settings.apps.stack), environ, Lines(), options)


def main() -> None:
    """The group alone, as a program: what sets a checkout up runs it before anything else works."""
    try:
        stack.main(standalone_mode=False)
    except GitReceiveError as error:
        for line in str(error).splitlines():
            click.echo(f' !     {harmless(line)}', err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)


if __name__ == '__main__':
    main()
