"""The client for S3: how it is set up, and what its errors mean for people."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gitreceive.model.errors import NoSuchObject, StorageError
from gitreceive.model.text import harmless

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MISSING = ('404', 'NoSuchKey', 'NotFound')
TRIES = 5
CONNECTIONS = 4
"""Parts that are on their way at once."""
REMEDIES = {
    'NoSuchBucket': 'create the bucket, or correct the setting "storage"',
    'InvalidAccessKeyId': 'check the credentials',
    'SignatureDoesNotMatch': 'check the credentials',
    'AccessDenied': 'check the credentials, and what they may do in this bucket',
    'ExpiredToken': 'renew the credentials',
    'RequestTimeTooSkewed': "set this host's clock",
    'EntityTooLarge': 'make room in the bucket, raise its quota, or make the slug smaller',
    'QuotaExceeded': 'make room in the bucket, or raise its quota',
    'PermanentRedirect': 'set region=... in the setting "storage"',
    'NoCredentialsError': 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws/credentials',
    'EndpointConnectionError': 'check the endpoint, and whether it runs',
}


def connect(options: Mapping[str, str]) -> 'S3Client':
    """A client; speaks to nobody yet. Retries, with backoff and jitter, are botocore's own ("standard")."""
    path_style = options.get('path_style') == 'true'
    config = Config(
        connect_timeout=20,
        read_timeout=60,
        retries={'mode': 'standard', 'total_max_attempts': TRIES},
        max_pool_connections=CONNECTIONS * 2,
        s3={'addressing_style': 'path' if path_style else 'auto'},
        request_checksum_calculation='when_required',
    )
    session = boto3.session.Session(profile_name=options.get('profile'), region_name=options.get('region'))
    region = session.region_name or 'us-east-1'
    return session.client('s3', region_name=region, endpoint_url=options.get('endpoint'), config=config)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns the errors of botocore and of files into StorageError, with the store's own words and what to do."""
    try:
        yield
    except ClientError as error:
        code, text = _told(error)
        if code in MISSING:
            raise NoSuchObject(f'{what}: there is no such object') from error
        raise StorageError(f'{what}: {text}{_remedy(code)}') from error
    except BotoCoreError as error:
        raise StorageError(f'{what}: {harmless(str(error))}{_remedy(type(error).__name__)}') from error
    except OSError as error:
        raise StorageError(f'{what}: {error.strerror or error}') from error


def _told(error: ClientError) -> tuple[str, str]:
    """The code of the refusal, and the store's own words."""
    told, about = error.response.get('Error', {}), error.response.get('ResponseMetadata', {})
    code = str(told.get('Code', ''))
    tries = about.get('RetryAttempts', 0) + 1
    text = f'{about.get("HTTPStatusCode", "")} {code}: {told.get("Message", "")}'
    return code, harmless(text)[:500] + (f' (tried {tries} times)' if tries > 1 else '')


def _remedy(code: str) -> str:
    return f' ({REMEDIES[code]})' if code in REMEDIES else ''
