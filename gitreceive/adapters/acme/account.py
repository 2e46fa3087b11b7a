"""The receiver's account at an authority: made once, and kept with its key."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import josepy
from acme import client, errors, messages
from cryptography.hazmat.primitives.asymmetric import rsa
from josepy.jwk import JWKRSA

from gitreceive.certificates.files import read_file, write_file

BITS = 2048
AGENT = 'gitreceive'


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``uri`` names the account at the authority whose directory is at ``directory``; empty: it is not made yet."""

    directory: str
    key: JWKRSA
    uri: str = ''


def kept_account(file: Path, directory: str) -> Account:
    """The one in the file, or a new one if that is damaged or belongs to another authority. Raises CertificateError."""
    with suppress(ValueError, KeyError, TypeError, josepy.errors.Error):
        found = json.loads(read_file(file))
        if found['directory'] == directory:
            key = JWKRSA.from_json(found['key'])
            if isinstance(key, JWKRSA):
                return Account(directory=directory, key=key, uri=str(found['uri']))
    made = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return Account(directory=directory, key=JWKRSA(key=made))


def log_in(account: Account, email: str, file: Path) -> tuple[client.ClientV2, Account]:
    """A client that speaks for the account, which is made at the authority unless it is there. Raises errors of ``acme``."""
    network = client.ClientNetwork(account.key, user_agent=AGENT)
    directory = client.ClientV2.get_directory(account.directory, network)
    speaking = client.ClientV2(directory, network)
    if not account.uri:
        uri = _registered(speaking, email)
        account = Account(directory=account.directory, key=account.key, uri=uri)
        text = {'directory': account.directory, 'uri': uri, 'key': account.key.to_json()}
        write_file(file, json.dumps(text, indent=1))
    network.account = messages.RegistrationResource(uri=account.uri, body=messages.Registration())
    return speaking, account


def _registered(speaking: client.ClientV2, email: str) -> str:
    wanted = messages.NewRegistration.from_data(email=email or None, terms_of_service_agreed=True)
    try:
        return str(speaking.new_account(wanted).uri)
    except errors.ConflictError as error:
        return str(error.location)
