"""The written Dockerfile makes the image by itself."""

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO

import docker
import docker.utils.build

from gitreceive.adapters.buildkit.frames import Decoder
from gitreceive.adapters.buildkit.progress import Progress
from gitreceive.adapters.buildkit.request import BuildRequest
from gitreceive.adapters.docker.engine import Engine
from tests.building import Lines
from tests.integration.local.machine import Machine, fetched
from tests.waiting import wait_until


def test_the_written_dockerfile_builds_by_itself_and_its_image_answers(
    machine: Machine, tmp_path: Path
) -> None:
    """What ``docker build .`` sends: the directory, without what docker-py's own reading of .dockerignore leaves out."""
    shutil.copytree(machine.folder, tmp_path / 'app')
    assert machine.run('init', str(tmp_path / 'app')).returncode == 0
    client = machine.engine
    exclude = (tmp_path / 'app' / '.dockerignore').read_text().splitlines()
    with tempfile.TemporaryFile() as context:
        with tarfile.open(fileobj=context, mode='w', format=tarfile.GNU_FORMAT) as tar:
            for name in sorted(docker.utils.build.exclude_paths(str(tmp_path / 'app'), exclude)):
                tar.add(tmp_path / 'app' / name, name, recursive=False)
        context.seek(0)
        image = plain_build(machine, context)
    container = None
    try:
        listed = client.containers.run(image, ['ls', '-A', '/app/src'], remove=True).decode().split()
        assert listed == ['.dockerignore', '.gitreceive', 'Dockerfile', 'Procfile', 'server.pl']
        container = client.containers.run(
            image, environment={'PORT': '5000'}, ports={5000: ('127.0.0.1', None)}, detach=True
        )
        wait_until(lambda: b'ready on 5000' in container.logs(), 30, 'the container to listen')
        container.reload()
        port = container.ports['5000/tcp'][0]['HostPort']
        assert fetched(f'http://127.0.0.1:{port}/') == ''
    finally:
        if container:
            container.remove(force=True)
        client.images.remove(image, force=True)


def plain_build(machine: Machine, context: IO[bytes]) -> str:
    """The image's id, of a build by BuildKit without any of this project's own."""
    request = BuildRequest(Engine(machine.environ['DOCKER_HOST']), {'version': '2', 'labels': '{}'})
    decoder, progress = Decoder(), Progress(Lines())
    for line in request.lines(iter(lambda: context.read(1 << 18), b'')):
        for event in decoder.events(line):
            progress.take(event)
    assert progress.image, progress.failure()
    return progress.image
