"""What runs releases, put together of an engine and a router."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitreceive.config.settings import RunSettings
from gitreceive.model.app import AppName
from gitreceive.run import health
from gitreceive.run.attached import AttachedCommands
from gitreceive.run.changeover import Changeover
from gitreceive.run.cron import Cron
from gitreceive.run.disks import DiskWatch
from gitreceive.run.launch import Ask, Launcher
from gitreceive.run.locks import AppLocks
from gitreceive.run.logs import InstanceLogs
from gitreceive.run.oneoff import OneOffs
from gitreceive.run.ports import (
    AppsThatRun,
    Disks,
    Images,
    Instances,
    Isolation,
    Observed,
    OneOff,
    ResidentRouter,
    RunningReleases,
)
from gitreceive.run.release_command import ReleaseCommands
from gitreceive.run.retire import Retiring
from gitreceive.run.rollout import Rollout
from gitreceive.run.supervise import Supervision
from gitreceive.run.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """An engine, as what is asked of it, and a router. Not ``routed``: instances have ports of their own."""

    images: Images
    instances: Instances
    observed: Observed
    oneoff: OneOff
    attached: AttachedCommands
    isolation: Isolation
    disks: Disks
    router: ResidentRouter
    routed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The parts, each for those who work with it. ``grace``: the seconds that an instance has to end."""

    ports: Ports
    rollout: Rollout
    changeover: Changeover
    commands: ReleaseCommands
    oneoffs: OneOffs
    logs: InstanceLogs
    traffic: Traffic
    retiring: Retiring
    supervision: Supervision
    cron: Cron
    disks: DiskWatch
    grace: float


def put_together(
    ports: Ports,
    *,
    releases: RunningReleases,
    apps: AppsThatRun,
    known: Callable[[], Sequence[AppName]],
    settings: RunSettings,
    told: str,
    ask: Ask = health.why_not_up,
) -> Running:
    """Binds them together. ``known`` are all apps; ``told`` names the receiver for people."""
    traffic, locks = Traffic(ports.router, apps), AppLocks()
    retiring = Retiring(ports.instances, traffic, settings.stop_seconds)
    launcher = Launcher(
        images=ports.images,
        instances=ports.instances,
        observed=ports.observed,
        releases=releases,
        retire=retiring.retire,
        settings=settings,
        routed=ports.routed,
        ask=ask,
    )
    changeover = Changeover(
        instances=ports.instances, launcher=launcher, traffic=traffic, retiring=retiring, locks=locks
    )
    commands = ReleaseCommands(
        images=ports.images, oneoff=ports.oneoff, releases=releases, apps=apps, settings=settings
    )
    return Running(
        ports=ports,
        rollout=Rollout(
            releases=releases,
            apps=apps,
            changeover=changeover,
            before=commands.before,
            after=commands.after,
            told=told,
        ),
        changeover=changeover,
        commands=commands,
        oneoffs=OneOffs(ports.images, ports.attached, releases, settings),
        logs=InstanceLogs(ports.instances, ports.observed),
        traffic=traffic,
        retiring=retiring,
        supervision=Supervision(known, apps, launcher, traffic, retiring, locks),
        cron=Cron(known, apps, launcher),
        disks=DiskWatch(ports.disks, settings.disk_bytes),
        grace=settings.stop_seconds,
    )
