"""``POST /build?version=2`` as a stream that another thread can break off at any moment."""

import contextlib
import json
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import requests
from docker import APIClient
from requests.adapters import HTTPAdapter

from gitreceive.adapters.docker.engine import Engine
from gitreceive.model.errors import BuildError, EngineGone

SEND_TIMEOUT = 60
"""Seconds that the engine may let us wait before it takes more of the context."""

CANCEL_TIMEOUT = 0.4
"""Seconds for ``/build/cancel``; the connection is closed after it whatever it said."""


def parameters(
    build: str, tag: str, labels: Mapping[str, str], namespace: str, nocache: bool
) -> dict[str, str]:
    """The query of a build. Pure. BuildKit ignores memory, CPU and pids here, so none is claimed."""
    arguments = {'BUILDKIT_CACHE_MOUNT_NS': namespace}
    return {
        'version': '2',
        'buildid': build,
        't': tag,
        'labels': json.dumps(labels, sort_keys=True),
        'buildargs': json.dumps(arguments, sort_keys=True),
        'networkmode': 'default',
        'nocache': '1' if nocache else '0',
        'forcerm': '1',
    }


class BuildRequest:
    """One build: ``lines()`` sends the context and yields the answer; ``abort()`` ends it from any thread."""

    def __init__(self, engine: Engine, query: Mapping[str, str]) -> None:
        self._engine = engine
        self._query = query
        self._lock = threading.Lock()
        self._connections: list[Any] = []
        self._aborted = False

    def lines(self, body: Iterator[bytes]) -> Generator[bytes, None, None]:
        """The lines of the answer as they come. Raises EngineGone, BuildError, or what ``body`` raises."""
        with self._engine.connect() as client, self._engine.errors('built an image'):
            request = self._prepared(client, body)
            self._watch(client, request)
            with client.send(request, stream=True, timeout=(SEND_TIMEOUT, None)) as answer:
                if not answer.ok:
                    raise BuildError(f'the Docker engine refused the build: {_said(answer)}')
                for line in answer.iter_lines(chunk_size=None):
                    if line:
                        yield line

    def abort(self) -> None:
        """Cancels the build in the engine and closes the connection; raises nothing."""
        harmless = contextlib.suppress(EngineGone, BuildError, requests.RequestException, OSError)
        with harmless, self._engine.connect(timeout=CANCEL_TIMEOUT) as client:
            url = f'{client.base_url}/v{client.api_version}/build/cancel'
            client.post(url, params={'id': self._query['buildid']}, timeout=CANCEL_TIMEOUT)
        with self._lock:
            self._aborted = True
            connections = list(self._connections)
        for connection in connections:
            _shut(connection)

    def _prepared(self, client: APIClient, body: Iterator[bytes]) -> requests.PreparedRequest:
        url = f'{client.base_url}/v{client.api_version}/build'
        headers = {'Content-Type': 'application/x-tar'}
        return client.prepare_request(
            requests.Request('POST', url, params=self._query, data=body, headers=headers)
        )

    def _watch(self, client: APIClient, request: requests.PreparedRequest) -> None:
        """Keeps the connections that the pool makes for this request: only their sockets can wake a blocked thread.

        ``_new_conn`` is the pool's factory and not public; a test notices when it goes away.
        """
        adapter = client.get_adapter(str(request.url))
        assert isinstance(adapter, HTTPAdapter)
        pool: Any = adapter.get_connection_with_tls_context(request, client.verify, cert=client.cert)
        make = pool._new_conn

        def make_and_keep() -> Any:
            with self._lock:
                if self._aborted:
                    raise EngineGone('the build has been cancelled')
                connection = make()
                self._connections.append(connection)
                return connection

        pool._new_conn = make_and_keep


def _shut(connection: Any) -> None:
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _said(answer: requests.Response) -> str:
    try:
        return str(answer.json()['message'])[:1000]
    except (ValueError, KeyError, TypeError):
        return answer.text[:1000]
