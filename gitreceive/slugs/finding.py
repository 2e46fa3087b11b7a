"""What a look through a storage finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An object that is ``damaged``, ``missing``, ``superfluous`` or was ``made again``; ``why`` says more.

    ``release`` (``hello v7``) is one that needs it. ``mirror`` is the URL of the mirror that was looked at, if it was
    one; that is also ``behind``, or ``unreadable``, and then there is no object.
    """

    object: str = ''
    what: str
    why: str = ''
    release: str = ''
    mirror: str = ''

    @property
    def harms(self) -> bool:
        """Whether something is lost that a release needs."""
        return self.what in ('damaged', 'missing')
