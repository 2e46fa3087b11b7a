"""C git and OpenSSH of the newest Debian that this host's own mirror has, in a root file system below ``build/clients/``."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gitreceive.stack.root import APT, SOURCES
from gitreceive.stack.sources import acquire_settings, debian_sources
from tests.e2e.clients.cgit import CGit
from tests.e2e.clients.made import locked

SUITES = ('sid', 'forky', 'trixie')
ENTER = Path(__file__).with_name('enter_root.sh')


def newest_git(shared: Path) -> CGit:
    """Runs in that root, where ``shared`` is what it is here: the working directories and the key."""
    if os.geteuid() != 0 or not shutil.which('mmdebstrap'):
        pytest.skip('a root file system is made by root, with mmdebstrap')
    return CGit('newest git', ('sh', str(ENTER), str(_root()), str(shared)))


def _root() -> Path:
    with locked('debian') as out:
        root, stamp = out / 'root', out / 'suite'
        if not stamp.exists():
            stamp.write_text(_make(root))
    return root


def _make(root: Path) -> str:
    """The name of the suite that was made."""
    said = ''
    for suite in SUITES:
        shutil.rmtree(root, ignore_errors=True)
        done = subprocess.run(_command(suite, root), capture_output=True, text=True)
        if done.returncode == 0:
            return suite
        said += done.stderr[-1000:]
    pytest.fail(f'mmdebstrap could make none of {", ".join(SUITES)}: {said}')


def _command(suite: str, root: Path) -> list[str]:
    sources = root.with_name(f'{suite}.sources')
    sources.write_text(_sources(suite))
    options = root.with_name('acquire.conf')
    dump = subprocess.run(['apt-config', 'dump'], capture_output=True, text=True).stdout
    options.write_text(f'{acquire_settings(dump)}Acquire::Check-Valid-Until "false";\n')
    return [
        *('mmdebstrap', '--mode=root', '--variant=essential', '--format=directory'),
        *('--include=git,openssh-client', f'--aptopt={options}'),
        *(suite, str(root), str(sources)),
    ]


def _sources(suite: str) -> str:
    """Where this host has its own Debian from, with another suite."""
    here = platform.freedesktop_os_release().get('VERSION_CODENAME', '')
    paths = [APT / 'sources.list', *sorted((APT / 'sources.list.d').glob('*'))]
    files = {str(path): path.read_text() for path in paths if path.suffix in SOURCES and path.is_file()}
    for stanza in debian_sources(files, here).split('\n\n'):
        if here and re.search(rf'^Suites:.*\b{here}( |$)', stanza, re.MULTILINE):
            return re.sub(r'^Suites:.*$', f'Suites: {suite}', stanza, flags=re.MULTILINE)
    pytest.skip('this host has no Debian mirror of its own')
