"""Apps that the sysadmin makes, and config vars: on the host and over SSH."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.receiver import Pusher, Receiver, change, make_app

RAILS = {
    'Gemfile': b'source "https://gems.example"\ngem "railties", path: "railties"\n',
    'Gemfile.lock': b"""\
PATH
  remote: railties
  specs:
    railties (7.0.0)

GEM
  remote: https://gems.example/
  specs:

PLATFORMS
  ruby

DEPENDENCIES
  railties!
""",
    'railties/railties.gemspec': b"""\
Gem::Specification.new do |spec|
  spec.name, spec.version, spec.summary, spec.authors = "railties", "7.0.0", "for tests", ["test"]
end
""",
    'Procfile': b'web: cat\n',
}


@pytest.fixture(scope='module')
def ann(receivers: Callable[..., Pusher], tmp_path_factory: pytest.TempPathFactory) -> Pusher:
    """May push to a receiver where a push makes no apps."""
    pusher = receivers(tmp_path_factory.mktemp('receiver'), GITRECEIVE_APPS_CREATE='no')
    pusher.receiver.start()
    return pusher


def test_where_a_push_makes_no_apps_the_sysadmin_does(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    work = make_app(tmp_path / 'work')
    refused = ann.push(work, 'hello')
    assert refused.status == 128
    assert 'no app hello that this key may reach' in refused.err
    over_ssh = ann.ssh('apps', 'create', 'hello')
    assert over_ssh.status == 1
    assert 'by the sysadmin on the host' in over_ssh.out + over_ssh.err
    assert not receiver.home.repo('hello').exists()
    assert receiver.host('apps', 'create', 'hello').out == 'Created hello\n'
    assert json.loads(ann.ssh('apps', '--json').out) == [{'app': 'hello', 'branch': '', 'release': None}]
    assert ann.push(work, 'hello').json['release'] == 1
    assert json.loads(receiver.host('apps', '--json').out) == [
        {'app': 'hello', 'branch': 'main', 'release': 1}
    ]
    assert receiver.host('apps', 'create', 'hello').status == 0
    assert ann.push(work, 'hello').status == 0
    assert len(receiver.releases('hello')) == 1


@pytest.mark.parametrize('name', ['../x', 'UPPER', 'a b', '', 'a' * 300, 'a\nb', '.git'])
def test_an_app_with_a_name_that_is_none_is_not_made(ann: Pusher, receiver: Receiver, name: str) -> None:
    before = sorted(receiver.home.root.rglob('*.git'))
    refused = receiver.host('apps', 'create', name)
    assert refused.status == 23
    assert 'is not an app name' in refused.out + refused.err
    assert sorted(receiver.home.root.rglob('*.git')) == before


def test_config_vars_are_set_listed_and_removed_on_both_ways_and_reach_the_build(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.host('apps', 'create', 'configured')
    assert receiver.host('config', 'configured', 'GREETING=hi you', 'OTHER=1').status == 0
    assert ann.ssh('config', 'configured', 'THIRD=3', '--unset', 'OTHER').status == 0
    for ask in (ann.ssh, receiver.host):
        listed = json.loads(ask('config', 'configured', '--json').out)
        assert listed == [{'name': 'GREETING', 'value': 'hi you'}, {'name': 'THIRD', 'value': '3'}]
    package = {'engines': {'node': '24.x'}, 'scripts': {'build': 'echo "it says $GREETING"', 'start': 'cat'}}
    work = make_app(tmp_path / 'work', {'package.json': json.dumps(package).encode()})
    pushed = ann.push(work, 'configured', timeout=300)
    assert pushed.status == 0, pushed.err
    assert any(line.strip() == 'it says hi you' for line in pushed.lines), pushed.err
    assert receiver.host('config', 'configured', 'GREETING=bye now').status == 0
    change(work, {'file': b'changed'})
    assert any(line.strip() == 'it says bye now' for line in ann.push(work, 'configured').lines)


VALUES = (
    'postgres://u:p@h/db?sslmode=require&a=b%20c+d,!$HOME',
    'two words, "quotes" and \'more\' of them',
    'été\n-----BEGIN KEY-----\nMIIB+/=\n-----END KEY-----',
    'x' * 32_768,
)


@pytest.mark.parametrize('value', VALUES, ids=['url', 'quotes', 'pem', 'long'])
def test_any_value_passes_over_ssh_and_comes_back(ann: Pusher, receiver: Receiver, value: str) -> None:
    receiver.host('apps', 'create', 'valued')
    assert ann.ssh('config', 'valued', shlex.quote(f'AS_WORD={value}')).status == 0
    words = [*ann.ssh_words(), 'git@127.0.0.1', 'config', 'valued', 'AS_INPUT', '-']
    assert subprocess.run(words, input=value.encode(), timeout=60).returncode == 0
    for name in ('AS_WORD', 'AS_INPUT'):
        assert ann.ssh('config', 'valued', name).out == f'{value}\n'
    assert value[:20] not in receiver.log_file.read_text()
    assert value[:20] not in ann.ssh('config', 'valued').out


def test_rails_gets_a_secret_of_its_own_with_its_first_push(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    """The gem lies in the app, so that nothing is fetched."""
    receiver.host('apps', 'create', 'railed')
    work = make_app(tmp_path / 'work', RAILS)
    pushed = ann.push(work, 'railed', timeout=300)
    assert pushed.status == 0, pushed.err
    assert 'SECRET_KEY_BASE is set to a random value, once' in pushed.err
    listed = ann.ssh('config', 'railed', '--json').out
    (secret,) = json.loads(listed)
    assert secret['name'] == 'SECRET_KEY_BASE'
    assert re.fullmatch('[0-9a-f]{64}', secret['value'])
    change(work, {'file': b'changed'})
    again = ann.push(work, 'railed', timeout=300)
    assert again.status == 0, again.err
    assert 'SECRET_KEY_BASE' not in again.err
    assert ann.ssh('config', 'railed', '--json').out == listed


@pytest.mark.parametrize('pair', ['1A=x', 'A-B=x', '=x', 'NAME', 'A.B=x'])
def test_what_is_no_config_var_is_refused_and_changes_nothing(
    ann: Pusher, receiver: Receiver, pair: str
) -> None:
    receiver.host('apps', 'create', 'plain')
    for ask in (ann.ssh, receiver.host):
        refused = ask('config', 'plain', 'GOOD=1', pair)
        assert refused.status != 0
        assert 'is not NAME=VALUE' in refused.out + refused.err
    assert json.loads(receiver.host('config', 'plain', '--json').out) == []


def test_a_config_var_that_no_installing_step_can_use_installs_nothing_again(
    ann: Pusher, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.host('apps', 'create', 'cached')
    lock = json.dumps({'name': 'x', 'lockfileVersion': 3, 'packages': {'': {'name': 'x'}}})
    files = {'package.json': b'{"name": "x"}', 'package-lock.json': lock.encode(), 'Procfile': b'web: cat\n'}
    work = make_app(tmp_path / 'app', files)
    said = []
    for number, words in enumerate((['FOO=1'], ['FOO=2'], ['NODE_OPTIONS=--trace-warnings'])):
        assert ann.ssh('config', 'set', 'cached', *words).status == 0
        change(work, {'a': b'%d' % number})
        pushed = ann.push(work, 'cached', timeout=300)
        assert pushed.status == 0, pushed.err
        said.append([line for line in pushed.lines if 'Unchanged since the last build' in line])
    assert 'npm ci' in said[1][0]
    assert 'npm ci' not in ''.join(said[2])
