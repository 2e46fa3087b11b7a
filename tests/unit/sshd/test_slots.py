import pytest

from gitreceive.sshd.slots import MAX_RECENT, RECENT_SECONDS, RecentAddresses, Slots, group_of


def test_there_are_so_many_places_in_all_and_for_each_address():
    slots = Slots(3, 2, {'a', 'b'})
    assert [slots.take('a') for _ in range(3)] == [True, True, False]
    assert [slots.take('b') for _ in range(2)] == [True, False]
    slots.free('a')
    assert slots.take('b')


def test_half_of_the_places_are_for_addresses_from_which_somebody_has_logged_in():
    slots = Slots(8, 2, {'known'})
    assert sum(slots.take(f'unknown {number}') for number in range(40)) == 4
    assert [slots.take('known') for _ in range(3)] == [True, True, False]
    slots.free('unknown 0')
    assert slots.take('unknown 41')


def test_an_address_is_remembered_for_an_hour_and_so_many_are():
    now = 0.0
    recent = RecentAddresses(lambda: now)
    recent.add('first')
    now = RECENT_SECONDS - 1
    assert 'first' in recent and 'other' not in recent
    now = RECENT_SECONDS
    assert 'first' not in recent
    for number in range(MAX_RECENT + 1):
        recent.add(str(number))
    assert '0' not in recent and '1' in recent


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
