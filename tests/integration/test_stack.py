"""The stack's images in a real engine: who runs in them, what is in them, what they trust."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from gitreceive.cli.lines import Lines
from gitreceive.model.errors import StackError
from gitreceive.model.plan import Stack
from gitreceive.stack import images
from gitreceive.stack.build import Options
from gitreceive.stack.certificates import host_certificates, pem_files
from gitreceive.stack.recipe import StackRecipe, load_recipe
from gitreceive.wiring.engine import make_stack

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='mmdebstrap needs root')
LABEL = {'gitreceive.test': 'stack'}


def inside(engine: docker.DockerClient, image: str, script: str, **options: object) -> str:
    """What ``bash -c script`` prints in a new container of ``image``."""
    printed = engine.containers.run(image, ['bash', '-c', script], remove=True, labels=LABEL, **options)
    return printed.decode().strip()


@pytest.fixture(params=['run', 'build'])
def image(request: pytest.FixtureRequest, stack: Stack) -> str:
    """Each of the two images."""
    return stack.run_image if request.param == 'run' else stack.build_image


def test_apps_run_as_a_fixed_user_in_a_home_of_their_own(engine: docker.DockerClient, image: str) -> None:
    assert inside(engine, image, 'id -un; id -u; pwd; echo $HOME; stat -c %U:%a /app; ls -A /app') == (
        'app\n1000\n/app\n/app\napp:755'
    )


def test_no_file_is_setuid_or_setgid(engine: docker.DockerClient, image: str) -> None:
    assert inside(engine, image, 'find / -xdev -type f -perm /6000', user='root') == ''


def test_both_locales_work(engine: docker.DockerClient, image: str) -> None:
    assert inside(engine, image, 'echo $LANG; locale -a | grep -i utf') == 'C.UTF-8\nC.utf8\nen_US.utf8'


def test_nothing_of_the_host_or_of_apts_configuration_stays(engine: docker.DockerClient, image: str) -> None:
    script = 'cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*mmdebstrap; ls /gitreceive-stack'
    assert inside(
        engine, image, f'{{ {script}; ls -A /var/lib/apt/lists /var/log; }} 2>/dev/null || true'
    ) == ('/var/lib/apt/lists:\n\n/var/log:')


def test_the_images_say_what_they_are(engine: docker.DockerClient, stack: Stack) -> None:
    run, build = engine.images.get(stack.run_image), engine.images.get(stack.build_image)
    assert run.labels[images.STACK] == build.labels[images.STACK] == stack.name
    assert re.fullmatch('[0-9a-f]{64}', run.labels[images.DIGEST])
    assert build.labels[images.BASE] == run.id


def test_the_run_image_has_libraries_and_no_compiler(engine: docker.DockerClient, stack: Stack) -> None:
    tools = 'gcc cc make python3 node npm go ruby java nginx'
    assert inside(engine, stack.run_image, f'command -v {tools} || echo none') == 'none'
    assert 'libpq.so.5' in inside(engine, stack.run_image, '/sbin/ldconfig -p')


def test_the_build_image_has_compilers_and_the_languages_that_the_stack_says(
    engine: docker.DockerClient, stack: Stack
) -> None:
    script = 'set -e; gcc --version; git --version; python3 --version; node --version; npm --version; python3 -m venv /tmp/v'
    more = (
        'go version; ruby --version; bundle --version; java --version; mvn --version; /usr/sbin/nginx -v 2>&1'
    )
    printed = inside(engine, stack.build_image, f'{script}; {more}')
    said = {
        'Python ': stack.pythons,
        'go version go': stack.gos,
        'ruby ': stack.rubies,
        'openjdk ': stack.javas,
    }
    assert all(f'{words}{versions[-1]}' in printed for words, versions in said.items())
    assert 'Apache Maven 3' in printed and 'nginx/1' in printed
    assert re.search(r'^v\d+\.\d+\.\d+$', printed, re.MULTILINE)


def test_a_copied_python_runs_on_the_run_image(engine: docker.DockerClient, stack: Stack) -> None:
    """The Python in a slug is a copy of the build image's: every library that its modules load has to be there."""
    files = '/usr/bin/python3.11 /usr/lib/python3.11'
    source = engine.containers.create(
        stack.build_image, ['tar', '-C', '/', '-cf', '/tmp/p.tar', *files.split()], labels=LABEL
    )
    target = engine.containers.create(
        stack.run_image,
        [
            '/usr/bin/python3.11',
            '-c',
            'import bz2, ctypes, curses, decimal, lzma, readline, sqlite3, ssl, uuid, zlib',
        ],
        labels=LABEL,
    )
    try:
        source.start()
        assert source.wait()['StatusCode'] == 0
        stream, _ = source.get_archive('/tmp/p.tar')
        with subprocess.Popen(['tar', '-xO'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as unwrap:
            assert unwrap.stdin
            unwrapped = unwrap.communicate(b''.join(stream))[0]
        target.put_archive('/', unwrapped)
        target.start()
        assert target.wait()['StatusCode'] == 0, target.logs().decode()
    finally:
        source.remove(force=True)
        target.remove(force=True)


def test_what_the_host_trusts_the_images_trust(engine: docker.DockerClient, image: str) -> None:
    extra = pem_files(host_certificates())
    listed = inside(engine, image, 'ls -A /usr/local/share/ca-certificates').split()
    assert sorted(listed) == sorted(extra)
    bundle = inside(engine, image, 'cat /etc/ssl/certs/ca-certificates.crt')
    assert all(text.strip() in bundle for text in extra.values())


def test_every_client_is_pointed_at_the_systems_certificates(engine: docker.DockerClient, image: str) -> None:
    names = 'SSL_CERT_FILE REQUESTS_CA_BUNDLE PIP_CERT NODE_EXTRA_CA_CERTS CARGO_HTTP_CAINFO'
    printed = inside(
        engine, image, f'for name in {names}; do echo ${{!name}}; done; ls /etc/ssl/certs/java/cacerts'
    )
    assert set(printed.splitlines()) == {'/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/java/cacerts'}


def test_both_images_have_the_same_certificates_for_java(engine: docker.DockerClient, stack: Stack) -> None:
    script = 'sha256sum /etc/ssl/certs/java/cacerts; ls -A /usr/sbin/policy-rc.d 2>/dev/null || true'
    assert inside(engine, stack.run_image, script) == inside(engine, stack.build_image, script)


def test_a_second_build_of_an_unchanged_recipe_does_nothing(docker_host: str, stack: Stack) -> None:
    call = [sys.executable, '-m', 'gitreceive.cli.stack', 'build']
    done = subprocess.run(
        call, env={**os.environ, 'DOCKER_HOST': docker_host}, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f'-----> {stack.name} is up to date')


def test_without_an_engine_the_error_says_what_to_do(tmp_path: Path) -> None:
    nowhere = {'DOCKER_HOST': f'unix://{tmp_path}/no.sock'}
    with pytest.raises(StackError, match=r'no Docker engine answers.*DOCKER_HOST'):
        make_stack(load_recipe('cedar-12'), nowhere, Lines())


@pytest.fixture
def small(engine: docker.DockerClient, tmp_path: Path) -> Iterator[StackRecipe]:
    """The real recipe with few packages, under other names; its images go with the test."""
    good = load_recipe('cedar-12')
    names = {
        'name': 'small',
        'run_image': 'gitreceive-test/small:1',
        'build_image': 'gitreceive-test/small:2',
    }
    small = replace(
        good,
        directory=shutil.copytree(good.directory, tmp_path / 'small'),
        stack=replace(good.stack, **names),
        run_packages=('ca-certificates', 'locales'),
        build_packages=('python3-pip',),
    )
    yield small
    for name in (small.stack.build_image, small.stack.run_image):
        engine.images.remove(name, force=True)


@needs_root
@pytest.mark.slow
def test_a_build_tells_what_it_stripped_and_what_has_changed_and_makes_working_images(
    docker_host: str, engine: docker.DockerClient, small: StackRecipe, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {**os.environ, 'DOCKER_HOST': docker_host}
    (small.directory / 'installed-run.txt').write_text('gone=1\n')
    assert make_stack(small, environ, Lines(), Options(host_ca=False))
    printed = capsys.readouterr().out
    assert '4755 ./usr/bin/su' in printed
    assert (
        'Debian has moved on since installed-run.txt was written' in printed and '       -gone=1\n' in printed
    )
    assert inside(engine, small.stack.run_image, 'ls -A /usr/local/share/ca-certificates') == ''
    assert inside(engine, small.stack.build_image, 'id -un; node -e "console.log(6*7)"') == 'app\n42'
    assert not make_stack(small, environ, Lines(), Options(host_ca=False))


@pytest.fixture
def additional(engine: docker.DockerClient, tmp_path: Path, stack: Stack) -> Iterator[StackRecipe]:
    """The real recipe with an addition of one program; what is made of it goes with the test."""
    good = load_recipe('cedar-12')
    recipe = replace(good, directory=shutil.copytree(good.directory, tmp_path / 'more'))
    (recipe.directory / 'packages-tiny.txt').write_text('# one program\ntree\n')
    yield recipe
    for image in engine.images.list(stack.addition('tiny')):
        engine.images.remove(image.id, force=True)


@pytest.mark.slow  # half a minute of apt; test_php.py and test_rust.py stand on additions
@needs_root
def test_an_addition_is_made_on_top_of_the_build_image_and_stays_if_it_cannot_be_made_again(
    docker_host: str, engine: docker.DockerClient, additional: StackRecipe, stack: Stack
) -> None:
    environ, image = {**os.environ, 'DOCKER_HOST': docker_host}, stack.addition('tiny')
    asked = Options(additions=('tiny',))
    assert make_stack(additional, environ, Lines(), asked)
    made = engine.images.get(image)
    assert made.labels[images.BASE] == engine.images.get(stack.build_image).id
    script = 'tree --version >/dev/null && id -un; ls -A /tmp /var/lib/apt/lists'
    assert inside(engine, image, script) == 'app\n/tmp:\n\n/var/lib/apt/lists:'
    assert not make_stack(additional, environ, Lines(), asked)
    (additional.directory / 'packages-tiny.txt').write_text('tree\nno-such-package\n')
    with pytest.raises(
        StackError, match=r'Unable to locate package no-such-package[\s\S]*"apt-get update" works'
    ):
        make_stack(additional, environ, Lines())
    assert engine.images.get(image).id == made.id


def test_an_addition_that_there_is_not_is_refused_with_those_that_there_are(
    docker_host: str, stack: Stack
) -> None:
    environ = {**os.environ, 'DOCKER_HOST': docker_host}
    with pytest.raises(StackError, match='has no addition "other"; there are: php, rust'):
        make_stack(load_recipe(stack.name), environ, Lines(), Options(additions=('other',)))


@pytest.fixture
def broken(engine: docker.DockerClient, tmp_path: Path) -> Iterator[StackRecipe]:
    """A tiny recipe that asks for a package that there is not."""
    (tmp_path / 'run.sh').write_text('exit 0')
    (tmp_path / 'build.sh').write_text('exit 0')
    for name in ('stack.toml', 'packages-run.txt', 'packages-build.txt'):
        (tmp_path / name).write_text('')
    good = load_recipe('cedar-12')
    stack = Stack(
        name='broken', run_image='gitreceive-test/broken:1', build_image='gitreceive-test/broken:2', uid=1
    )
    values = {
        name: getattr(good, name)
        for name in ('version', 'suite', 'user', 'home', 'locales', 'env', 'build_env')
    }
    yield StackRecipe(
        directory=tmp_path, stack=stack, run_packages=('no-such-package',), build_packages=(),
        bootstrap_node=good.bootstrap_node, **values,
    )  # fmt: skip
    for name in (stack.run_image, stack.build_image):
        with pytest.raises(ImageNotFound):
            engine.images.get(name)


@needs_root
@pytest.mark.slow
def test_a_stack_that_cannot_be_made_leaves_nothing_and_tells_why(
    docker_host: str, engine: docker.DockerClient, broken: StackRecipe
) -> None:
    before = {image.id for image in engine.images.list(filters={'label': f'{images.STACK}=broken'})}
    with pytest.raises(StackError, match='Unable to locate package no-such-package'):
        make_stack(broken, {**os.environ, 'DOCKER_HOST': docker_host}, Lines())
    assert {image.id for image in engine.images.list(filters={'label': f'{images.STACK}=broken'})} == before
