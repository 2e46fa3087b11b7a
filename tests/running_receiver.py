"""All that runs releases, with an engine and a router in memory: what is bound together as the daemon does it."""

from collections.abc import Callable
from dataclasses import replace

from gitreceive.config.settings import RunSettings
from gitreceive.model.access import Actor
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.errors import GitReceiveError
from gitreceive.model.instance import Instance
from gitreceive.model.needs import Check
from gitreceive.model.operation import Deploy, Operation, OperationRequest, OperationState
from gitreceive.model.process import ProcessType
from gitreceive.model.push import NO_COMMIT, Commit, RefUpdate
from gitreceive.model.release import Release
from gitreceive.model.slug import StoredSlug
from gitreceive.model.task import Task
from gitreceive.run.parts import Ports, Running, put_together
from tests.building import Lines
from tests.fakes_apps import FakeAppsThatRun
from tests.fakes_attached import FakeCommands
from tests.fakes_build import FakeReleases
from tests.fakes_router import FakeRouter
from tests.fakes_run import (
    FakeDisks,
    FakeEngine,
    FakeImages,
    FakeInstances,
    FakeIsolation,
    FakeObserved,
    FakeOneOff,
)
from tests.releases import release_of
from tests.running import HELLO

PUSHED = Deploy(update=RefUpdate(old=NO_COMMIT, new=Commit('1' * 40), ref='refs/heads/main'))
ANN = Actor(name='ann')


def fake_ports(engine: FakeEngine, router: FakeRouter | None = None) -> Ports:
    """All in memory."""
    return Ports(
        images=FakeImages(engine),
        instances=FakeInstances(engine),
        observed=FakeObserved(engine),
        oneoff=FakeOneOff(engine),
        attached=FakeCommands(),
        isolation=FakeIsolation(),
        disks=FakeDisks(engine),
        router=router or FakeRouter(),
    )


class RunningReceiver:
    """``ask`` says of each instance why it is not up; by default all are at once."""

    def __init__(self, clock: BuildClock) -> None:
        self.engine, self.router = FakeEngine(), FakeRouter()
        self.apps, self.releases = FakeAppsThatRun(), FakeReleases()
        self.oneoff, self.observed = FakeOneOff(self.engine), FakeObserved(self.engine)
        self.instances = FakeInstances(self.engine)
        self.console, self.clock = Lines(), clock
        self.ask: Callable[[Instance, Check, float], str] = lambda instance, check, lived: ''
        self.all_apps = [HELLO]
        self._count = 0
        self.running = self.restarted()

    def restarted(self) -> Running:
        """What a new daemon would work with, before its first look."""
        made = fake_ports(self.engine, self.router)
        ports = replace(made, oneoff=self.oneoff, observed=self.observed, instances=self.instances)
        self.running = put_together(
            ports,
            releases=self.releases,
            apps=self.apps,
            known=lambda: self.all_apps,
            settings=RunSettings(enabled=True, boot_seconds=1, stop_seconds=1),
            told='host',
            ask=lambda instance, check, lived: self.ask(instance, check, lived),
        )
        return self.running

    def task(self, request: OperationRequest = PUSHED, app: AppName = HELLO) -> Task:
        self._count += 1
        operation = Operation(
            number=self._count, app=app, request=request, actor=ANN, state=OperationState.RUNNING
        )
        return Task(operation=operation, console=self.console, cancellation=self.clock)

    def create(self, task: Task, **said: object) -> Release:
        """A release of ``web`` and ``worker``, unless something else is said."""
        processes = tuple(ProcessType(name=name, command=f'run-{name}') for name in ('web', 'worker'))
        made = release_of(
            task.operation, StoredSlug(sha256='a' * 64, size=7), **{'processes': processes, **said}
        )
        return self.releases.create(task.operation, made, {'NAME': 'value'})

    def deploy(self, **said: object) -> Release:
        """A release that is rolled out, as a push does it."""
        task = self.task()
        return self.running.rollout(task, self.create(task, **said))

    def settle(self) -> None:
        """Waits for what is ended in the background."""
        self.running.retiring.wait(20)

    def runs(self, app: AppName = HELLO) -> list[str]:
        """``v1 web.1``: what there is in the engine."""
        self.settle()
        return sorted(f'v{one.release} {one.name}' for one in self.engine.found if one.app == app)

    def leads(self, app: AppName = HELLO) -> list[str]:
        """``v1 web.1``: where requests go."""
        return [f'v{one.release} {one.instance}' for one in self.router.routes[app].endpoints]


def refuses(error: type[GitReceiveError], action: Callable[[], object]) -> GitReceiveError:
    """The error that an action raises."""
    try:
        action()
    except error as raised:
        return raised
    raise AssertionError(f'no {error.__name__} was raised')
