"""``python -m bench``: measures, prints one table in Markdown, leaves nothing behind but its logs and the table."""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import click

from bench.errors import BenchError
from bench.facts import machine
from bench.measure import Row
from bench.naive import Naive, classic_builder, naive_way, swept
from bench.ours import our_way
from bench.processes import run
from bench.scenarios import SCENARIOS
from bench.servers import storage
from bench.setting import QUICK, Bench, Sizes
from bench.table import render
from gitreceive.model.errors import GitReceiveError

PLACE = Path(__file__).parent.parent / 'build' / 'bench'
DEFAULT_ENGINE = 'unix:///var/run/docker.sock'
NEVER = (
    'A network: client, server and storage are on one machine.',
    'The start of the new processes, but where the row says so: neither way starts any.',
    'An fsync and a read back on the naive side: its storage writes the file and says yes; ours does both.',
    "The removal of the naive way's containers: it is done between the measurements.",
    'Start-up files of the login shell: sshd gets an empty HOME. Where they are long, each naive push takes longer.',
)


@click.command()
@click.option('--quick', is_flag=True, help='small sizes, one run: tests the bench, measures nothing')
@click.option('--only', multiple=True, type=click.Choice([*SCENARIOS]), help='this scenario; may be repeated')
@click.option('--runs', type=click.IntRange(1), help='of each measurement (cold pushes: at most 3)')
@click.option('--output', type=click.Path(path_type=Path), help='write the table to this file, too')
@click.option('--place', type=click.Path(path_type=Path), default=PLACE, help='where it works (build/bench)')
def main(quick: bool, only: Sequence[str], runs: int | None, output: Path | None, place: Path) -> None:
    """Compare this receiver with the naive way, in one run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = QUICK if quick else Sizes()
    if runs:
        sizes = replace(sizes, runs=runs, cold=min(runs, Sizes().cold))
    report = Report()
    engine = os.environ.get('DOCKER_HOST') or DEFAULT_ENGINE
    began = time.monotonic()
    with working(place.resolve()) as scratch:
        report.facts += machine(engine)
        with started(scratch, engine, sizes, report) as bench:
            for name in only or SCENARIOS:
                take(name, bench, report)
    report.facts.append(
        f'load average in the end {os.getloadavg()[0]:.1f}; the whole run took {time.monotonic() - began:.0f} s'
    )
    if quick:
        report.facts.append('**quick: small sizes and single runs; these numbers say nothing**')
    text = render(report.rows, report.facts, report.remarks, [*report.missing, *NEVER])
    click.echo(text)
    if output:
        output.write_text(text)
    sys.exit(1 if report.failed else 0)


class Report:
    """What has been found so far."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.facts: list[str] = []
        self.remarks: list[str] = []
        self.missing: list[str] = []
        self.failed = False


def take(name: str, bench: Bench, report: Report) -> None:
    """One scenario; if it fails, the table says so and the others go on."""
    try:
        report.rows += SCENARIOS[name](bench)
    except (BenchError, GitReceiveError) as error:
        say(f'{name}: {error}')
        report.missing.append(f'{name}: {" ".join(str(error).split())[:1000]}')
        report.failed = True


@contextmanager
def working(place: Path) -> Iterator[Path]:
    """A directory below ``place`` that is gone in the end; one bench at a time works in a place."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / 'lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f' !     another bench works in {place}: wait for it, or use --place')
        scratch = place / 'run'
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def started(scratch: Path, engine: str, sizes: Sizes, report: Report) -> Iterator[Bench]:
    """Both ways, running. Without what the naive one needs, the report says what is missing."""
    key = scratch / 'id_ed25519'
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', key)
    with ExitStack() as stack:
        stack.enter_context(swept(scratch / 'naive', engine))
        ours = stack.enter_context(our_way(scratch, key, engine))
        without = classic_builder(scratch / 'naive', engine)
        naive = _naive(stack, scratch, key, engine, report)
        if naive and without:
            report.missing.append(f'The naive way, except pushes without a build: {without}.')
        yield Bench(
            place=scratch,
            engine=engine,
            ours=ours,
            naive=naive,
            deploys=naive is not None and not without,
            sizes=sizes,
            say=say,
            remark=report.remarks.append,
        )


def _naive(stack: ExitStack, scratch: Path, key: Path, engine: str, report: Report) -> Naive | None:
    store = stack.enter_context(storage(scratch / 'naive' / 'store'))
    try:
        return stack.enter_context(naive_way(scratch / 'naive', key, engine, store))
    except BenchError as error:
        report.missing.append(f'The naive way: {error}')
        return None


def say(text: str) -> None:
    """How far it is, for whoever waits."""
    click.echo(f'{time.strftime("%H:%M:%S")} {text}', err=True)


if __name__ == '__main__':
    with contextlib.suppress(BrokenPipeError):
        try:
            main(standalone_mode=False)
        except (KeyboardInterrupt, click.Abort):
            sys.exit(130)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (BenchError, GitReceiveError) as error:
            sys.exit(f' !     {error}')
