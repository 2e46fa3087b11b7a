"""The certificates that HAProxy serves: the files that it reads at its start, and the words that change them later."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gitreceive.adapters.haproxy.files import read, write
from gitreceive.adapters.haproxy.master import CURRENT, tell
from gitreceive.adapters.haproxy.options import RouterOptions, own_hosts
from gitreceive.model.app import AppName
from gitreceive.model.errors import CertificateError
from gitreceive.model.route import Route

LIST = 'certificates.list'
FOLDER = 'certificates'
LONGEST = 200

Bundles = Callable[[AppName | None, str], str]
"""The certificate, chain and key of a host name of an app (None: of the receiver itself), as PEM. Raises CertificateError."""


def no_certificate(app: AppName | None, host: str) -> str:
    """Where nothing listens for HTTPS, nobody asks."""
    raise CertificateError(f'there is no certificate for {host}')


log = logging.getLogger(__name__)


def certificate_files(
    options: RouterOptions, routes: Mapping[AppName, Route], bundles: Bundles
) -> Mapping[str, str]:
    """The files by their names, the list among them; none where nothing listens for HTTPS.

    The first is for clients that name no host that is known. A name whose certificate is missing gets it, too.
    """
    if not options.tls_listen:
        return {}
    found = {_file(options.domain): bundles(None, options.domain)}
    lines = [_file(options.domain)]
    for app, host in _hosts(options, routes):
        try:
            found[_file(host)] = bundles(app, host)
        except CertificateError as error:
            log.warning('%s has no certificate: %s', host, error)
            continue
        lines.append(_line(host))
    return {LIST: ''.join(f'{line}\n' for line in lines), **found}


def tell_certificates(folder: Path, wanted: Mapping[str, str]) -> None:
    """Lets the worker serve these instead of those in the files. Raises RouterError."""
    former, lines = set(read(folder / LIST).splitlines()), set(wanted.get(LIST, '').splitlines())
    for name, text in wanted.items():
        if name.startswith(f'{FOLDER}/'):
            _present(folder, name, text, read(folder / name))
    for line in sorted(lines - former):
        tell(folder, CURRENT, f'add ssl crt-list {LIST}', line)
    for line in sorted(former - lines):
        name = line.partition(' ')[0]
        tell(folder, CURRENT, f'del ssl crt-list {LIST} {name}')
        tell(folder, CURRENT, f'del ssl cert {name}')
        (folder / name).unlink(missing_ok=True)
    if former != lines:
        write(folder / LIST, wanted[LIST])


def _present(folder: Path, name: str, text: str, former: str) -> None:
    if text == former:
        return
    if not former:
        tell(folder, CURRENT, f'new ssl cert {name}')
    tell(folder, CURRENT, f'set ssl cert {name}', _without_empty_lines(text))
    tell(folder, CURRENT, f'commit ssl cert {name}')
    write(folder / name, text)


def _without_empty_lines(text: str) -> str:
    """An empty line ends what is told."""
    return '\n'.join(line for line in text.splitlines() if line.strip())


def _hosts(options: RouterOptions, routes: Mapping[AppName, Route]) -> Iterator[tuple[AppName, str]]:
    for app, route in sorted(routes.items()):
        for host in own_hosts(route, options.domain):
            yield app, host


def _line(host: str) -> str:
    return f'{_file(host)} {host}'


def _file(host: str) -> str:
    stem = host if len(host) <= LONGEST else hashlib.sha256(host.encode()).hexdigest()
    return f'{FOLDER}/{stem}.pem'
