"""What the engine is asked for by ``exec`` and ``start --interactive``, as text."""

from pathlib import Path

from gitreceive.adapters.docker.create import create_request
from gitreceive.local.containers import ENTER, Caller, command_spec, with_input
from gitreceive.model.process import ProcessType
from gitreceive.run.spec import START, process_spec


def test_a_command_gets_the_directory_and_belongs_to_its_caller() -> None:
    caller = Caller(name='me', uid=1234, gid=567)
    spec = command_spec(['npm', 'install', '$HOME'], Path('/home/me/my app'), 'build:12', caller)
    assert create_request(spec, {}) == {
        'Image': 'build:12',
        'Cmd': ['bash', '-c', ENTER, 'exec', 'me', '1234', '567', 'npm', 'install', '$HOME'],
        'User': '0:0',
        'WorkingDir': '/app/src',
        'Env': ['HOME=/app'],
        'Labels': {},
        'ExposedPorts': {},
        'Tty': False,
        'OpenStdin': True,
        'StdinOnce': True,
        'AttachStdin': True,
        'AttachStdout': True,
        'AttachStderr': True,
        'HostConfig': {
            'Init': True,
            'SecurityOpt': ['no-new-privileges'],
            'Mounts': [{'Type': 'bind', 'Source': '/home/me/my app', 'Target': '/app/src'}],
            'Tmpfs': {'/app': 'uid=1234,gid=567,mode=0755,exec'},
            'LogConfig': {'Type': 'none', 'Config': {}},
            'PortBindings': {},
        },
    }


def test_a_command_on_a_terminal_gets_one_of_that_type() -> None:
    caller = Caller(name='root', uid=0, gid=0, terminal='xterm')
    request = create_request(command_spec(['bash'], Path('/'), 'build:12', caller), {})
    assert request['Tty'] is True
    assert request['Env'] == ['HOME=/app', 'TERM=xterm']


def test_a_process_with_input_is_in_the_foreground_and_else_as_the_receiver_runs_it() -> None:
    process = ProcessType(name='console', command='irb "$X"')
    spec = process_spec('app:1', process, {'X': 'y'}, 1000, None)
    plain = create_request(spec, {})
    changed = {'Cmd', 'Env', 'Tty', 'OpenStdin', 'StdinOnce', 'AttachStdin', 'HostConfig'}
    for terminal in ('', 'xterm'):
        request = create_request(with_input(spec, process, terminal), {})
        assert request['Cmd'] == ['bash', '-c', START, 'gitreceive', 'irb "$X"']
        assert request['Env'] == [*plain['Env'], *(['TERM=xterm'] if terminal else [])]
        assert (request['OpenStdin'], request['StdinOnce'], request['Tty']) == (True, True, bool(terminal))
        assert request['HostConfig']['Init'] is True
        assert request['HostConfig']['CapDrop'] == ['ALL']
        assert {name for name in request if request[name] != plain.get(name)} <= changed
