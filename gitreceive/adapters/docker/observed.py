"""What can be seen of instances in a Docker engine. Satisfies ``Observed``."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

import requests
from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types.daemon import CancellableStream

from gitreceive.adapters.docker.cgroups import GroupUse, measured
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.frames import frames, lines
from gitreceive.model.errors import BuildError
from gitreceive.model.instance import Instance, InstanceState, LogLine, Usage
from gitreceive.model.text import decoded
from gitreceive.run.listening import TABLES

AT_ONCE = 16
"""An engine that takes a second for each instance takes it for so many together."""

GOING = (requests.codes.not_found, requests.codes.conflict)
"""What the engine answers about a container that is gone, or is being removed."""

RUNS = (InstanceState.STARTING, InstanceState.UP)


class DockerObserved:
    """What one engine tells. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._used: dict[str, tuple[int, float]] = {}

    def usage(self, instances: Sequence[Instance]) -> Mapping[str, Usage]:
        """See the port. The first time it is cores since the process started."""
        running = [one for one in instances if one.state in RUNS]
        found = {one.id: here for one in running if (here := measured(one.id))}
        elsewhere = [one for one in running if one.id not in found]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            found |= {identity: told for identity, told in threads.map(self._told, elsewhere) if told}
        return {one.id: self._usage(one, found[one.id]) for one in running if one.id in found}

    def logs(self, instance: Instance, *, since: float = 0.0, last: int = -1) -> Iterator[LogLine]:
        """See the port."""
        if last == 0:
            return
        tail = 'all' if last < 0 else str(last)
        with self._engine.connect() as client, self._answer(client, instance, since, tail, 0) as answer:
            if answer:
                yield from self._lines(answer, instance)

    @contextmanager
    def follow(self, instance: Instance, since: float) -> Iterator[Iterator[LogLine]]:
        """See the port."""
        with self._engine.connect() as client, self._answer(client, instance, since, 'all', 1) as answer:
            if answer is None:
                yield iter(())
                return
            ended = threading.Event()
            try:
                yield self._following(answer, instance, ended)
            finally:
                ended.set()
                with suppress(Exception):  # whoever reads may have come to the end of it
                    CancellableStream(iter(()), answer).close()

    def sockets(self, instance: Instance) -> str:
        """See the port."""
        with self._engine.connect() as client, self._engine.errors('looked into an instance'):
            try:
                made = client.exec_create(instance.id, ['cat', *TABLES], stderr=False)
                return decoded(client.exec_start(made['Id']))
            except APIError as error:
                if error.status_code in (requests.codes.not_found, requests.codes.conflict):
                    return ''
                raise

    @contextmanager
    def _answer(
        self, client: APIClient, instance: Instance, since: float, tail: str, follow: int
    ) -> Iterator[requests.Response | None]:
        """Its log from the engine, or None if there is no such container."""
        url = f'{client.base_url}/v{client.api_version}/containers/{instance.id}/logs'
        wanted = {
            **{'stdout': '1', 'stderr': '1', 'timestamps': '1', 'tail': tail},
            **{'follow': str(follow), 'since': f'{since:.9f}'},
        }
        with self._engine.errors('read the log of an instance'):
            answer = client.get(url, params=wanted, stream=True, timeout=None)
        with answer:
            if not answer.ok and answer.status_code not in GOING:
                raise BuildError(f'the Docker engine refused the log of {instance.name}: {answer.text[:500]}')
            yield answer if answer.ok else None

    def _lines(self, answer: requests.Response, instance: Instance) -> Iterator[LogLine]:
        with self._engine.errors('read the log of an instance'):
            yield from lines(frames(_body(answer)), instance.name)

    def _following(
        self, answer: requests.Response, instance: Instance, ended: threading.Event
    ) -> Iterator[LogLine]:
        try:
            yield from self._lines(answer, instance)
        except (BuildError, ValueError, AttributeError):
            if not ended.is_set():
                raise

    def _told(self, instance: Instance) -> tuple[str, GroupUse | None]:
        """By the engine, which takes its time."""
        with self._engine.connect() as client, self._engine.errors('measured instances'):
            try:
                told: dict[str, Any] = client.stats(instance.id, stream=False, one_shot=True)
            except NotFound:
                return instance.id, None
        memory = told.get('memory_stats') or {}
        if 'usage' not in memory:  # it has ended meanwhile
            return instance.id, None
        cached = memory['stats'].get('total_inactive_file', memory['stats'].get('inactive_file', 0))
        return instance.id, GroupUse(
            memory=max(0, int(memory['usage']) - int(cached)),
            memory_limit=int(memory['limit']),
            cpu=int(told['cpu_stats']['cpu_usage']['total_usage']),
        )

    def _usage(self, instance: Instance, found: GroupUse) -> Usage:
        return Usage(
            memory=found.memory, memory_limit=found.memory_limit, cpus=self._cores(instance, found.cpu)
        )

    def _cores(self, instance: Instance, used: int) -> float:
        """By the nanoseconds of all cores that it has had by now."""
        now = time.time()
        with self._lock:
            before, at = self._used.get(instance.id, (0, instance.since))
            self._used[instance.id] = (used, now)
        if used < before:  # it was started again
            before, at = 0, instance.since
        return max(0.0, (used - before) / 1e9 / max(now - at, 0.001))


def _body(answer: requests.Response) -> IO[bytes]:
    return cast(IO[bytes], answer.raw)
