"""Every storage, with a real server behind it where it needs one."""

import hashlib
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from gitreceive.adapters.platform.heroku import HerokuPlatform
from gitreceive.adapters.storage.file import FileStorage
from gitreceive.adapters.storage.heroku import HerokuStorage
from gitreceive.adapters.storage.http import HttpStorage
from gitreceive.adapters.storage.objects import from_url as objects_from_url
from gitreceive.adapters.storage.s3 import S3Storage
from gitreceive.adapters.storage.s3 import from_url as s3_from_url
from gitreceive.adapters.storage.secrets import NO_SECRETS
from gitreceive.adapters.web.client import Retries
from gitreceive.slugs.ports import Storage
from tests.azurite import ACCOUNT, KEY, Azurite
from tests.fakes_storage import MemoryStorage
from tests.gcs_server import GoogleServer
from tests.http_server import Server
from tests.platform_api import TOKEN, PlatformServer
from tests.s3_servers import S3Server

QUICK = Retries(tries=3, first_seconds=0.001, longest_seconds=0.002, stall_seconds=5)


class Places:
    """Makes storages: each one empty. Servers are started when the first one needs them."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._request = request
        self._folder = folder
        self._monkeypatch = monkeypatch

    def file(self) -> Storage:
        return FileStorage(self._folder / 'made' / 'when needed')

    def memory(self) -> Storage:
        return MemoryStorage()

    def http(self) -> Storage:
        server: Server = self._request.getfixturevalue('http_server')
        return HttpStorage.from_url(f'{server.address}/slugs', NO_SECRETS, self._folder / 'sent', QUICK)

    def heroku(self) -> Storage:
        server: PlatformServer = self._request.getfixturevalue('platform_server')
        return HerokuStorage(HerokuPlatform(server.address, TOKEN, QUICK), self._folder / 'heroku')

    def swift(self) -> S3Storage:
        return self.s3(self._request.getfixturevalue('swift_server'))

    def moto(self) -> S3Storage:
        return self.s3(self._request.getfixturevalue('moto_server'))

    def gs(self) -> Storage:
        server: GoogleServer = self._request.getfixturevalue('google_server')
        account = server.account(self._folder / 'account.json')
        self._monkeypatch.setenv('GOOGLE_APPLICATION_CREDENTIALS', str(account))
        return objects_from_url(f'gs://slugs/{uuid.uuid4().hex}?endpoint={server.endpoint}')

    def az(self) -> Storage:
        server: Azurite = self._request.getfixturevalue('azurite_server')
        self._monkeypatch.setenv('AZURE_STORAGE_ACCOUNT_KEY', KEY)
        return objects_from_url(f'az://slugs/{uuid.uuid4().hex}?account={ACCOUNT}&endpoint={server.endpoint}')

    def s3(self, server: S3Server, bucket: str = 'slugs') -> S3Storage:
        for name, value in server.environment.items():
            self._monkeypatch.setenv(name, value)
        return s3_from_url(server.url(bucket, uuid.uuid4().hex))


ALL: dict[str, Callable[[Places], Storage]] = {
    'file': Places.file,
    'memory': Places.memory,
    'http': Places.http,
    'heroku': Places.heroku,
    's3 (swift)': Places.swift,
    's3 (moto)': Places.moto,
    'gs': Places.gs,
    'az': Places.az,
}


def give_quota(server: S3Server, bucket: str, count: int) -> None:
    """Limits a bucket of Swift to so many bytes; its own API has a word for that, S3 has none."""
    headers = {'X-Container-Meta-Quota-Bytes': str(count)}
    requests.post(f'{server.own}/v1/AUTH_test/{bucket}', headers=headers, timeout=20).raise_for_status()


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
