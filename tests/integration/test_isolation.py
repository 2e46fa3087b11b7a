"""What an instance may use and reach, seen from its inside."""

import hashlib
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest

from gitreceive.adapters.nftables.rules import removal
from gitreceive.config.home import Home
from gitreceive.config.identity import receiver_identity
from gitreceive.config.settings import EngineSettings, RunSettings, Settings
from gitreceive.model.app import AppName
from gitreceive.model.cancellation import BuildClock
from gitreceive.model.instance import Filled, Instance, InstanceName, InstanceSpec, InstanceState, Scale
from gitreceive.model.plan import Stack
from gitreceive.run.registry import OwnRegistry
from gitreceive.run.spec import ReleaseSurroundings, instance_spec
from gitreceive.stack.recipe import load_recipe
from gitreceive.stack.root import inspect_host
from gitreceive.wiring.running import open_ports
from tests.integration.walled import PORT, Neighbour, neighbour, reached
from tests.releases import release_by
from tests.running import clean
from tests.waiting import within

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root makes rules of the packet filter')

HELLO, OTHER = AppName('hello'), AppName('other')
MEMORY, PIDS, LOG, DISK = 64_000_000, 32, 200_000, 20_000_000

SERVE = (
    "exec perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 5000, Listen => 5) or die;"
    ' while (my $c = $s->accept) { print $c "here"; close $c }\''
)
CONNECT = (
    "perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 10)"
    ' or do { print "$!"; exit 7 }; print <$s>\' '
)


class Inside:
    """Runs scripts in containers of a receiver with settings for its instances."""

    def __init__(self, folder: Path, docker_host: str, image: str, **settings: object) -> None:
        limits = {'memory_bytes': MEMORY, 'pids': PIDS, 'log_bytes': LOG, 'disk_bytes': DISK}
        run = RunSettings(enabled=True, **limits, **settings)  # type: ignore[arg-type]
        self.settings = Settings(home=folder, engine=EngineSettings(url=docker_host), run=run)
        self.ports = open_ports(self.settings, OwnRegistry())
        self.image = image

    def spec(self, script: str, app: AppName = HELLO, **scale: float) -> InstanceSpec:
        """As releases make it, but for the image: that of the stack starts nothing by itself."""
        around = ReleaseSurroundings(image=self.image, env={}, settings=self.settings.run)
        limits = Scale(count=1, **scale)  # type: ignore[arg-type]
        made = instance_spec(release_by(app), InstanceName('web', 1), script, limits, around)
        return replace(made, container=replace(made.container, command=('bash', '-c', script)))

    def run(self, script: str, **scale: float) -> tuple[int, str]:
        """The status and the output of a script."""
        printed: list[bytes] = []
        status = self.ports.oneoff.run(self.spec(script, **scale), printed.append, BuildClock(300))
        return status, b''.join(printed).decode()

    def start(self, script: str, app: AppName = HELLO) -> Instance:
        return self.ports.instances.start(self.spec(script, app))

    def state(self, instance: Instance) -> InstanceState:
        return next(one.state for one in self.ports.instances.find() if one.id == instance.id)

    def reaches(self, address: str, port: int = PORT) -> bool:
        """Whether a listener there can be reached from the inside."""
        status, said = self.run(f'{CONNECT} {address} {port}')
        assert (status, said) == (0, 'here') or status == 7, said
        return status == 0


@contextmanager
def opened(folder: Path, docker_host: str, image: str, **settings: object) -> Iterator[Inside]:
    folder.mkdir()
    inside = Inside(folder, docker_host, image, **settings)
    identity = receiver_identity(Home(folder))
    client = docker.APIClient(docker_host, version='auto')
    assert inside.ports.isolation.ensure() == ''
    try:
        yield inside
    finally:
        clean(client, f'gitreceive.home={identity}')
        client.close()
        inside.ports.isolation.lift()
        assert own_tables(identity) == []


def own_tables(identity: str) -> list[str]:
    mark = hashlib.sha256(identity.encode()).hexdigest()[:12]
    listed = subprocess.run(['nft', 'list', 'tables'], capture_output=True, text=True, check=True).stdout
    return re.findall(rf'table inet (gitreceive_gr\w{mark})', listed)


@pytest.fixture(scope='module')
def inside(docker_host: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    folder = tmp_path_factory.mktemp('walled') / 'home'
    with opened(folder, docker_host, stack.run_image) as made:
        yield made


@pytest.fixture(scope='module')
def open_inside(docker_host: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    folder = tmp_path_factory.mktemp('open') / 'home'
    with opened(folder, docker_host, stack.run_image, allow_private=True) as made:
        yield made


@pytest.fixture(scope='module')
def around() -> Iterator[Neighbour]:
    with neighbour() as made:
        yield made


@pytest.fixture(autouse=True)
def no_instances(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in {'inside', 'open_inside'} & set(request.fixturenames):
        ports = request.getfixturevalue(name).ports
        for instance in ports.instances.find():
            ports.instances.stop(instance, 0)


def test_a_process_is_the_user_app_without_capabilities_and_without_new_privileges(inside: Inside) -> None:
    _, status = inside.run('id -un; cat /proc/self/status')
    assert status.startswith('app\n')
    for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
        assert re.search(rf'^{name}:\t0+$', status, re.MULTILINE), status
    assert 'NoNewPrivs:\t1' in status


def test_a_process_can_become_nobody_else_and_change_nothing_of_the_system(inside: Inside) -> None:
    status, said = inside.run(
        'cp /usr/bin/id /tmp/id && chmod u+s /tmp/id && /tmp/id -u; touch /usr/bin/mine'
    )
    assert status != 0
    assert said.startswith('1000\n')
    for script in ('mount -t tmpfs none /mnt', 'mknod /tmp/disk b 8 0', 'unshare -U true', 'dmesg -C'):
        assert inside.run(script)[0] != 0, script


def test_memory_beyond_the_limit_ends_the_process(inside: Inside) -> None:
    status, said = inside.run("perl -e '$x = q(x) x 100_000_000; print qq(got it)'")
    assert status != 0
    assert 'got it' not in said
    assert (
        inside.run("perl -e '$x = q(x) x 100_000_000; print qq(got it)'", memory=400_000_000)[1] == 'got it'
    )


def test_an_instance_that_fills_its_memory_is_seen_to_have_ended(inside: Inside) -> None:
    started = inside.start("exec perl -e 'push @x, q(x) x 1_000_000 while 1'")
    assert within(60, lambda: inside.state(started) is InstanceState.ENDED)


def test_processes_are_bounded(inside: Inside) -> None:
    started = inside.start('for i in $(seq 100); do sleep 100 & done; wait')
    assert within(60, lambda: 'fork' in ' '.join(line.text for line in inside.ports.observed.logs(started)))


def test_cores_are_bounded(inside: Inside) -> None:
    read = 'cat /sys/fs/cgroup/cpu.max 2>/dev/null || cd /sys/fs/cgroup/cpu && cat cpu.cfs_quota_us cpu.cfs_period_us'
    quota, period = map(int, inside.run(read, cpus=0.5)[1].split())
    assert quota * 2 == period


def test_a_log_takes_so_much_and_no_more(inside: Inside) -> None:
    started = inside.start("perl -e 'print q(x) x 99, qq(\\n) for 1..20_000'; echo last")
    assert within(60, lambda: inside.state(started) is InstanceState.ENDED)
    lines = list(inside.ports.observed.logs(started))
    assert lines[-1].text == 'last'
    assert 0 < sum(len(line.text) + 1 for line in lines) <= LOG


def test_a_file_grows_so_far_and_no_further(inside: Inside) -> None:
    status, said = inside.run(
        'head -c 30000000 /dev/zero > /tmp/file; wc -c < /tmp/file; head -c 1000 /dev/zero > /tmp/ok'
    )
    assert (status, int(said.split()[-1])) == (0, DISK)


def test_many_files_that_fill_the_disk_end_their_instance_and_a_command(inside: Inside) -> None:
    fill = 'for name in 1 2 3; do head -c 10000000 /dev/zero > /tmp/$name; done; sleep 100'
    started, done = inside.start(fill), list[int]()
    command = threading.Thread(target=lambda: done.append(inside.run(fill)[0]))
    command.start()
    ended = list[Filled]()
    assert within(60, lambda: len(ended.extend(inside.ports.disks.end_larger(DISK)) or ended) == 2)
    command.join(60)
    assert done == [137]
    assert started.id not in [one.id for one in inside.ports.instances.find()]


def test_no_dump_of_a_crash_is_written(inside: Inside) -> None:
    assert inside.run('ulimit -c; ulimit -Hc')[1].split() == ['0', '0']


def test_services_of_the_host_are_out_of_reach(
    inside: Inside, open_inside: Inside, around: Neighbour
) -> None:
    gateway = re.sub(r'\.\d+$', '.1', inside.start('exec sleep 100').address)
    assert reached(gateway) and reached(around.host)
    assert not inside.reaches(gateway)
    assert not inside.reaches(around.host)
    assert open_inside.reaches(around.host)


def test_private_networks_and_the_metadata_of_clouds_are_out_of_reach(
    inside: Inside, open_inside: Inside, around: Neighbour
) -> None:
    for address in (around.private, around.metadata):
        assert reached(address)
        assert not inside.reaches(address)
        assert open_inside.reaches(address)


def test_the_internet_is_reached(inside: Inside, around: Neighbour) -> None:
    assert inside.reaches(around.public)


def test_other_instances_are_out_of_reach_also_of_the_same_app(inside: Inside, open_inside: Inside) -> None:
    for apart in (HELLO, OTHER):
        served = inside.start(SERVE, apart)
        assert within(30, lambda at=served: answers(at))
        assert not inside.reaches(served.address, served.port)
    served = open_inside.start(SERVE)
    assert within(30, lambda: answers(served))
    assert open_inside.reaches(served.address, served.port)


def package_host() -> str:
    """A name that the host finds, if it finds any: where its own packages come from."""
    sources = inspect_host(load_recipe('cedar-12').suite, ()).sources
    found = re.search(r'^URIs: (\S+)', sources, re.MULTILINE)
    return (urlsplit(found[1]).hostname if found else None) or 'localhost.invalid'


def test_names_are_found(inside: Inside) -> None:
    name = package_host()
    try:
        socket.gethostbyname(name)
    except OSError:
        pytest.skip('this host finds no names')
    status, said = inside.run(f'getent hosts {name}')
    assert status == 0, said


def test_the_network_cannot_be_listened_to(inside: Inside) -> None:
    status, _ = inside.run("perl -MSocket -e 'socket(my $s, AF_INET, SOCK_RAW, 1) or exit 7; print qq(raw)'")
    assert status == 7


def test_rules_that_were_taken_away_are_put_back(inside: Inside, around: Neighbour) -> None:
    (table,) = own_tables(receiver_identity(Home(inside.settings.home)))
    subprocess.run(['nft', '-f', '-'], input=removal(table), text=True, check=True)
    assert inside.reaches(around.private)
    assert inside.ports.isolation.ensure() == ''
    assert not inside.reaches(around.private)


def test_without_the_right_to_make_rules_it_is_told(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('gitreceive.adapters.nftables.isolation.PROGRAMS', '/nowhere')
    assert 'nft is not installed' in inside.ports.isolation.ensure()


def answers(instance: Instance) -> bool:
    try:
        with socket.create_connection((instance.address, instance.port), timeout=5) as connection:
            return connection.recv(10) == b'here'
    except OSError:
        return False
