"""The values of config vars stand in no log."""

import pytest

from gitreceive.daemon.masks import MASK, Masks, pattern
from tests.receiver_home import HELLO, ReceiverHome

PEM = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n-----END KEY-----\n'


@pytest.mark.parametrize(
    'values, text, masked',
    [
        (['hunter2-hunter2'], 'a hunter2-hunter2 b', f'a {MASK} b'),
        (['seven77'], 'seven77', 'seven77'),
        (['eight888'], '(eight888)', f'({MASK})'),
        (['a.b.c.d.e'], 'axbxcxdxe', 'axbxcxdxe'),
        (['password', 'password-and-more'], 'password-and-more', MASK),
        ([PEM], 'key: MIIEvQIBADANBg', f'key: {MASK}'),
        ([PEM], 'short', 'short'),
        ([' padded-padded \n'], 'x=padded-padded', f'x={MASK}'),
    ],
)
def test_a_value_of_eight_characters_or_more_is_masked(values: list[str], text: str, masked: str) -> None:
    found = pattern(values)
    assert (found.sub(MASK, text) if found else text) == masked


def test_what_is_set_while_it_builds_is_masked_too(here: ReceiverHome) -> None:
    masks = Masks(HELLO, here.journal)
    assert masks('made-up-secret') == 'made-up-secret'
    here.journal.apps.change_config(HELLO, {'SECRET': 'made-up-secret'}, ())
    assert masks('made-up-secret') == MASK
    here.journal.apps.change_config(HELLO, {}, ['SECRET'])
    assert masks('made-up-secret') == 'made-up-secret'
