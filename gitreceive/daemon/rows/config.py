"""Changes of config vars, by names only."""

from gitreceive.commands.config import ConfigChange
from gitreceive.daemon import render


def changing(change: ConfigChange) -> str:
    """``Setting FOO, BAR and unsetting OLD``"""
    doing = [f'Setting {", ".join(change.set)}'] if change.set else []
    if change.removed:
        doing.append(f'{"un" if doing else "Un"}setting {", ".join(change.removed)}')
    return ' and '.join(doing)


def config_change(app: str, change: ConfigChange, when: str, json_wanted: bool) -> str:
    """What was set and removed. ``when`` says from when on it counts."""
    if json_wanted:
        return render.as_json({'set': change.set, 'removed': change.removed, 'same': change.same})
    done = [f'Set {", ".join(change.set)} on {app}'] if change.set else []
    done += [f'Removed {", ".join(change.removed)} from {app}'] if change.removed else []
    if done:
        done.append(f'{when[0].upper()}{when[1:]}')
    same = ', '.join(change.same)
    return render.lines(*done, *([f'{same} of {app} had that value already'] if same else []))
