"""Any app that says how it is started: its code, a Procfile, and what the stack has."""

from collections.abc import Mapping

from gitreceive.build.ports import Source
from gitreceive.model.plan import Plan, Stack

MARKERS = ('Procfile',)
ORDER = 90


def detect(source: Source) -> str | None:
    """The Procfile, if there is one."""
    return 'Procfile' if source.exists('Procfile') else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """Nothing to install."""
    return Plan(
        buildpack='minimal',
        title='Minimal',
        reason='Procfile',
        notes=(f'No platform is installed: the app gets what {stack.name} has.',),
    )
