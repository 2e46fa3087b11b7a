"""How config vars get to the steps of a build: as they are, whatever they are called."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / 'buildpacks' / 'shared' / 'with-env'
TELL = [sys.executable, '-c', 'import json, os; print(json.dumps(dict(os.environ)))']


def given(folder: Path, config: Mapping[str, str], *options: str, **there: str) -> dict[str, str]:
    """What a command gets, beside what is ``there``; the script with its two directories elsewhere."""
    for name, value in config.items():
        (folder / name).write_text(value)
    text = SCRIPT.read_text().replace('/tmp/env/', f'{folder}/').replace('/tmp/meta/', f'{folder}/none/')
    words = ['bash', '-c', text, 'with-env', *options, *TELL]
    done = subprocess.run(
        words, env={'PATH': '/usr/bin:/bin', 'WITH_ENV': 'yes', **there}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_each_has_its_value_also_when_it_is_called_as_a_variable_of_the_script(tmp_path: Path) -> None:
    config = {'name': 'a', 'value': 'b\nc\n', 'own': '^$', 'file': '$(id)', 'vars': '', 'zz': 'z', 'A': 'b=c'}
    assert config.items() <= given(tmp_path, config).items()


def test_those_that_would_lead_the_build_astray_are_left_out(tmp_path: Path) -> None:
    config = {
        'own': '^$',
        'PATH': '/x',
        'LD_PRELOAD': 'x',
        'BASH_ENV': 'x',
        'WITH_ENV': 'no',
        'a-b': 'x',
        'GLOBIGNORE': '*',
    }
    found = given(tmp_path, config)
    assert (found['PATH'], found['WITH_ENV']) == ('/usr/bin:/bin', 'yes')
    assert not {'LD_PRELOAD', 'BASH_ENV', 'a-b', 'GLOBIGNORE'} & set(found)


def test_what_a_script_has_made_of_names_in_lower_case_is_undone_for_its_commands(tmp_path: Path) -> None:
    config = {'home': 'a', 'own': 'b', 'words': 'c', 'npm_config_depth': '1', 'CI': 'no'}
    left = {'home': '/app/heroku/node', 'own': 'x', 'npm_config_depth': '2', 'CI': 'true'}
    found = given(tmp_path, config, '--again', **left)
    assert {name: found[name] for name in config} == {**left, 'home': 'a', 'own': 'b', 'words': 'c'}
