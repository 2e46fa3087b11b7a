"""The requests of one app out of the log of all, also while that is put aside."""

import threading
from pathlib import Path

from gitreceive.daemon.requests import Requests
from gitreceive.model.app import AppName
from tests.waiting import within

HELLO = AppName('hello')


def line(app: str, minute: int, rest: str = 'status=200 path="/"') -> str:
    return f'at=2026-01-31T13:{minute:02}:00Z app={app} {rest}\n'


def test_the_requests_of_an_app_come_with_their_times_and_without_those_of_others(tmp_path: Path) -> None:
    path = tmp_path / 'access.log'
    assert list(Requests(path).past(HELLO, 0, -1)) == []
    path.with_name('access.log.1').write_text(line('hello', 1, 'status=1') + line('hello2', 1))
    path.write_text(
        line('hello', 2, '\x1b[31mstatus=2') + 'nonsense\n' + line('other', 2) + line('hello', 3, 'status=3')
    )
    found = Requests(path).past(HELLO, 0, -1)
    assert [each.text for each in found] == ['status=1', 'status=2', 'status=3']
    assert found[1].at == 1_769_864_520.0
    assert [each.text for each in Requests(path).past(HELLO, 0, 2)] == ['status=2', 'status=3']
    assert [each.text for each in Requests(path).past(HELLO, 1_769_864_520.0, -1)] == ['status=2', 'status=3']
    assert list(Requests(path).past(HELLO, 0, 0)) == []


def test_requests_are_followed_through_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / 'access.log'
    path.write_text(line('hello', 1, 'before'))
    gone, got = threading.Event(), list[str]()

    def read() -> None:
        for found in Requests(path).follow(HELLO, gone.is_set):
            got.extend(each.text for each in found)

    reading = threading.Thread(target=read)
    reading.start()
    threading.Event().wait(0.2)
    with path.open('a') as file:
        file.write(line('other', 2) + line('hello', 2, 'one')[:20])
        file.flush()
        threading.Event().wait(0.6)
        file.write(line('hello', 2, 'one')[20:])
    assert within(20, lambda: got == ['one'])
    path.replace(path.with_name('access.log.1'))
    path.write_text(line('hello', 3, 'two'))
    assert within(20, lambda: got == ['one', 'two'])
    gone.set()
    reading.join(10)
    assert not reading.is_alive()
