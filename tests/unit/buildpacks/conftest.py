"""What tests of the buildpacks' scripts ask for by name."""

from collections.abc import Iterator

import pytest

from tests.silence import silent_port


@pytest.fixture
def silent() -> Iterator[int]:
    with silent_port() as port:
        yield port
