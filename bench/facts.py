"""Where it was measured: what a reader needs to know of the machine."""

import os
import platform
import shutil
import time

from bench.errors import BenchError
from bench.processes import run
from gitreceive.adapters.docker.engine import Engine


def machine(engine: str) -> list[str]:
    """Lines about this machine and the programs that take part."""
    with Engine(engine).connect() as client:
        about = client.version()
        driver = client.info()['Driver']
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    return [
        time.strftime('%Y-%m-%d %H:%M %Z'),
        f'{os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()} {platform.release()} {platform.machine()}',
        f'Docker engine {about["Version"]} ({driver}), {_said("docker", "--version")}, {_said("git", "--version")}, '
        f'{_said("ssh", "-V")}, Python {platform.python_version()}',
        f'load average at the start {os.getloadavg()[0]:.1f}',
    ]


def _said(*command: str) -> str:
    if not shutil.which(command[0]):
        return f'no {command[0]}'
    try:
        return run(*command).strip().partition(',')[0]
    except BenchError:
        return f'{command[0]} of an unknown version'
