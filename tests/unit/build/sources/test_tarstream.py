"""Taking members out of an archive: nothing that a stranger wrote is taken for a header."""

import io
import tarfile

import pytest

from gitreceive.build.sources.tarstream import without
from gitreceive.model.errors import SourceError
from gitreceive.model.tarheaders import MOST_META


def archive(*links: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for number, link in enumerate(links):
            info = tarfile.TarInfo(f'src/link{number}')
            info.type, info.linkname = tarfile.SYMTYPE, link
            tar.addfile(info)
    return stream.getvalue()


def shown(content: bytes) -> list[tuple[str, str]]:
    stream = io.BytesIO(b''.join(without(io.BytesIO(content).read, 'src/', lambda path: path == 'link0')))
    with tarfile.open(fileobj=stream) as tar:
        return [(member.name, member.linkname) for member in tar]


def test_a_member_goes_with_its_long_link_and_no_other() -> None:
    assert shown(archive('a' * 5000, 'b' * 5000)) == [('src/link1', 'b' * 5000)]


def test_headers_in_a_link_too_long_to_be_looked_at_are_not_taken_for_members() -> None:
    hidden, forged = tarfile.TarInfo('src/link0'), tarfile.TarInfo('Dockerfile')
    inside = b''.join(info.tobuf(tarfile.USTAR_FORMAT) for info in (hidden, forged, hidden)).decode()
    lead = MOST_META - len(f'{MOST_META} linkpath=')
    with pytest.raises(SourceError, match='a path or a link of over 1 MB'):
        shown(archive('/' * lead + inside))


def test_headers_in_a_file_whose_size_stands_in_a_pax_header_are_not_taken_for_members() -> None:
    hidden, forged, after = (tarfile.TarInfo(name) for name in ('src/link0', 'Dockerfile', 'src/link1'))
    hidden.pax_headers = {'size': '512'}
    content = hidden.tobuf(tarfile.PAX_FORMAT) + forged.tobuf() + after.tobuf() + bytes(1024)
    assert shown(content) == [('src/link1', '')]
