"""The standard streams of the tests' own process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def standard_input(descriptor: int) -> Iterator[None]:
    """Descriptor 0 is that one as long as the context lasts; it is closed afterwards."""
    kept = os.dup(0)
    os.dup2(descriptor, 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(descriptor)
