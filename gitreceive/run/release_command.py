"""Commands that a release runs once: its ``release`` process type before it is live, ``scripts.postdeploy`` after."""

import codecs
from dataclasses import dataclass

from gitreceive.config.settings import RunSettings
from gitreceive.model.errors import GitReceiveError, ReleaseCommandFailed
from gitreceive.model.instance import InstanceName, Scale
from gitreceive.model.needs import read_needs
from gitreceive.model.progress import Console
from gitreceive.model.release import Release
from gitreceive.model.task import Task
from gitreceive.run.formation import RELEASE
from gitreceive.run.ports import AppsThatRun, Images, OneOff, RunningReleases
from gitreceive.run.spec import ReleaseSurroundings, instance_spec

POSTDEPLOY = 'postdeploy'


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCommands:
    """What they need."""

    images: Images
    oneoff: OneOff
    releases: RunningReleases
    apps: AppsThatRun
    settings: RunSettings

    def before(self, task: Task, release: Release) -> None:
        """Runs the ``release`` process type, if there is one. Raises ReleaseCommandFailed, or as ``OneOff``."""
        for process in release.processes:
            if process.name == RELEASE:
                task.console.step('Running the release command')
                status = self.run(task, release, RELEASE, process.command)
                if status:
                    raise ReleaseCommandFailed(f'the release command has ended with exit status {status}')

    def after(self, task: Task, release: Release) -> None:
        """Runs ``scripts.postdeploy``, if there is one. The release is live, whatever becomes of it."""
        command = read_needs(release.running).postdeploy
        if not command:
            return
        task.console.step('Running scripts.postdeploy of app.json, once')
        try:
            status = self.run(task, release, POSTDEPLOY, command)
        except GitReceiveError as error:
            task.console.warn(f'scripts.postdeploy was not run to its end: {error}')
        else:
            if status:
                task.console.warn(f'scripts.postdeploy has ended with exit status {status}')

    def run(self, task: Task, release: Release, name: str, command: str) -> int:
        """The exit status of a command of the release, whose output is told. Raises as ``OneOff``."""
        around = ReleaseSurroundings(
            image=self.images.ensure(release, task.cancellation),
            env=self.releases.config(release),
            settings=self.settings,
        )
        scale = self.apps.formation(release.app).get(name, Scale(count=1))
        spec = instance_spec(release, InstanceName(name, 1), command, scale, around)
        output = _Told(task.console)
        status = self.oneoff.run(spec, output.write, task.cancellation)
        output.close()
        return status


class _Told:
    """Tells output line by line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self._rest = ''

    def write(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split('\n')
        if lines:
            self._console.detail('\n'.join(lines))

    def close(self) -> None:
        if self._rest:
            self._console.detail(self._rest)
