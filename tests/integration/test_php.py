"""PHP apps in a real engine: nginx and PHP-FPM are one process to whoever starts it and waits for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import docker
import pytest
from docker.models.containers import Container

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.recipe import run_recipe
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.plan import Stack
from tests.building import workshop
from tests.fakes import FakeSource

PAGES = {
    'index.php': '<?php echo "here";',
    'end.php': '<?php posix_kill(posix_getppid(), 9);',
    'slow.php': '<?php touch("/tmp/begun"); sleep(3); echo "at last";',
}
BEGUN = 'until [[ -e /tmp/begun ]]; do sleep 0.05; done'


@pytest.fixture
def serving(php: str, docker_host: str, engine: docker.DockerClient, stack: Stack) -> Iterator[Container]:
    """A container whose first process is ``serve-php``, which answers."""
    with workshop(docker_host) as shop:
        planned = Planner(buildpacks=load_buildpacks(), stack=stack).plan(FakeSource(PAGES), {})
        job = shop.job('', source=planned.source, recipe=planned.recipe, app=AppName('pages'))
        clock = BuildClock(600)
        image = run_recipe(job, shop.builder, shop.console, clock)
        clock.close()
        command = ['bash', '-c', '. /app/.profile.d/php.sh; exec serve-php']
        container = engine.containers.run(image.id, command, detach=True, network_mode='none')
        try:
            assert got(container, '') == b'here'
            yield container
        finally:
            container.remove(force=True)


def got(container: Container, page: str) -> bytes:
    """What the page answers, asked for from inside the container."""
    call = ['curl', '--silent', '--retry', '60', '--retry-delay', '1', '--retry-connrefused']
    return bytes(container.exec_run([*call, f'http://127.0.0.1:5000/{page}']).output)


def test_the_process_ends_with_php_however_that_ended(serving: Container) -> None:
    serving.exec_run(['curl', '--silent', 'http://127.0.0.1:5000/end.php'])
    assert serving.wait(timeout=60)['StatusCode'] != 0


def test_what_is_being_answered_is_answered_before_the_process_ends(serving: Container) -> None:
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(got, serving, 'slow.php')
        serving.exec_run(['bash', '-c', BEGUN])
        serving.kill('SIGTERM')
        assert page.result() == b'at last'
    assert serving.wait(timeout=60)['StatusCode'] == 0
