"""Makes a stack's two images: looks, fetches, imports the one, builds the other on top, names both. All or nothing."""

import difflib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitreceive.model.errors import StackError
from gitreceive.model.progress import Console
from gitreceive.stack import images
from gitreceive.stack.additions import add, wanted_additions
from gitreceive.stack.certificates import host_certificates
from gitreceive.stack.ports import StackEngine
from gitreceive.stack.recipe import StackRecipe, digest
from gitreceive.stack.root import (
    SPACE,
    Host,
    check_tools,
    debian_root,
    fetch_bootstrap,
    inspect_host,
    prepare,
)

SHOWN = 40
"""Lines of a drift that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``host_ca``: put the host's extra certificates in. ``again``: make the images although the recipe has not changed
    (Debian's packages may have). ``record``: write the installed packages into the recipe instead of comparing them.
    ``additions``: make these too.
    """

    host_ca: bool = True
    again: bool = False
    record: bool = False
    additions: tuple[str, ...] = ()


DEFAULTS = Options()


def build_stack(
    recipe: StackRecipe, engine: StackEngine, console: Console, options: Options = DEFAULTS
) -> bool:
    """Makes the images of ``recipe`` in the engine, unless they are there; True if it made any.

    Raises StackError; then there are no new images, and the ones from before still have their names.
    """
    host = inspect_host(recipe.suite, host_certificates() if options.host_ca else ())
    additions = wanted_additions(engine, recipe, options.additions)
    made = _base(engine, recipe, host, console, options)
    for name in additions:
        with work_directory() as work:
            if add(engine, recipe, host, name, work, console):
                compare(recipe.directory, work, console, options)
                made = True
    return made


def _base(engine: StackEngine, recipe: StackRecipe, host: Host, console: Console, options: Options) -> bool:
    mark = digest(recipe, host.circumstances())
    if not options.again and images.present(engine, recipe, mark):
        console.step(f'{recipe.stack.name} is up to date ({mark[:12]})')
        return False
    check_tools()
    with work_directory() as work:
        _make(engine, recipe, host, mark, work, console)
        compare(recipe.directory, work, console, options)
    return True


@contextmanager
def work_directory() -> Iterator[Path]:
    """A temporary directory. Raises StackError if there is no room for it."""
    try:
        with tempfile.TemporaryDirectory(prefix='gitreceive-stack-') as place:
            yield Path(place)
    except OSError as error:
        place = error.filename or tempfile.gettempdir()
        remedy = f'free some space, or set TMPDIR to a directory with {SPACE} that may be written to'
        raise StackError(f'{place}: {error.strerror}; {remedy}') from error


def _make(
    engine: StackEngine, recipe: StackRecipe, host: Host, mark: str, work: Path, console: Console
) -> None:
    stack = recipe.stack
    console.step(f'Making {stack.name} from Debian {recipe.suite} (recipe {mark[:12]})')
    console.detail(
        f'{len(host.certificates)} certificates that this host trusts besides the usual ones go in'
    )
    prepare(work, recipe, host)
    fetch_bootstrap(work, recipe)
    console.step(f'Run image: {len(recipe.run_packages)} packages and what they depend on')
    run_id = _run_image(engine, recipe, mark, work, console)
    try:
        _audit(console, (work / 'stripped-run.txt').read_text())
        console.step(f'Build image: {len(recipe.build_packages)} more packages, and Node to start with')
        marks = {**images.labels(recipe, mark), images.BASE: run_id}
        inside = images.inside(recipe, 'build.sh', work, ('packages-build', 'debs', 'wheels'))
        build_id, printed = images.commit_on_top(engine, recipe, run_id, marks, inside)
    except BaseException:
        engine.discard(run_id)
        raise
    _audit(console, images.said(printed, 'stripped'))
    (work / 'installed-build.txt').write_text(images.said(printed, 'installed'))
    engine.name(run_id, stack.run_image)
    engine.name(build_id, stack.build_image)
    console.step(f'{stack.run_image} and {stack.build_image} are ready')


def _run_image(engine: StackEngine, recipe: StackRecipe, mark: str, work: Path, console: Console) -> str:
    made: list[str] = []
    try:
        with debian_root(work, recipe, console) as root:
            made.append(images.import_run_image(engine, recipe, mark, root))
    except BaseException:
        for image_id in made:
            engine.discard(image_id)
        raise
    return made[0]


def drift(before: str, after: str, name: str) -> list[str]:
    """The lines of a unified diff between two package lists; empty if they are the same."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f'a/{name}', f'b/{name}', n=0, lineterm=''
    )
    return list(lines)


def _audit(console: Console, stripped: str) -> None:
    lines = stripped.splitlines()
    console.detail(f'{len(lines)} files lost their setuid or setgid bit{":" if lines else ""}')
    for line in lines:
        console.detail(f'  {line}')


def compare(recipe: Path, work: Path, console: Console, options: Options) -> None:
    """Shows how the installed packages in ``work`` differ from those that ``recipe`` has, or writes them there."""
    for name in sorted((path.name for path in work.glob('installed-*.txt')), reverse=True):
        kept = recipe / name
        if options.record:
            shutil.copyfile(work / name, kept)
            console.detail(f'wrote {kept}')
            continue
        changes = drift(kept.read_text() if kept.exists() else '', (work / name).read_text(), name)
        if changes:
            console.step(f'Debian has moved on since {name} was written; this is no error:')
        for line in changes[:SHOWN]:
            console.detail(line)
        if len(changes) > SHOWN:
            console.detail(
                f'... and {len(changes) - SHOWN} lines more; "gitreceive stack build --record" writes the file'
            )
