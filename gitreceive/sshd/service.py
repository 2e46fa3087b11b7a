"""What a session gets: git on a repository, the daemon's answer to a verb, or a clear refusal."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gitreceive.access.book import AccessBook, Grant, may
from gitreceive.access.places import Places, Subject
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.grammar.attaching import attached_words, wanted_terminal
from gitreceive.grammar.wire import ask
from gitreceive.model.errors import AccessDenied, BadCommand, GitReceiveError
from gitreceive.sshd.command import GitRequest, HelpRequest, VerbRequest, help_text, parse_command
from gitreceive.sshd.gitsession import GitSession, serve_git
from gitreceive.sshd.limits import ServerLimits
from gitreceive.sshd.peer import send_all
from gitreceive.sshd.session import Session
from gitreceive.sshd.verbs import forward, shown

REFUSED = 1
"""The exit status of everything that is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionService:
    """Serves sessions. ``address`` is what pushers connect to; ``places`` bounds what there is at once."""

    settings: Settings
    book: AccessBook
    limits: ServerLimits
    address: Callable[[], tuple[str, int]]
    places: Places

    @property
    def home(self) -> Home:
        """The receiver's home."""
        return Home(self.settings.home)

    def serve(self, session: Session, blob: bytes, refusal: str = '') -> int:
        """Does what the session's command asks for, as the owner of the key ``blob``; returns the exit status.

        With a ``refusal``, nothing but that is said.
        """
        if refusal:
            return _refuse(session, refusal)
        try:
            return self._serve(session, self._granted(blob))
        except BadCommand as error:
            return _refuse(session, str(error), 'outside the grammar')
        except GitReceiveError as error:
            return _refuse(session, str(error))
        except ConnectionError:
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
                _tell(session, help_text(*self.address(), request.words))
                return 0
            case VerbRequest():
                session.verb = request.invocation.verb.name
                session.app = request.invocation.maybe_app or ''
                with self.places.held(Subject('verb', grant.fingerprint)):
                    return self._forward(session, grant, request)
            case GitRequest():
                session.verb, session.app = request.verb, request.app
                return self._serve_git(session, grant, request)

    def _serve_git(self, session: Session, grant: Grant, request: GitRequest) -> int:
        asked = GitSession(
            request=request,
            grant=grant,
            settings=self.settings,
            limits=self.limits,
            environment=session.environment,
        )
        app = request.app if may(grant, request.app) else ''
        with self.places.held(Subject('git', grant.fingerprint, app)):
            return serve_git(asked, session)

    def _greet(self, session: Session, grant: Grant) -> int:
        session.verb = 'shell'
        host, port = self.address()
        _tell(
            session,
            f'Hello {grant.name}, you are logged in, but there is no shell here.\n'
            f'"ssh -p {port} git@{host} help" lists what can be asked for.\n',
        )
        return REFUSED

    def _forward(self, session: Session, grant: Grant, request: VerbRequest) -> int:
        asked, words = request.invocation, request.words
        if asked.verb.ends_in_command:
            terminal = wanted_terminal(asked, session.calling)
            words, session.raw = attached_words(asked, terminal), terminal is not None
        answer = ask(self.home.socket, ('verb', grant.fingerprint, *words))
        return forward(answer, session, input_wanted=asked.wants_input)


def _tell(session: Session, text: str) -> None:
    send_all(session, session.send, shown(text.encode(), session))


def _refuse(session: Session, reason: str, logged: str = '') -> int:
    """``logged`` stands in the log in place of a reason that may repeat what was sent."""
    session.refusal = logged or reason
    with suppress(ConnectionError):
        text = ''.join(f' !     {line}\n' for line in reason.splitlines())
        send_all(session, session.send_error, shown(text.encode(), session))
    return REFUSED
