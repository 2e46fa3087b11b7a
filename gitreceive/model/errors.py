"""Every error that this project raises on purpose: one class for each stage, one exit code for each class.

Exit codes go in tens by stage, so that a script can tell a broken setting (10) from a failed build (60).
A message says what happened, where, and what to do about it; it may have several lines.
"""

from collections.abc import Sequence


class GitReceiveError(Exception):
    """The base of them all. ``str(error)`` is written for the person who reads it at night."""

    exit_code = 1


class SettingsError(GitReceiveError):
    """A setting is unknown, malformed or contradicts another one."""

    exit_code = 10


class StateError(GitReceiveError):
    """The receiver's own files are missing, broken, or too open."""

    exit_code = 11


class DaemonUnreachable(GitReceiveError):
    """Nobody listens on the daemon's socket."""

    exit_code = 12


class HomeInUse(GitReceiveError):
    """Another receiver works on this home."""

    exit_code = 13


class AddressInUse(GitReceiveError):
    """Another server listens where the SSH server is to listen."""

    exit_code = 14


class StackError(GitReceiveError):
    """A base image is missing or could not be made."""

    exit_code = 15


class AccessDenied(GitReceiveError):
    """This key may not do that. The text never tells whether the app exists."""

    exit_code = 20


class KeyRefused(GitReceiveError):
    """A public key was not taken: unreadable, private, too weak, or already there."""

    exit_code = 21


class UnknownApp(GitReceiveError):
    """No app of that name."""

    exit_code = 22


class BadCommand(GitReceiveError):
    """A request that is not in the grammar."""

    exit_code = 23


class TooMany(GitReceiveError):
    """One key, one app or all together ask for more at once than is allowed."""

    exit_code = 24


class SourceError(GitReceiveError):
    """The pushed commit cannot be read, or a file of it is too large or not what it should be."""

    exit_code = 30


class RoomError(GitReceiveError):
    """The disk has no room for the build."""

    exit_code = 31


class DetectError(GitReceiveError):
    """No buildpack recognises the app, or its manifests contradict each other."""

    exit_code = 40


class RecipeError(GitReceiveError):
    """A plan cannot be turned into a Dockerfile."""

    exit_code = 50


class BuildError(GitReceiveError):
    """A build step failed; the message names the step and its exit status.

    ``step`` is the step's short name and ``tail`` the last lines that it printed, as far as they are known.
    """

    exit_code = 60

    def __init__(self, message: str, *, step: str = '', tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.step = step
        self.tail = tuple(tail)


class BuildTimeout(BuildError):
    """The build ran longer than it may."""

    exit_code = 61


class BuildCancelled(BuildError):
    """Somebody, or a newer push, or the end of the receiver stopped the build."""

    exit_code = 62


class EngineGone(BuildError):
    """The Docker engine does not answer, or went away in the middle."""

    exit_code = 63


class SlugError(GitReceiveError):
    """``/app`` of the image cannot be packed, or the slug is too large."""

    exit_code = 70


class SecretError(SlugError):
    """The slug would hold a secret; the message names the paths."""

    exit_code = 71


class StorageError(GitReceiveError):
    """The slug could not be stored whole, or what is stored is not what was sent."""

    exit_code = 80


class NoSuchObject(StorageError):
    """The storage answers, and does not have what was asked for."""


class ReleaseError(GitReceiveError):
    """The release could not be recorded."""

    exit_code = 90


class RunError(GitReceiveError):
    """An instance could not be started."""

    exit_code = 100


class Unhealthy(RunError):
    """The processes of a release did not come up; the message says which, and what it said last."""

    exit_code = 101


class ReleaseCommandFailed(RunError):
    """The ``release`` process type ended with another status than 0."""

    exit_code = 102


class RouterError(GitReceiveError):
    """The router could not be told who answers."""

    exit_code = 103


class CertificateError(GitReceiveError):
    """A certificate or its key is not what it should be, or none was issued."""

    exit_code = 104
