"""Which address an instance is given."""

from ipaddress import IPv4Address, IPv4Network

import pytest

from gitreceive.adapters.docker.engine import Engine
from gitreceive.adapters.docker.network import InstanceNetwork, Network, free_address
from gitreceive.model.errors import RunError

SMALL = Network(name='n', bridge='br', subnet=IPv4Network('10.9.0.0/29'), gateway=IPv4Address('10.9.0.1'))


@pytest.mark.parametrize(
    ('taken', 'last', 'found'),
    [
        (set(), '', '10.9.0.2'),
        (set(), '10.9.0.2', '10.9.0.3'),
        ({'10.9.0.3', '10.9.0.4'}, '10.9.0.2', '10.9.0.5'),
        (set(), '10.9.0.6', '10.9.0.2'),
        ({'10.9.0.2'}, '10.9.0.6', '10.9.0.3'),
        ({'10.9.0.3', '10.9.0.4', '10.9.0.5', '10.9.0.6'}, '10.9.0.4', '10.9.0.2'),
    ],
)
def test_the_next_one_that_is_free_is_given_round_and_round(taken: set[str], last: str, found: str) -> None:
    assert free_address(SMALL, taken, last) == found


def test_a_full_network_says_so() -> None:
    network = InstanceNetwork(Engine(), lambda: 'word')
    with pytest.raises(RunError, match=r'all addresses of the network n are taken: 10\.9\.0\.0/29'):
        network.take(SMALL, lambda: [f'10.9.0.{number}' for number in range(2, 7)])


def test_an_address_that_was_given_back_is_not_the_next_one() -> None:
    given, last = [], ''
    for _ in range(10):
        last = free_address(SMALL, set(), last)
        given.append(last)
    assert given[:5] == [f'10.9.0.{number}' for number in range(2, 7)]
    assert given[5:] == given[:5]


def test_containers_are_listed_once_for_each_time_round() -> None:
    network, asked = InstanceNetwork(Engine(), lambda: 'word'), []

    def listed() -> list[str]:
        asked.append(len(asked))
        return ['10.9.0.3', '10.9.0.2']

    given = []
    for _ in range(4):
        given.append(network.take(SMALL, listed))
        network.release(given[-1])
    assert given == ['10.9.0.4', '10.9.0.5', '10.9.0.6', '10.9.0.4']
    assert asked == [0, 1]


def test_an_address_is_nobody_elses_until_its_container_is_there() -> None:
    network = InstanceNetwork(Engine(), lambda: 'word')
    given = {network.take(SMALL, list) for _ in range(5)}
    assert len(given) == 5
    with pytest.raises(RunError, match='all addresses'):
        network.take(SMALL, list)
    network.release('10.9.0.4')
    assert network.take(SMALL, list) == '10.9.0.4'


def test_what_was_removed_behind_ones_back_is_listed_again() -> None:
    network, asked = InstanceNetwork(Engine(), lambda: 'word'), []
    for _ in range(2):
        network.take(SMALL, lambda: asked.append(1) or [])  # type: ignore[func-returns-value]
        network.forget()
    assert len(asked) == 2
