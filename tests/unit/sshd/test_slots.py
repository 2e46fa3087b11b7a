import pytest

from gitreceive.sshd.slots import Slots, group_of


def test_there_are_so_many_places_in_all_and_for_each_address():
    slots = Slots(3, 2)
    assert [slots.take('a') for _ in range(3)] == [True, True, False]
    assert [slots.take('b') for _ in range(2)] == [True, False]
    slots.free('a')
    assert slots.take('b')


@pytest.mark.parametrize(
    ('one', 'other', 'same'),
    [
        ('10.0.0.1', '10.0.0.2', False),
        ('2001:db8::1', '2001:db8::ffff:1', True),
        ('2001:db8::1', '2001:db8:0:1::1', False),
        ('::ffff:10.0.0.1', '10.0.0.1', True),
        ('fe80::1%eth0', 'fe80::2', True),
        ('no address', 'no address', True),
    ],
)
def test_an_ipv6_customer_counts_as_one(one, other, same):
    assert (group_of(one) == group_of(other)) == same
