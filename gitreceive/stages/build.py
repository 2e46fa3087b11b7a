"""Builds the image of an app: the first stage that runs pushed code, in the engine and nowhere else."""

from gitreceive.model import Image
from gitreceive.ports import BuildJob, Cancellation, Console, ImageBuilder


def build_image(job: BuildJob, builder: ImageBuilder, console: Console, cancellation: Cancellation) -> Image:
    """The image that the recipe makes, with the exact versions in it.

    Raises BuildError that names the step and its exit status and carries its last lines; BuildTimeout,
    BuildCancelled, EngineGone; SourceError if the code cannot be read. No image is left then.
    """
    cancellation.check()
    return builder.build(job, console, cancellation)
