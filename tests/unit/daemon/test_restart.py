"""What the daemon puts right when it starts."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gitreceive.daemon import restart
from gitreceive.journal.operations import TWICE
from gitreceive.model.errors import EngineGone
from gitreceive.model.operation import Deploy, OperationState
from gitreceive.model.push import NO_COMMIT
from gitreceive.repositories import read_ref
from gitreceive.wiring.receiver import Receiver
from tests.chunk_cache import ChunkCache, member
from tests.fakes_storage import MemoryStorage
from tests.packing import packed
from tests.receiver_home import ANN, HELLO, MAIN, ReceiverHome


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What names the run of the host."""
    file = tmp_path / 'boot_id'
    file.write_text('first')
    monkeypatch.setattr(restart, 'BOOT_ID', file)
    return file


def complete(kept: ChunkCache, storage: object = None) -> None:
    receiver = SimpleNamespace(journal=kept.journal, home=kept.home, storage=storage or kept.storage)
    restart.complete(cast(Receiver, receiver))


def test_a_slug_that_a_power_cut_has_filled_with_zeros_is_made_again_after_it(
    kept: ChunkCache, boot: Path
) -> None:
    release = kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'1'}))
    complete(kept)
    whole = kept.path(f'hello/{release.slug.sha256}.tgz')
    content = whole.read_bytes()
    whole.write_bytes(bytes(len(content)))
    complete(kept)
    assert whole.read_bytes() == bytes(len(content)), 'it is read once for each run of the host'
    boot.write_text('second')
    complete(kept)
    assert whole.read_bytes() == content
    whole.write_bytes(content[:-1])
    complete(kept)
    assert whole.read_bytes() == content


def test_a_slug_elsewhere_is_not_fetched_after_a_power_cut_here(
    kept: ChunkCache, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = MemoryStorage()
    release = kept.layered(member({'heroku/x': b'x'}), packed({'src/a': b'1'}))
    for name in kept.names():
        storage.put(name, kept.path(name))
    complete(kept, storage)
    name = f'hello/{release.slug.sha256}.tgz'
    monkeypatch.setattr(storage, 'open', refuse_but(storage, name))
    boot.write_text('second')
    complete(kept, storage)
    assert name in storage.objects


def refuse_but(storage: MemoryStorage, refused: str):
    """Opens everything else."""
    opened = storage.open

    def open_(name: str):
        assert name != refused
        return opened(name)

    return open_


def reconciled(here: ReceiverHome) -> ReceiverHome:
    restart.reconcile(here.receiver, here.queue, here.logs)
    return here


def released(here: ReceiverHome, deploy: Deploy) -> None:
    here.queue.submit(HELLO, deploy, ANN)
    operation = here.journal.operations.claim(retries=True)
    assert operation
    here.record(operation)


def test_what_was_running_starts_again_and_its_log_says_so(here: ReceiverHome) -> None:
    deploy = here.update(here.commit())
    here.move(deploy)
    operation = here.queue.submit(HELLO, deploy, ANN)
    here.journal.operations.claim(retries=False)
    reconciled(here)
    assert here.state(operation.number)[0] == 'queued'
    assert here.log(operation) == '-----> The receiver was restarted; build 1 starts again\n'
    assert read_ref(here.home.repo(HELLO), MAIN) == operation.commit


def test_an_operation_that_kills_the_daemon_fails_after_its_second_attempt(here: ReceiverHome) -> None:
    deploy = here.update(here.commit())
    here.move(deploy)
    operation = here.queue.submit(HELLO, deploy, ANN)
    for _ in range(2):
        assert here.journal.operations.claim(retries=True)
        reconciled(here)
    assert here.state(operation.number) == ('failed', TWICE)
    assert read_ref(here.home.repo(HELLO), MAIN) == NO_COMMIT, 'the same push tries again'
    reconciled(here)
    assert len(here.journal.operations.of(HELLO)) == 1


def test_an_announced_push_whose_ref_moved_is_built_and_one_whose_did_not_is_not(here: ReceiverHome) -> None:
    first, second = here.update(here.commit()), here.update(here.commit())
    moved = here.journal.operations.announce(HELLO, first, ANN)
    here.move(first)
    waits = here.journal.operations.announce(HELLO, second, ANN)
    reconciled(here)
    assert here.state(moved.number)[0] == 'queued'
    assert here.state(waits.number)[0] == 'announced'
    assert [each.number for each in here.journal.operations.active()] == [moved.number]


def test_a_commit_that_failed_before_is_built_if_the_daemon_dies_as_it_is_pushed_again(
    here: ReceiverHome,
) -> None:
    deploy = here.update(here.commit())
    failed = here.queue.submit(HELLO, deploy, ANN)
    here.journal.operations.finish(failed.number, OperationState.FAILED, 'no')
    again = here.journal.operations.announce(HELLO, deploy, ANN)
    here.move(deploy)
    reconciled(here)
    assert here.state(again.number)[0] == 'queued'
    assert read_ref(here.home.repo(HELLO), MAIN) == deploy.commit


def test_a_failure_that_did_not_get_to_the_deploy_branch_sets_it_back(here: ReceiverHome) -> None:
    good = here.update(here.commit())
    here.move(good)
    released(here, good)
    bad = here.update(here.commit(), good.commit)
    here.move(bad)
    failed = here.queue.submit(HELLO, bad, ANN)
    here.journal.operations.finish(failed.number, OperationState.FAILED, 'no')
    reconciled(here)
    assert read_ref(here.home.repo(HELLO), MAIN) == good.commit


def test_head_names_the_deploy_branch_after_a_death_in_the_first_release(here: ReceiverHome) -> None:
    deploy = here.update(here.commit())
    here.move(deploy)
    released(here, deploy)
    repo = here.home.repo(HELLO)
    (repo / 'HEAD').write_text('ref: refs/heads/master\n')
    reconciled(here)
    assert read_ref(repo, 'HEAD') == deploy.commit


def test_a_push_that_nobody_announced_is_built(here: ReceiverHome) -> None:
    deploy = here.update(here.commit())
    here.move(deploy)
    reconciled(here)
    (operation,) = here.journal.operations.active()
    assert (operation.commit, operation.actor) == (deploy.commit, restart.RESTART)


def swept(here: ReceiverHome, builder: object, removed: int) -> None:
    parts = {'journal': here.journal, 'builder': builder, 'storage': SimpleNamespace(sweep=lambda: removed)}
    restart.sweep(cast(Receiver, SimpleNamespace(**parts)))


def test_leftovers_are_removed_in_the_engine_and_in_storage(
    here: ReceiverHome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO')
    builder = SimpleNamespace(images=dict, remove_containers=lambda before, active: 2)
    swept(here, builder, 1)
    assert 'removed 3 leftovers of dead builds' in caplog.text


def test_an_engine_that_is_away_at_start_is_told_and_no_more(
    here: ReceiverHome, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(before: int, active: frozenset[int]) -> int:
        raise EngineGone('no engine')

    swept(here, SimpleNamespace(remove_containers=gone), 1)
    assert 'leftovers could not be removed: no engine' in caplog.text
