"""What is known of a slug and stored beside it: where it comes from, and how its processes are started."""

import hashlib
from collections.abc import Mapping

from gitreceive import __version__
from gitreceive.build.built import Built
from gitreceive.build.ports import ImageBuilder
from gitreceive.model.operation import Operation


def slug_facts(operation: Operation, built: Built, builder: ImageBuilder) -> Mapping[str, object]:
    """Values of JSON, the same for the same build. ``builder`` is asked for the digests of base images."""
    plan, recipe, stack = built.plan, built.planned.recipe, built.planned.stack
    on_stack = stack.build_image in recipe.dockerfile  # an app's own Dockerfile may be on another image
    others = [name for name in recipe.bases if name != stack.build_image]
    return {
        'app': operation.app,
        'commit': operation.commit,
        'receiver': __version__,
        'recipe': hashlib.sha256(recipe.dockerfile.encode()).hexdigest(),
        'stack': stack.name,
        'stack_digest': builder.digest(stack.build_image) if on_stack else '',
        'bases': {name: builder.digest(name) for name in others},
        'packages': list(recipe.packages.packages) if recipe.packages else [],
        'buildpack': plan.buildpack,
        'versions': dict(built.image.versions),
        'process_types': {process.name: process.command for process in plan.processes},
    }
