"""Those who wait know how many are ahead of them."""

from gitreceive.model.app import AppName
from gitreceive.model.operation import Rollback
from gitreceive.model.push import NO_COMMIT
from tests.receiver_home import ANN, HELLO, ReceiverHome


def test_a_waiting_build_is_told_its_position_when_that_has_changed(here: ReceiverHome) -> None:
    for app in (HELLO, AppName('other')):
        here.queue.submit(app, here.update('1' * 40), ANN)
        assert here.queue.take(builds=True)
    same = here.queue.submit(HELLO, here.update('2' * 40), ANN)
    third = here.queue.submit(AppName('third'), here.update('1' * 40), ANN)
    rollback = here.queue.submit(AppName('other'), Rollback(version=1, commit=NO_COMMIT), ANN)
    positions = here.positions
    for _ in range(2):
        positions.tell()
    assert here.log(same) == '-----> Build 3 waits, 2 ahead of it: build 1 of hello is running\n'
    assert here.log(third) == '-----> Build 4 waits, 3 ahead of it: 2 builds are running\n'
    assert here.log(rollback) == ''
