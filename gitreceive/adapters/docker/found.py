"""The instances that an engine has, by what it tells of their containers."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from gitreceive.adapters.docker import labels
from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.instance_request import RESTARTED
from gitreceive.model.app import AppName
from gitreceive.model.instance import Instance, InstanceState

NEVER = '0001-01-01T00:00:00Z'
GOING = ('removing', 'dead')
RUNS = ('running', 'paused')


@dataclass(frozen=True, slots=True)
class _Known:
    words: str
    instance: Instance


class FoundInstances:
    """Looks for the instances of the receiver with that word. Thread-safe.

    A list of containers says when each was started in words ("Up 3 hours"); what inspecting one told holds as long as
    they stay the same, so that a list of hundreds is one request and a few.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def find(self, client: APIClient, identity: str, app: AppName | None = None) -> list[Instance]:
        """Those of an app or of all, the oldest first. Raises EngineGone."""
        wanted = [f'{labels.HOME}={identity}', labels.PROCESS, *([f'{labels.APP}={app}'] if app else [])]
        with self._engine.errors('listed the instances'):
            listed = client.containers(all=True, filters={'label': wanted})
            found = [self._instance(client, each) for each in reversed(listed) if _is_instance(each)]
        if app is None:
            self._forget({each['Id'] for each in listed})
        return [one for one in found if one]

    def one(self, client: APIClient, container: str) -> Instance | None:
        """One, as it is now; None if it is gone."""
        self.changed(container)
        with self._engine.errors('looked at an instance'):
            try:
                return instance_of(client.inspect_container(container))
            except NotFound:
                return None

    def changed(self, container: str) -> None:
        """What is known of it no longer holds."""
        with self._lock:
            self._known.pop(container, None)

    def _instance(self, client: APIClient, listed: Mapping[str, Any]) -> Instance | None:
        identity, words = str(listed['Id']), f'{listed["State"]} {listed["Status"]}'
        with self._lock:
            known = self._known.get(identity)
        if known and known.words == words:
            return known.instance
        found = self.one(client, identity)
        if found:
            with self._lock:
                self._known[identity] = _Known(words, found)
        return found

    def _forget(self, there: set[str]) -> None:
        with self._lock:
            for gone in self._known.keys() - there:
                del self._known[gone]


def _is_instance(listed: Mapping[str, Any]) -> bool:
    return labels.COMMAND not in listed['Labels'] and listed['State'] not in GOING


def instance_of(about: Mapping[str, Any]) -> Instance:
    """An instance by what inspecting its container tells. Pure."""
    marks, state = about['Config']['Labels'], about['State']
    ended = state['Status'] not in RUNS and state['FinishedAt'] != NEVER
    return Instance(
        id=str(about['Id']),
        app=labels.app_in(marks),
        release=int(marks[labels.RELEASE]),
        name=labels.name_in(marks),
        state=_state(state['Status'], kept=about['HostConfig']['RestartPolicy']['Name'] == RESTARTED),
        since=seconds(state['StartedAt']),
        address=marks[labels.ADDRESS],
        port=int(marks[labels.PORT]),
        restarts=int(about['RestartCount']),
        exit_status=int(state['ExitCode']) if ended else None,
    )


def _state(status: str, *, kept: bool) -> InstanceState:
    if status in RUNS:
        return InstanceState.UP if kept else InstanceState.STARTING
    return InstanceState.CRASHED if status == 'restarting' else InstanceState.ENDED


def seconds(text: str) -> float:
    """A time as engines write it (RFC 3339, to the nanosecond), in seconds since the epoch; 0 for none. Pure."""
    if text == NEVER or not text:
        return 0.0
    return datetime.fromisoformat(re.sub(r'(\.\d{6})\d*', r'\1', text)).timestamp()
