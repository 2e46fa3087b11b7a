"""What settings were called before they had tables. The former names still work, with a hint."""

from collections.abc import Mapping
from dataclasses import fields

from gitreceive.config.settings import Limits
from gitreceive.model.errors import SettingsError

FORMER: Mapping[str, str] = {
    'listen': 'ssh.listen',
    'ssh_host': 'ssh.host',
    'door_user': 'ssh.user',
    'algorithms': 'ssh.algorithms',
    'create_apps': 'apps.create',
    'stack': 'apps.stack',
    'builds': 'builds.parallel',
    'buildpacks': 'builds.buildpacks',
    'buildpack_hosts': 'builds.buildpack_hosts',
    'submodule_hosts': 'builds.submodule_hosts',
    'python_mirror': 'builds.python_mirror',
    'gradle_distribution': 'builds.gradle_distribution',
    'storage': 'storage.url',
    'storage_secrets': 'storage.secrets',
    'keep_releases': 'storage.keep_releases',
    'engine': 'engine.url',
    **{field.name: f'limits.{field.name}' for field in fields(Limits)},
}


def variable(key: str) -> str:
    """The variable of the environment that holds a setting: ``GITRECEIVE_SSH_LISTEN``."""
    return f'GITRECEIVE_{key.replace(".", "_").upper()}'


def renamed(found: Mapping[str, object], place: str) -> tuple[dict[str, object], list[str]]:
    """The same values by their names of today, and a hint for each that had a former one.

    Raises SettingsError if one setting is there by both.
    """
    values, hints = dict(found), []
    for key in [key for key in found if key in FORMER]:
        today = FORMER[key]
        if today in found:
            raise SettingsError(
                f'{place}: "{key}" is the former name of "{today}", and both are there: remove "{key}"'
            )
        values[today] = values.pop(key)
        hints.append(f'{place}: {key} is now {today}')
    return values, hints


def former_variables(environ: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    """What the environment holds by former names and not by those of today, with a hint for each."""
    values: dict[str, object] = {}
    hints = []
    for key, today in FORMER.items():
        old, new = variable(key), variable(today)
        if old in environ and old != new and new not in environ:
            values[today] = environ[old]
            hints.append(f'{old} is now {new}')
    return values, hints
