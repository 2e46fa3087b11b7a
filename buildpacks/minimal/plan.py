"""Any app that says how it is started: its code, a Procfile, and what the stack has."""

import re
from collections.abc import Mapping

from gitreceive.build.appfiles.manifest import read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack

MARKERS = ('Procfile',)
ORDER = 90


ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ('python', 'python3', 'gunicorn', 'uvicorn', 'flask', 'celery'),
        'a requirements.txt (it may be empty)',
    ),
    **dict.fromkeys(('node', 'npm', 'npx', 'yarn', 'pnpm'), 'a package.json'),
    **dict.fromkeys(('ruby', 'bundle', 'rails', 'rackup', 'puma', 'rake'), 'a Gemfile and its Gemfile.lock'),
    **dict.fromkeys(('java', 'mvn'), 'a pom.xml or build.gradle'),
    **dict.fromkeys(
        ('php', 'serve-php', 'heroku-php-apache2', 'heroku-php-nginx'), 'a composer.json (it may be "{}")'
    ),
    **dict.fromkeys(('go',), 'a go.mod ("go mod init NAME" writes it)'),
    **dict.fromkeys(('cargo',), 'a Cargo.toml and its Cargo.lock'),
    **dict.fromkeys(('deno',), 'a deno.json'),
    **dict.fromkeys(('bun',), 'a bun.lock'),
}
"""Programs that no stack has where apps run, and the file that makes the app one of a platform that has them."""

STARTS = re.compile(r'^[ \t]*[\w-]+[ \t]*:[ \t]*(?:exec[ \t]+)?([\w./-]+)', re.MULTILINE | re.ASCII)


def detect(source: Source) -> str | None:
    """The Procfile, if there is one."""
    return 'Procfile' if source.exists('Procfile') else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """Nothing to install. Raises DetectError if the Procfile starts what only a platform has."""
    called = STARTS.findall(read_text(source, 'Procfile')) if source.exists('Procfile') else []
    for program in called:
        if program in ELSEWHERE and not source.exists(f'bin/{program}'):
            raise DetectError(
                f'the Procfile calls {program}, which {stack.name} does not have where apps run: '
                f'add {ELSEWHERE[program]}, which marks the platform that has it'
            )
        if source.glob('*.go') and source.exists(f'{program.removeprefix("./")}.go'):
            raise DetectError(
                f'the Procfile calls {program}, and there is a {program.removeprefix("./")}.go, but no go.mod: '
                'run "go mod init NAME" and commit it; "bin/NAME" is the program then'
            )
    return Plan(
        buildpack='minimal',
        title='Minimal',
        reason='Procfile',
        notes=(f'No platform is installed: the app gets what {stack.name} has.',),
    )
