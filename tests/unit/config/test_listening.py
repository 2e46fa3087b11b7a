"""Which ports of the host are for everybody."""

from gitreceive.config.listening import public_ports


def test_ports_on_the_loopback_are_not_for_everybody() -> None:
    addresses = [
        '',
        '127.0.0.1:8080',
        'localhost:81',
        '[::1]:82',
        '0.0.0.0:80',
        '[::]:443',
        '203.0.113.5:444',
    ]
    assert public_ports(addresses) == [80, 443, 444]
