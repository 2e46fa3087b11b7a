"""The rules around instances, as text; what they do is tried from inside of containers."""

import subprocess
from pathlib import Path

import pytest

from gitreceive.adapters.nftables.isolation import NftablesIsolation
from gitreceive.adapters.nftables.rules import Walls, engine_servers, name_servers, removal, script

WALLS = Walls(table='gitreceive_gri1', bridge='gri1', name_servers=('10.0.0.2',))


def test_the_table_takes_the_place_of_one_that_is_there_in_one_step() -> None:
    assert script(WALLS).startswith(removal('gitreceive_gri1'))
    assert removal('t') == 'table inet t\ndelete table inet t\n'


def test_only_name_servers_that_a_container_can_ask_are_let_through() -> None:
    conf = (
        'nameserver 127.0.0.53\n# nameserver 9.9.9.9\nnameserver 10.0.0.2\n  nameserver\t169.254.169.254\n'
        'nameserver ::1\nnameserver words; accept\nsearch example.com\n'
    )
    assert name_servers(conf) == ('10.0.0.2', '169.254.169.254')


def test_without_name_servers_nothing_is_let_through_for_names() -> None:
    text = script(Walls(table='t', bridge='b', name_servers=()))
    assert 'dport' not in text
    assert 'dport 53 accept' in script(WALLS)


def test_ports_that_are_for_everybody_are_for_instances_too() -> None:
    text = script(Walls(table='t', bridge='b', name_servers=(), ports=(80, 443)))
    assert 'tcp dport { 80, 443 } accept' in text


@pytest.mark.parametrize(
    ('config', 'found'),
    [
        ('{"dns": ["10.0.0.3", "127.0.0.1", "words"]}', ('10.0.0.3',)),
        ('{"debug": true}', ()),
        ('{"dns": "10.0.0.3"}', ()),
        ('[]', ()),
        ('', ()),
        ('{', ()),
    ],
)
def test_the_name_servers_of_an_engine_s_own_configuration_are_known(
    config: str, found: tuple[str, ...]
) -> None:
    assert engine_servers(config) == found


class Nft:
    """Stands in for the program; ``refusal`` is what it says to everything but a list."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.given: list[str] = []
        self.refusal, self.there = '', False
        for name in ('first', 'second', 'bridged'):
            (folder / name).write_text('1')
        (folder / 'first').write_text('nameserver 127.0.0.53\n')
        (folder / 'second').write_text('nameserver 10.0.0.2\n')
        place = 'gitreceive.adapters.nftables.isolation'
        monkeypatch.setattr(f'{place}.RESOLV_CONFS', (folder / 'first', folder / 'second'))
        monkeypatch.setattr(f'{place}.ENGINE_CONFIG', folder / 'none')
        monkeypatch.setattr(f'{place}.BRIDGED', folder / 'bridged')
        monkeypatch.setattr(f'{place}.shutil.which', lambda name, path: f'/sbin/{name}')
        monkeypatch.setattr(f'{place}.subprocess.run', self.run)

    def run(self, command: list[str], **words: object) -> subprocess.CompletedProcess[str]:
        if command[1] == 'list':
            return subprocess.CompletedProcess(command, 0 if self.there else 1, '', 'No such file')
        self.given.append(str(words['input']))
        self.there = not self.refusal
        return subprocess.CompletedProcess(command, 1 if self.refusal else 0, '', self.refusal)


@pytest.fixture
def nft(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Nft:
    return Nft(monkeypatch, tmp_path)


def test_the_servers_behind_the_host_s_own_resolver_are_let_through(nft: Nft) -> None:
    assert NftablesIsolation(lambda: 'gri1').ensure() == ''
    assert 'ip daddr { 10.0.0.2 } udp dport 53 accept' in nft.given[0]


def test_rules_are_made_once_and_again_when_somebody_took_them_away(nft: Nft) -> None:
    isolation = NftablesIsolation(lambda: 'gri1')
    for _ in range(3):
        assert isolation.ensure() == ''
    assert len(nft.given) == 1
    nft.there = False
    assert isolation.ensure() == ''
    assert len(nft.given) == 2
    isolation.lift()
    assert nft.given[-1] == removal('gitreceive_gri1')


def test_a_refusal_is_told_with_what_to_do(nft: Nft) -> None:
    nft.refusal = 'Operation not permitted'
    told = NftablesIsolation(lambda: 'gri1').ensure()
    assert 'Operation not permitted' in told and 'CAP_NET_ADMIN' in told


def test_a_kernel_that_does_not_show_packets_of_bridges_is_told(nft: Nft, tmp_path: Path) -> None:
    (tmp_path / 'bridged').write_text('0')
    assert 'br_netfilter' in NftablesIsolation(lambda: 'gri1').ensure()
