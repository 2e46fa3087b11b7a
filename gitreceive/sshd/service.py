"""What a session gets: git on a repository, the builder's answer to a verb, or a clear refusal."""

from collections.abc import Callable
from dataclasses import dataclass

from gitreceive.access.book import AccessBook, Grant, may
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.grammar.wire import ask
from gitreceive.model.errors import AccessDenied, BadCommand, GitReceiveError, StateError
from gitreceive.repositories import ensure_repository, git_environment, serve_command
from gitreceive.sshd.child import Child
from gitreceive.sshd.command import GitRequest, HelpRequest, VerbRequest, help_text, parse_command
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.relay import relay
from gitreceive.sshd.session import GONE, Session
from gitreceive.sshd.verbs import forward, shown

REFUSED = 1
"""The exit status of everything that the door refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Serves sessions. ``address`` is what pushers connect to."""

    settings: Settings
    book: AccessBook
    limits: ServerLimits
    address: Callable[[], tuple[str, int]]

    @property
    def home(self) -> Home:
        """Where everything lies."""
        return Home(self.settings.home)

    def serve(self, session: Session, blob: bytes) -> int:
        """Does what the session's command asks for, as the owner of the key ``blob``; returns the exit status."""
        try:
            return self._serve(session, self._granted(blob))
        except BadCommand as error:
            return _refuse(session, str(error), 'outside the grammar')
        except GitReceiveError as error:
            return _refuse(session, str(error))
        except GONE:
            return REFUSED

    def _granted(self, blob: bytes) -> Grant:
        """Looked up again: a key that was taken away since the log-in opens nothing more."""
        grant = self.book.find(blob)
        if grant is None:
            raise AccessDenied('this key was taken away; ask the sysadmin')
        return grant

    def _serve(self, session: Session, grant: Grant) -> int:
        if not session.command:
            return self._greet(session, grant)
        request = parse_command(session.command)
        match request:
            case HelpRequest():
                session.verb = 'help'
                session.channel.sendall(shown(help_text(*self.address(), request.words).encode(), session))
                return 0
            case VerbRequest():
                session.verb = request.invocation.verb.name
                return self._forward(session, grant, request)
            case GitRequest():
                session.verb, session.app = request.verb, request.app
                return self._serve_git(session, grant, request)

    def _greet(self, session: Session, grant: Grant) -> int:
        session.verb = 'shell'
        host, port = self.address()
        told = (
            f'Hello {grant.name}, you are logged in, but there is no shell here.\n'
            f'"ssh -p {port} git@{host} help" lists what can be asked for.\n'
        )
        session.channel.sendall(shown(told.encode(), session))
        return REFUSED

    def _forward(self, session: Session, grant: Grant, request: VerbRequest) -> int:
        answer = ask(self.home.socket, ('verb', grant.fingerprint, *request.words))
        return forward(answer, session, input_wanted=request.invocation.wants_input)

    def _serve_git(self, session: Session, grant: Grant, request: GitRequest) -> int:
        repository = self.home.repo(request.app)
        exists = (repository / 'HEAD').exists()
        creates = self.settings.apps.create and request.verb == 'git-receive-pack'
        if not may(grant, request.app) or not (exists or creates):
            raise AccessDenied(
                f'no app {request.app} that this key may reach; check the name, or ask the sysadmin'
            )
        if not exists:
            ensure_repository(repository)
        environment = {
            **git_environment(),
            **session.environment,
            'GITRECEIVE_APP': request.app,
            'GITRECEIVE_USER': grant.name,
            'GITRECEIVE_KEY': grant.fingerprint,
            'GITRECEIVE_SOCKET': str(self.home.socket),
            'GITRECEIVE_CHECKOUT_FILES': str(self.settings.limits.checkout_files),
            'GITRECEIVE_CHECKOUT_BYTES': str(self.settings.limits.checkout_bytes),
            'GITRECEIVE_CHECKOUT_DEPTH': str(self.settings.limits.checkout_depth),
        }
        try:
            child = Child(
                serve_command(request.verb, repository, self.settings.limits), environment, repository
            )
        except OSError as error:
            raise StateError(f'cannot start git: {error.strerror}; try again in a moment') from error
        try:
            return relay(child, session, self.limits)
        finally:
            child.close()


def _refuse(session: Session, reason: str, logged: str = '') -> int:
    """``logged`` stands in the log in place of a reason that may repeat what was sent."""
    session.refusal = logged or reason
    try:
        session.say(''.join(f' !     {line}\n' for line in reason.splitlines()))
    except GONE:
        pass
    return REFUSED
