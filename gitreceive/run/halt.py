"""Stops everything that a receiver runs, for as long as its daemon does not."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from gitreceive.model.instance import Instance
from gitreceive.run.parts import Ports

AT_ONCE = 16


def halt(ports: Ports, grace: float) -> Sequence[Instance]:
    """Ends the router and all instances (SIGKILL after ``grace`` seconds); returns those that there were.

    Nothing must supervise them meanwhile. What they needed beside themselves, a network and its rules, goes too. Raises
    EngineGone; what was not ended goes on then.
    """
    ports.router.stop()
    found = ports.instances.find()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda instance: ports.instances.stop(instance, grace), found))
    ports.oneoff.remove_left()
    ports.isolation.lift()
    ports.instances.leave()
    return found
