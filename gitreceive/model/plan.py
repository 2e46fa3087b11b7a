"""What is to be built, and how: sources, stacks, plans and recipes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gitreceive.model.process import ProcessType

CODE_MARK = '/gitreceive'
"""A directory of the image, in the layer between what depends on manifests alone and the code."""


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
class PackageSet:
    """Debian packages of the release that the stack ``stack`` is made of; ``image`` is what has them, below ``/app/.apt``."""

    stack: str
    packages: tuple[str, ...]
    image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A Dockerfile and the files it needs in the context.

    ``code`` is where the code lies in the context; empty for an app's own Dockerfile, which sees the code and nothing
    else. ``bases`` are images that the engine has to have: it is asked for them, and fetches none. ``code_steps`` are
    how many of the last steps of an app's own Dockerfile come with its code; 0 if that is not known. ``packages`` are
    made before anything is built; ``install_env`` names the config vars that steps get which install packages.
    """

    dockerfile: str
    files: tuple[ContextFile, ...] = ()
    code: str = 'src/'
    bases: tuple[str, ...] = ()
    code_steps: int = 0
    packages: PackageSet | None = None
    install_env: frozenset[str] = frozenset()
