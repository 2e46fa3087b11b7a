"""Stand-ins for what a deploy needs of the journal and of slugs, which keep the ports' promises."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gitreceive.model.app import AppName
from gitreceive.model.errors import NoSuchObject, ReleaseError
from gitreceive.model.operation import Operation
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.release import Release, ReleaseState
from gitreceive.model.slug import Chunk, LayeredSlug, SlugOrder, StoredSlug


class FakeApps:
    """Satisfies ``ports.BuiltApps``."""

    def __init__(self, config: Mapping[str, str] | None = None) -> None:
        self.kept = dict(config or {})
        self.stack = ''

    def kept_stack(self, app: AppName) -> str:
        return self.stack

    def config(self, app: AppName) -> dict[str, str]:
        return dict(self.kept)

    def change_config(self, app: AppName, changes: Mapping[str, str], removed: Sequence[str]) -> None:
        self.kept |= changes
        for name in removed:
            self.kept.pop(name, None)


class FakeReleases:
    """Satisfies ``ReleaseBook`` and ``RunningReleases``; ``ended`` operations can make no release any more."""

    def __init__(self) -> None:
        self.made: list[tuple[Release, Mapping[str, str]]] = []
        self.states: list[ReleaseState] = []
        self.ended: set[int] = set()

    def live(self, app: AppName) -> Release | None:
        return next((one for one in self.of(app, -1) if one.state is ReleaseState.LIVE), None)

    def of(self, app: AppName, limit: int) -> Sequence[Release]:
        newest = [self._current(release) for release, _ in reversed(self.made)]
        return newest if limit < 0 else newest[:limit]

    def get(self, app: AppName, version: int) -> Release | None:
        return next((one for one in self.of(app, -1) if one.version == version), None)

    def config(self, release: Release) -> Mapping[str, str]:
        return self.made[release.version - 1][1]

    def create(self, operation: Operation, release: Release, config: Mapping[str, str]) -> Release:
        if operation.number in self.ended:
            raise ReleaseError(f'{operation.title} is no longer running')
        made = replace(release, version=len(self.made) + 1)
        self.made.append((made, config))
        self.states.append(ReleaseState.CREATED)
        return self._current(made)

    def starting(self, release: Release) -> None:
        self.states[release.version - 1] = ReleaseState.STARTING

    def fail(self, release: Release) -> None:
        if self.states[release.version - 1] in (ReleaseState.CREATED, ReleaseState.STARTING):
            self.states[release.version - 1] = ReleaseState.FAILED

    def go_live(self, operation: Operation, release: Release) -> Release:
        if operation.number in self.ended:
            raise ReleaseError(f'{operation.title} is no longer running')
        self.states = [
            ReleaseState.REPLACED if state is ReleaseState.LIVE else state for state in self.states
        ]
        self.states[release.version - 1] = ReleaseState.LIVE
        return self._current(release)

    def _current(self, release: Release) -> Release:
        return replace(release, state=self.states[release.version - 1])


class FakeSlugs:
    """Satisfies ``ports.SlugCutter`` and ``ports.SlugStore``: a slug is made of the image's id."""

    def __init__(self) -> None:
        self.orders: list[SlugOrder] = []
        self.stored: dict[str, Mapping[str, object]] = {}
        self.reduced: set[str] = set()
        self.kept = False
        self.restored: list[str] = []
        self.copied: list[tuple[AppName, str, AppName]] = []

    def cut(self, order: SlugOrder, cancellation: Cancellation) -> LayeredSlug:
        cancellation.check()
        assert self.kept and list(order.folder.iterdir()) == []
        self.orders.append(order)
        digest = hashlib.sha256(order.image.id.encode()).hexdigest()
        return LayeredSlug(chunks=(Chunk(sha256=digest, size=7),), sha256=digest, size=7, new=7)

    @contextmanager
    def keeping(self, app: AppName, cancellation: Cancellation) -> Iterator[None]:
        self.kept = True
        yield
        self.kept = False

    @contextmanager
    def storing(
        self, app: AppName, slug: LayeredSlug, facts: Mapping[str, object], folder: Path, live: str
    ) -> Iterator[StoredSlug]:
        assert live in ('', *self.stored)
        self.stored[slug.sha256] = facts
        try:
            yield StoredSlug(sha256=slug.sha256, size=slug.size)
        except BaseException:
            if live != slug.sha256:
                del self.stored[slug.sha256]
            raise

    def report_growth(self, slug: LayeredSlug, before: Release | None, console: Console) -> None:
        console.detail(f'before: {before.version if before else None}')

    def reduce(self, app: AppName, slugs: AbstractSet[str]) -> None:
        self.reduced |= slugs

    def restore(self, app: AppName, sha256: str, check: Callable[[], None]) -> None:
        check()
        if sha256 not in self.stored:
            raise NoSuchObject(sha256)
        self.restored.append(sha256)

    def copy(self, source: AppName, sha256: str, target: AppName, check: Callable[[], None]) -> None:
        check()
        if sha256 not in self.stored:
            raise NoSuchObject(sha256)
        self.copied.append((source, sha256, target))
