"""Which certificate a name is served with, and what is wrong with those that people give."""

import stat
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from gitreceive.certificates.authority import OwnAuthority
from gitreceive.certificates.certificates import Certificates
from gitreceive.model.app import AppName
from gitreceive.model.certificate import Certificate, CertificateOrigin
from gitreceive.model.errors import CertificateError

HELLO, OTHER = AppName('hello'), AppName('other')
HOSTS = ['hello.localhost', 'www.example.com']
NOW = datetime(2026, 11, 30, tzinfo=UTC).timestamp()
DAY = 24 * 60 * 60.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Certificates:
    return opened(tmp_path, clock)


def opened(folder: Path, clock: Clock) -> Certificates:
    return Certificates(folder, OwnAuthority(folder / 'ca.pem', 'tests', clock), clock)


def given(
    names: Iterable[str], key: object = None, *, begins: float = 0, days: float = 30, hashed: object = None
) -> tuple[str, str]:
    """A certificate that vouches for itself, and its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'somebody')])
    start = datetime.fromtimestamp(NOW, UTC) + timedelta(days=begins)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start - timedelta(minutes=1))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
    )
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashed or SHA256()
    return made.sign(key, digest).public_bytes(Encoding.PEM).decode(), text(key)


def text(key: object, password: bytes = b'') -> str:
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden).decode()


def test_a_name_has_a_certificate_of_the_receivers_own(kept: Certificates) -> None:
    origin, found = kept.served(HELLO, 'hello.localhost')
    assert (origin, found.names) == (CertificateOrigin.OWN, ('hello.localhost',))
    (above,) = x509.load_pem_x509_certificates(kept.authority().encode())
    (made,) = x509.load_pem_x509_certificates(found.chain.encode())
    made.verify_directly_issued_by(above)
    assert above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_is_the_same_until_two_thirds_of_its_life_are_over(
    kept: Certificates, clock: Clock, tmp_path: Path
) -> None:
    first = kept.served(HELLO, 'hello.localhost')
    clock.now += 58 * DAY
    assert kept.served(HELLO, 'hello.localhost') == first
    assert opened(tmp_path, clock).served(HELLO, 'hello.localhost') == first
    clock.now += 5 * DAY
    second = kept.served(HELLO, 'hello.localhost')
    assert second != first
    assert second[1].ends > clock.now + 80 * DAY


def test_the_authority_stays(kept: Certificates, clock: Clock, tmp_path: Path) -> None:
    first = kept.authority()
    clock.now += 400 * DAY
    assert opened(tmp_path, clock).authority() == first


def test_keys_are_for_their_owner_alone(kept: Certificates, tmp_path: Path) -> None:
    kept.served(HELLO, 'hello.localhost')
    files = [path for path in tmp_path.rglob('*') if path.is_file()]
    assert {path.name for path in files} == {'ca.pem', 'hello.localhost.pem'}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_key_is_not_shown_by_accident(kept: Certificates) -> None:
    assert 'PRIVATE' not in repr(kept.served(HELLO, 'hello.localhost'))


@pytest.mark.parametrize('damage', ['', 'no certificate', '\udcff'])
def test_a_damaged_file_is_made_again(kept: Certificates, tmp_path: Path, damage: str) -> None:
    first = kept.served(HELLO, 'hello.localhost')
    (tmp_path / 'own/hello.localhost.pem').write_bytes(damage.encode('utf-8', 'surrogateescape'))
    second = kept.served(HELLO, 'hello.localhost')
    assert second[1].names == first[1].names
    assert second != first


def test_a_damaged_authority_is_told_and_not_replaced(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / 'ca.pem').write_text('damaged')
    with pytest.raises(CertificateError, match=r'no certificate as PEM'):
        opened(tmp_path, clock).served(HELLO, 'hello.localhost')
    assert (tmp_path / 'ca.pem').read_text() == 'damaged'


def test_an_added_one_serves_the_names_that_it_is_for(kept: Certificates) -> None:
    chain, key = given(['www.example.com'])
    assert kept.add(HELLO, chain, key, HOSTS).names == ('www.example.com',)
    assert [(each.host, each.origin) for each in kept.listed(HELLO, HOSTS)] == [
        ('hello.localhost', CertificateOrigin.OWN),
        ('www.example.com', CertificateOrigin.ADDED),
    ]
    assert kept.served(OTHER, 'www.example.com')[0] is CertificateOrigin.OWN


def test_a_wildcard_is_for_one_label(kept: Certificates) -> None:
    kept.add(HELLO, *given(['*.example.com']), HOSTS)
    assert kept.served(HELLO, 'www.example.com')[0] is CertificateOrigin.ADDED
    assert kept.served(HELLO, 'a.www.example.com')[0] is CertificateOrigin.OWN
    assert kept.served(HELLO, 'example.com')[0] is CertificateOrigin.OWN


def test_an_expired_one_gives_way(kept: Certificates, clock: Clock) -> None:
    kept.add(HELLO, *given(['www.example.com'], days=30), HOSTS)
    clock.now += 31 * DAY
    assert kept.served(HELLO, 'www.example.com')[0] is CertificateOrigin.OWN


def test_a_removed_one_is_gone(kept: Certificates) -> None:
    kept.add(HELLO, *given(['www.example.com']), HOSTS)
    assert kept.remove(HELLO)
    assert not kept.remove(HELLO)
    assert kept.served(HELLO, 'www.example.com')[0] is CertificateOrigin.OWN


def test_it_follows_the_app_to_another_name(kept: Certificates) -> None:
    kept.rename(HELLO, OTHER)
    kept.add(HELLO, *given(['www.example.com']), HOSTS)
    kept.rename(HELLO, OTHER)
    assert kept.served(OTHER, 'www.example.com')[0] is CertificateOrigin.ADDED
    assert kept.served(HELLO, 'www.example.com')[0] is CertificateOrigin.OWN


def test_an_issued_one_is_needed_again_before_it_ends(kept: Certificates, clock: Clock) -> None:
    assert kept.needs(HELLO, 'www.example.com')
    kept.put('www.example.com', issued(['www.example.com']))
    assert not kept.needs(HELLO, 'www.example.com')
    assert kept.served(HELLO, 'www.example.com')[0] is CertificateOrigin.ACME
    clock.now += 21 * DAY
    assert kept.needs(HELLO, 'www.example.com')
    kept.add(HELLO, *given(['www.example.com'], begins=20, days=90), HOSTS)
    assert not kept.needs(HELLO, 'www.example.com')


def test_a_name_may_be_as_long_as_names_are(kept: Certificates) -> None:
    host = '.'.join(['a' * 60] * 4)
    assert kept.served(HELLO, host)[1].names == (host,)


def issued(names: Iterable[str]) -> Certificate:
    chain, key = given(names)
    return Certificate(names=tuple(names), issuer='x', begins=NOW, ends=NOW + 30 * DAY, chain=chain, key=key)


def refused() -> dict[str, tuple[tuple[str, str], str]]:
    chain, key = given(['www.example.com'])
    other, other_key = given(['other.example.com'])
    ec_key = ec.generate_private_key(ec.SECP256R1())
    return {
        'another key': ((chain, other_key), 'does not belong'),
        'another name': (
            (other, other_key),
            r'is for other\.example\.com; the app has hello\.localhost, www',
        ),
        'expired': (given(['www.example.com'], begins=-31), 'has expired on 2026-11-29'),
        'to come': (given(['www.example.com'], begins=2), 'not valid before 2026-12-0'),
        'no name': (given([]), 'is for no name'),
        'no certificate': (('hello', key), 'no certificate as PEM'),
        'no key': ((chain, 'hello'), 'no private key as PEM'),
        'key twice': ((key, key), 'no certificate as PEM'),
        'certificate twice': ((chain, chain), 'no private key as PEM'),
        'passphrase': ((given(['www.example.com'], ec_key)[0], text(ec_key, b'secret')), 'has a passphrase'),
        'short': (given(['www.example.com'], rsa.generate_private_key(65537, 1024)), '1024 bits'),
        'odd key': (
            given(['www.example.com'], ed25519.Ed25519PrivateKey.generate()),
            'neither RSA nor ECDSA',
        ),
        'order': ((chain + other, key), 'certificate 2 of the chain has not issued the one before it'),
        'too long': ((chain * 200, key), 'at most'),
        'too many': ((chain * 12, key), 'at most 10 certificates'),
        'null': ((chain, '\0'), 'no private key as PEM'),
    }


@pytest.mark.parametrize('case', refused())
def test_what_is_wrong_is_said_and_nothing_changes(kept: Certificates, case: str) -> None:
    (chain, key), message = refused()[case]
    with pytest.raises(CertificateError, match=message):
        kept.add(HELLO, chain, key, HOSTS)
    assert kept.served(HELLO, 'www.example.com')[0] is CertificateOrigin.OWN


def test_a_home_that_cannot_be_written_is_told(kept: Certificates, tmp_path: Path) -> None:
    (tmp_path / 'added').write_text('in the way')
    with pytest.raises(CertificateError, match='cannot write'):
        kept.add(HELLO, *given(['www.example.com']), HOSTS)
