"""Brings the images of releases into a Docker engine: it pulls them from the registry of this receiver.

There they have names with the version and the slug: an app that was made again counts its versions from 1 again.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import requests
from docker import APIClient
from docker.errors import APIError, ImageNotFound

from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.app import AppName
from gitreceive.model.errors import RunError
from gitreceive.model.progress import Cancellation
from gitreceive.model.release import Release
from gitreceive.run.registry import RegistryAccess

PULL_SECONDS = 600
"""What the engine may take until it tells of some progress."""

TAG = re.compile(r'v([0-9]+)-[0-9a-f]{16}')
STACKS = 'stack'
"""What comes before the name of a stack in the registry; apps have no names with a slash."""

NEWEST = 'latest'


class DockerImages:
    """Images of one receiver in one engine; ``identity`` is its word. Thread-safe."""

    def __init__(
        self, engine: Engine, identity: Callable[[], str], registry: Callable[[], RegistryAccess]
    ) -> None:
        self._engine, self._identity, self._registry = engine, identity, registry

    def ensure(self, release: Release, cancellation: Cancellation) -> str:
        """See the port."""
        cancellation.check()
        kept, tag = f'{self._folder}{release.app}', f'v{release.version}-{release.slug.sha256[:16]}'
        with self._engine.connect(PULL_SECONDS) as client:
            found = self._id(client, f'{kept}:{tag}')
            if found:
                return found
            with self._pulled(client, release.app, f'v{release.version}', cancellation) as name:
                with self._engine.errors(f'kept the image {kept}:{tag}'):
                    client.tag(name, kept, tag)
            cancellation.check()
            return self._id(client, f'{kept}:{tag}') or _lost(release)

    def prepare(self, stack: str) -> None:
        """See the port. The engine does not know by what digest others call the layers that it has made itself; it
        remembers when it has fetched them once."""
        with self._engine.connect(PULL_SECONDS) as client:
            with self._pulled(client, f'{STACKS}/{stack}', NEWEST, None):
                pass

    def remove(self, kept: Callable[[AppName, int], bool]) -> int:
        """See the port."""
        with self._engine.connect() as client, self._engine.errors('removed images of releases'):
            listed = client.images(filters={'reference': f'{self._folder}*'})
            names = [name for image in listed for name in image['RepoTags'] or ()]
            going = [name for name in names if _is_unneeded(name.removeprefix(self._folder), kept)]
            return sum(_removed(client, name) for name in going)

    @property
    def _folder(self) -> str:
        return f'gitreceive/{self._identity()}/'

    def _id(self, client: APIClient, name: str) -> str:
        with self._engine.errors(f'looked for {name}'):
            try:
                return str(client.inspect_image(name)['Id'])  # type: ignore[no-untyped-call]
            except ImageNotFound:
                return ''

    @contextmanager
    def _pulled(
        self, client: APIClient, name: str, tag: str, cancellation: Cancellation | None
    ) -> Iterator[str]:
        """An image under the name that it has in the registry, as long as the context lasts."""
        access = self._registry()
        full = f'{access.address}/{name}'
        shown = f'{name.removeprefix(f"{STACKS}/")} {tag}'
        credentials = {'username': access.user, 'password': access.password}
        with self._engine.errors(f'fetched the image of {shown}', refusals=True):
            try:
                stream = client.pull(full, tag, stream=True, decode=True, auth_config=credentials)
                self._watch(stream, shown, cancellation)
            except APIError as error:
                raise RunError(_refused(shown, str(error.explanation or error))) from error
        try:
            yield f'{full}:{tag}'
        finally:
            with self._engine.errors('removed the name of an image'), suppress(ImageNotFound):
                client.remove_image(f'{full}:{tag}', noprune=True)

    def _watch(self, stream: Any, shown: str, cancellation: Cancellation | None) -> None:
        """Reads what the engine tells until it has the image. Raises RunError."""
        with closing(stream):
            for told in stream:
                if cancellation:
                    cancellation.check()
                if 'error' in told:
                    raise RunError(_refused(shown, str(told['error'])))


def _is_unneeded(name: str, kept: Callable[[AppName, int], bool]) -> bool:
    app, _, tag = name.partition(':')
    found = TAG.fullmatch(tag)
    return found is not None and not kept(AppName(app), int(found[1]))


def _removed(client: APIClient, name: str) -> bool:
    """Whether it was there, and no container has it."""
    try:
        client.remove_image(name)
    except ImageNotFound:
        return False
    except APIError as error:
        if error.status_code == requests.codes.conflict:
            return False
        raise
    return True


def _refused(shown: str, cause: str) -> str:
    return (
        f'the Docker engine could not fetch the image of {shown} from the registry of this '
        f'receiver, which answers on 127.0.0.1 only: {cause}'
    )


def _lost(release: Release) -> str:
    raise RunError(f'somebody removed the image of {release.app} v{release.version}: try again')
