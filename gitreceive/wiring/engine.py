"""Opens what an engine is asked for, but for running releases."""

from collections.abc import Callable, Mapping

from gitreceive.adapters.buildkit.builder import DockerImageBuilder
from gitreceive.adapters.docker.baseimages import ExportedBaseImages
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.foreground import DockerContainers
from gitreceive.adapters.docker.slugrun import DockerSlugRunner
from gitreceive.adapters.docker.stack import connected
from gitreceive.adapters.slugfiles.packer import DockerSlugPacker
from gitreceive.config.home import Home
from gitreceive.config.settings import Settings
from gitreceive.local.ports import LocalBuilder
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.plan import PackageSet
from gitreceive.model.progress import Console
from gitreceive.run.ports import Containers, SlugRunner
from gitreceive.slugs.ports import SlugPacker
from gitreceive.slugs.published import BaseImages
from gitreceive.stack import load_stack
from gitreceive.stack.build import DEFAULTS, build_stack
from gitreceive.stack.build import Options as StackOptions
from gitreceive.stack.packages import ensure_packages
from gitreceive.stack.recipe import StackRecipe

PING_SECONDS = 1.0


def make_stack(
    recipe: StackRecipe, environ: Mapping[str, str], console: Console, options: StackOptions = DEFAULTS
) -> bool:
    """Makes a stack's images in the engine that ``environ`` names, unless they are there. Raises StackError."""
    with connected(environ) as engine:
        return build_stack(recipe, engine, console, options)


def packages(settings: Settings) -> Callable[[PackageSet, Console], None]:
    """Makes images of Debian packages in the engine of the settings."""

    def ensure(wanted: PackageSet, console: Console) -> None:
        with connected({'DOCKER_HOST': settings.engine.url} if settings.engine.url else {}) as engine:
            ensure_packages(engine, wanted, console)

    return ensure


def engine_answers(settings: Settings) -> bool:
    """Whether the engine can be spoken to right now; asks for at most a second."""
    try:
        client = Engine(settings.engine.url).connect(PING_SECONDS)
    except GitReceiveError:
        return False
    client.close()
    return True


def local_builder(settings: Settings, name: str) -> LocalBuilder:
    """Builds images that carry ``name`` instead of a receiver's."""
    return DockerImageBuilder(Engine(settings.engine.url), name, lambda: name, packages=packages(settings))


def open_packer(settings: Settings) -> SlugPacker:
    """Reads slugs out of the engine's images."""
    return DockerSlugPacker(Engine(settings.engine.url), most=settings.limits.unpacked_bytes)


def open_base_images(settings: Settings) -> BaseImages:
    """The run images of stacks, for the registry."""
    folder = Home(settings.home).base_images
    return ExportedBaseImages(Engine(settings.engine.url), folder, lambda name: load_stack(name).run_image)


def open_slug_runner(settings: Settings) -> SlugRunner:
    """Runs slugs on the clean run image."""
    return DockerSlugRunner(Engine(settings.engine.url))


def open_containers(settings: Settings) -> Containers:
    """Runs containers in the foreground."""
    return DockerContainers(Engine(settings.engine.url))
