"""Runs the cron entries of live releases: each in a container of its own, which stays for its log until it runs again."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from gitreceive.model.app import AppName
from gitreceive.model.cancellation import NEVER
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.instance import InstanceName, InstanceState, Scale
from gitreceive.model.needs import CronJob, read_needs
from gitreceive.model.process import ProcessType
from gitreceive.model.release import Release
from gitreceive.run.formation import WantedInstance
from gitreceive.run.launch import Launcher
from gitreceive.run.ports import AppsThatRun
from gitreceive.run.spec import CRON

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
RUNS = (InstanceState.STARTING, InstanceState.UP)


class Cron:
    """``known`` are all apps. What is due while no daemon runs is left out."""

    def __init__(self, known: Callable[[], Sequence[AppName]], apps: AppsThatRun, launcher: Launcher) -> None:
        self._known, self._apps, self._launcher = known, apps, launcher

    def run_due(self, minute: datetime) -> None:
        """Starts what is due in this minute (UTC). Raises StateError or EngineGone."""
        for app in self._known():
            release = self._launcher.releases.live(app)
            if release is None or not release.running or self._apps.stopped(app):
                continue
            for number, job in enumerate(read_needs(release.running).cron, 1):
                if is_due(job.schedule, minute):
                    self._run(release, number, job)

    def _run(self, release: Release, number: int, job: CronJob) -> None:
        name = InstanceName(CRON, number)
        instances = self._launcher.instances
        former = [one for one in instances.find(release.app) if one.name == name]
        if any(one.state in RUNS for one in former):
            log.warning('%s %s still runs: it is not run again before it ends', release.app, name)
            return
        try:
            for one in former:
                instances.stop(one, 0)
            scale = self._apps.formation(release.app).get(CRON, Scale(count=1))
            process = ProcessType(name=CRON, command=job.command)
            wanted = WantedInstance(process=process, number=number, scale=scale)
            for _ in self._launcher.start(release, [wanted], NEVER):
                log.info('%s %s is run: %s', release.app, name, job.schedule)
        except GitReceiveError as error:
            log.error('%s %s could not be run: %s', release.app, name, error)


def is_due(schedule: str, minute: datetime) -> bool:
    """Whether a schedule names this minute. Pure."""
    return next(CronSim(schedule, minute - MINUTE), None) == minute


class CronClock(threading.Thread):
    """Calls ``run_due`` at the beginning of each minute."""

    def __init__(self, run_due: Callable[[datetime], None]) -> None:
        super().__init__(name='cron', daemon=True)
        self._run_due = run_due
        self._closed = threading.Event()

    def close(self) -> None:
        """Lets ``run`` return."""
        self._closed.set()

    def run(self) -> None:
        """Starts what is due, until ``close``."""
        while not self._closed.wait(60 - time.time() % 60):
            now = datetime.now(UTC).replace(second=0, microsecond=0)
            try:
                self._run_due(now)
            except GitReceiveError as error:
                log.error('what was due at %s was not run: %s', now, error)
            except Exception:
                log.exception('cron entries could not be run')
