import json
import os

from hypothesis import given
from hypothesis import strategies as st

from gitreceive.sshd.log import MAX_LINE, Log, harmless, line


@given(st.dictionaries(st.sampled_from(['user', 'source', 'reason', 'name', 'key', 'verb']), st.text()))
def test_a_line_is_one_short_line_of_printable_ascii_json(words):
    written = line('connection', 0.0, words)
    assert written.endswith(b'\n')
    assert len(written) <= MAX_LINE
    assert all(32 <= byte < 127 for byte in written[:-1])
    assert json.loads(written)['event'] == 'connection'


def test_plain_words_stay_as_they_are():
    assert harmless('alice@example.test') == 'alice@example.test'


def test_control_characters_are_escaped():
    assert harmless('a\x1b[31m\n\u202e') == 'a\\x1b[31m\\n\\u202e'


def test_long_words_are_cut():
    assert harmless('x' * 1000).endswith('...')
    assert len(harmless('é' * 1000)) <= 120


def test_a_log_that_cannot_be_written_stops_nothing():
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    Log(write).write('event')
