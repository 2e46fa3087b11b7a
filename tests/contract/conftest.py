"""Servers for the storages; each is started when the first test asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azurite import Azurite, azurite
from tests.gcs_server import GoogleServer, google
from tests.http_server import Server, running
from tests.platform_api import PlatformServer
from tests.s3_servers import S3Server, moto, swift
from tests.storages import Places


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(request, tmp_path, monkeypatch)


@pytest.fixture
def http_server() -> Iterator[Server]:
    with running(Server()) as server:
        yield server


@pytest.fixture
def platform_server() -> Iterator[Server]:
    with running(PlatformServer('hello')) as server:
        yield server


@pytest.fixture(scope='session')
def swift_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with swift(tmp_path_factory.mktemp('swift')) as server:
        server.client().create_bucket(Bucket='slugs')
        yield server


@pytest.fixture(scope='session')
def moto_server() -> Iterator[S3Server]:
    with moto() as server:
        server.client().create_bucket(Bucket='slugs')
        yield server


@pytest.fixture(scope='session')
def azurite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with azurite(tmp_path_factory.mktemp('azurite')) as server:
        server.create_container('slugs')
        yield server


@pytest.fixture(scope='session')
def google_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleServer]:
    with google(tmp_path_factory.mktemp('google')) as server:
        server.create_bucket('slugs')
        yield server
