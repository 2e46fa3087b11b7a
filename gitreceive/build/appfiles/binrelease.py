"""What ``bin/release`` of a classic buildpack said: the process types that it names.

https://devcenter.heroku.com/articles/buildpack-api#bin-release
"""

from dataclasses import replace

import yaml

from gitreceive.build.appfiles.classic import in_home
from gitreceive.build.appfiles.procfile import parse_procfile
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan
from gitreceive.model.process import ProcessType


def with_release(plan: Plan, said: bytes) -> Plan:
    """``plan`` with the process types that ``bin/release`` named, where the app names none itself.

    ``said`` is its output: YAML, of which plain values are read and nothing else. Raises DetectError if it is none, or
    if there is nothing to run.
    """
    if plan.processes:
        return plan
    processes = _default_processes(said)
    if not processes:
        raise DetectError(
            'neither the app nor its buildpack says how it is started: add a Procfile with "web: COMMAND"'
        )
    directory = plan.values.get('directory')
    placed = tuple(replace(process, command=in_home(process.command, directory)) for process in processes)
    return replace(plan, processes=placed)


def _default_processes(said: bytes) -> tuple[ProcessType, ...]:
    try:
        found = yaml.load(said.decode('utf-8', 'replace'), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        shown = ' '.join(str(error).split())
        raise DetectError(
            f'bin/release of the buildpack printed no YAML: {ascii(shown[:200])[1:-1]}: correct the buildpack, or add a '
            'Procfile with "web: COMMAND"'
        ) from error
    types = found.get('default_process_types') if isinstance(found, dict) else None
    if not isinstance(types, dict):
        return ()
    lines = [f'{name}: {command}' for name, command in types.items() if isinstance(command, str)]
    try:
        text = '\n'.join(' '.join(line.split('\n')) for line in lines)
        return parse_procfile(text.encode('utf-8', 'surrogatepass'))
    except DetectError as error:
        shown = str(error).partition(': ')[2]  # without the line: there is no Procfile
        raise DetectError(f'default_process_types of bin/release: {shown}') from error
