"""What the tables of sockets say of a web process that does not answer."""

import pytest

from gitreceive.run.listening import listeners, unanswered

HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
REST = ' 00:00000000 00000000  1000        0 3141 1 0000000000000000 100 0 0 10 0\n'


def table(*places: str) -> str:
    """Lines as proc(5) has them: of each place the hexadecimal address and port, and the state."""
    rows = [
        f'   {number}: {place} 00000000:0000 {state} 00000000:00000000{REST}'
        for number, (place, state) in enumerate(each.split() for each in places)
    ]
    return HEAD + ''.join(rows)


def test_all_that_listens_is_found_whatever_its_family() -> None:
    text = table('00000000:1388 0A', '0100007F:0BB8 0A', '0100007F:9C40 01', '0B00007F:A1B2 0A')
    text += table('00000000000000000000000000000000:1F90 0A', '00000000000000000000000001000000:1F91 0A')
    found = ['127.0.0.1:3000', '0.0.0.0:5000', '[::]:8080', '[::1]:8081']
    assert list(map(str, listeners(text))) == found


@pytest.mark.parametrize(
    ('places', 'said'),
    [
        ((), 'does not listen on any port'),
        (('0100007F:1388 0A',), 'listens on 127.0.0.1:5000, which nobody outside its container reaches'),
        (('00000000:0BB8 0A', '0100007F:0BB9 0A'), 'listens on 0.0.0.0:3000, 127.0.0.1:3001 and $PORT is 5000'),
        (('00000000000000000000000000000000:1388 0A',), 'it listens on [::]:5000, for IPv6 alone'),
        (('00000000:1388 0A',), ''),
        (('0100007F:1388 0A', '00000000:1388 0A'), ''),
    ],
)  # fmt: skip
def test_what_to_change_is_told(places: tuple[str, ...], said: str) -> None:
    found = unanswered(table(*places))
    assert said in found
    assert bool(found) is bool(said)


@pytest.mark.parametrize(
    'text', ['', 'cat: /proc/net/tcp6: No such file or directory\n', table('xyz:1 0A', '00:FFFFF 0A')]
)
def test_what_is_no_table_is_nobody_listening(text: str) -> None:
    assert listeners(text) == ()
