"""A session of git: what is asked for is checked, git is started, and served. Knows nothing of how the client came in."""

import secrets
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gitreceive.access.book import Grant, may
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.grammar.wire import ask
from gitreceive.model.errors import AccessDenied, StateError
from gitreceive.repositories import check_creates, git_environment, serve_command
from gitreceive.repositories.sessionhooks import session_hooks
from gitreceive.sshd.child import Child
from gitreceive.sshd.command import GitRequest
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.peer import Peer
from gitreceive.sshd.push import PushSession, serve_push
from gitreceive.sshd.relay import relay
from gitreceive.sshd.unborn import repository_for

PUSH = 'git-receive-pack'


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSession:
    """Who asks for what; ``environment`` is what the client may add to git's."""

    request: GitRequest
    grant: Grant
    settings: Settings
    limits: ServerLimits
    environment: Mapping[str, str]

    @property
    def pushes(self) -> bool:
        """Whether it may change anything."""
        return self.request.verb == PUSH


def serve_git(session: GitSession, peer: Peer) -> int:
    """Serves it to its end; returns the exit status. Raises AccessDenied and StateError."""
    home = Home(session.settings.home)
    repository = home.repo(session.request.app)
    allowed = may(session.grant, session.request.app)
    creates = allowed and session.pushes and session.settings.apps.create
    if creates and not (repository / 'HEAD').exists():
        check_creates(session.grant.fingerprint, home.repos, session.settings.apps.per_key)
    with repository_for(repository, session.grant.fingerprint, create=creates) as exists:
        if not allowed or not exists:
            raise AccessDenied(
                f'no app {session.request.app} that this key may reach; check the name, or ask the sysadmin'
            )
        if session.pushes:
            with session_hooks(repository) as hooks:
                return _serve_push(session, peer, repository, hooks)
        with closing(_start(session, repository)) as child:
            relay(child, peer, session.limits)
            return child.exit_status()


def _serve_push(session: GitSession, peer: Peer, repository: Path, hooks: Path) -> int:
    push = PushSession(
        app=session.request.app,
        key=session.grant.fingerprint,
        token=secrets.token_hex(16),
        repository=repository,
        hooks=hooks,
        ask=partial(ask, Home(session.settings.home).socket),
    )
    with closing(_start(session, repository, hooks, push.token)) as child:
        return serve_push(push, child, peer, session.limits)


def _start(session: GitSession, repository: Path, hooks: Path | None = None, token: str = '') -> Child:
    limits = session.settings.limits
    environment = {
        **git_environment(),
        **session.environment,
        'GITRECEIVE_APP': session.request.app,
        'GITRECEIVE_USER': session.grant.name,
        'GITRECEIVE_KEY': session.grant.fingerprint,
        'GITRECEIVE_SESSION': token,
        'GITRECEIVE_SOCKET': str(Home(session.settings.home).socket),
        'GITRECEIVE_CHECKOUT_FILES': str(limits.checkout_files),
        'GITRECEIVE_CHECKOUT_BYTES': str(limits.checkout_bytes),
        'GITRECEIVE_CHECKOUT_DEPTH': str(limits.checkout_depth),
    }
    command = serve_command(session.request.verb, repository, limits, hooks)
    try:
        return Child(command, environment, repository)
    except OSError as error:
        raise StateError(f'cannot start git: {error.strerror}; try again in a moment') from error
