"""The host's side of a stack: a Debian root by mmdebstrap, and everything that is fetched from the outside."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from gitreceive.model.errors import StackError
from gitreceive.model.progress import Console
from gitreceive.stack.certificates import pem_files
from gitreceive.stack.recipe import StackRecipe
from gitreceive.stack.sources import acquire_settings, debian_sources

APT = Path('/etc/apt')
SOURCES = ('.list', '.sources')
LEFT_OUT = ('/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/doc/*')
PUT_BACK = ('/usr/share/locale/locale.alias', '/usr/share/doc/*/copyright')
STAGES = ('I: running apt-get', 'I: downloading', 'I: extracting', 'I: installing', 'I: creating')
"""Of what mmdebstrap tells, what people want to see."""

SPACE = '3 GB'
GRACE_SECONDS = 5.0
"""How long mmdebstrap may take to end after its reader has gone."""

APTS = 'the lines above are its own; check that "apt-get update" works on this host'
PIPS = 'the lines above are its own; check that "pip download" works on this host'


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What of this host gets into the images: its Debian sources, how to reach them, its extra certificates (DER)."""

    sources: str
    acquire: str
    certificates: tuple[bytes, ...]

    def circumstances(self) -> list[str]:
        """All that makes other images of the same recipe, as text."""
        return [platform.machine(), self.sources, *pem_files(self.certificates)]


def inspect_host(suite: str, certificates: tuple[bytes, ...]) -> Host:
    """Reads apt's configuration: the sources of ``suite``, or those of the host's own release of Debian renamed.

    Without any, ``sources`` is empty and mmdebstrap takes Debian's own archive (mmdebstrap(1), MIRROR).
    """
    paths = [APT / 'sources.list', *sorted((APT / 'sources.list.d').glob('*'))]
    files = {
        str(path): path.read_text('utf-8') for path in paths if path.suffix in SOURCES and path.is_file()
    }
    sources = debian_sources(files, suite, _release())
    dump = subprocess.run(['apt-config', 'dump'], capture_output=True, text=True, check=False).stdout
    return Host(sources=sources, acquire=acquire_settings(dump), certificates=certificates)


def _release() -> str:
    """The code name of the Debian that this host is, empty for another system (os-release(5))."""
    try:
        found = platform.freedesktop_os_release()
    except OSError:
        return ''
    return found.get('VERSION_CODENAME', '') if found.get('ID') == 'debian' else ''


def prepare(work: Path, recipe: StackRecipe, host: Host) -> None:
    """Writes into ``work`` what the recipe's two scripts read; they say what that is."""
    stack = recipe.stack
    settings = {'user': recipe.user, 'uid': str(stack.uid), 'home': recipe.home}
    (work / 'settings').write_text(
        ''.join(f'{key}={shlex.quote(value)}\n' for key, value in settings.items())
    )
    (work / 'locale.gen').write_text(_lines(recipe.locales))
    (work / 'packages-build').write_text(_lines(recipe.build_packages))
    if host.sources:
        (work / 'debian.sources').write_text(host.sources)
    (work / 'acquire.conf').write_text(host.acquire)
    (work / 'wheels').mkdir()
    (work / 'ca').mkdir()
    for name, text in pem_files(host.certificates).items():
        (work / 'ca' / name).write_text(text)


def command(work: Path, recipe: StackRecipe) -> list[str]:
    """The mmdebstrap call that writes the run image's root to its standard output, as a tar."""
    script = shlex.join(['/bin/sh', str(recipe.file('run.sh'))])
    trust = shlex.join([sys.executable, '-m', 'gitreceive.stack.certificates'])
    bundle, store = '/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/java/cacerts'
    return [
        'mmdebstrap',
        '--variant=apt',
        '--format=tar',
        f'--aptopt={work / "acquire.conf"}',
        *(f'--dpkgopt=path-exclude={path}' for path in LEFT_OUT),
        *(f'--dpkgopt=path-include={path}' for path in PUT_BACK),
        f'--include={",".join(recipe.run_packages)}',
        f'--customize-hook={script} "$1" {shlex.quote(str(work))}',
        f'--customize-hook={trust} "$1{bundle}" "$1{store}"',
        recipe.suite,
        '-',
        *([str(work / 'debian.sources')] if (work / 'debian.sources').exists() else []),
    ]


def check_tools() -> None:
    """Raises StackError unless this process may and can run mmdebstrap."""
    if os.geteuid() != 0:
        raise StackError('making a Debian root needs root: run "gitreceive stack build" as root (sudo)')
    if not shutil.which('mmdebstrap'):
        raise StackError('mmdebstrap is not installed: apt-get install mmdebstrap')


@contextmanager
def debian_root(work: Path, recipe: StackRecipe, console: Console) -> Iterator[IO[bytes]]:
    """The tar of a new Debian root, as mmdebstrap writes it.

    Leaving the context waits for mmdebstrap; raises StackError with its last words if it failed.
    """
    last: list[str] = []
    with subprocess.Popen(command(work, recipe), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        reader = Thread(target=_relay, args=(process.stderr, console, last))
        reader.start()
        try:
            yield process.stdout
        except Exception:
            if not _failed_by_itself(process):
                process.terminate()
                raise
        finally:
            process.stdout.close()
            reader.join()
        if process.wait():
            raise StackError(explain('mmdebstrap could not make the Debian root', last[-12:], APTS))


def explain(failure: str, last: Sequence[str], remedy: str) -> str:
    """What to tell of a program's last lines: what failed, its own words, what to do."""
    text = '\n'.join(line[:300] for line in last)
    if 'No space left' in '\n'.join(last):
        remedy = f'the disk is full: free some space, or set TMPDIR to a directory with {SPACE}'
    return f'{failure}:\n{text}\n{remedy}'


def fetch_bootstrap(work: Path, recipe: StackRecipe) -> None:
    """Downloads the bootstrap Node's wheel into ``work/wheels`` with pip's own settings on this host."""
    pip = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:']
    call = [*pip, '--dest', str(work / 'wheels'), recipe.bootstrap_node]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-3:]
        raise StackError(explain(f'pip could not fetch "{recipe.bootstrap_node}"', words, PIPS))


def _failed_by_itself(process: subprocess.Popen[bytes]) -> bool:
    """Whether it was mmdebstrap that broke the stream. If the reader did, mmdebstrap goes on, or waits for a reader."""
    try:
        return process.wait(GRACE_SECONDS) != 0
    except subprocess.TimeoutExpired:
        return False


def _relay(stream: IO[bytes], console: Console, last: list[str]) -> None:
    for raw in stream:
        line = raw.decode('utf-8', 'replace').rstrip()
        last.append(line)
        del last[:-40]
        if line.startswith(STAGES):
            console.detail(line.removeprefix('I: '))


def _lines(words: tuple[str, ...]) -> str:
    return ''.join(f'{word}\n' for word in words)
