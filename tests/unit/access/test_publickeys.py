import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.access.key import fingerprint
from gitreceive.access.publickeys import read_public_keys
from gitreceive.model.errors import KeyRefused

KINDS = [
    ('ed25519',),
    ('rsa', '-b', '2048'),
    ('rsa', '-b', '3072'),
    ('ecdsa', '-b', '256'),
    ('ecdsa', '-b', '384'),
    ('ecdsa', '-b', '521'),
]


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    folder = tmp_path_factory.mktemp('keys')
    files = {}
    for at, words in enumerate(KINDS):
        files[words] = folder / f'key{at}'
        subprocess.run(
            ['ssh-keygen', '-q', '-N', '', '-C', 'somebody', '-f', files[words], '-t', *words], check=True
        )
    return files


def public(file: Path) -> bytes:
    return file.with_name(f'{file.name}.pub').read_bytes()


@pytest.fixture
def line(made) -> bytes:
    return public(made[('ed25519',)]).strip()


@pytest.mark.parametrize('words', KINDS)
def test_fingerprints_are_those_of_ssh_keygen(made, words):
    (key,) = read_public_keys(public(made[words]), 'here')
    said = subprocess.run(
        ['ssh-keygen', '-l', '-f', made[words]], check=True, capture_output=True, text=True
    ).stdout
    assert key.fingerprint == said.split()[1]


def test_comments_blank_lines_a_mark_and_carriage_returns_are_accepted(made):
    lines = [public(made[words]).strip() for words in KINDS]
    data = b'\xef\xbb\xbf# keys of the team\r\n\r\n' + b'\r\n'.join(lines) + b'\r\n'
    assert len(read_public_keys(data, 'here')) == len(KINDS)


def test_the_comment_plays_no_part(line):
    bare = b' '.join(line.split()[:2])
    assert read_public_keys(bare, 'here') == read_public_keys(bare + b' root@host; rm -rf /', 'here')


def refusal(data: bytes) -> str:
    with pytest.raises(KeyRefused) as refused:
        read_public_keys(data, 'the file')
    return str(refused.value)


def test_a_private_key_is_refused_and_nothing_of_it_is_repeated(made):
    for file in made.values():
        secret = file.read_bytes()
        said = refusal(secret)
        assert 'PRIVATE' in said
        assert '.pub' in said
        assert not any(part.decode() in said for part in secret.split() if len(part) > 20)
    assert 'PRIVATE' in refusal(b'PuTTY-User-Key-File-3: ssh-ed25519\n')


def test_a_private_key_among_public_ones_is_refused(made, line):
    assert 'PRIVATE' in refusal(line + b'\n' + made[('ed25519',)].read_bytes())


@pytest.mark.parametrize(
    ('data', 'said'),
    [
        (b'', 'holds no key'),
        (b'# nothing\n', 'holds no key'),
        (b'hello', 'not an OpenSSH public key'),
        (b'\xff\xfe\x00', 'not text'),
        (b'---- BEGIN SSH2 PUBLIC KEY ----\n', 'ssh-keygen -i'),
        (b'sk-ssh-ed25519@openssh.com AAAA', 'FIDO'),
        (b'sk-ecdsa-sha2-nistp256@openssh.com AAAA', 'FIDO'),
        (b'ssh-ed25519-cert-v01@openssh.com AAAA', 'certificates'),
        (b'ssh-dss AAAA', 'DSA'),
        (b'ssh-ed25519', 'cut off'),
        (b'ssh-ed25519 AAAA', 'cut off'),
        (b'ssh-ed25519 !!!!', 'cut off'),
        (b'x' * 1_000_001, 'bytes'),
    ],
)
def test_what_is_no_public_key_is_refused_with_the_reason(data, said):
    assert said in refusal(data)


def test_options_in_front_of_a_key_are_refused(line):
    for options in (b'command="rm -rf /"', b'no-pty,from="10.0.0.0/8"', b'restrict'):
        assert 'options' in refusal(options + b' ' + line)


def test_a_key_of_another_type_than_its_line_says_is_refused(line):
    assert 'damaged' in refusal(line.replace(b'ssh-ed25519', b'ssh-rsa', 1))


def test_bytes_after_a_key_are_refused(line):
    algorithm, body = line.split()[:2]
    longer = base64.b64encode(base64.b64decode(body) + b'x')
    assert 'damaged' in refusal(algorithm + b' ' + longer)


def test_weak_rsa_keys_are_refused(tmp_path):
    subprocess.run(
        ['ssh-keygen', '-q', '-N', '', '-f', tmp_path / 'weak', '-t', 'rsa', '-b', '1024'], check=True
    )
    assert '1024 bits' in refusal(public(tmp_path / 'weak'))


def test_the_line_with_the_fault_is_named(line):
    assert refusal(line + b'\n\nhello\n').startswith('line 3 of the file')


@given(st.binary(max_size=300))
def test_no_input_raises_anything_else(data):
    try:
        read_public_keys(b'ssh-ed25519 ' + data, 'here')
    except KeyRefused as refused:
        assert '\x1b' not in str(refused)


def test_fingerprints_have_no_padding():
    assert fingerprint(b'').startswith('SHA256:47DEQpj8HBSa')
    assert not fingerprint(b'').endswith('=')
