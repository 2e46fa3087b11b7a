"""What certificates need, as small protocols. Adapters satisfy them without inheriting."""

from typing import Protocol

from gitreceive.model.certificate import Certificate


class Issuer(Protocol):
    """A certificate authority."""

    def issue(self, host: str) -> Certificate:
        """A new certificate. Raises CertificateError."""


class Challenges(Protocol):
    """Where an authority looks for the proof that a name leads here: HTTP-01 (RFC 8555, section 8.3)."""

    def put(self, token: str, answer: str) -> None:
        """From the return on, the token is answered at every name. Raises RouterError."""

    def drop(self, token: str) -> None:
        """It is no longer answered."""
