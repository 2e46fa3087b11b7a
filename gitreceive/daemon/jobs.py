"""What follows a release and holds nobody up: its documents, and the end of slugs that are no longer kept."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitreceive.model.app import AppName
from gitreceive.model.errors import GitReceiveError, StateError, StorageError
from gitreceive.repositories import keep_only
from gitreceive.repositories.upkeep import collect_repository, has_many_packs
from gitreceive.slugs.documents import Documents, undocumented
from gitreceive.slugs.retention import Retention

log = logging.getLogger(__name__)

PASSING = (StorageError, StateError, OSError)
"""What may be over when the next build ends: a storage that is away, a full disk."""


class PostReleaseJobs(threading.Thread):
    """Looks after all apps at the start, and again whenever it is rung; then ``remove_images`` is called."""

    def __init__(
        self,
        retention: Retention,
        documents: Documents,
        remove_images: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(name='jobs', daemon=True)
        self._remove_images = remove_images
        self._retention, self._documents = retention, documents
        self._bell = threading.Event()
        self._bell.set()
        self._open = True
        self._tidied: set[AppName] = set()
        self._failed: set[int] = set()

    def ring(self) -> None:
        """A build has ended."""
        self._bell.set()

    def close(self) -> None:
        """Lets ``run`` return after the app that it looks after."""
        self._open = False
        self._bell.set()

    def run(self) -> None:
        """Until ``close``. Whatever goes wrong with a release concerns that one only."""
        while self._wait_for_bell():
            with self._errors('what follows a release'):
                for app in self._retention.journal.apps.all():
                    self._look_after(app)
            if self._open:
                with self._errors('images that no app needs'):
                    self._remove_images()

    def _wait_for_bell(self) -> bool:
        """False after ``close``, which may come at any moment: what it has said is looked at when the bell is silent."""
        self._bell.wait()
        self._bell.clear()
        return self._open

    def _look_after(self, app: AppName) -> None:
        """An app without a new slug is tidied at the start only."""
        if not self._open:
            return
        new = self._document(app)
        if new or app not in self._tidied:
            self._tidied.add(app)
            self._tidy(app)

    def _document(self, app: AppName) -> bool:
        """Whether there was a new slug. One that cannot be described is not read again and again."""
        kept = undocumented(self._retention.slugs(app), self._documents)
        found = [each for each in kept if each.operation not in self._failed]
        for release in found:
            with self._errors(f'the documents of {app} v{release.version}'):
                self._failed.add(release.operation)
                try:
                    self._documents.complete(release)
                except PASSING:
                    self._failed.discard(release.operation)
                    raise
                self._failed.discard(release.operation)
        return bool(found)

    def _tidy(self, app: AppName) -> None:
        with self._errors(f'what {app} does not need'):
            removed = self._retention.collect(app).objects
            if removed:
                log.info('removed %d objects of %s that no kept release needs', len(removed), app)
        with self._errors(f'the commits of the releases of {app}'):
            self._keep_commits(app)
        with self._errors(f'the repository of {app}'):
            self._pack(app)

    def _keep_commits(self, app: AppName) -> None:
        repo = self._retention.home.repo(app)
        if repo.is_dir():
            keep_only(repo, lambda: {each.version: each.commit for each in self._retention.releases(app)})

    def _pack(self, app: AppName) -> None:
        repo = self._retention.home.repo(app)
        if has_many_packs(repo):
            log.info('packed the repository of %s: %d bytes are free', app, collect_repository(repo))

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (GitReceiveError, OSError) as error:
            log.warning('%s: %s', what, error)
        except Exception:
            log.exception('%s: an error of the receiver itself', what)
