"""Asks an authority for certificates; it sees by HTTP-01 that a name leads here. Satisfies ``certificates.ports.Issuer``."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import josepy
import requests
from acme import challenges, client, crypto_util, errors, messages
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from josepy.jwk import JWKRSA

from gitreceive.adapters.acme.account import kept_account, log_in
from gitreceive.certificates.ports import Challenges
from gitreceive.certificates.x509 import read_certificate
from gitreceive.model.certificate import Certificate
from gitreceive.model.errors import CertificateError

SECONDS = 120
"""What an authority may take for an order."""

TRIES = 3
GONE, NONCE = 'accountDoesNotExist', 'badNonce'
"""Errors (RFC 8555, section 6.7) that another try may be without."""

log = logging.getLogger(__name__)


class AcmeIssuer:
    """The authority whose directory is at ``directory``; it may write to ``email``. The account is kept in ``file``."""

    def __init__(self, directory: str, email: str, file: Path, placed: Challenges) -> None:
        self._directory, self._email, self._file, self._placed = directory, email, file, placed

    def issue(self, host: str) -> Certificate:
        """See the port."""
        with self._errors(host):
            for _ in range(TRIES - 1):
                try:
                    return self._ordered(host)
                except messages.Error as error:
                    self._prepare_to_retry(error)
            return self._ordered(host)

    def _prepare_to_retry(self, error: messages.Error) -> None:
        """Raises the error if the same would come of it again."""
        if error.code == GONE:
            log.warning('%s does not know the account of this receiver; a new one is made', self._directory)
            self._file.unlink(missing_ok=True)
        elif error.code != NONCE:
            raise error

    def _ordered(self, host: str) -> Certificate:
        account = kept_account(self._file, self._directory)
        speaking, account = log_in(account, self._email, self._file)
        key = _new_key()
        order = speaking.new_order(crypto_util.make_csr(key, [host]))
        deadline = datetime.now() + timedelta(seconds=SECONDS)  # without a zone, as the library's own
        with ExitStack() as stack:
            for each in order.authorizations:
                if each.body.status != messages.STATUS_VALID:
                    stack.enter_context(self._answered(speaking, account.key, _of_http(each, host)))
            order = speaking.poll_authorizations(order, deadline)
        done = speaking.finalize_order(order, deadline)
        return read_certificate(done.fullchain_pem, key.decode())

    @contextmanager
    def _answered(
        self, speaking: client.ClientV2, key: JWKRSA, challenge: messages.ChallengeBody
    ) -> Iterator[None]:
        token = challenge.chall.encode('token')
        response, answer = challenge.chall.response_and_validation(key)
        self._placed.put(token, answer)
        try:
            speaking.answer_challenge(challenge, response)
            yield
        finally:
            self._placed.drop(token)

    @contextmanager
    def _errors(self, host: str) -> Iterator[None]:
        """Translates what ``acme`` and ``requests`` raise."""
        try:
            yield
        except errors.ValidationError as error:
            raise CertificateError(
                f'{self._directory} gives no certificate for {host}: {_said(error)}; '
                f'{host} has to lead here on port 80'
            ) from error
        except (errors.Error, messages.Error, josepy.errors.Error, requests.RequestException) as error:
            raise CertificateError(f'no certificate for {host} from {self._directory}: {error}') from error


def _of_http(authorization: messages.AuthorizationResource, host: str) -> messages.ChallengeBody:
    for each in authorization.body.challenges:
        if isinstance(each.chall, challenges.HTTP01):
            return each
    raise CertificateError(f'the authority does not offer to look at {host} by HTTP')


def _said(error: errors.ValidationError) -> str:
    found = [
        each.error.detail or each.error.code
        for failed in error.failed_authzrs
        for each in failed.body.challenges
        if each.error is not None
    ]
    return '; '.join(map(str, found))[:500]


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
