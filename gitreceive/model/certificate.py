"""Certificates of host names. Times are seconds since the epoch."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class CertificateOrigin(StrEnum):
    """Where a certificate comes from: people gave it, an authority issued it by ACME, or the receiver did itself."""

    ADDED = 'added'
    ACME = 'acme'
    OWN = 'own'


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate with those that lead to its authority, and its key, both as PEM. ``names`` may be wildcards."""

    names: tuple[str, ...]
    issuer: str
    begins: float
    ends: float
    chain: str = field(repr=False)
    key: str = field(repr=False)

    @property
    def bundle(self) -> str:
        """The chain and the key in one text, as servers read them."""
        return f'{self.chain.strip()}\n{self.key.strip()}\n'

    def covers(self, host: str) -> bool:
        """Whether it is for a host name; a wildcard stands for one label (RFC 9525, section 6.3)."""
        return bool({host, f'*.{host.partition(".")[2]}'} & set(self.names))

    def serves(self, hosts: Iterable[str], now: float) -> bool:
        """Whether it is valid, and for one of these."""
        return self.begins <= now < self.ends and any(map(self.covers, hosts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedCertificate:
    """Which certificate a host name is served with."""

    host: str
    origin: CertificateOrigin
    issuer: str
    ends: float
