"""Storage in a bucket of S3, or of a service that speaks the same. The client is boto3 (see docs/adr/0016)."""

import base64
import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.utils import ReadFileChunk

from gitreceive.adapters.storage.names import checked
from gitreceive.adapters.storage.s3_client import CONNECTIONS, MISSING, connect, translated
from gitreceive.adapters.storage.s3_parts import Copied, Piece, SentPart, plan_parts
from gitreceive.adapters.web.incoming import PIECE, incoming
from gitreceive.model.errors import NoSuchObject, SettingsError, StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SINGLE = 64 << 20
"""Up to here one request sends it all, and the store checks the whole against one checksum."""
PART = 32 << 20
"""10,000 of them are 312 GiB."""
MOST_COPIED = 5 << 30
"""What one request copies at most (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html)."""
STALE = timedelta(hours=1)
"""An upload that began before is of nobody who lives: a build takes minutes."""
OPTIONS = ('endpoint', 'region', 'path_style', 'profile')
EXAMPLE = 's3://bucket/prefix?endpoint=https://s3.example.com&region=eu-west-1&path_style=true'


class S3Storage:
    """Objects below ``prefix`` of a bucket; satisfies the ports ``Storage``, ``Composing`` and ``Vouching``."""

    keeps_parts = True

    def __init__(self, client: 'S3Client', bucket: str, prefix: str = '', stale: timedelta = STALE) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f'{prefix.strip("/")}/' if prefix.strip('/') else ''
        self._stale = stale

    def put(self, name: str, file: Path) -> str:
        """See the port. The store checks what arrives against checksums that are sent along."""
        with self._errors(f'cannot store {name}'):
            size = file.stat().st_size
            if size <= SINGLE:
                with file.open('rb') as stream:
                    checksum = _base64(hashlib.file_digest(stream, 'sha256').digest())
                    stream.seek(0)
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=self._key(name),
                        Body=stream,
                        ChecksumAlgorithm='SHA256',
                        ChecksumSHA256=checksum,
                    )
            else:
                whole, sections = _hashed(file, size)
                self._upload(name, [partial(self._send, file, *section) for section in sections], whole)
        return self.url(name)

    def url(self, name: str) -> str:
        """See the port."""
        return f's3://{self._bucket}/{self._key(name)}'

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See the port."""
        errors = partial(self._errors, f'cannot read {name}')
        with errors():
            body = self._client.get_object(Bucket=self._bucket, Key=self._key(name))['Body']
        with contextlib.closing(body):
            yield incoming(body.read, errors)

    def list(self, prefix: str = '') -> Iterator[str]:
        """See the port."""
        with self._errors('cannot list the objects'):
            pages = self._client.get_paginator('list_objects_v2')
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                yield from (entry['Key'].removeprefix(self._prefix) for entry in page.get('Contents', []))

    def delete(self, name: str) -> None:
        """See the port."""
        with self._errors(f'cannot delete {name}'):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def sweep(self) -> int:
        """See the port: uploads below the prefix that began more than an hour ago, by the store's own clock."""
        removed = 0
        with self._errors('cannot clean up'):
            pages = self._client.get_paginator('list_multipart_uploads')
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                now = parsedate_to_datetime(page['ResponseMetadata']['HTTPHeaders']['date'])
                for upload in page.get('Uploads', []):
                    if upload['Initiated'] <= now - self._stale:
                        self._abort(upload['Key'], upload['UploadId'])
                        removed += 1
        return removed

    def size(self, name: str) -> int | None:
        """See ``Composing``."""
        found = self._head(name)
        return found['ContentLength'] if found else None

    def sha256(self, name: str) -> str:
        """See ``Vouching``. Not every store keeps checksums.

        That of a large object is a checksum of its parts' checksums; what it has to be was written beside it.
        """
        found = self._head(name)
        if found is None:
            raise NoSuchObject(f'{self.url(name)}: there is no such object')
        kept, noted = found.get('ChecksumSHA256', '').partition('-')[0], found.get('Metadata', {})
        if 'parts-sha256' in noted:
            return noted.get('sha256', '') if kept == noted['parts-sha256'] else ''
        in_parts = '-' in found.get('ETag', '')
        return '' if in_parts else base64.b64decode(kept).hex()

    def compose(self, name: str, parts: Sequence[str], instead_of: str = '') -> str:
        """See ``Composing``. The store copies; what is too small for a part is fetched and sent again."""
        with self._errors(f'cannot compose {name}'):
            sizes = [(part, self._size(part)) for part in parts]
            if len(sizes) == 1 and sizes[0][1] <= MOST_COPIED:
                self._copy(parts[0], name)
            else:
                plan = list(plan_parts(sizes)) or [SentPart(pieces=())]
                self._upload(name, [partial(self._make, part) for part in plan], {})
            wanted, found = sum(size for _, size in sizes), self.size(name)
            if found != wanted:
                self.delete(name)
                raise StorageError(f'{self.url(name)} was composed of {wanted:,} bytes and has {found}')
        return self.url(name)

    def _copy(self, part: str, name: str) -> None:
        """One object in one request: the store makes one checksum of it all, which it can vouch for."""
        self._client.copy_object(
            Bucket=self._bucket,
            Key=self._key(name),
            CopySource={'Bucket': self._bucket, 'Key': self._key(part)},
            ChecksumAlgorithm='SHA256',
        )

    def _upload(self, name: str, senders: Sequence[Any], noted: dict[str, str]) -> None:
        """Makes the object of what the senders send; nobody sees it before the last one is done."""
        key = self._key(name)
        begun = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, ChecksumAlgorithm='SHA256', Metadata=noted
        )
        upload = begun['UploadId']
        try:
            with ThreadPoolExecutor(CONNECTIONS) as pool:
                sent = [pool.submit(send, key, upload, number) for number, send in enumerate(senders, 1)]
                done = [part.result() for part in sent]
            self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={'Parts': done}
            )
        except BaseException:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._abort(key, upload)
            raise

    def _send(
        self, file: Path, start: int, count: int, checksum: str, key: str, upload: str, number: int
    ) -> Any:
        with ReadFileChunk.from_filename(str(file), start, count) as body:
            return self._part(key, upload, number, body, checksum)

    def _make(self, part: Copied | SentPart, key: str, upload: str, number: int) -> Any:
        if isinstance(part, SentPart):
            body = b''.join(map(self._fetch, part.pieces))
            return self._part(key, upload, number, body, _base64(hashlib.sha256(body).digest()))
        piece = part.piece
        within = {} if part.whole else {'CopySourceRange': f'bytes={piece.start}-{piece.end - 1}'}
        copied = self._client.upload_part_copy(
            Bucket=self._bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            CopySource={'Bucket': self._bucket, 'Key': self._key(piece.name)},
            **within,  # type: ignore[arg-type]
        )['CopyPartResult']
        return _done(number, copied['ETag'], copied.get('ChecksumSHA256', ''))

    def _part(self, key: str, upload: str, number: int, body: Any, checksum: str) -> Any:
        answer = self._client.upload_part(
            Bucket=self._bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=body,
            ChecksumAlgorithm='SHA256',
            ChecksumSHA256=checksum,
        )
        return _done(number, answer['ETag'], answer.get('ChecksumSHA256', ''))

    def _fetch(self, piece: Piece) -> bytes:
        within = f'bytes={piece.start}-{piece.end - 1}'
        answer = self._client.get_object(Bucket=self._bucket, Key=self._key(piece.name), Range=within)
        with contextlib.closing(answer['Body']) as body:
            return bytes(body.read())

    def _abort(self, key: str, upload: str) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def _size(self, name: str) -> int:
        found = self.size(name)
        if found is None:
            raise NoSuchObject(f'{self.url(name)}: there is no such object')
        return found

    def _head(self, name: str) -> Any:
        with self._errors(f'cannot look at {name}'):
            try:
                return self._client.head_object(
                    Bucket=self._bucket, Key=self._key(name), ChecksumMode='ENABLED'
                )
            except ClientError as error:
                if error.response.get('Error', {}).get('Code') in MISSING:
                    return None
                raise

    def _key(self, name: str) -> str:
        return self._prefix + checked(name)

    def _errors(self, what: str) -> AbstractContextManager[None]:
        return translated(f'{what} in s3://{self._bucket}/{self._prefix}')


def from_url(url: str) -> S3Storage:
    """``s3://bucket/prefix?endpoint=...&region=...&path_style=true&profile=...``. Raises SettingsError.

    Credentials come from where boto3 looks: environment, ``~/.aws``, the metadata of the machine.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    usable = set(options) <= set(OPTIONS) and options.get('path_style', 'true') in ('true', 'false')
    if not parts.netloc or '@' in unquote(url) or not usable:
        raise SettingsError(
            f'storage.url = s3://{parts.netloc.rpartition("@")[2]}{parts.path}: a bucket is expected, '
            f'with no other options than {", ".join(OPTIONS)}: {EXAMPLE}'
        )
    try:
        return S3Storage(connect(options), parts.netloc, unquote(parts.path))
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(f'storage.url = s3://{parts.netloc}{parts.path}: {error}') from error


def _hashed(file: Path, size: int) -> tuple[dict[str, str], list[tuple[int, int, str]]]:
    """What is noted beside a large object; start, length and checksum of each part. The file is read once."""
    whole, of_parts, sections = hashlib.sha256(), hashlib.sha256(), []
    with file.open('rb') as stream:
        for start in range(0, size, PART):
            section = hashlib.sha256()
            for _ in range(start, min(start + PART, size), PIECE):
                piece = stream.read(PIECE)
                section.update(piece)
                whole.update(piece)
            of_parts.update(section.digest())
            sections.append((start, min(PART, size - start), _base64(section.digest())))
    return {'sha256': whole.hexdigest(), 'parts-sha256': _base64(of_parts.digest())}, sections


def _done(number: int, etag: str, checksum: str) -> Any:
    return {'PartNumber': number, 'ETag': etag} | ({'ChecksumSHA256': checksum} if checksum else {})


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
