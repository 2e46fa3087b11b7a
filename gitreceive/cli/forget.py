"""``gitreceive forget-config``: what is left when the key of the config vars is lost."""

import click

from gitreceive.cli.options import settings_options
from gitreceive.config.home import Home
from gitreceive.config.lock import home_lock
from gitreceive.config.owner import as_owner
from gitreceive.config.settings import Settings
from gitreceive.model.errors import BadCommand
from gitreceive.wiring.storing import forget_config


@click.command('forget-config')
@click.option('--confirm', is_flag=True, help='yes, all of them')
@settings_options
def forget(confirm: bool, settings: Settings) -> None:
    """Forget the config vars of all apps and releases, because their key is lost. The receiver must not run."""
    if not confirm:
        raise BadCommand(
            'this forgets the config vars of all apps and of all their releases, for good; if the key '
            'daemon/config.key cannot be restored from a backup: gitreceive forget-config --confirm'
        )
    home = Home(settings.home)
    with home_lock(home), as_owner(home.daemon):
        forget_config(home.journal_db)
    click.echo('No app has config vars now: set them again ("gitreceive config set APP --file FILE")')
