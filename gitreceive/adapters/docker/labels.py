"""How the containers, images and networks of a receiver are known again, also by another process."""

from collections.abc import Mapping

from gitreceive.model.app import AppName
from gitreceive.model.instance import InstanceName, InstanceSpec

HOME = 'gitreceive.home'
"""The word that only this receiver knows."""

APP = 'gitreceive.app'
RELEASE = 'gitreceive.release'
PROCESS = 'gitreceive.process'
NUMBER = 'gitreceive.number'
ADDRESS = 'gitreceive.address'
PORT = 'gitreceive.port'
COMMAND = 'gitreceive.command'
"""A container with it is no instance: it lives as long as the command that a process of the receiver waits for."""


def of_instance(identity: str, spec: InstanceSpec, address: str, port: int) -> Mapping[str, str]:
    """The labels of an instance, which is reached at ``address`` and ``port`` as long as it is there."""
    return {
        HOME: identity,
        APP: spec.app,
        RELEASE: str(spec.release),
        PROCESS: spec.name.process,
        NUMBER: str(spec.name.number),
        ADDRESS: address,
        PORT: str(port),
    }


def name_in(labels: Mapping[str, str]) -> InstanceName:
    """Which instance a container is."""
    return InstanceName(labels[PROCESS], int(labels[NUMBER]))


def app_in(labels: Mapping[str, str]) -> AppName:
    """Whose it is."""
    return AppName(labels[APP])
