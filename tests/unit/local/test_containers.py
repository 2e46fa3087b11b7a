"""What the engine is asked for, as text; and what an app's process is started with, by a real shell."""

import json
from pathlib import Path

from gitreceive.boot import ATTENDED, START
from gitreceive.local.containers import Caller, command_container, process_container
from gitreceive.model import ProcessType, Stack

STACK = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000)
HOSTILE = ProcessType(name='web', command='serve "$PORT" ${PORT} $(id) `id`; \'\\ $$')


def test_a_process_runs_as_the_receiver_would_run_it() -> None:
    config = process_container('app:1', HOSTILE, {'A': 'b c', 'PORT': '1', 'HOME': '/'}, STACK, 8080)
    assert config == {
        'Image': 'app:1',
        'Cmd': ['bash', '-c', ATTENDED, 'gitreceive', START, HOSTILE.command],
        'User': '1000',
        'WorkingDir': '/app',
        'Env': ['A=b c', 'PORT=5000', 'HOME=/app', 'DYNO=web.1'],
        'AttachStdout': True,
        'AttachStderr': True,
        'ExposedPorts': {'5000/tcp': {}},
        'HostConfig': {
            'CapDrop': ['ALL'],
            'SecurityOpt': ['no-new-privileges'],
            'PidsLimit': 1024,
            'PortBindings': {'5000/tcp': [{'HostIp': '127.0.0.1', 'HostPort': '8080'}]},
            'LogConfig': {'Type': 'none', 'Config': {}},
        },
    }
    json.dumps(config)


def test_a_port_of_0_is_any_and_none_is_none() -> None:
    free = process_container('app:1', HOSTILE, {}, STACK, 0)['HostConfig']['PortBindings']
    assert free == {'5000/tcp': [{'HostIp': '127.0.0.1', 'HostPort': ''}]}
    none = process_container('app:1', HOSTILE, {}, STACK, None)
    assert none['HostConfig']['PortBindings'] == none['ExposedPorts'] == {}


def test_a_command_gets_the_directory_and_belongs_to_its_caller() -> None:
    caller = Caller(uid=1234, gid=567)
    config = command_container(['npm', 'install', '$HOME'], Path('/home/me/my app'), STACK, caller)
    assert config == {
        'Image': 'build:12',
        'Cmd': ['npm', 'install', '$HOME'],
        'User': '1234:567',
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
    config = command_container(['bash'], Path('/'), STACK, Caller(uid=0, gid=0, terminal='xterm'))
    assert config['Tty'] is True
    assert config['Env'] == ['HOME=/app', 'TERM=xterm']
