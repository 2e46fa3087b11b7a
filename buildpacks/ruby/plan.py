"""Ruby apps: Gemfile and Gemfile.lock, installed by Bundler for a copy of the stack's own Ruby."""

import re
from collections.abc import Iterable, Mapping

from gitreceive.build.appfiles.manifest import conflict, read_text
from gitreceive.build.ports import Source
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Choice, Plan, Stack
from gitreceive.model.process import ProcessType

from .causes import CAUSES as CAUSES
from .locked import GEMFILE, LOCK, Locked, read_locked

MARKERS = (GEMFILE,)
ORDER = 20
ASSETS = 'detected'
INSTALL_ENV = ('BUNDLE_*', 'GEM_*', 'RUBY*', 'RAILS_ENV', 'RACK_ENV', 'NOKOGIRI_*', 'FREEDESKTOP_*')
NAMES = 'gems are read from Gemfile and Gemfile.lock here'
HINTS = {
    LOCK: 'commit the Gemfile that belongs to Gemfile.lock',
    'gems.rb': 'rename gems.rb to Gemfile and gems.locked to Gemfile.lock',
    'config.ru': 'add a Gemfile with "source" and the gems of config.ru (gem "rack", gem "puma"), run "bundle install" and commit both files',
}

GEMFILE_RUBY = re.compile(r'^\s*ruby\s+["\'](?P<version>[^"\']{1,60})["\']\s*$', re.MULTILINE)
EXACT = re.compile(r'(?:ruby-)?(?P<version>\d{1,2}\.\d{1,2}(?:\.\d{1,3})?)', re.ASCII)
RANGE = re.compile(r'[~<>=!]')
UNKNOWN = re.compile('-linux-gnu$')
VENDORED = 'vendor/cache/*.gem'
HARMLESS = re.compile(r'^\s*#.*$|\bFile\.read\(["\']\.ruby-version["\']\)', re.MULTILINE)
"""Comments, and what reads a file that is there in any case."""

NEEDS_TREE = re.compile(
    r'^\s*(?:gemspec|eval_gemfile|path|require|require_relative|load)\b|\bpath(?::|\s*=>)'
    r'|\b(?:File|IO|Dir|Pathname|instance_eval|eval|open|__dir__|__FILE__)\b',
    re.MULTILINE,
)
"""What in a Gemfile looks at other files. The option ``require: false`` of a gem does not."""

ASSETS_TASK = re.compile(r'assets:precompile|namespace\s*\(?\s*:assets')
COMPILED = (
    'public/assets/.sprockets-manifest*.json',
    'public/assets/manifest*.json',
    'public/assets/.manifest.json',
)
WORKERS = {
    'delayed_job': 'bundle exec rake jobs:work',
    'good_job': 'bundle exec good_job start',
    'sidekiq': 'bundle exec sidekiq',
}
SECRET = 'SECRET_KEY_BASE'


def detect(source: Source) -> str | None:
    """Gemfile, if there is one."""
    return GEMFILE if source.exists(GEMFILE) else None


def plan(source: Source, stack: Stack, env: Mapping[str, str]) -> Plan:
    """How the app is built. Raises DetectError for a lock file that is missing or cannot be used here."""
    _refuse_both_names(source)
    locked = read_locked(source)
    gemfile = read_text(source, GEMFILE)
    if told := conflict(GEMFILE, gemfile):
        raise DetectError(told)
    choice = _ruby(source, stack, gemfile, locked)
    processes, processes_from = _processes(source, locked)
    assets = _assets(source, locked)
    from_source = _from_source(locked)
    return Plan(
        buildpack='ruby',
        title='Ruby',
        reason=GEMFILE,
        choices=(choice,),
        values={
            'ruby': choice.wanted,
            'manifests': tuple(name for name in (GEMFILE, LOCK, '.ruby-version') if source.exists(name)),
            'tree_first': _tree_first(source, gemfile),
            'install': ('install', '--from-source') if from_source else ('install',),
            'assets': assets,
            'needs_source_version': assets,
        },
        processes=processes,
        processes_from=processes_from,
        notes=tuple(_notes(source, locked, from_source, env)),
        generated=(SECRET,) if locked.rails else (),
    )


def _refuse_both_names(source: Source) -> None:
    """Bundler takes gems.rb where there is one, and says that it does; this buildpack would take the other."""
    for old, new in ((GEMFILE, 'gems.rb'), (LOCK, 'gems.locked')):
        if source.exists(new):
            raise DetectError(f'there are {old} and {new}: delete the one that is not meant ({NAMES})')


def _ruby(source: Source, stack: Stack, gemfile: str, locked: Locked) -> Choice:
    """The stack's Ruby, if it is what is asked for. Ranges in the Gemfile are left to Bundler."""
    if not stack.rubies:
        raise DetectError(f'the stack {stack.name} has no Ruby: its sysadmin should build it again')
    asked, where = _asked(source, gemfile, locked)
    if not asked:
        return Choice(tool='Ruby', wanted=stack.rubies[-1], source=f'default of {stack.name}')
    match = EXACT.fullmatch(asked)
    if not match:
        shown = ascii(asked[:60])[1:-1]
        raise DetectError(f'{where} says {shown}, which is no version of Ruby: write "{stack.rubies[-1]}"')
    fitting = [there for there in stack.rubies if f'{there}.'.startswith(f'{match["version"]}.')]
    if not fitting:
        place = f'the line "ruby" of the {GEMFILE}' if where == LOCK else 'it'
        raise DetectError(
            f'{where} asks for Ruby {match["version"]}, and the stack {stack.name} has {", ".join(stack.rubies)}: '
            f'change {place}, run "bundle install" and commit {GEMFILE} and {LOCK}'
        )
    return Choice(tool='Ruby', wanted=fitting[-1], source=where)


def _from_source(locked: Locked) -> bool:
    """Whether all gems have to be compiled, since some are locked to a platform by a name that the stack's Bundler does not know.

    Raises DetectError if some are locked to their compiled form alone.
    """
    unknown = [name for name, platforms in locked.compiled.items() if any(map(UNKNOWN.search, platforms))]
    alone = [name for name in locked.compiled if name not in locked.sources]
    if unknown and alone:
        raise DetectError(
            f"{LOCK} has {', '.join(alone[:5])} in compiled form only, and the stack's Bundler does not know the platform "
            'x86_64-linux-gnu: run "bundle lock --add-platform ruby" and commit it; such gems are compiled here then'
        )
    return bool(unknown)


def _asked(source: Source, gemfile: str, locked: Locked) -> tuple[str, str]:
    if locked.ruby:
        return locked.ruby, LOCK
    match = GEMFILE_RUBY.search(gemfile)
    if match and not RANGE.search(match['version']):
        return match['version'].strip(), GEMFILE
    if not match and source.exists('.ruby-version'):
        return read_text(source, '.ruby-version').strip(), '.ruby-version'
    return '', ''


def _tree_first(source: Source, gemfile: str) -> bool:
    """Whether installing needs more of the code than the manifests: what the Gemfile reads, or gems that are part of it."""
    return bool(NEEDS_TREE.search(HARMLESS.sub('', gemfile)) or source.glob(VENDORED))


def _processes(source: Source, locked: Locked) -> tuple[tuple[ProcessType, ...], str]:
    if source.exists('Procfile'):
        return (), 'Procfile'
    if locked.rails:
        web = 'bundle exec rails server -b 0.0.0.0 -p "$PORT" -e "$RAILS_ENV"'
        found = {'web': web, 'console': 'bundle exec rails console', **_worker(locked)}
        return _types(found, locked), 'No Procfile, so the default for Rails'
    if source.exists('config.ru'):
        found = {'web': _rack(locked), 'console': 'bundle exec irb'}
        return _types(found, locked), 'No Procfile, so the default for Rack (config.ru)'
    raise DetectError(
        'nothing says how the app is started: add a Procfile with "web: COMMAND", or a config.ru'
    )


def _types(found: Mapping[str, str], locked: Locked) -> tuple[ProcessType, ...]:
    """``found``, and rake if its gem is there: with the names that Heroku's buildpack gives."""
    rake = {'rake': 'bundle exec rake'} if 'rake' in locked.gems else {}
    return tuple(ProcessType(name=name, command=command) for name, command in (*found.items(), *rake.items()))


def _worker(locked: Locked) -> Mapping[str, str]:
    commands = [command for gem, command in WORKERS.items() if gem in locked.gems]
    return {'worker': commands[0]} if commands else {}


def _rack(locked: Locked) -> str:
    if 'puma' in locked.gems:
        return 'bundle exec puma -b "tcp://0.0.0.0:$PORT" config.ru'
    if 'rackup' in locked.gems or locked.gems.get('rack', '').startswith(('1.', '2.')):
        return 'bundle exec rackup --host 0.0.0.0 --port "$PORT" config.ru'
    raise DetectError(
        f'{LOCK} has no server for config.ru: add "gem \'puma\'" to the Gemfile, run "bundle install" and commit both files'
    )


def _assets(source: Source, locked: Locked) -> bool:
    """Whether there may be assets to compile: a task for it, in the Rakefile or by Rails, and no result in the commit."""
    if any(source.glob(pattern) for pattern in COMPILED) or not source.exists('Rakefile'):
        return False
    return locked.rails or bool(ASSETS_TASK.search(read_text(source, 'Rakefile')))


def _notes(source: Source, locked: Locked, from_source: bool, env: Mapping[str, str]) -> Iterable[str]:
    if locked.rails and SECRET not in env:
        yield f'Rails needs the config var {SECRET}, which is not set.'
    if locked.bundler:
        yield f"Gemfile.lock was written by Bundler {ascii(locked.bundler)[1:-1]}; the stack's own Bundler installs it."
    if locked.checksums:
        yield "The checksums of Gemfile.lock are not compared: the stack's Bundler does not know them."
    if from_source:
        yield "All gems are compiled: the stack's Bundler does not know those for x86_64-linux-gnu."
    if source.glob(VENDORED):
        yield 'vendor/cache is in the repository: Bundler takes all gems from there.'
    if source.glob('vendor/bundle/*/*/*'):
        yield 'vendor/bundle is in the repository and is not used: "git rm -r --cached vendor/bundle" and add it to .gitignore.'
