"""What it costs the daemon that people follow a log in which nothing happens."""

import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.apps import App, make_work_tree
from bench.errors import BenchError
from bench.measure import Row, Series
from bench.push import push
from bench.setting import Bench
from gitreceive.config.home import Home
from gitreceive.grammar.wire import Answer, ask
from gitreceive.model.errors import DaemonUnreachable

APP = 'followed'
QUIET = 'FROM gitreceive/cedar:12\nRUN sleep {}\nCMD cat\n'
SETTLING = 3.0
"""Seconds until all followers have been sent what there is."""


def followers(bench: Bench) -> Iterator[Row]:
    """Processor seconds of the daemon while people follow a build that says nothing."""
    count, seconds = bench.sizes.followers, bench.sizes.watched
    home = Home(bench.place / 'home')
    work = bench.place / 'work' / APP
    length = seconds + 4 * SETTLING
    make_work_tree(App(name=APP, title=APP, code='Dockerfile', comment='#', write=_quiet(length)), work, None)
    push(bench.ours, work, APP, 'master', '--push-option=detach')
    bench.say(f'followers: {count} for {seconds:g} s')
    with following(home, count):
        time.sleep(SETTLING)
        used = _used(home, seconds)
    yield Row(
        name=f'processor seconds of the daemon in {seconds:g} s of {count} followers',
        ours=Series((used,)),
        naive=None,
    )
    bench.remark(
        f'{count} followers of a quiet build take {100 * used / seconds:.2f}% of a core in the daemon.'
    )


@contextmanager
def following(home: Home, count: int) -> Iterator[None]:
    """So many who follow the build's log. Raises BenchError if one of them was not let."""
    with ExitStack() as stack:
        threads = []
        for _ in range(count):
            answer = ask(home.socket, ('verb', '', 'logs', APP, '-f'))
            stack.callback(answer.close)
            threads.append(threading.Thread(target=_read, args=(answer,), daemon=True))
            threads[-1].start()
        yield
        if not all(thread.is_alive() for thread in threads):
            raise BenchError('a follower was sent away before the build had ended')


def _read(answer: Answer) -> None:
    try:
        for _ in answer:
            pass
    except DaemonUnreachable:
        return


def _quiet(seconds: float) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / 'Dockerfile').write_text(QUIET.format(seconds))

    return write


def _used(home: Home, seconds: float) -> float:
    pid = _daemon(home)
    before = _processor_seconds(pid)
    time.sleep(seconds)
    return _processor_seconds(pid) - before


def _daemon(home: Home) -> int:
    """The process at the other end of the socket (unix(7), SO_PEERCRED)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(home.socket))
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize('3i'))
    return int(struct.unpack('3i', peer)[0])


def _processor_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
