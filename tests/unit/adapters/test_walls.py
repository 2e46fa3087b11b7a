"""The rules around instances, as text; what they do is tried from inside of containers."""

from gitreceive.adapters.nftables.rules import Walls, name_servers, removal, script

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
