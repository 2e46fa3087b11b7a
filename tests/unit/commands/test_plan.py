"""Plans are bounded in files, time and number, and end when nobody waits for them."""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planned, Planner
from gitreceive.commands.plan import Plans, PlanTurns
from gitreceive.model.errors import (
    AccessDenied,
    BadCommand,
    BuildCancelled,
    DetectError,
    SourceError,
    UnknownApp,
)
from gitreceive.model.push import Commit
from gitreceive.stack import load_stack
from tests.memory import forget_peak, memory
from tests.unit.commands.conftest import BOB, EVE, HELLO, MAIN, Receiver
from tests.waiting import wait_until

PLANNER = Planner(buildpacks=load_buildpacks((), ()), stack=load_stack('cedar-12'))


@contextmanager
def staying(action: Callable[[], None]) -> Iterator[None]:
    """Somebody who waits for the answer."""
    yield


@contextmanager
def gone_already(action: Callable[[], None]) -> Iterator[None]:
    """Somebody who does not."""
    action()
    yield


def plans(receiver: Receiver, most_files: int = 1000) -> Plans:
    return Plans(receiver.home, receiver.journal.apps, PLANNER, most_files)


def title(planned: Planned) -> str:
    return f'{planned.plan.title} {sum(1 for _ in planned.source.files())}'


def commit(receiver: Receiver, files: dict[str, str], ref: str = MAIN) -> Commit:
    """A commit of these files in the app's repository."""
    repo = receiver.home.repo(receiver.app())
    parts = [f'commit {ref}\ncommitter a <a@b> 1000000000 +0000\ndata 1\nx\ndeleteall\n']
    parts += [f'M 100644 inline {path}\ndata {len(text)}\n{text}\n' for path, text in files.items()]
    subprocess.run(
        ['git', '--git-dir', repo, 'fast-import', '--quiet', '--force'],
        input=''.join(parts).encode(),
        check=True,
    )
    done = subprocess.run(['git', '--git-dir', repo, 'rev-parse', ref], capture_output=True, check=True)
    return Commit(done.stdout.decode().strip())


def test_what_was_pushed_is_planned_by_its_name(receiver: Receiver) -> None:
    commit(receiver, {'Procfile': 'web: cat'})
    found = commit(receiver, {'requirements.txt': '', 'Procfile': 'web: cat'}, 'refs/heads/side')
    receiver.journal.apps.add(HELLO, MAIN)
    made = plans(receiver)
    assert made.of_ref(BOB, HELLO, None, staying, title) == 'Minimal 1'
    assert made.of_ref(BOB, HELLO, 'side', staying, title) == 'Python 2'
    assert made.of_ref(BOB, HELLO, found, staying, title) == 'Python 2'


@pytest.mark.parametrize('ref', ['nothing', '--all', 'HEAD@{u}', 'a b', 'main^{/x}', '', ':/x'])
def test_what_was_not_pushed_is_refused(receiver: Receiver, ref: str) -> None:
    commit(receiver, {'Procfile': 'web: cat'}, 'refs/heads/side')
    with pytest.raises(BadCommand, match='name a branch, tag or commit that was pushed'):
        plans(receiver).of_ref(BOB, HELLO, ref, staying, title)
    with pytest.raises(UnknownApp):
        plans(receiver).of_ref(EVE, HELLO, 'side', staying, title)


def test_a_plan_sees_what_app_json_would_set_as_a_push_does(receiver: Receiver) -> None:
    app = '{"env": {"BUILDPACK_URL": "minimal", "TOKEN": {"generator": "secret"}, "MUST": {}}}'
    commit(receiver, {'requirements.txt': '', 'Procfile': 'web: cat', 'app.json': app})
    made = plans(receiver)
    notes = made.of_ref(BOB, HELLO, 'main', staying, lambda planned: planned.plan.notes)
    assert made.of_ref(BOB, HELLO, 'main', staying, title) == 'Minimal 3'
    assert 'app.json requires MUST, which is not set.' in notes
    assert any('app.json sets BUILDPACK_URL, TOKEN (generated)' in note for note in notes)
    assert receiver.journal.apps.config(HELLO) == {}


def bomb(receiver: Receiver) -> None:
    """A tree of ten levels of ten equal trees: 10^10 paths, in eleven objects."""
    repo = str(receiver.home.repo(receiver.app()))

    def git(*words: str, given: str = '') -> str:
        environ = {**os.environ, 'GIT_AUTHOR_NAME': 'a', 'GIT_AUTHOR_EMAIL': 'a@b'}
        environ |= {'GIT_COMMITTER_NAME': 'a', 'GIT_COMMITTER_EMAIL': 'a@b'}
        command = ['git', '--git-dir', repo, *words]
        done = subprocess.run(command, input=given.encode(), capture_output=True, check=True, env=environ)
        return done.stdout.decode().strip()

    blob = git('hash-object', '-w', '--stdin', given='web: cat\n')
    tree = git('mktree', given=''.join(f'100644 blob {blob}\tf{at}\n' for at in range(10)))
    for _ in range(9):
        tree = git('mktree', given=''.join(f'040000 tree {tree}\td{at}\n' for at in range(10)))
    root = git('mktree', given=f'100644 blob {blob}\tProcfile\n040000 tree {tree}\tsrc\n')
    git('update-ref', 'refs/heads/side', git('commit-tree', '-m', 'x', root))


def test_a_tree_without_end_is_refused_in_little_memory(receiver: Receiver) -> None:
    bomb(receiver)
    made = plans(receiver, most_files=100_000)
    forget_peak()
    before = memory('self')
    with pytest.raises(SourceError, match='more than 100,000 files'):
        made.of_ref(BOB, HELLO, 'side', staying, title)
    assert memory('self') - before < 50_000 * 1024


@pytest.mark.parametrize('unit', ['[],', '{"a":1},', '"a",'])
def test_a_manifest_that_would_fill_the_memory_is_refused(receiver: Receiver, unit: str) -> None:
    commit(receiver, {'package.json': f'{{"x": [{unit * (9_900_000 // len(unit))}1]}}'})
    made = plans(receiver)
    forget_peak()
    before = memory('self')
    with pytest.raises(DetectError, match='holds more than'):
        made.of_ref(BOB, HELLO, 'main', staying, title)
    assert memory('self') - before < 50_000 * 1024


def test_a_plan_that_nobody_waits_for_ends(receiver: Receiver) -> None:
    commit(receiver, {'Procfile': 'web: cat'})
    with pytest.raises(BuildCancelled):
        plans(receiver).of_ref(BOB, HELLO, 'main', gone_already, title)


def nothing() -> None:
    """A check that never raises."""


def test_one_key_makes_one_plan_at_once_and_waits_for_few() -> None:
    turns, go, running = PlanTurns(at_once=2, of_key=3), threading.Event(), threading.Semaphore(0)
    done: list[str] = []

    def plan(key: str) -> None:
        with turns.turn(key, nothing):
            running.release()
            go.wait(10)
        done.append(key)

    threads = [threading.Thread(target=plan, args=('ann',)) for _ in range(3)]
    for thread in threads:
        thread.start()
    running.acquire()
    wait_until(lambda: turns._asked['ann'] == 3, 10, 'the third question')
    with pytest.raises(AccessDenied, match='3 plans are under way for this key'), turns.turn('ann', nothing):
        pass
    assert not running.acquire(timeout=0.1)
    threads.append(threading.Thread(target=plan, args=('bob',)))
    threads[-1].start()
    assert running.acquire(timeout=10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert sorted(done) == ['ann', 'ann', 'ann', 'bob']


def test_who_waits_for_a_turn_and_goes_leaves_the_queue() -> None:
    turns = PlanTurns(at_once=1, of_key=2)

    def gone() -> None:
        raise BuildCancelled('gone')

    with turns.turn('ann', nothing):
        for _ in range(5):
            with pytest.raises(BuildCancelled), turns.turn('bob', gone):
                pass
    with turns.turn('bob', nothing):
        pass
