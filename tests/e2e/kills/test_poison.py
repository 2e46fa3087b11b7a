"""Operations that kill the daemon are not tried for ever."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitreceive.model.operation import OperationState
from tests.e2e.kills.receiver import HitReceiver, end
from tests.e2e.receiver import Pusher, make_app


@pytest.mark.parametrize('point', ['build.started', 'slug.stored'])
def test_a_build_that_kills_the_daemon_twice_fails_and_says_so(
    make_hit_receiver: Callable[..., Pusher], tmp_path: Path, point: str
) -> None:
    ann = make_hit_receiver(tmp_path / 'receiver', GITRECEIVE_KILL_AT=point)
    hit = ann.receiver
    assert isinstance(hit, HitReceiver)
    hit.start()
    pushed = end(ann.start_push(make_app(tmp_path / 'work'), 'poison'), hit)
    assert pushed.status != 0
    assert 'died twice' in pushed.err
    hit.restarted_until(lambda: all(build.state.final for build in hit.builds('poison')))
    build = hit.builds('poison')[-1]
    assert (build.state, build.attempt) == (OperationState.FAILED, 2)
    assert hit.releases('poison') == []
    assert hit.ref('poison') is None
    assert hit.leftovers() == []
    hit.start()
    assert ann.ssh('apps').status == 0
