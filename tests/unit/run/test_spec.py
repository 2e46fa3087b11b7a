"""What the engine is asked for when an app's process is started, as text."""

import json
import subprocess
from pathlib import Path

import pytest

from gitreceive.adapters.docker.create import create_request
from gitreceive.model.process import ProcessType
from gitreceive.run.spec import ATTENDED, START, process_spec

HOSTILE = ProcessType(name='web', command='serve "$PORT" ${PORT} $(id) `id`; \'\\ $$')


def test_a_process_runs_as_the_receiver_would_run_it() -> None:
    spec = process_spec('app:1', HOSTILE, {'A': 'b c', 'PORT': '1', 'HOME': '/'}, 1000, 8080)
    config = create_request(spec, {'a': 'b'})
    assert config == {
        'Image': 'app:1',
        'Cmd': ['bash', '-c', ATTENDED, 'gitreceive', START, HOSTILE.command],
        'User': '1000',
        'WorkingDir': '/app',
        'Env': ['A=b c', 'PORT=5000', 'HOME=/app', 'DYNO=web.1'],
        'Labels': {'a': 'b'},
        'AttachStdout': True,
        'AttachStderr': True,
        'ExposedPorts': {'5000/tcp': {}},
        'HostConfig': {
            'CapDrop': ['ALL'],
            'SecurityOpt': ['no-new-privileges'],
            'PidsLimit': 1024,
            'PortBindings': {'5000/tcp': [{'HostIp': '127.0.0.1', 'HostPort': '8080'}]},
            'LogConfig': {'Type': 'json-file', 'Config': {'max-size': '10m', 'max-file': '1'}},
        },
    }
    json.dumps(config)


@pytest.mark.parametrize('place', ['src', '.'])
def test_a_process_begins_in_the_code_or_in_app_where_a_dockerfile_has_put_it(
    place: str, tmp_path: Path
) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / '.profile').write_text('cd /')
    text = START.replace('/app', str(tmp_path))
    done = subprocess.run(
        ['bash', '-c', text, 'gitreceive', 'pwd'], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str((tmp_path / place).resolve())


def test_a_port_of_0_is_any_and_none_is_none() -> None:
    free = create_request(process_spec('app:1', HOSTILE, {}, 1000, 0), {})
    assert free['HostConfig']['PortBindings'] == {'5000/tcp': [{'HostIp': '127.0.0.1', 'HostPort': ''}]}
    none = create_request(process_spec('app:1', HOSTILE, {}, 1000, None), {})
    assert none['HostConfig']['PortBindings'] == none['ExposedPorts'] == {}
