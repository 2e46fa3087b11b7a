"""The engine that a checkout starts for itself: started when it is needed, ended by whoever started it, nobody else's."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import DEFAULT, call, can_start, checkout

pytestmark = can_start
alone = pytest.mark.skipif(
    DEFAULT.exists(), reason='an engine at the default socket is used before one is started'
)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout at a short path; its engine, if it has one, ends with the test."""
    place = checkout(tmp_path_factory.mktemp('e'))
    yield place
    call(place, 'stop')


def test_an_engine_that_answers_is_used_and_not_touched(place: Path, docker_host: str) -> None:
    assert call(place, 'ensure', DOCKER_HOST=docker_host).stdout.strip() == docker_host
    assert 'does not run' in call(place, 'status').stdout
    assert call(place, 'stop').returncode == 0
    assert call(place, 'ensure', DOCKER_HOST=docker_host).stdout.strip() == docker_host


@alone
def test_an_engine_that_is_started_stays_until_it_is_stopped(place: Path) -> None:
    own = f'unix://{place}/build/engine/docker.sock'
    assert call(place, 'ensure').stdout.strip() == own
    assert call(place, 'run', 'sh', '-c', 'echo $DOCKER_HOST').stdout.strip() == own
    assert 'runs (pid' in call(place, 'status').stdout
    assert call(place, 'stop').returncode == 0
    assert 'does not run' in call(place, 'status').stdout


@alone
def test_an_engine_that_a_run_has_started_ends_with_it_and_the_verdict_is_the_commands(place: Path) -> None:
    done = call(place, 'run', 'sh', '-c', 'test -S ${DOCKER_HOST#unix://} && exit 7')
    assert done.returncode == 7, done.stderr
    assert 'does not run' in call(place, 'status').stdout
    assert not (place / 'build' / 'engine' / 'docker.pid').exists()


@alone
def test_a_namespace_that_an_engine_has_left_mounted_goes_with_it(place: Path) -> None:
    """One stays after a container on the host's network, and then the directory cannot be removed."""
    left = place / 'build' / 'engine' / 'run' / 'netns' / 'default'
    left.parent.mkdir(parents=True)
    left.touch()
    subprocess.run(['mount', '--bind', '/proc/self/ns/net', str(left)], check=True)
    try:
        assert call(place, 'stop').returncode == 0
        assert str(left) not in Path('/proc/mounts').read_text()
    finally:
        subprocess.run(['umount', str(left)], capture_output=True)


@alone
def test_a_pid_file_of_a_process_that_is_not_ours_is_no_reason_to_end_it(place: Path) -> None:
    with subprocess.Popen(['sleep', '60']) as stranger:
        (place / 'build' / 'engine').mkdir()
        (place / 'build' / 'engine' / 'docker.pid').write_text(str(stranger.pid))
        assert call(place, 'stop').returncode == 0
        assert stranger.poll() is None
        stranger.terminate()


@alone
def test_a_path_that_is_too_long_for_sockets_is_refused_with_the_remedy(tmp_path: Path) -> None:
    place = checkout(tmp_path / ('x' * 90))
    done = call(place, 'ensure')
    assert done.returncode == 1
    assert 'too long for Unix sockets' in done.stderr and 'DOCKER_HOST' in done.stderr


@alone
def test_an_engine_that_does_not_come_up_shows_its_last_words(place: Path) -> None:
    (place / 'build' / 'engine').mkdir()
    (place / 'build' / 'engine' / 'data').write_text('not a directory')
    done = call(place, 'ensure')
    assert done.returncode == 1
    assert 'did not come up' in done.stderr and 'points to a file' in done.stderr


@alone
def test_trying_without_an_engine_goes_on_unless_one_is_required(tmp_path: Path) -> None:
    place = checkout(tmp_path / ('x' * 90))
    assert call(place, 'try', 'echo', 'went on').stdout == 'went on\n'
    assert call(place, 'try', 'echo', 'went on', GITRECEIVE_REQUIRE_DOCKER='1').returncode == 1
