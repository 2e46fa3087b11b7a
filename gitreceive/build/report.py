"""How a plan and its build are reported: to people line by line, and to machines."""

from collections.abc import Sequence

from gitreceive.build.planning import Planned
from gitreceive.model.plan import Plan
from gitreceive.model.progress import Console
from gitreceive.model.slug import Image, LayeredSlug
from gitreceive.model.text import megabytes


def report_plan(plan: Plan, console: Console) -> None:
    """What was found, and where each decision came from."""
    console.step(f'{plan.title} app detected ({plan.reason})')
    for choice in plan.choices:
        console.detail(f'Using {choice.tool} {choice.wanted} ({choice.source})')
    for note in plan.notes:
        console.detail(note)


def report_planned(planned: Planned, console: Console) -> None:
    """The whole plan: what was found, what would run, what the engine would be sent, and the Dockerfile."""
    plan = planned.plan
    report_plan(plan, console)
    console.step('Process types')
    names = ', '.join(process.name for process in plan.processes)
    declared = f'declares types -> {names}' if names else 'names them in the build'
    console.detail(f'{plan.processes_from} {declared}')
    for process in plan.processes:
        console.detail(f'{process.name}: {process.command}')
    files, size = context_size(planned)
    console.step(f'Build context: {files:,} files, {megabytes(size)}')
    console.step('Dockerfile')
    for line in planned.recipe.dockerfile.splitlines():
        console.detail(line)


def as_record(planned: Planned) -> dict[str, object]:
    """The plan for machines: values of JSON."""
    plan = planned.plan
    files, size = context_size(planned)
    return {
        'buildpack': plan.buildpack,
        'title': plan.title,
        'reason': plan.reason,
        'commit': planned.source.commit,
        'versions': [
            {'tool': choice.tool, 'wanted': choice.wanted, 'source': choice.source} for choice in plan.choices
        ],
        'process_types': {process.name: process.command for process in plan.processes},
        'processes_from': plan.processes_from,
        'notes': list(plan.notes),
        'context': {'files': files, 'bytes': size},
        'dockerfile': planned.recipe.dockerfile,
    }


def context_size(planned: Planned) -> tuple[int, int]:
    """How many files the engine is sent, and how many bytes they have: the code, and what the steps need."""
    recipe = planned.recipe
    count, size = 1 + len(recipe.files), len(recipe.dockerfile.encode())
    size += sum(len(file.content) for file in recipe.files)
    for file in planned.source.files():
        count, size = count + 1, size + file.size
    return count, size


def report_processes(plan: Plan, image: Image, console: Console) -> None:
    """The exact versions that the build arrived at; the process types, and who declares them."""
    if image.versions:
        console.detail(
            'Built with ' + ', '.join(f'{tool} {version}' for tool, version in image.versions.items())
        )
    console.step('Discovering process types')
    names = ', '.join(process.name for process in plan.processes)
    console.detail(f'{plan.processes_from} declares types -> {names}')


def report_slug(slug: LayeredSlug, console: Console) -> None:
    """The slug's size and checksum, how much of it was not there before, and what it could not hold."""
    console.detail(f'{megabytes(slug.size)}, sha256 {slug.sha256} ({megabytes(slug.new)} new)')
    report_left_out(slug.left_out, console)


def report_left_out(names: Sequence[str], console: Console) -> None:
    """What a slug cannot hold."""
    for name in names:
        console.warn(f'left out of the slug: {name}')
