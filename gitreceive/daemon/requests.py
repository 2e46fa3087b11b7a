"""The requests of an app, out of the router's access log."""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gitreceive.model.app import AppName
from gitreceive.model.text import bounded, decoded

LINE = re.compile(rb'at=([0-9TZ:-]{1,40}) app=(\S{1,100}) (.*)')
LOOK_SECONDS = 0.5
"""A file wakes nobody."""

PIECE = 1 << 16


class RoutedRequest(NamedTuple):
    """``at`` is in seconds since the epoch."""

    at: float
    text: str


class Requests:
    """Reads the access log at ``path``, and the one before it (``access.log.1``)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def past(self, app: AppName, since: float, last: int) -> Sequence[RoutedRequest]:
        """Those of an app from a time on, at most the last ones (-1: all that are kept)."""
        found = deque[RoutedRequest](maxlen=last if last >= 0 else None)
        for path in (self._path.with_name(f'{self._path.name}.1'), self._path):
            found.extend(each for each in _requests(path, app) if each.at >= since)
        return found

    def follow(self, app: AppName, gone: Callable[[], bool]) -> Iterator[Sequence[RoutedRequest]]:
        """Those that come, until the reader has gone."""
        offset, inode, begun = _size(self._path), _inode(self._path), b''
        while not gone():
            if _inode(self._path) != inode:
                offset, inode, begun = 0, _inode(self._path), b''
            data = _read(self._path, offset)
            offset += len(data)
            *lines, begun = (begun + data).split(b'\n')
            if found := [each for each in (_request(line, app) for line in lines) if each]:
                yield found
            if not data:
                time.sleep(LOOK_SECONDS)


def _requests(path: Path, app: AppName) -> Iterator[RoutedRequest]:
    try:
        with path.open('rb') as file:
            for line in file:
                if found := _request(line, app):
                    yield found
    except FileNotFoundError:
        return


def _request(line: bytes, app: AppName) -> RoutedRequest | None:
    found = LINE.match(line)
    if not found or found[2] != app.encode():
        return None
    try:
        at = datetime.strptime(found[1].decode(), '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return RoutedRequest(at, bounded(decoded(found[3].rstrip())))


def _read(path: Path, offset: int) -> bytes:
    try:
        with path.open('rb') as file:
            file.seek(offset)
            return file.read(PIECE)
    except FileNotFoundError:
        return b''


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0
