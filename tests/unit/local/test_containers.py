"""What the engine is asked for by ``exec`` and ``start --interactive``, as text."""

from pathlib import Path

from gitreceive.local.containers import ENTER, Caller, command_container, with_input
from gitreceive.model.process import ProcessType
from gitreceive.run.boot import START, process_container


def test_a_command_gets_the_directory_and_belongs_to_its_caller() -> None:
    caller = Caller(name='me', uid=1234, gid=567)
    config = command_container(['npm', 'install', '$HOME'], Path('/home/me/my app'), 'build:12', caller)
    assert config == {
        'Image': 'build:12',
        'Cmd': ['bash', '-c', ENTER, 'exec', 'me', '1234', '567', 'npm', 'install', '$HOME'],
        'User': '0:0',
        'WorkingDir': '/app/src',
        'Env': ['HOME=/app'],
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
        },
    }


def test_a_command_on_a_terminal_gets_one_of_that_type() -> None:
    config = command_container(
        ['bash'], Path('/'), 'build:12', Caller(name='root', uid=0, gid=0, terminal='xterm')
    )
    assert config['Tty'] is True
    assert config['Env'] == ['HOME=/app', 'TERM=xterm']


def test_a_process_with_input_is_in_the_foreground_and_else_as_the_receiver_runs_it() -> None:
    process = ProcessType(name='console', command='irb "$X"')
    plain = process_container('app:1', process, {'X': 'y'}, 1000, None)
    changed = {'Cmd', 'Env', 'Tty', 'OpenStdin', 'StdinOnce', 'AttachStdin', 'HostConfig'}
    for terminal in ('', 'xterm'):
        config = with_input(plain, process, terminal)
        assert config['Cmd'] == ['bash', '-c', START, 'gitreceive', 'irb "$X"']
        assert config['Env'] == [*plain['Env'], *(['TERM=xterm'] if terminal else [])]
        assert (config['OpenStdin'], config['StdinOnce'], config['Tty']) == (True, True, bool(terminal))
        assert config['HostConfig']['Init'] is True
        assert config['HostConfig']['CapDrop'] == ['ALL']
        assert {name for name in config if config[name] != plain.get(name)} <= changed
