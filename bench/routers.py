"""The router beside nginx and Caddy: requests in a second, memory, and what clients lose when an app is switched."""

import http.client
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.errors import BenchError
from bench.measure import Row, alternate, series
from bench.processes import LOOPBACK, free_port, run, running
from bench.proxies import DOMAIN, Proxy, caddy, memory, nginx, ours
from bench.setting import Bench
from tests.routed import Instance

WITHIN = 0.95
REQUESTS = 10_000
"""What a row's seconds are of."""

CONNECTIONS = 32
CLIENTS = 8
PAUSE = 0.5
APP = 'app-0'
RATE = re.compile(r'Requests/sec:\s+([0-9.]+)')
BAD = re.compile(r'Non-2xx or 3xx responses: [1-9]|Socket errors:')
ANSWERS = """
daemon off;
worker_processes 1;
pid {place}/answers.pid;
error_log {place}/answers-error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {place}/answers-body;
    proxy_temp_path {place}/answers-proxy;
    fastcgi_temp_path {place}/answers-fastcgi;
    uwsgi_temp_path {place}/answers-uwsgi;
    scgi_temp_path {place}/answers-scgi;
    server {{ listen {port}; default_type text/plain; return 200 "hello\\n"; }}
}}
"""


def routers(bench: Bench) -> Iterator[Row]:
    """Requests through the router of many apps, beside nginx; memory and losses are remarks."""
    if missing := [program for program in ('haproxy', 'nginx', 'wrk') if not shutil.which(program)]:
        bench.remark(f'Nothing is said of routers: there is no {" and no ".join(missing)} here.')
        return
    place = bench.place / 'routers'
    place.mkdir()
    environ = dict(os.environ)
    with ExitStack() as stack:
        target = stack.enter_context(_answers(place, environ))
        mine, peer = stack.enter_context(ours(place)), stack.enter_context(nginx(place, environ))
        other = _caddy(stack, bench, place, environ)
        proxies: list[Proxy] = [mine, peer, *([other] if other else [])]
        for proxy in proxies:
            proxy.lead({f'app-{number}': target for number in range(bench.sizes.routed)})
        yield _rates(bench, mine, peer)
        sizes = [_size(each) for each in proxies]
        bench.remark(f'Memory with {bench.sizes.routed} apps after that: {", ".join(sizes)}.')
        lost = [_losses(bench, each) for each in proxies]
    bench.remark(
        f'{CLIENTS} clients that keep their connections, GET and POST by turns, through {bench.sizes.switches} '
        f'switches: {"; ".join(lost)}.'
    )


def _rates(bench: Bench, mine: Proxy, peer: Proxy) -> Row:
    seconds, runs = bench.sizes.loaded, bench.sizes.runs
    bench.say(f'routers: {runs} times {seconds:g} s of requests each')
    takes = [lambda: _load(mine, seconds), lambda: _load(peer, seconds)]
    alternate(1, takes)
    times = [series(found) for found in alternate(runs, takes)]
    name = f'{REQUESTS:,} requests through the router of {bench.sizes.routed} apps, beside nginx as a reverse proxy'
    return Row(name=name, ours=times[0], naive=times[1], wanted=WITHIN)


def _size(proxy: Proxy) -> str:
    shared_once, each = memory(proxy.processes())
    return f'{proxy.name} {shared_once:.1f} MB ({each:.1f} MB with shared pages counted in each process)'


def _load(proxy: Proxy, seconds: float) -> float:
    """Seconds for so many requests."""
    command = ['wrk', '-t', '1', '-c', str(CONNECTIONS), '-d', f'{max(1, round(seconds))}s']
    said = run(*command, '-H', f'Host: {APP}.{DOMAIN}', f'http://{LOOPBACK}:{proxy.port}/')
    found = RATE.search(said)
    if not found or BAD.search(said):
        raise BenchError(f'{proxy.name} does not answer well: {said}')
    return REQUESTS / float(found[1])


@contextmanager
def _answers(place: Path, environ: dict[str, str]) -> Iterator[int]:
    """A server that costs next to nothing; yields its port."""
    port, file = free_port(), place / 'answers.conf'
    file.write_text(ANSWERS.format(place=place, port=port))
    with running(['nginx', '-c', str(file), '-p', str(place)], place / 'answers.log', environ, port):
        yield port


def _caddy(stack: ExitStack, bench: Bench, place: Path, environ: dict[str, str]) -> Proxy | None:
    try:
        return stack.enter_context(caddy(place, environ))
    except BenchError as error:
        bench.remark(f'Caddy is not beside them: {error}.')
        return None


def _losses(bench: Bench, proxy: Proxy) -> str:
    bench.say(f'routers: {bench.sizes.switches} switches of {proxy.name}')
    clients = [_Client(proxy.port) for _ in range(CLIENTS)]
    targets = {f'app-{number}': 1 for number in range(bench.sizes.routed)}
    old = _started(1)
    proxy.lead({**targets, APP: old.server_port})
    threads = [threading.Thread(target=each.run, daemon=True) for each in clients]
    for each in threads:
        each.start()
    for number in range(2, bench.sizes.switches + 2):
        new = _started(number)
        proxy.lead({**targets, APP: new.server_port})
        time.sleep(PAUSE)
        _end(old)
        old = new
    for client, thread in zip(clients, threads, strict=True):
        client.ended = True
        thread.join()
    _end(old)
    sent, lost = sum(each.sent for each in clients), sum(each.lost for each in clients)
    return f'{proxy.name} lost {lost:,} of {sent:,} requests'


class _Client:
    """Sends one request after the other on the connection that it keeps, none of them twice."""

    def __init__(self, port: int) -> None:
        self.sent = self.lost = 0
        self.ended = False
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)

    def run(self) -> None:
        """Until it is ended."""
        while not self.ended:
            self.sent += 1
            try:
                self._ask('POST' if self.sent % 2 else 'GET')
            except (OSError, http.client.HTTPException):
                self.lost += 1
                self._connection.close()

    def _ask(self, method: str) -> None:
        body = b'x' * 1000 if method == 'POST' else None
        self._connection.request(method, '/', body=body, headers={'Host': f'{APP}.{DOMAIN}'})
        answer = self._connection.getresponse()
        if answer.status != 200 or b' of v' not in answer.read():
            self.lost += 1


def _started(release: int) -> Instance:
    made = Instance('web.1', release)
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    return made


def _end(instance: Instance) -> None:
    """Takes no connections any more; those that it has end by themselves."""
    instance.shutdown()
    instance.server_close()
