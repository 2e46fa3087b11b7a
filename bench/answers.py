"""From a push until the new code answers requests, and back to the release before: beside what cannot be left out."""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker

from bench.apps import flask_app
from bench.errors import BenchError
from bench.measure import Row, alternate, series
from bench.naive import identity
from bench.ours import GITRECEIVE, our_way
from bench.processes import LOOPBACK, free_port, run
from bench.push import Pushed
from bench.setting import Bench
from bench.sides import Side
from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.model.container import PublishedPort
from gitreceive.run.spec import PORT

TIMES_FASTER = 4.0
ROLLBACK_WITHIN = 1.5
BOOT_SECONDS = 60.0
APP = replace(flask_app(), name='answers')
COMMAND = 'for f in /app/.profile.d/*.sh; do . $f; done; exec gunicorn --bind 0.0.0.0:$PORT app:app'


def answers(bench: Bench) -> Iterator[Row]:
    """Code-only pushes and rollbacks of the Flask app, which runs."""
    router = free_port()
    with our_way(bench.place / 'answers', bench.place / 'id_ed25519', bench.engine, router=router) as ours:
        side = Side(ours, APP, bench)
        bench.say(f'{side.name}: pushes until the new code answers')
        side.first()
        ask(router, side.name)
        sides = [lambda: _pushed(side, router)]
        if bench.naive and bench.deploys:
            naive = Side(bench.naive, APP, bench)
            naive.first()
            sides.append(lambda: _naively_pushed(bench, naive))
        found = alternate(bench.sizes.runs, sides)
        yield Row(
            name='Flask app: a code-only push until the new code answers (naive: and docker run)',
            ours=series(found[0]),
            naive=series(found[1]) if len(found) > 1 else None,
            wanted=TIMES_FASTER,
        )
        yield from _rollbacks(bench, side, router, bench.place / 'answers')


def _rollbacks(bench: Bench, side: Side, router: int, place: Path) -> Iterator[Row]:
    environ = {'GITRECEIVE_HOME': str(place / 'home'), 'GITRECEIVE_ENGINE_URL': bench.engine}

    def back() -> float:
        said = run(*GITRECEIVE, 'rollback', side.name, environ=environ)
        ask(router, side.name)
        return float(json.loads(said.strip().splitlines()[-1])['seconds'])

    with closing(docker.APIClient(base_url=bench.engine, version='auto')) as client:

        def start() -> float:
            return started(client, _newest(client, side.name, place / 'home')['ImageID'], [])

        found = alternate(bench.sizes.runs, [back, start])
    yield Row(
        name='Flask app: rollback to the release before, beside a bare container start until it answers',
        ours=series(found[0]),
        naive=series(found[1]),
        wanted=1 / ROLLBACK_WITHIN,
    )


def _newest(client: docker.APIClient, app: str, home: Path) -> dict[str, str]:
    """The instance that serves; one of before may still be there."""
    mine = [f'gitreceive.home={receiver_identity(Home(home))}', f'gitreceive.app={app}']
    found: list[dict[str, str]] = client.containers(filters={'label': mine})
    return found[0]


def _pushed(side: Side, router: int) -> float:
    """A push returns when the new code answers; that it does is looked at."""
    seconds = side.code().seconds
    ask(router, side.name)
    return seconds


def _naively_pushed(bench: Bench, side: Side) -> float:
    done: Pushed = side.code()
    with closing(docker.APIClient(base_url=bench.engine, version='auto')) as client:
        image = f'gitreceive-bench-{identity(bench.place / "naive")}/{side.name}'
        return done.seconds + started(client, image, ['bash', '-c', COMMAND])


def started(client: docker.APIClient, image: str, command: Sequence[str]) -> float:
    """Seconds from ``docker run`` until the app answers."""
    began = time.monotonic()
    port = PublishedPort(inside=PORT, outside=free_port())
    config = client.create_host_config(port_bindings={port.inside: (LOOPBACK, port.outside)})
    made = client.create_container(
        image,
        [*command],
        ports=[port.inside],
        environment={'PORT': str(port.inside)},
        host_config=config,
        entrypoint=[] if command else None,
    )
    try:
        client.start(made)
        _await_answer(port.outside)
        return time.monotonic() - began
    finally:
        client.remove_container(made, force=True)


def _await_answer(port: int) -> None:
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        try:
            ask(port, 'app')
        except (OSError, http.client.HTTPException, BenchError):
            time.sleep(0.005)
        else:
            return
    raise BenchError(f'nobody answers on port {port}')


def ask(port: int, app: str) -> str:
    """What an app answers. Raises BenchError, OSError or HTTPException."""
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=10)) as connection:
        connection.request('GET', '/', headers={'Host': f'{app}.localhost'})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise BenchError(f'{app} answers with {answer.status}')
        return answer.read().decode()
