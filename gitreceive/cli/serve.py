"""``gitreceive serve``: the SSH server and the daemon together, each started again when it dies."""

import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import click

from gitreceive.cli.lines import Lines
from gitreceive.cli.options import setting_option, settings_options
from gitreceive.cli.supervisor import Supervised, Supervisor, stop_at_signals
from gitreceive.config.account import ssh_account
from gitreceive.config.home import Home
from gitreceive.config.listening import holder
from gitreceive.config.load import as_environment
from gitreceive.config.lock import home_lock
from gitreceive.config.prepare import prepare_home
from gitreceive.config.settings import Settings
from gitreceive.model.errors import AddressInUse, SettingsError

PYTHON = (sys.executable, '-m')

BEGINNING = 'import os; from gitreceive.config.load import load_settings; load_settings(config=None, environ=os.environ)'
"""What each process does first."""

DAEMON_OWN = ('GITRECEIVE_STORAGE_URL', 'GITRECEIVE_STORAGE_SECRETS', 'GITRECEIVE_ENGINE_URL')
"""Settings that the SSH server's environment does not hold."""

SSHD_OWN = (
    'PATH',
    'LD_LIBRARY_PATH',
    'LANG',
    'TZ',
    'TMPDIR',
    'HOME',
    'XDG_CONFIG_HOME',
    'GITRECEIVE_KILL_AT',
)
SSHD_KINDS = ('LC_', 'PYTHON', 'COVERAGE_')
"""What it does hold beside the settings: whatever else is set may be a secret (``AWS_SECRET_ACCESS_KEY``)."""


@click.command('serve')
@setting_option('--listen', 'ssh.listen', 'host:port for SSH')
@setting_option('--ssh-user', 'ssh.user', 'the user that the SSH server runs as (needs root)')
@setting_option('--door-user', 'door_user')
@settings_options
def serve(settings: Settings) -> int:
    """Run the receiver: the SSH server and the daemon, supervised."""
    with home_lock(Home(settings.home)):
        prepare_home(settings)
    supervisor = Supervisor()
    stop_at_signals(supervisor.stop)
    status = supervisor.run([_daemon(settings), _sshd(settings, ssh_account(settings))])
    if status == AddressInUse.exit_code and settings.ssh.user:  # root alone may see another user's process
        Lines().warn(f'{holder(settings.ssh.address[1])} listens on port {settings.ssh.address[1]}')
    return status


def _daemon(settings: Settings) -> Supervised:
    environment = {**os.environ, **as_environment(settings)}
    return Supervised(command=(*PYTHON, 'gitreceive.cli.main', 'daemon'), environment=environment)


def _sshd(settings: Settings, account: pwd.struct_passwd | None) -> Supervised:
    environment = sshd_environment(os.environ, settings)
    ids: dict[str, Any] = {}
    if account:
        ids = {'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': []}
        environment |= {'HOME': account.pw_dir, 'XDG_CONFIG_HOME': ''}  # dulwich reads what it finds there
        check_that_it_runs(settings.ssh.user, environment, ids)
    return Supervised(command=(*PYTHON, 'gitreceive.sshd'), environment=environment, ids=ids)


def sshd_environment(environ: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The little of the environment that the process which faces the network gets. Pure."""
    kept = {name: value for name, value in environ.items() if name in SSHD_OWN or name.startswith(SSHD_KINDS)}
    told = {name: value for name, value in as_environment(settings).items() if name not in DAEMON_OWN}
    return kept | told


def check_that_it_runs(user: str, environment: Mapping[str, str], ids: Mapping[str, Any]) -> None:
    """Raises SettingsError if that user cannot run this program: it is installed below /root, or its settings are secret."""
    command = [sys.executable, '-c', BEGINNING]
    try:
        done = subprocess.run(
            command,
            cwd='/',
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors='replace',
            **ids,
        )
        words = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except OSError as error:
        words = [f'{sys.executable}: {error.strerror}']
    if words:
        raise SettingsError(
            f'ssh.user = {user!r}: this user cannot run the receiver: {words[0]}; install Python and gitreceive '
            'where every user may read them, for example below /opt, and let the user read the settings file'
        )
