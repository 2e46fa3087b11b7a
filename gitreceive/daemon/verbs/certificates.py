"""Answers the verbs of certificates."""

from gitreceive.commands import certificates
from gitreceive.daemon import render
from gitreceive.daemon.verbs.parts import Answers, Asking, Parts
from gitreceive.grammar.parsing import Invocation
from gitreceive.model.access import Actor
from gitreceive.model.certificate import ServedCertificate
from gitreceive.model.errors import BadCommand
from gitreceive.wiring.router import open_certificates


def _certs(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    found = certificates.list_certificates(actor, asked.app, parts.home, parts.journal, _serving(parts))
    return render.listed([*map(_row, found)], asked.switch('json'), cut=False)


def _certs_add(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    if asked.text('file') is None:
        raise BadCommand(
            'the certificate, its chain and its key are one PEM text: --file FILE, or --file - over SSH'
        )
    pem = asking.read_input(certificates.MOST_BYTES)
    added = certificates.add_certificate(actor, asked.app, pem, parts.home, parts.journal, _serving(parts))
    names, ends = ', '.join(added.names), render.when(added.ends)
    if asked.switch('json'):
        return render.as_json({'app': asked.app, 'names': added.names, 'issuer': added.issuer, 'ends': ends})
    return render.lines(
        f'{asked.app} is served with the certificate of {added.issuer} for {names}, until {ends}'
    )


def _certs_remove(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    certificates.remove_certificate(actor, asked.app, parts.home, parts.journal, _serving(parts))
    if asked.switch('json'):
        return render.as_json({'app': asked.app})
    return render.lines(f'{asked.app} has no certificate of its own now')


def _certs_ca(parts: Parts, actor: Actor, asked: Invocation, asking: Asking) -> str:
    found = open_certificates(parts.settings).authority()
    return render.as_json({'certificate': found}) if asked.switch('json') else f'{found.strip()}\n'


def _row(served: ServedCertificate) -> render.Row:
    return {
        'host': served.host,
        'origin': served.origin.value,
        'issuer': served.issuer,
        'ends': render.when(served.ends),
    }


def _serving(parts: Parts) -> certificates.Serving:
    running = parts.receiver.running
    return certificates.Serving(
        certificates=open_certificates(parts.settings),
        below=parts.settings.router.domain,
        refresh=running.ports.router.refresh if running else _untold,
    )


def _untold() -> None:
    """Where nothing is run, there is nobody to be told."""


ANSWERS: Answers = {
    'certs': _certs,
    'certs add': _certs_add,
    'certs ca': _certs_ca,
    'certs remove': _certs_remove,
}
