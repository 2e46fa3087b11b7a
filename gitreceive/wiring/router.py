"""Opens the router, and the certificates that it serves with."""

import os
import pwd
import shutil
from collections.abc import Callable
from importlib import import_module

from gitreceive.adapters.haproxy.options import RouterOptions
from gitreceive.adapters.haproxy.router import HaproxyRouter
from gitreceive.adapters.ports.router import PublishedPorts
from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.certificates.ports import Issuer
from gitreceive.certificates.renewals import Renewals
from gitreceive.config.home import Home
from gitreceive.config.listening import holder
from gitreceive.config.settings import Settings
from gitreceive.model.app import AppName
from gitreceive.run.ports import ResidentRouter


def has_router(settings: Settings) -> bool:
    """Whether apps are reached by a router; if not, instances have ports of their own."""
    return bool(_haproxy(settings))


def open_router(settings: Settings) -> ResidentRouter:
    """What leads requests to instances. Starts nothing."""
    if not has_router(settings):
        return PublishedPorts(HaproxyRouter(_router_options(settings)).stop)
    certificates = open_certificates(settings)

    def bundle(app: AppName | None, host: str) -> str:
        return certificates.served(app, host)[1].bundle

    router = HaproxyRouter(_router_options(settings), holder, bundle)
    if settings.router.tls_listen:
        issuer = _acme(settings, router) if settings.router.acme else None
        router.accompany(Renewals(certificates, issuer, router.names, router.refresh).running)
    return router


def _acme(settings: Settings, router: HaproxyRouter) -> Issuer:
    """Only then is what speaks ACME loaded."""
    made: Callable[..., Issuer] = import_module('gitreceive.adapters.acme.issuer').AcmeIssuer
    file = Home(settings.home).certificates / 'acme-account.json'
    return made(settings.router.acme, settings.router.acme_email, file, router)


def open_certificates(settings: Settings) -> Certificates:
    """The certificates of host names, and the authority of the receiver's own. Makes nothing yet."""
    home = Home(settings.home)
    authority = OwnAuthority(home.certificates / 'ca.pem', f'gitreceive on {settings.router.domain}')
    return Certificates(home.certificates, authority)


def _router_options(settings: Settings) -> RouterOptions:
    given = settings.router
    return RouterOptions(
        folder=Home(settings.home).router,
        program=_haproxy(settings),
        listen=given.listen,
        tls_listen=given.tls_listen,
        domain=given.domain,
        redirect=given.redirect,
        max_requests=given.max_requests,
        max_queued=given.max_queued,
        account=('haproxy', 'haproxy') if os.geteuid() == 0 and _is_user('haproxy') else (),
    )


def _haproxy(settings: Settings) -> str:
    """The program, also where only root's PATH leads to it; empty if there is none."""
    path = f'{os.environ.get("PATH", os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin'
    return shutil.which(settings.router.haproxy, path=path) or '' if settings.router.haproxy else ''


def _is_user(name: str) -> bool:
    return any(each.pw_name == name for each in pwd.getpwall())
