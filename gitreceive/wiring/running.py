"""Opens what runs releases: instances in an engine, and a router to them."""

import uuid
from functools import partial

from gitreceive.adapters.docker.attached import DockerAttachedCommands
from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.adapters.docker.disks import DockerDisks
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.images import DockerImages
from gitreceive.adapters.docker.instances import DockerInstances
from gitreceive.adapters.docker.network import InstanceNetwork
from gitreceive.adapters.docker.observed import DockerObserved
from gitreceive.adapters.docker.oneoff import DockerOneOff
from gitreceive.adapters.nftables.isolation import NftablesIsolation, NoIsolation
from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.config.listening import public_ports
from gitreceive.config.settings import Settings
from gitreceive.journal import Journal
from gitreceive.run.parts import Ports, Running, put_together
from gitreceive.run.registry import OwnRegistry
from gitreceive.wiring.router import has_router, open_router


def open_running(settings: Settings, journal: Journal, registry: OwnRegistry) -> Running:
    """What runs releases. Connects to nothing, and starts nothing."""
    return put_together(
        open_ports(settings, registry),
        releases=journal.releases,
        apps=journal.running,
        known=journal.apps.all,
        settings=settings.run,
        told=settings.ssh.host,
    )


def open_ports(settings: Settings, registry: OwnRegistry) -> Ports:
    """An engine that runs releases as this receiver's, and the router to them. Connects to nothing."""
    engine, identity = Engine(settings.engine.url), partial(receiver_identity, Home(settings.home))
    network = InstanceNetwork(engine, identity, open=settings.run.allow_private)
    containers = InstanceContainers(
        engine, identity, network, settings.run.log_bytes, settings.run.disk_bytes
    )
    public = [settings.router.listen, settings.router.tls_listen]
    session = uuid.uuid4().hex
    walls = NftablesIsolation(lambda: network.bridge, public_ports(public))
    return Ports(
        images=DockerImages(engine, identity, registry.access),
        instances=DockerInstances(containers),
        observed=DockerObserved(engine),
        oneoff=DockerOneOff(containers, session),
        attached=DockerAttachedCommands(containers, session),
        disks=DockerDisks(containers),
        isolation=NoIsolation() if settings.run.allow_private else walls,
        router=open_router(settings),
        routed=has_router(settings),
    )
