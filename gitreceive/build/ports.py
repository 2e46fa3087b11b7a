"""What builds need from the world, as small protocols. Adapters satisfy them without inheriting."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from gitreceive.model.app import AppName
from gitreceive.model.operation import Operation
from gitreceive.model.plan import ContextFile, Plan, Recipe, SourceFile, Stack
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.push import Commit
from gitreceive.model.release import Release
from gitreceive.model.slug import Image, LayeredSlug, SlugOrder, StoredSlug


class Source(Protocol):
    """The files of one commit (or of a working directory), read-only. Paths are relative, with ``/``."""

    @property
    def commit(self) -> Commit:
        """The commit whose files these are."""

    @property
    def committed(self) -> int:
        """When it was committed, in whole seconds since the epoch; as far as a tar's header has room for it."""

    def exists(self, path: str) -> bool:
        """Whether a regular file stands at ``path`` (a symlink or directory does not count)."""

    def read(self, path: str, limit: int = 10_000_000) -> bytes:
        """The file's bytes. Raises SourceError if it is not there or over ``limit`` bytes."""

    def glob(self, pattern: str) -> Sequence[str]:
        """The paths of files that match, sorted. ``*`` does not match ``/``; ``**/`` is not supported."""

    def files(self) -> Iterator[SourceFile]:
        """Every file, link and submodule, sorted by path."""

    def archive(self, prefix: str) -> AbstractContextManager[IO[bytes]]:
        """An uncompressed tar stream of the whole tree below ``prefix`` (``src/``), with its end-of-archive blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildJob:
    """What an image builder is given.

    ``app`` names the cache mounts' namespace; ``number`` is a label on everything that is created; ``source`` goes
    below ``src/`` of the context, ``env`` (config vars) below ``env/``, one file each; ``nocache`` forbids cached layers.
    """

    app: AppName
    number: int
    recipe: Recipe
    source: Source
    env: Mapping[str, str] = field(default_factory=dict)
    nocache: bool = False


class ImageBuilder(Protocol):
    """Builds images in an engine."""

    def build(self, job: BuildJob, console: Console, cancellation: Cancellation) -> Image:
        """Runs the recipe. Raises BuildError (a step failed), BuildTimeout, BuildCancelled or EngineGone."""

    def digest(self, name: str) -> str:
        """The id of the image of that name, ``sha256:...``; empty if there is none. Raises EngineGone."""

    def place(self) -> Path | None:
        """The directory where the engine keeps images, if that is on this host. Raises EngineGone."""

    def images(self) -> Mapping[int, AppName]:
        """The numbers of the builds that have an image, with their apps. Raises EngineGone.

        The label is ``gitreceive.build=<number>``, beside ``gitreceive.home=<a name for this receiver>``: what
        another receiver made on the same engine is not seen and not touched.
        """

    def remove_images(self, numbers: frozenset[int]) -> int:
        """Removes the images of these builds, but not those that run; returns how many. Raises EngineGone."""

    def remove_containers(self, before: int, active: frozenset[int]) -> int:
        """Removes the containers that builds older than ``before`` have left, unless they are active; returns how many."""


class Buildpack(Protocol):
    """A platform: how it is recognised and how it is built."""

    @property
    def name(self) -> str:
        """The directory's name."""

    @property
    def markers(self) -> tuple[str, ...]:
        """The files that mark the platform, for the message when nothing is recognised."""

    def detect(self, source: Source) -> str | None:
        """The file that makes this an app for this buildpack, or None."""

    def plan(self, source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
        """What to do, from manifests alone: no network, no clock, nothing of the app is run.

        ``env`` are the app's config vars. Raises DetectError, with the remedy, for manifests that cannot be used.
        """

    @property
    def template(self) -> str:
        """The Dockerfile template's text (jinja2)."""

    @property
    def files(self) -> tuple[ContextFile, ...]:
        """The files that its steps need, below ``buildpack/`` in the context."""


class BuiltApps(Protocol):
    """What counts for builds of an app, as the journal keeps it: config vars, and the stack."""

    def config(self, app: AppName) -> dict[str, str]:
        """The config vars of an app."""

    def change_config(self, app: AppName, changes: Mapping[str, str], removed: Sequence[str]) -> None:
        """Sets and removes some, all or none."""

    def kept_stack(self, app: AppName) -> str:
        """The name of the stack that the app stays on unless its app.json asks for another; empty: the default."""


class ReleaseBook(Protocol):
    """The releases of apps, as the journal keeps them."""

    def live(self, app: AppName) -> Release | None:
        """What the app runs, or None."""

    def of(self, app: AppName, limit: int) -> Sequence[Release]:
        """The newest ones, newest first."""

    def get(self, app: AppName, version: int) -> Release | None:
        """One of them, or None."""

    def config(self, release: Release) -> Mapping[str, str]:
        """The config vars that it was made with."""

    def create(self, operation: Operation, release: Release, config: Mapping[str, str]) -> Release:
        """Gives the release its version; it is not live yet. Raises ReleaseError if the operation has ended."""


class SlugCutter(Protocol):
    """Cuts slugs out of images."""

    def cut(self, order: SlugOrder, cancellation: Cancellation) -> LayeredSlug:
        """The slug, all of whose chunks are stored then, and scanned for secrets before that.

        Raises SlugError, SecretError, StorageError, EngineGone, BuildTimeout or BuildCancelled; then no file is left, and
        no chunk that was not there.
        """


class SlugStore(Protocol):
    """Where slugs are stored."""

    def keeping(self, app: AppName, cancellation: Cancellation) -> AbstractContextManager[None]:
        """As long as it lasts, no slug of the app is removed."""

    def storing(
        self, app: AppName, slug: LayeredSlug, facts: Mapping[str, object], folder: Path, live: str
    ) -> AbstractContextManager[StoredSlug]:
        """The slug made of its chunks, with the facts beside it. Raises StorageError.

        ``live`` is the checksum of the live slug, which stays readable whatever happens until the context ends.
        """

    def report_growth(self, slug: LayeredSlug, before: Release | None, console: Console) -> None:
        """Where the slug has grown against that of a release, if it has by much."""

    def reduce(self, app: AppName, slugs: AbstractSet[str]) -> None:
        """Of these slugs only the chunks need to stay: they can be read from them."""

    def restore(self, app: AppName, sha256: str, check: Callable[[], None]) -> None:
        """Reads all of a slug, compares it with its checksum, and makes its file again if that was reduced.

        ``check`` is called now and then, and may raise. Raises NoSuchObject if the slug is not kept, StorageError.
        """

    def copy(self, source: AppName, sha256: str, target: AppName, check: Callable[[], None]) -> None:
        """Gives ``target`` a slug of ``source``. ``check`` is called now and then, and may raise.

        Raises NoSuchObject if ``source`` does not have it, StorageError.
        """
