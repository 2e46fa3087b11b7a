"""Runs a recipe in the engine: the first thing that runs pushed code, there and nowhere else."""

from collections.abc import Callable, Sequence

from gitreceive.build.ports import BuildJob, ImageBuilder
from gitreceive.model.cancellation import pause
from gitreceive.model.errors import BuildCancelled, BuildError, BuildTimeout, EngineGone
from gitreceive.model.progress import Cancellation, Console
from gitreceive.model.slug import Image

Explain = Callable[[str, Sequence[str]], str | None]
"""From a failed step and its last lines to the cause and the remedy, if they are known."""

PASSES = '\nTry again;'
"""How the remedy of a cause begins that may pass by itself: the network's, mostly."""

PAUSE = 5.0
"""Seconds before the second try."""


def run_recipe(
    job: BuildJob,
    builder: ImageBuilder,
    console: Console,
    cancellation: Cancellation,
    explain: Explain = lambda step, tail: None,
) -> Image:
    """The image that the recipe makes, with the exact versions in it.

    A step whose cause may pass by itself is tried a second time. Raises BuildError that names the step and its exit
    status, with what ``explain`` says of it, and carries its last lines; BuildTimeout, BuildCancelled, EngineGone;
    SourceError if the code cannot be read. No image is left then.
    """
    again = True
    while True:
        cancellation.check()
        try:
            return builder.build(job, console, cancellation)
        except (BuildTimeout, BuildCancelled, EngineGone):
            raise
        except BuildError as error:
            cause = explain(error.step, error.tail) if error.tail else None
            if cause is None:
                _report_tail(error, console)
                raise
            if not again or PASSES not in cause:
                raise BuildError(f'{error}: {cause}', step=error.step, tail=error.tail) from error
            again = False
            console.warn(f'{error}: {cause.partition(PASSES)[0]}; retrying')
        pause(cancellation, PAUSE)


def _report_tail(error: BuildError, console: Console) -> None:
    """The end of what a step printed, where it is looked for: the log may have been cut, other steps may have printed."""
    if error.tail:
        lines = f'{len(error.tail)} lines' if len(error.tail) > 1 else 'line'
        console.warn(f'The last {lines} of "{error.step}":')
    for line in error.tail:
        console.detail(line)
