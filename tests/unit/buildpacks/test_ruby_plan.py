"""What the Ruby buildpack plans, from Gemfile, Gemfile.lock and what lies beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, rubies=('3.1.2',))
RUBY = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'ruby')
LOCK = """\
GEM
  remote: https://gems.example/
  specs:
    rack (2.2.8)
      extra (>= 1)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  rack
"""
PROCFILE: dict[str, str | bytes] = {'Procfile': 'web: x'}


def locked(*gems: str, more: str = '') -> str:
    specs = ''.join(f'    {gem}\n' for gem in gems)
    return LOCK.replace('    rack (2.2.8)\n      extra (>= 1)\n', specs) + more


def plan(files: dict[str, str | bytes], lock: str | bytes = LOCK, gemfile: str | bytes = '') -> Plan:
    return RUBY.plan(FakeSource({'Gemfile': gemfile, 'Gemfile.lock': lock, **files}), STACK, {})


def refusal(files: dict[str, str | bytes], lock: str | bytes = LOCK, gemfile: str | bytes = '') -> str:
    with pytest.raises(DetectError) as error:
        plan(files, lock, gemfile)
    return str(error.value)


@pytest.mark.parametrize(
    ('lock', 'gemfile', 'files', 'source'),
    [
        (LOCK, '', {}, 'default of cedar-12'),
        (LOCK + '\nRUBY VERSION\n   ruby 3.1.2p20\n', '', {}, 'Gemfile.lock'),
        (LOCK.replace('\n', '\r\n') + '\r\nRUBY VERSION\r\n   ruby 3.1.2\r\n', '', {}, 'Gemfile.lock'),
        (LOCK, 'ruby "3.1"', {}, 'Gemfile'),
        (LOCK, 'ruby "~> 3.0"', {}, 'default of cedar-12'),
        (LOCK, '', {'.ruby-version': 'ruby-3.1.2\n'}, '.ruby-version'),
    ],
)
def test_the_ruby_of_the_stack_is_used_where_it_is_asked_for(
    lock: str, gemfile: str, files: dict[str, str | bytes], source: str
) -> None:
    found = plan(PROCFILE | files, lock, gemfile)
    assert [(choice.wanted, choice.source) for choice in found.choices] == [('3.1.2', source)]


@pytest.mark.parametrize(
    ('lock', 'gemfile', 'files', 'said'),
    [
        (LOCK + '\nRUBY VERSION\n   ruby 3.4.1p0\n', '', {}, 'Gemfile.lock asks for Ruby 3.4.1, and the stack cedar-12 has 3.1.2: change the line "ruby" of the Gemfile'),
        (LOCK, "ruby '3.12'", {}, 'Gemfile asks for Ruby 3.12'),
        (LOCK, '', {'.ruby-version': '$(touch /tmp/x)'}, '.ruby-version says $(touch /tmp/x), which is no version'),
        (LOCK, '', {'.ruby-version': 'jruby-9.4'}, 'which is no version of Ruby'),
        (LOCK.replace('  ruby\n  x86_64-linux', '  arm64-darwin-23'), '', {}, 'bundle lock --add-platform x86_64-linux'),
        ('<<<<<<< HEAD\n', '', {}, 'Gemfile.lock, line 1: a merge conflict marker'),
        (b'x' * 10_000_001, '', {}, 'Gemfile.lock has 10,000,001 bytes; at most 10,000,000 are read'),
        (LOCK, b'x' * 10_000_001, {}, 'Gemfile has 10,000,001 bytes; at most 10,000,000 are read'),
        (LOCK, '', {'.ruby-version': b'3' * 10_000_001}, '.ruby-version has 10,000,001 bytes; at most'),
        (LOCK, 'ruby "$(touch /tmp/x)"', {}, 'Gemfile says $(touch /tmp/x), which is no version of Ruby'),
        (LOCK + '\nRUBY VERSION\n   ruby `id`\n', '', {}, 'Gemfile.lock says `id`, which is no version of Ruby'),
        (LOCK, '', {'.ruby-version': '3.1.2; rm -rf /\n'}, '.ruby-version says 3.1.2; rm -rf /, which is no version'),
        (LOCK, '=======\ngem "rack"', {}, 'Gemfile has a merge conflict marker (line 1)'),
        ('', '', {}, 'Gemfile.lock is not what Bundler writes (it has no PLATFORMS): delete it, run "bundle install"'),
        ('{"gems": []}', '', {}, 'Gemfile.lock is not what Bundler writes'),
        (b'GEM\n  specs:\n    rack (2.2.8\n\0\1', '', {}, 'Gemfile.lock is not what Bundler writes'),
        (LOCK, '', {'gems.rb': ''}, 'there are Gemfile and gems.rb: delete the one that is not meant'),
        (LOCK, '', {'gems.locked': ''}, 'there are Gemfile.lock and gems.locked'),
    ],
    ids=range(18),
)  # fmt: skip
def test_what_cannot_be_installed_here_is_refused_with_what_to_do(
    lock: str | bytes, gemfile: str | bytes, files: dict[str, str | bytes], said: str
) -> None:
    assert said in refusal(PROCFILE | files, lock, gemfile)


@pytest.mark.parametrize(
    ('gems', 'install'),
    [
        (('puma (6.4.0)', 'puma (6.4.0-x86_64-linux)'), ('install',)),
        (('puma (6.4.0-x86_64-linux)', 'ffi (1.0-arm64-darwin)'), ('install',)),
        (('ffi (1.17.0)', 'ffi (1.17.0-x86_64-linux-gnu)', 'rack (3.0.0)'), ('install', '--from-source')),
    ],
)
def test_gems_for_a_platform_that_bundler_does_not_know_are_compiled(
    gems: tuple[str, ...], install: tuple[str, ...]
) -> None:
    found = plan(PROCFILE, locked(*gems))
    assert found.values['install'] == install
    assert any('All gems are compiled' in note for note in found.notes) is (len(install) == 2)


@pytest.mark.parametrize(
    'gems', [('ffi (1.0-x86_64-linux-gnu)',), ('ffi (1.0-x86_64-linux)', 'a (1)', 'a (1-x86_64-linux-gnu)')]
)
def test_such_gems_without_their_source_are_refused_with_what_to_do(gems: tuple[str, ...]) -> None:
    said = refusal(PROCFILE, locked(*gems))
    assert said.startswith('Gemfile.lock has ffi in compiled form only')
    assert 'run "bundle lock --add-platform ruby" and commit it' in said


def test_a_missing_lock_file_is_refused() -> None:
    with pytest.raises(DetectError, match=r'there is no Gemfile\.lock: run "bundle install" and commit it'):
        RUBY.plan(FakeSource({'Gemfile': '', **PROCFILE}), STACK, {})


RAILS = {
    'web': 'bundle exec rails server -b 0.0.0.0 -p "$PORT" -e "$RAILS_ENV"',
    'console': 'bundle exec rails console',
}
RACKUP = {
    'web': 'bundle exec rackup --host 0.0.0.0 --port "$PORT" config.ru',
    'console': 'bundle exec irb',
}
RAKE = {'rake': 'bundle exec rake'}


@pytest.mark.parametrize(
    ('lock', 'files', 'commands'),
    [
        (locked('rails (7.1.0)', 'railties (7.1.0)', 'rake (13.0.6)'), {'config.ru': ''}, {**RAILS, **RAKE}),
        (locked('railties (7.1.0)'), {}, RAILS),
        (locked('delayed_job (4.1.0)', 'railties (7.1.0)'), {}, {**RAILS, 'worker': 'bundle exec rake jobs:work'}),
        (locked('railties (7.1.0)', 'sidekiq (7.0.0)'), {}, {**RAILS, 'worker': 'bundle exec sidekiq'}),
        (LOCK, {'config.ru': ''}, RACKUP),
        (locked('puma (6.4.0)', 'rack (3.0.0)'), {'config.ru': ''}, {**RACKUP, 'web': 'bundle exec puma -b "tcp://0.0.0.0:$PORT" config.ru'}),
        (locked('puma (6.4.0-x86_64-linux)', 'rack (3.0.0)'), {'config.ru': ''}, {**RACKUP, 'web': 'bundle exec puma -b "tcp://0.0.0.0:$PORT" config.ru'}),
        (locked('rack (3.0.0)', 'rackup (2.1.0)', 'rake (13.0.6)'), {'config.ru': ''}, {**RACKUP, **RAKE}),
    ],
    ids=range(8),
)  # fmt: skip
def test_rails_and_rack_start_without_a_procfile(
    lock: str, files: dict[str, str | bytes], commands: dict[str, str]
) -> None:
    found = plan(files, lock)
    assert {process.name: process.command for process in found.processes} == commands
    assert 'No Procfile' in found.processes_from


def test_rails_gets_a_secret() -> None:
    files: dict[str, str | bytes] = {'Gemfile': '', 'Gemfile.lock': locked('railties (7.1.0)'), **PROCFILE}
    found = RUBY.plan(FakeSource(files), STACK, {})
    assert found.generated == ('SECRET_KEY_BASE',)
    assert 'Rails needs the config var SECRET_KEY_BASE, which is not set.' in found.notes
    assert RUBY.plan(FakeSource(files), STACK, {'SECRET_KEY_BASE': 'x'}).notes == ()
    assert plan(PROCFILE).generated == ()


def test_an_app_that_cannot_be_started_is_refused_with_what_to_add() -> None:
    assert 'add a Procfile with "web: COMMAND", or a config.ru' in refusal({})
    assert "gem 'puma'" in refusal({'config.ru': ''}, locked('rack (3.0.0)'))


@pytest.mark.parametrize(
    ('files', 'lock', 'wanted'),
    [
        ({'Rakefile': 'task "assets:precompile" do; end'}, LOCK, True),
        ({'Rakefile': 'namespace :assets do'}, LOCK, True),
        ({'Rakefile': 'Rails.application.load_tasks'}, locked('railties (7.1.0)'), True),
        ({'Rakefile': 'task :test'}, LOCK, False),
        ({'app/assets/config/manifest.js': ''}, locked('railties (7.1.0)'), False),
        ({'Rakefile': 'assets:precompile', 'public/assets/.sprockets-manifest-1.json': ''}, LOCK, False),
        ({'Rakefile': 'assets:precompile', 'public/assets/manifest-1.json': ''}, LOCK, False),
    ],
    ids=range(7),
)
def test_assets_are_compiled_where_there_may_be_some_and_no_result(
    files: dict[str, str | bytes], lock: str, wanted: bool
) -> None:
    assert plan(PROCFILE | files, lock).values['assets'] is wanted


@pytest.mark.parametrize(
    ('gemfile', 'first'),
    [
        ('gem "rack"', False),
        ('gem "bootsnap", ">= 1.4.4", require: false', False),
        ('gem "readline-ext", :require => "readline"', False),
        ('  # gem "own", path: "lib/own"', False),
        ('ruby File.read(".ruby-version").strip', False),
        ('require "./lib/versions"', True),
        ('eval_gemfile(__dir__ + "/x")', True),
        ('Dir["engines/*"].each { |engine| gem engine }', True),
        ('gemspec', True),
        ('gem "own", path: "lib/own"', True),
        ('gem "own", :path => "own"', True),
        ('path "engines" do', True),
        ('eval_gemfile "x"', True),
        ('ruby File.read(".tool-versions")', True),
    ],
)
def test_the_code_comes_first_where_installing_needs_it(gemfile: str, first: bool) -> None:
    assert plan(PROCFILE, gemfile=gemfile).values['tree_first'] is first


def test_the_code_comes_first_where_gems_are_part_of_it() -> None:
    found = plan(PROCFILE | {'vendor/cache/own-1.0.0.gem': b''})
    assert found.values['tree_first'] is True
    assert found.notes == ('vendor/cache is in the repository: Bundler takes all gems from there.',)
    assert plan(PROCFILE | {'vendor/cache/.keep': b''}).values['tree_first'] is False


def test_what_the_pusher_should_know_is_told() -> None:
    files: dict[str, str | bytes] = {'vendor/bundle/ruby/3.1.0/x': ''}
    notes = ' '.join(plan(PROCFILE | files, locked(more='\nBUNDLED WITH\n   2.5.4\n')).notes)
    assert 'written by Bundler 2.5.4' in notes
    assert 'vendor/bundle is in the repository' in notes
    assert 'checksums' not in notes
    assert 'The checksums of' in plan(PROCFILE, locked(more='\nCHECKSUMS\n  rack (2.2.8)\n')).notes[0]


@pytest.mark.parametrize(
    ('said', 'cause'),
    [
        (
            'Your Ruby version is 3.1.2, but your Gemfile specified 3.4.1',
            'the Gemfile asks for Ruby 3.4.1, and the stack has 3.1.2\n',
        ),
        (
            'Your Ruby version is 3.1.2, but your Gemfile specified ~> 3.4',
            'the Gemfile asks for Ruby ~> 3.4, and the stack has 3.1.2\n',
        ),
        (
            'Your Ruby version is 3.1.2, but your Gemfile specified ',
            'the Bundler of the stack knows no such thing\nWrite the line: ruby "3.1.2".',
        ),
        (
            'Your Ruby engine is ruby, but your Gemfile specified jruby',
            'the Gemfile asks for jruby, and the stack has the usual Ruby (MRI)\n',
        ),
        (
            'newer-1.0.0 requires ruby version >= 3.2, which is incompatible with the current\nversion, ruby 3.1.2p20',
            'the gem newer 1.0.0 needs Ruby >= 3.2, which the stack does not have\n',
        ),
        (
            'The path `/app/src/own` does not exist.',
            'the Gemfile asks for a gem in own, and the commit has no such directory\n',
        ),
        (
            "If this error persists you could try removing the cache directory '/app/src'\nGit error: command `git clone --bare --no-hardlinks --quiet --\nhttps://git.invalid/own.git\n/app/heroku/bundler/ruby/3.1.0/cache/bundler/git/own-9ac401d2d54c5d5172d076736094c1fcff150acd`\nin directory /app/src has failed.",
            'the git repository https://git.invalid/own.git could not be fetched\n',
        ),
        (
            'Bundler cannot continue installing webrick (1.8.1).\nThe checksum for the downloaded `webrick-1.8.1.gem` does not match the checksum\ngiven by the server. This means the contents of the downloaded gem is different\nfrom what was uploaded to the server, and could be a potential security issue.',
            'webrick-1.8.1 is not the gem that its source promises\nPush again',
        ),
        (
            'Could not reach host nothing.invalid. Check your network connection and try\nagain.',
            'the source of the gems could not be reached\n',
        ),
        (
            'Could not fetch specs from http://127.0.0.1:9/ due to underlying error\n<Errno::ECONNREFUSED: Failed to open TCP connection to 127.0.0.1:9 (Connection\nrefused - connect(2) for 127.0.0.1:9) (http://127.0.0.1:9/specs.4.8.gz)>',
            'the source of the gems could not be reached\n',
        ),
        (
            "[!] There was an error parsing `Gemfile`: Undefined local variable or method `gemm' for Gemfile. Bundler cannot continue.\n\n #  from /app/src/Gemfile:2",
            "the Gemfile cannot be read: Undefined local variable or method `gemm' for Gemfile",
        ),
        (
            "bundler: failed to load command: rake (/app/heroku/ruby/bin/rake)\nrubygems_integration.rb:319:in `block in replace_bin_path': can't find executable rake for gem rake. rake is not currently included in the bundle, perhaps you meant to add it to your Gemfile? (Gem::Exception)",
            'the bundle has no rake\nAdd "gem \'rake\'"',
        ),
        (
            "Missing encryption key to decrypt file with. Ask your team for your master key and write it to /app/src/config/master.key or put it in the ENV['RAILS_MASTER_KEY'].",
            'their key is not set\nSet it as the config var RAILS_MASTER_KEY',
        ),
        (
            "rake aborted!\nSprockets::FileNotFound: couldn't find file 'nothing' with type 'text/css'\nChecked in these paths: \n  /app/src/app/assets/config\n/app/src/app/assets/stylesheets/application.css:2\nTasks: TOP => assets:precompile",
            "rake stopped: Sprockets::FileNotFound: couldn't find file 'nothing' with type 'text/css'\n",
        ),
        (
            "rake aborted!\nCommand failed with status (127): [yarn install...]\n/app/src/Rakefile:1:in `block in <top (required)>'",
            'rake stopped: Command failed with status (127): [yarn install...]\n',
        ),
        (
            'Your bundle only supports platforms ["x86_64-darwin"] but your local platform is\nx86_64-linux. Add the current platform to the lockfile with\n`bundle lock --add-platform x86_64-linux` and try again.',
            'Gemfile.lock is for ["x86_64-darwin"] only\n',
        ),
        (
            'You are trying to install in deployment mode after changing\nyour Gemfile. Run `bundle install` elsewhere and add the\nupdated Gemfile.lock to version control.',
            'Gemfile.lock does not match the Gemfile\n',
        ),
        (
            'Your bundle is locked to greet (9.9.9) from rubygems repository\nhttps://gems.example/ or installed locally, but that version can no longer be\nfound in that source.',
            'there is no gem greet 9.9.9 in the sources of the Gemfile\nRun "bundle update greet"',
        ),
        (
            'Retrying fetcher due to error (4/4): Bundler::HTTPError Could not fetch specs from https://127.0.0.1:9/ due to underlying error <Errno::ECONNREFUSED: Failed to open TCP connection to 127.0.0.1:9>',
            'the source of the gems could not be reached\n',
        ),
        (
            "rake aborted!\nDon't know how to build task 'assets:precompile' (See the list of available tasks with `rake --tasks`)",
            'there is no rake task assets:precompile\n',
        ),
        (
            "rake aborted!\nno words\n/app/src/Rakefile:1:in `block in <top (required)>'\nTasks: TOP => a",
            'rake stopped: no words\n',
        ),
        (
            'rake aborted!\nLoadError: cannot load such file -- nothing',
            'the file or gem nothing is not there\n',
        ),
        (
            'rake aborted!\nKeyError: key not found: "WORDS"\n/app/src/Rakefile:1:in `fetch\'',
            'the app needs the variable WORDS while it is built\n',
        ),
        (
            'An error occurred while installing answer (1.0.0), and Bundler cannot continue.',
            'the gem answer 1.0.0 could not be installed\n',
        ),
        ('/tmp/buildpack/bundle: line 33:    12 Killed                  ruby', 'out of memory'),
        ('something else', None),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(said: str, cause: str | None) -> None:
    told = RUBY.explain('bundle install', said.split('\n'))
    assert told is None if cause is None else told is not None and cause in told
    assert told is None or told.count('\n') == 1


@given(st.binary(max_size=200), st.binary(max_size=100), st.text(max_size=40))
def test_any_bytes_are_planned_or_refused(lock: bytes, gemfile: bytes, version: str) -> None:
    files: dict[str, str | bytes] = PROCFILE | {'.ruby-version': version.encode('utf-8', 'replace')}
    try:
        found = plan(files, lock, gemfile)
    except DetectError as error:
        assert len(str(error)) < 400
        return
    assert found.values['ruby'] == '3.1.2'
