"""The values that flow through the line, in the order of the story: push, source, plan, recipe, image, slug, release.

All records are frozen; a stage returns a new one. Times are seconds since the epoch (float, UTC).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, NewType

from gitreceive.errors import BadCommand

AppName = NewType('AppName', str)
Commit = NewType('Commit', str)

APP_NAME = re.compile(r'[a-z][a-z0-9-]{0,29}')
COMMIT = re.compile(r'[0-9a-f]{40}')
NO_COMMIT = Commit('0' * 40)
"""What git writes for "this ref does not exist" (githooks(5), pre-receive)."""


def parse_app_name(text: str) -> AppName:
    """``text`` as an app name: a lower-case letter, then up to 29 of ``a-z``, ``0-9``, ``-``.

    Raises BadCommand with the rule for anything else.
    """
    if not APP_NAME.fullmatch(text):
        shown = ascii(text[:40])
        raise BadCommand(
            f'{shown} is not an app name: a lower-case letter, then at most 29 of a-z, 0-9 and "-"'
        )
    return AppName(text)


def parse_commit(text: str) -> Commit:
    """``text`` as a full SHA-1 object name. Raises BadCommand otherwise."""
    if not COMMIT.fullmatch(text):
        raise BadCommand(f'{ascii(text[:50])} is not a commit: 40 hexadecimal digits are expected')
    return Commit(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Who acts: the name a key was registered under, and the key's SHA256 fingerprint (empty on the host itself)."""

    name: str
    key: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One line of a hook's standard input: ``old new ref``."""

    old: Commit
    new: Commit
    ref: str

    @property
    def deletes(self) -> bool:
        """Whether the push removes the ref."""
        return self.new == NO_COMMIT


ROLLBACK = 'rollback='
"""An option that no pusher can give: the verb of that name does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """An accepted update of an app's deploy branch, as the journal keeps it."""

    app: AppName
    update: RefUpdate
    pusher: Pusher
    options: frozenset[str] = frozenset()

    @property
    def commit(self) -> Commit:
        """The commit to build."""
        return self.update.new

    @property
    def restores(self) -> int | None:
        """The version of the release that is to be live again, for a rollback; None where something is to be built."""
        found = (option.removeprefix(ROLLBACK) for option in self.options if option.startswith(ROLLBACK))
        return next(map(int, found), None)


class BuildState(StrEnum):
    """Where a build stands. ``queued`` and ``running`` are the live ones; the others are final."""

    QUEUED = 'queued'
    RUNNING = 'running'
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'
    CANCELLED = 'cancelled'
    SUPERSEDED = 'superseded'

    @property
    def live(self) -> bool:
        """Whether the build still has work to do."""
        return self in (BuildState.QUEUED, BuildState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One try at turning a push into a release. ``number`` counts over all apps of a receiver, from 1."""

    number: int
    push: Push
    state: BuildState
    cause: str = ''
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    attempt: int = 1


class SourceFile(NamedTuple):
    """One file of a source. ``kind`` is ``file``, ``link`` or ``submodule``; ``size`` is in bytes, 0 but for a file.

    ``commit`` is that of a submodule, where the source knows it. A commit may have 50,000 of them, which is why this is
    a tuple: a frozen dataclass takes several times as long to make.
    """

    path: str
    kind: str
    size: int = 0
    commit: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A base image pair: ``run_image`` runs slugs, ``build_image`` makes them.

    ``pythons``, ``rubies``, ``gos``, ``javas`` and ``gradles`` are the exact versions that it has, the newest last,
    ``rusts`` and ``phps`` those of its additions ``rust`` and ``php``; ``python_mirror`` the URL that other Pythons come
    from, and ``gradle_distribution`` that of a Gradle to be taken instead of its own, if any.
    """

    name: str
    run_image: str
    build_image: str
    uid: int
    pythons: tuple[str, ...] = ()
    rubies: tuple[str, ...] = ()
    gos: tuple[str, ...] = ()
    javas: tuple[str, ...] = ()
    gradles: tuple[str, ...] = ()
    rusts: tuple[str, ...] = ()
    phps: tuple[str, ...] = ()
    python_mirror: str = ''
    gradle_distribution: str = ''

    def addition(self, name: str) -> str:
        """The image of an addition: the build image, with what few apps are built with."""
        return f'{self.build_image}-{name}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A version (or a range, until the build makes it exact) and where it was asked for.

    ``Choice(tool='Node.js', wanted='>=20 <23', source='engines.node')``
    """

    tool: str
    wanted: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessType:
    """A line of a Procfile: a name and a command for ``bash -c``."""

    name: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a buildpack wants done with an app.

    ``title`` is the platform's name for people ("Node.js"), ``reason`` the file that marked it, ``values`` what its
    Dockerfile template asks for (strings, booleans and tuples of strings only), ``notes`` lines to tell the pusher, ``assets`` the plan of a second
    platform that works on the code first, ``generated`` config vars that get a random value if the app has none.
    """

    buildpack: str
    title: str
    reason: str
    choices: tuple[Choice, ...] = ()
    values: Mapping[str, str | bool | tuple[str, ...]] = field(default_factory=dict)
    processes: tuple[ProcessType, ...] = ()
    processes_from: str = 'Procfile'
    notes: tuple[str, ...] = ()
    assets: 'Plan | None' = None
    generated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """A file of the build context beside the app's own: ``name`` is relative to the context's root."""

    name: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A Dockerfile and the files it needs in the context.

    ``code`` is where the code lies in the context; empty for an app's own Dockerfile, which sees the code and nothing
    else. ``bases`` are images that the engine has to have: it is asked for them, and fetches none. ``code_steps`` are
    how many of the last steps of an app's own Dockerfile come with its code; 0 if that is not known.
    """

    dockerfile: str
    files: tuple[ContextFile, ...] = ()
    code: str = 'src/'
    bases: tuple[str, ...] = ()
    code_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image, by its id (``sha256:...``), with the exact versions that its steps recorded.

    ``name`` is what another recipe may call it, as long as nothing newer has taken that name. ``release`` is what
    ``bin/release`` of a classic buildpack printed. ``code_steps`` is its recipe's.
    """

    id: str
    name: str = ''
    versions: Mapping[str, str] = field(default_factory=dict)
    release: bytes = b''
    code_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A part of a slug: a gzip member that holds a run of the tar stream. All members in a row are the slug.

    ``sha256`` in hexadecimal, ``size`` in bytes. ``left_out`` names (at most a few of) the devices, sockets, pipes and
    setuid bits that a slug cannot hold.
    """

    sha256: str
    size: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredSlug:
    """A slug by its members, in their order; ``sha256`` and ``size`` are those of all of them in a row.

    ``new`` is how many bytes had to be packed; the others were in storage already.
    """

    members: tuple[Member, ...]
    sha256: str
    size: int
    new: int

    @property
    def left_out(self) -> tuple[str, ...]:
        """What its members could not hold."""
        return tuple(name for member in self.members for name in member.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slug:
    """A packed ``/app`` in one file: a plain ``.tar.gz`` at ``path``; ``sha256`` in hexadecimal, ``size`` in bytes.

    ``left_out`` names (at most a few of) the devices, sockets, pipes and setuid bits that a slug cannot hold.
    """

    path: Path
    sha256: str
    size: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSlug:
    """A slug in storage, verified. ``url`` names it for people and for other hosts."""

    url: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What an app runs: immutable, numbered from 1 for each app, made by one build."""

    app: AppName
    version: int
    build: int
    commit: Commit
    slug: StoredSlug
    processes: tuple[ProcessType, ...]
    versions: Mapping[str, str]
    created: float
    pusher: Pusher
    buildpack: str
    stack: str
