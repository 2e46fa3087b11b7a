"""What HAProxy does beside what every router does: it is started, found again, told of, and guards apps."""

import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gitreceive.adapters.haproxy import master
from gitreceive.adapters.haproxy.master import Processes, processes
from gitreceive.adapters.haproxy.router import HaproxyRouter
from gitreceive.config.listening import holder
from gitreceive.model.app import AppName
from gitreceive.model.errors import RouterError
from gitreceive.model.route import Route
from tests.routed import Instance, Routed, routed
from tests.waiting import wait_until, within

HELLO, OTHER = AppName('hello'), AppName('other')
HOST = 'hello.localhost'
SECONDS = 20


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Routed]:
    with routed(tmp_path / 'router') as found:
        yield found


def lead(here: Routed, *instances: Instance, **given: object) -> Route:
    route = Route(app=HELLO, endpoints=tuple(each.endpoint for each in instances), **given)  # type: ignore[arg-type]
    here.router.apply(route)
    return route


def running(here: Routed) -> Processes:
    return processes(here.options.folder)


def test_it_outlives_its_daemon_and_the_next_one_finds_it(here: Routed) -> None:
    old, new = here.instance(1), here.instance(2)
    route = lead(here, old)
    before = running(here)
    here.next_daemon().begin([route])
    assert running(here) == before
    assert here.ask(HOST) == old.answer
    lead(here, new)
    assert here.ask(HOST) == new.answer
    assert running(here) == before


def test_a_process_that_started_it_may_end(here: Routed) -> None:
    script = (
        'import sys, pathlib\n'
        'from gitreceive.adapters.haproxy.options import RouterOptions\n'
        'from gitreceive.adapters.haproxy.router import HaproxyRouter\n'
        'HaproxyRouter(RouterOptions(folder=pathlib.Path(sys.argv[1]), listen=sys.argv[2])).begin([])\n'
    )
    subprocess.run([sys.executable, '-c', script, here.options.folder, here.options.listen], check=True)
    assert here.ask(HOST) == 'unknown'


def test_it_takes_up_what_changed_while_no_daemon_ran(here: Routed) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old, domains=('a.example.com',))
    here.next_daemon().begin(
        [Route(app=HELLO, endpoints=(new.endpoint,), domains=('b.example.com',), maintenance=False)]
    )
    assert here.ask('b.example.com') == new.answer
    assert here.ask('a.example.com') == 'unknown'


def test_other_settings_are_taken_over_by_a_reload(here: Routed) -> None:
    web = here.instance()
    route = lead(here, web)
    before = running(here)
    here.next_daemon(domain='example.com').begin([route])
    assert here.ask('hello.example.com') == web.answer
    assert here.ask(HOST) == 'unknown'
    assert running(here).master == before.master


@pytest.mark.parametrize(
    'name', ['haproxy.cfg', 'hosts.map', 'words.map', 'pages', 'challenges.map', 'haproxy.pid']
)
def test_a_lost_file_is_made_again(here: Routed, name: str) -> None:
    web = here.instance()
    lead(here, web)
    lost = here.options.folder / name
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    here.router.apply(Route(app=OTHER, endpoints=(web.endpoint,)))
    assert here.ask(HOST) == here.ask('other.localhost') == web.answer
    assert lost.exists() or name == 'haproxy.pid'


def test_one_that_lost_its_socket_is_replaced_and_ends_its_requests(here: Routed) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    before = running(here)
    (here.options.folder / 'master.sock').unlink()
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(here.ask(HOST, '/wait')))
    asking.start()
    assert old.waiting.acquire(timeout=SECONDS)
    lead(here, new)
    assert here.ask(HOST) == new.answer
    assert running(here).master != before.master
    old.go.set()
    asking.join()
    assert answers == [old.answer]
    wait_until(lambda: gone(before.master), SECONDS, 'the former one ends')


@pytest.mark.parametrize('which', ['master', 'current'])
def test_a_killed_one_is_started_again_at_the_next_switch(here: Routed, which: str) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    before = running(here)
    os.kill(getattr(before, which), signal.SIGKILL)
    wait_until(lambda: gone(before.master) and gone(before.current), SECONDS, 'both have ended')
    lead(here, new)
    assert here.ask(HOST) == new.answer


@pytest.mark.parametrize('which', ['master', 'current'])
def test_a_killed_one_is_started_again_while_it_is_supervised(here: Routed, which: str) -> None:
    web = here.instance()
    lead(here, web)
    with here.router.supervised():
        for _ in range(2):
            before = running(here)
            os.kill(getattr(before, which), signal.SIGKILL)
            wait_until(partial(answers_again, here, before), SECONDS, 'it answers again')
            assert here.ask(HOST) == web.answer
    assert here.ask(HOST) == web.answer


STEPS = range(1, 8)


@pytest.mark.parametrize('step', STEPS)
def test_one_that_is_killed_at_any_word_of_a_switch_answers_with_what_is_new(
    here: Routed, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    before, said = running(here), []

    def tell(*words: str) -> None:
        said.append(words)
        if len(said) == step:
            kill(before)
        master.tell(*words)

    monkeypatch.setattr('gitreceive.adapters.haproxy.runtime.tell', tell)
    lead(here, new, domains=('a.example.com',), maintenance=False, sticky=True)
    assert here.ask(HOST) == here.ask('a.example.com') == new.answer


@pytest.mark.parametrize('when', ['before', 'after'])
def test_one_that_is_killed_in_a_reload_is_started(
    here: Routed, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    before = running(here)

    def ask(*words: str) -> str:
        if words[2] == 'reload' and when == 'before':
            kill(before)
        answer = master.ask(*words)
        if words[2] == 'reload':
            os.kill(before.master, signal.SIGKILL)
        return answer

    monkeypatch.setattr('gitreceive.adapters.haproxy.process.ask', ask)
    here.router.apply(Route(app=OTHER, endpoints=(new.endpoint,)))
    assert (here.ask(HOST), here.ask('other.localhost')) == (old.answer, new.answer)


@pytest.mark.parametrize('goes_on', [1, 2], ids=['old', 'new'])
@pytest.mark.parametrize('step', STEPS)
def test_a_daemon_that_dies_at_any_word_of_a_switch_leaves_one_that_serves(
    here: Routed, monkeypatch: pytest.MonkeyPatch, step: int, goes_on: int
) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    said = []

    def tell(*words: str) -> None:
        said.append(words)
        if len(said) == step:
            raise KeyboardInterrupt
        master.tell(*words)

    with monkeypatch.context() as patched:
        patched.setattr('gitreceive.adapters.haproxy.runtime.tell', tell)
        with suppress(KeyboardInterrupt):
            lead(here, new)
    assert here.ask(HOST) in (old.answer, new.answer)
    goal = {1: old, 2: new}[goes_on]
    here.next_daemon().begin([Route(app=HELLO, endpoints=(goal.endpoint,))])
    assert {here.ask(HOST) for _ in range(5)} == {goal.answer}


def kill(found: Processes) -> None:
    for pid in (found.master, found.current):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: gone(found.master) and gone(found.current), SECONDS, 'both have ended')


def test_one_word_that_is_refused_takes_all_of_a_switch_back(
    here: Routed, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)

    def tell(folder: Path, worker: str, command: str, payload: str = '') -> None:
        if command.endswith('state maint'):
            monkeypatch.undo()
            raise RouterError('no')
        master.tell(folder, worker, command, payload)

    monkeypatch.setattr('gitreceive.adapters.haproxy.runtime.tell', tell)
    with pytest.raises(RouterError, match='no'):
        lead(here, new)
    assert {here.ask(HOST) for _ in range(5)} == {old.answer}
    lead(here, new)
    assert {here.ask(HOST) for _ in range(5)} == {new.answer}


def test_its_logs_are_kept_short_and_go_on(here: Routed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('gitreceive.adapters.haproxy.logs.MOST_ACCESS', 2_000)
    monkeypatch.setattr('gitreceive.adapters.haproxy.logs.MOST_MESSAGES', 100)
    monkeypatch.setattr('gitreceive.adapters.haproxy.watch.TIDY_SECONDS', 0.05)
    lead(here, here.instance())
    aside = here.options.folder / 'access.log.1'
    with here.router.supervised():
        for _ in range(3):
            aside.unlink(missing_ok=True)
            assert within(SECONDS, lambda: here.ask(HOST) and aside.exists())
        messages = here.options.folder / 'haproxy.log'
        wait_until(lambda: messages.stat().st_size <= 100, SECONDS, 'messages are gone')
        here.ask(HOST)
        wait_until(lambda: access(here), SECONDS, 'a line')
    assert all(line.startswith('at=') for line in aside.read_text().splitlines())


def test_the_next_daemon_has_the_lines_of_what_happened_between(here: Routed) -> None:
    route = lead(here, here.instance())
    for _ in range(5):
        here.ask(HOST)
    assert not (here.options.folder / 'access.log').exists()
    here.next_daemon().begin([route])
    with here.router.supervised():
        wait_until(lambda: len(access(here)) == 5, SECONDS, 'all lines')


def test_requests_do_not_wait_for_a_log_that_nobody_reads(here: Routed) -> None:
    web = here.instance()
    lead(here, web)
    kept = connection(here)
    for _ in range(300):
        kept.request('GET', '/' + 'x' * 3500, headers={'Host': HOST})
        assert kept.getresponse().read().decode() == web.answer
    (here.options.folder / 'access.pipe').unlink()
    assert here.ask(HOST) == web.answer


def test_one_that_does_not_come_up_is_tried_until_it_does(
    here: Routed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr('gitreceive.adapters.haproxy.watch.FIRST_SECONDS', 0.05)
    monkeypatch.setattr('gitreceive.adapters.haproxy.watch.IDLE_SECONDS', 0.01)
    with here.router.supervised():
        time.sleep(0.1)  # nothing has begun
        web = here.instance()
        lead(here, web)
        with monkeypatch.context() as patched:
            patched.setattr('gitreceive.adapters.haproxy.process.Process.start', refuse)
            kill(running(here))
            wait_until(lambda: 'not now; trying again' in caplog.text, SECONDS, 'it is told')
        assert within(SECONDS, lambda: ask_or_nothing(here) == web.answer)


def refuse(*words: object) -> None:
    raise RouterError('not now')


def test_nobody_is_busy_where_nothing_runs(here: Routed) -> None:
    web = here.instance()
    lead(here, web)
    assert not here.router.busy(OTHER, web.endpoint)
    here.router.stop()
    assert not here.router.busy(HELLO, web.endpoint)


@pytest.mark.parametrize('token', ['', 'a b', 'a\nb', '../x', 'x' * 300, 'é'])
def test_what_is_no_token_is_not_put(here: Routed, token: str) -> None:
    here.router.begin([])
    with pytest.raises(RouterError, match='not a token'):
        here.router.put(token, 'answer')


def test_one_that_was_stopped_is_gone(here: Routed) -> None:
    lead(here, here.instance())
    before = running(here)
    here.router.stop()
    here.router.stop()
    assert gone(before.master)
    with pytest.raises(ConnectionRefusedError):
        here.ask(HOST)


def test_one_is_stopped_by_who_has_no_program(here: Routed) -> None:
    lead(here, here.instance())
    before = running(here)
    here.next_daemon(program='').stop()
    assert gone(before.master)


def test_a_taken_port_is_told_with_who_has_it(here: Routed) -> None:
    with socket.create_server(('127.0.0.1', here.port)):
        here.router = HaproxyRouter(here.options, holder)
        with pytest.raises(RouterError, match=rf'port {here.port}') as told:
            here.router.begin([])
    assert f'process {os.getpid()}' in str(told.value)
    assert 'router.listen' in str(told.value)
    here.router.begin([])
    assert here.ask(HOST) == 'unknown'


@pytest.mark.parametrize('host', ['[::]', '[::1]', 'localhost', '0.0.0.0'])
def test_an_address_may_be_written_in_any_way(here: Routed, host: str) -> None:
    port = here.port
    listen = f'{host}:{port}'
    here.next_daemon(listen=listen).begin([])
    with socket.create_connection(('::1' if ':' in host else '127.0.0.1', port)):
        pass
    second = HaproxyRouter(replace(here.options, folder=here.options.folder / 'second'), holder)
    with pytest.raises(RouterError) as told:
        second.begin([])
    assert f'cannot listen on {listen}: process' in str(told.value)


def test_a_port_that_is_not_allowed_is_told_with_the_remedy(here: Routed, tmp_path: Path) -> None:
    script = tmp_path / 'haproxy'
    script.write_text(
        '#!/bin/sh\n[ "$1" = -c ] && exit 0\n'
        'echo "[ALERT] : Starting frontend http: cannot bind socket (Permission denied) [0.0.0.0:80]" >&2\nexit 1\n'
    )
    script.chmod(0o755)
    with pytest.raises(RouterError, match=r'Permission denied.*\n.*CAP_NET_BIND_SERVICE'):
        here.next_daemon(program=str(script)).begin([])


def test_two_routers_do_not_share_a_port(here: Routed, tmp_path: Path) -> None:
    web = here.instance()
    lead(here, web)
    second = HaproxyRouter(replace(here.options, folder=tmp_path / 'second'), holder)
    try:
        with pytest.raises(RouterError, match=r'\(haproxy\) has port'):
            second.begin([])
    finally:
        second.stop()
    assert {here.ask(HOST) for _ in range(10)} == {web.answer}


def test_a_configuration_that_haproxy_refuses_changes_nothing(here: Routed) -> None:
    web = here.instance()
    route = lead(here, web)
    before = running(here)
    broken = here.next_daemon(listen='no address at all')
    with pytest.raises(RouterError, match=r'HAProxy refuses .*haproxy\.cfg'):
        broken.begin([route])
    here.next_daemon(listen=f'127.0.0.1:{here_port(before, here)}').begin([route])
    assert here.ask(HOST) == web.answer
    assert running(here) == before


def test_a_listener_that_cannot_be_had_leaves_the_old_worker_serving(here: Routed, tmp_path: Path) -> None:
    web, listen = here.instance(), here.options.listen
    route = lead(here, web)
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RouterError, match=f'cannot listen on .*{port}: another server has port {port}'):
            here.next_daemon(listen=f'127.0.0.1:{port}').begin([route])
    here.next_daemon(listen=listen).begin([route])
    assert here.ask(HOST) == web.answer


def test_a_program_that_is_none_is_told(here: Routed) -> None:
    here.next_daemon(program='/nowhere/haproxy')
    with pytest.raises(RouterError, match=r'cannot run /nowhere/haproxy \(setting router\.haproxy\)'):
        here.router.begin([])


def test_a_client_that_an_old_worker_has_kept_is_led_to_what_is_new(here: Routed) -> None:
    """Each reload leaves a worker with the connections that clients keep; their next requests come to it."""
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    kept = [connection(here) for _ in range(3)]
    assert [ask_on(each) for each in kept] == [old.answer] * 3
    here.router.apply(Route(app=OTHER, endpoints=(old.endpoint,)))
    assert len(running(here).old) == 1
    lead(here, new)
    assert here.ask('other.localhost') == old.answer
    assert [ask_on(each) for each in kept] == [new.answer] * 3


def test_a_client_that_an_old_worker_has_kept_reaches_what_has_not_changed(here: Routed) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    kept = [connection(here) for _ in range(3)]
    assert [ask_on(each) for each in kept] == [old.answer] * 3
    here.router.apply(Route(app=OTHER, endpoints=(old.endpoint,)))
    assert ask_on(kept[0]) == old.answer
    lead(here, new)
    lead(here, old)
    assert ask_on(kept[1]) == old.answer
    lead(here)
    assert 'App is down' in ask_on(kept[2])


def test_a_kept_connection_lives_through_switches(here: Routed) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old)
    kept = connection(here)
    for _ in range(5):
        for each in (old, new):
            lead(here, each)
            assert ask_on(kept, 'POST') == each.answer
    assert running(here).reloads == 0


def connection(here: Routed) -> http.client.HTTPConnection:
    made = http.client.HTTPConnection('127.0.0.1', here.port, timeout=SECONDS)
    made.auto_open = 0
    made.connect()
    return made


def ask_on(kept: http.client.HTTPConnection, method: str = 'GET') -> str:
    kept.request(method, '/', body=b'x' * 1000 if method == 'POST' else None, headers={'Host': HOST})
    return kept.getresponse().read().decode()


def test_the_app_is_told_who_asks_and_what_others_claim_is_replaced(here: Routed) -> None:
    web = here.instance()
    lead(here, web)
    claimed = {
        'X_Forwarded_For': '6.6.6.6',
        'X_Forwarded_Proto': 'https',
        'X_Forwarded_Port': '443',
        'X_Forwarded_Host': 'evil.example.com',
        'X_Real_IP': '6.6.6.6',
        'X_Request_Id': 'mine',
        'Forwarded': 'for=6.6.6.6',
        'Proxy': 'http://evil.example.com',
    }
    answer = here.get(HOST, **claimed)
    seen = {name.lower(): value for name, value in web.seen.headers.items()}
    assert seen['x-forwarded-for'] == '127.0.0.1'
    assert seen['x-forwarded-proto'] == 'http'
    assert seen['x-forwarded-port'] == str(here.port)
    assert len(seen['x-request-id']) == 36
    assert answer.headers['x-request-id'] == seen['x-request-id']
    assert seen['host'] == HOST
    assert not {'x-forwarded-host', 'x-real-ip', 'forwarded', 'proxy'} & seen.keys()


@pytest.mark.parametrize(
    'host', ['HELLO.localhost', 'hello.localhost.', 'hello.localhost:80', 'Hello.LocalHost.:8080']
)
def test_a_name_is_the_same_in_all_its_spellings(here: Routed, host: str) -> None:
    web = here.instance()
    lead(here, web)
    assert here.ask(host) == web.answer


@pytest.mark.parametrize(
    'host', ['', 'hello', 'x.hello.localhost', 'hello.localhost.evil.com', '*', 'hello localhost', '../x']
)
def test_another_name_leads_to_no_app(here: Routed, host: str) -> None:
    lead(here, here.instance())
    answer = here.get(host)
    assert answer.page == 'unknown' or answer.status == 400


def test_pages_are_not_kept_by_caches_and_say_when_to_come_back(here: Routed) -> None:
    lead(here)
    answer = here.get(HOST)
    assert (answer.status, answer.page) == (503, 'down')
    assert answer.headers['cache-control'] == 'no-store'
    assert answer.headers['retry-after'] == '10'
    assert here.get('x.localhost').status == 404


def test_an_instance_that_accepts_nothing_is_told_by_a_page(here: Routed) -> None:
    web = here.instance()
    lead(here, web)
    web.shutdown()
    web.socket.close()
    answer = here.get(HOST)
    assert answer.status == 503
    assert 'No answer' in answer.body


def test_one_instance_that_is_gone_costs_nothing_as_long_as_another_answers(here: Routed) -> None:
    lost, kept = here.instance(1, 'web.1'), here.instance(1, 'web.2')
    lead(here, lost, kept)
    lost.shutdown()
    lost.socket.close()
    assert {here.ask(HOST) for _ in range(10)} == {kept.answer}


def test_a_client_stays_with_the_instance_that_answered_it(here: Routed) -> None:
    both = [here.instance(1, f'web.{number}') for number in (1, 2)]
    lead(here, *both, sticky=True)
    first = here.get(HOST)
    cookie = first.headers['set-cookie'].partition(';')[0]
    answers = [here.get(HOST, Cookie=cookie) for _ in range(10)]
    assert {each.body for each in answers} == {first.body}
    assert all('set-cookie' not in each.headers for each in answers)
    assert '127.0.0.1' not in cookie


def test_a_client_gets_another_instance_when_its_own_is_gone(here: Routed) -> None:
    old, new = here.instance(1), here.instance(2)
    lead(here, old, sticky=True)
    cookie = here.get(HOST).headers['set-cookie'].partition(';')[0]
    lead(here, new, sticky=True)
    answer = here.get(HOST, Cookie=cookie)
    assert answer.body == new.answer
    assert answer.headers['set-cookie'].partition(';')[0] != cookie


def test_without_stickiness_there_is_no_cookie(here: Routed) -> None:
    both = [here.instance(1, f'web.{number}') for number in (1, 2)]
    lead(here, *both, sticky=True)
    cookie = here.get(HOST).headers['set-cookie'].partition(';')[0]
    lead(here, *both)
    assert 'set-cookie' not in here.get(HOST).headers
    assert {here.get(HOST, Cookie=cookie).body for _ in range(20)} == {each.answer for each in both}


def test_each_request_has_a_line_that_names_its_app_and_not_its_query(here: Routed) -> None:
    web = here.instance()
    lead(here, web)
    here.get(HOST, '/path?token=secret')
    here.get('x.localhost')
    with here.router.supervised():
        wait_until(lambda: len(access(here)) == 2, SECONDS, 'two lines')
    second, first = sorted(access(here), key=lambda line: line['app'])
    assert first['app'] == 'hello'
    assert first['status'] == '200'
    assert first['path'] == '"/path"'
    assert first['instance'].startswith('v1.web.1.')
    assert first['client'] == '127.0.0.1'
    assert int(first['time_ms']) >= 0
    assert (second['app'], second['status']) == ('-', '404')
    assert 'secret' not in (here.options.folder / 'access.log').read_text()


def test_a_path_makes_no_line_of_its_own(here: Routed) -> None:
    lead(here, here.instance())
    here.get(HOST, '/a"b%0aapp=other')
    with here.router.supervised():
        wait_until(lambda: access(here), SECONDS, 'a line')
    (line,) = access(here)
    assert line['app'] == 'hello'


def access(here: Routed) -> list[dict[str, str]]:
    file = here.options.folder / 'access.log'
    lines = file.read_text().splitlines() if file.exists() else []
    return [
        dict(word.partition('=')[::2] for word in line.split()) for line in lines if line.startswith('at=')
    ]


def test_an_app_answers_so_many_requests_at_once_and_so_many_may_wait(tmp_path: Path) -> None:
    with routed(tmp_path / 'router', max_requests=2, max_queued=2) as here:
        web, other = here.instance(1), here.instance(2)
        lead(here, web)
        here.router.apply(Route(app=OTHER, endpoints=(other.endpoint,)))
        answers: list[str] = []
        threads = [threading.Thread(target=lambda: answers.append(here.ask(HOST, '/wait'))) for _ in range(4)]
        for each in threads:
            each.start()
        for _ in range(2):
            assert web.waiting.acquire(timeout=SECONDS)
        wait_until(lambda: waiting(here) == 2, SECONDS, 'two wait')
        assert here.ask(HOST) == 'busy'
        assert not web.waiting.acquire(blocking=False)
        assert here.ask('other.localhost') == other.answer
        web.go.set()
        for each in threads:
            each.join()
        assert answers == [web.answer] * 4


def test_waiting_requests_go_to_the_new_instances_of_a_switch(tmp_path: Path) -> None:
    with routed(tmp_path / 'router', max_requests=1, max_queued=10) as here:
        old, new = here.instance(1), here.instance(2)
        lead(here, old)
        answers: list[str] = []
        threads = [threading.Thread(target=lambda: answers.append(here.ask(HOST, '/wait'))) for _ in range(3)]
        for each in threads:
            each.start()
        assert old.waiting.acquire(timeout=SECONDS)
        new.go.set()
        wait_until(lambda: waiting(here) == 2, SECONDS, 'two wait')
        lead(here, new)
        wait_until(lambda: len(answers) == 2, SECONDS, 'those that waited')
        assert answers == [new.answer] * 2
        old.go.set()
        for each in threads:
            each.join()
        assert old.answer in answers


def waiting(here: Routed) -> int:
    """How many requests of the app wait for a place."""
    (row,) = master.table(master.ask(here.options.folder, master.CURRENT, 'show stat hello 2 -1'))
    return int(row['qcur'])


def test_clients_that_send_nothing_leave_room_for_others(here: Routed) -> None:
    web = here.instance()
    lead(here, web)
    silent = [socket.create_connection(('127.0.0.1', here.port)) for _ in range(300)]
    for each in silent[::2]:
        each.sendall(b'GET / HTTP/1.1\r\nHost: hello.localhost\r\nX-Slow: ')
    assert here.ask(HOST) == web.answer
    assert not web.answered > 1
    for each in silent:
        each.close()


def test_clients_that_do_not_read_leave_room_for_other_apps(here: Routed) -> None:
    slow, other = here.instance(1), here.instance(2)
    slow.body = b'x' * 10_000_000
    lead(here, slow)
    here.router.apply(Route(app=OTHER, endpoints=(other.endpoint,)))
    deaf = [socket.create_connection(('127.0.0.1', here.port)) for _ in range(50)]
    for each in deaf:
        each.sendall(b'GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n')
    wait_until(lambda: slow.answered >= 20, SECONDS, 'they are being answered')
    assert here.ask('other.localhost') == other.answer
    for each in deaf:
        each.close()


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can give rights away')
def test_as_root_requests_are_handled_by_a_user_without_rights(tmp_path: Path) -> None:
    with routed(tmp_path / 'router', account=('haproxy', 'haproxy')) as here:
        web = here.instance()
        lead(here, web)
        here.router.apply(Route(app=OTHER, endpoints=(web.endpoint,)))
        lead(here, web, domains=('a.example.com',))
        assert here.ask(HOST) == here.ask('other.localhost') == here.ask('a.example.com') == web.answer
        worker = running(here).current
        assert Path(f'/proc/{worker}').stat().st_uid == pwd.getpwnam('haproxy').pw_uid
        assert os.readlink(f'/proc/{worker}/root') == str((tmp_path / 'router/empty').resolve())
        with here.router.supervised():
            wait_until(lambda: access(here), SECONDS, 'a line')
            kill(running(here))
            assert within(SECONDS, lambda: ask_or_nothing(here) == web.answer)


def ask_or_nothing(here: Routed) -> str:
    with suppress(OSError):
        return here.ask(HOST)
    return ''


@pytest.mark.slow
def test_a_request_that_comes_too_slowly_is_ended(here: Routed) -> None:
    lead(here, here.instance())
    with socket.create_connection(('127.0.0.1', here.port), timeout=SECONDS) as slow:
        slow.sendall(b'GET / HTTP/1.1\r\nHost: hello.localhost\r\n')
        began = time.monotonic()
        answer = b''
        while time.monotonic() - began < SECONDS:
            try:
                slow.sendall(b'X-A: b\r\n')
                slow.settimeout(1)
                answer += slow.recv(1000)
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert answer.startswith(b'HTTP/1.1 408') or not answer


@pytest.mark.parametrize(
    'headers',
    [
        b''.join(b'X-%d: y\r\n' % number for number in range(500)),
        b'X-Long: ' + b'y' * 100_000 + b'\r\n',
        b'Content-Length: 5\r\nContent-Length: 6\r\n',
        b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n',
        b'X Y: z\r\n',
        b'X\0: z\r\n',
        b'Host: other.localhost\r\n',
    ],
    ids=['many', 'long', 'two lengths', 'smuggled', 'space', 'null', 'two hosts'],
)
def test_headers_that_are_too_much_or_no_headers_do_not_reach_the_app(here: Routed, headers: bytes) -> None:
    web = here.instance()
    lead(here, web)
    with socket.create_connection(('127.0.0.1', here.port), timeout=SECONDS) as client:
        try:
            client.sendall(b'GET / HTTP/1.1\r\nHost: hello.localhost\r\n' + headers + b'\r\nhello')
            answer = client.recv(1000)
        except ConnectionError:
            answer = b''
    assert answer[:12] in (b'', b'HTTP/1.1 400', b'HTTP/1.1 431')
    assert web.answered == 0
    assert here.ask(HOST) == web.answer


def test_what_is_known_already_is_not_said_again(here: Routed, monkeypatch: pytest.MonkeyPatch) -> None:
    route = lead(here, here.instance())
    said: list[str] = []
    monkeypatch.setattr('gitreceive.adapters.haproxy.runtime.tell', lambda *words: said.append(words[2]))
    here.router.apply(route)
    here.router.begin([route])
    assert said == []


def test_files_are_for_their_owner_alone(here: Routed) -> None:
    lead(here, here.instance())
    assert here.options.folder.stat().st_mode & 0o777 == 0o700
    assert (here.options.folder / 'master.sock').stat().st_mode & 0o077 == 0


def gone(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        return True
    return state == 'Z'


def answers_again(here: Routed, before: Processes) -> bool:
    try:
        found = running(here)
    except RouterError:
        return False
    return found.master != before.master


def here_port(before: Processes, here: Routed) -> int:
    """The port that it listens on, by its configuration in place."""
    text = (here.options.folder / 'haproxy.cfg').read_text()
    return int(next(line for line in text.splitlines() if line.startswith('    bind ')).rpartition(':')[2])
