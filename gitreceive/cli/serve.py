"""``gitreceive serve``: the door and the builder together, each started again when it dies."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from gitreceive.cli.options import setting_option, settings_options
from gitreceive.config.home import Home
from gitreceive.config.load import as_environment
from gitreceive.config.settings import Settings
from gitreceive.daemon.service import ssh_account
from gitreceive.model.errors import SettingsError, StateError

TICK_SECONDS = 0.25
"""A signal that comes just before a wait does not interrupt it: its handler runs when that is over."""

RESTART_SECONDS = 0.2
PATIENCE = 10.0
"""A process that dies again and again is started again more and more slowly, up to this many seconds."""

PYTHON = (sys.executable, '-m')

BEGINNING = 'import os; from gitreceive.config.load import load_settings; load_settings(config=None, environ=os.environ)'
"""What each process does first."""

DAEMON_OWN = ('GITRECEIVE_STORAGE_URL', 'GITRECEIVE_STORAGE_SECRETS', 'GITRECEIVE_ENGINE_URL')
"""Settings that the door's environment does not hold."""

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
def serve(settings: Settings) -> None:
    """Run the receiver: the door and the builder, supervised."""
    prepare_home(settings)
    supervisor = Supervisor()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
    account = ssh_account(settings)
    ids = {'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': []} if account else {}
    environment = {**os.environ, **as_environment(settings)}
    open_to_all = sshd_environment(os.environ, settings)
    if account:
        open_to_all |= {'HOME': account.pw_dir, 'XDG_CONFIG_HOME': ''}  # dulwich reads what it finds there
        check_that_it_runs(settings.ssh.user, open_to_all, ids)
    supervisor.run(
        [
            Part(command=(*PYTHON, 'gitreceive.cli.main', 'daemon'), environment=environment),
            Part(command=(*PYTHON, 'gitreceive.sshd'), environment=open_to_all, ids=ids),
        ]
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One of the processes: its command, its whole environment, and the ``subprocess`` arguments for its user."""

    command: Sequence[str]
    environment: Mapping[str, str]
    ids: Mapping[str, Any] = field(default_factory=dict)

    def start(self, lifeline: int) -> subprocess.Popen[bytes]:
        """Starts it; it ends by itself when the other end of ``lifeline`` is closed."""
        return subprocess.Popen(
            self.command,
            env={**self.environment, 'GITRECEIVE_LIFELINE': str(lifeline)},
            pass_fds=[lifeline],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **self.ids,
        )


class Supervisor:
    """Keeps parts running until it is stopped. When it is killed, the lifeline's end ends them."""

    def __init__(self) -> None:
        self._lifeline, self._held = os.pipe()
        self._stopping = threading.Event()
        self._running: dict[Part, subprocess.Popen[bytes]] = {}

    def run(self, parts: Sequence[Part]) -> None:
        """Returns when all parts have ended after ``stop``."""
        keepers = [threading.Thread(target=self._keep, args=(part,)) for part in parts]
        for keeper in keepers:
            keeper.start()
        for keeper in keepers:
            while keeper.is_alive():
                keeper.join(TICK_SECONDS)

    def stop(self) -> None:
        """Ends all parts. May be called by a signal handler."""
        self._stopping.set()
        for process in list(self._running.values()):
            process.terminate()

    def _keep(self, part: Part) -> None:
        delay = RESTART_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            process = self._running[part] = part.start(self._lifeline)
            if self._stopping.is_set():
                process.terminate()
            process.wait()
            lived = time.monotonic() - began
            delay = RESTART_SECONDS if lived > PATIENCE else min(delay * 2, PATIENCE)
            self._stopping.wait(delay)


def sshd_environment(environ: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The little of the environment that the process which faces the network gets. Pure."""
    kept = {name: value for name, value in environ.items() if name in SSHD_OWN or name.startswith(SSHD_KINDS)}
    told = {name: value for name, value in as_environment(settings).items() if name not in DAEMON_OWN}
    return kept | told


def check_that_it_runs(door_user: str, environment: Mapping[str, str], ids: Mapping[str, Any]) -> None:
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
            f'ssh.user = {door_user!r}: this user cannot run the receiver: {words[0]}; install Python and gitreceive '
            'where every user may read them, for example below /opt, and let the user read the settings file'
        )


def prepare_home(settings: Settings) -> None:
    """Makes the home's directories, with who may read them. Raises StateError."""
    home, account = Home(settings.home), ssh_account(settings)
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        for path, mode in (
            (home.host_key.parent, 0o700),
            (home.repos, 0o700),
            (home.daemon, 0o700),
            (home.socket.parent, 0o711),
        ):
            path.mkdir(mode=mode, exist_ok=True)
            path.chmod(mode)
        if account:
            for path in (home.host_key.parent, home.repos):
                shutil.chown(path, account.pw_uid, account.pw_gid)
    except OSError as error:
        raise StateError(f'cannot prepare {error.filename or settings.home}: {error.strerror}') from error
