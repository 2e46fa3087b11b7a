"""What containers write into the file system of their engine. Satisfies ``Disks``."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from docker import APIClient
from docker.errors import APIError

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.containers import InstanceContainers
from gitreceive.model.instance import Filled

ANSWER_SECONDS = 300
"""An engine adds up the files that each container has written."""


class DockerDisks:
    """Of the instances and commands of one receiver."""

    def __init__(self, containers: InstanceContainers) -> None:
        self._containers, self._engine = containers, containers.engine

    def end_larger(self, most: int) -> Sequence[Filled]:
        """See the port."""
        with self._engine.connect(ANSWER_SECONDS) as client:
            with self._engine.errors('added up what instances have written'):
                listed = client.containers(
                    filters={'label': [self._containers.mine, labels.PROCESS]}, size=True
                )
            found = [each for each in listed if int(each.get('SizeRw') or 0) > most]
            for each in found:
                self._end(client, each)
        return [_filled(each) for each in found]

    def _end(self, client: APIClient, listed: Mapping[str, Any]) -> None:
        """Who waits for a command removes its container; what an instance has written goes with it at once."""
        if labels.COMMAND not in listed['Labels']:
            self._engine.remove_container(client, listed['Id'])
            return
        with self._engine.errors('ended a command'), suppress(APIError):  # it may have ended by itself
            client.kill(listed['Id'])


def _filled(listed: Mapping[str, Any]) -> Filled:
    marks = listed['Labels']
    return Filled(app=labels.app_in(marks), name=labels.name_in(marks), written=int(listed['SizeRw']))
