"""Azure Blob Storage: how the service makes an object of others, which obstore cannot ask for.

Blocks are copied by the service and then committed; nobody sees them before that. Requests are let in by URLs that
obstore signs, whatever the credentials are.

https://learn.microsoft.com/rest/api/storageservices/put-block-from-url and .../put-block-list
"""

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import obstore
from obstore.store import AzureStore

from gitreceive.adapters.web.client import USUAL_RETRIES, Retries, Web, whole
from gitreceive.adapters.web.request import Request

VALID = timedelta(hours=1)
"""How long a signed URL lets in: longer than all tries together."""
VERSION = '2021-08-06'
"""Of the service; since 2019-12-12 a block has up to 4000 MiB."""


class AzureComposer:
    """Satisfies ``Composer`` for what is in ``store``."""

    def __init__(self, store: AzureStore, retries: Retries = USUAL_RETRIES) -> None:
        self._store = store
        self._web = Web(retries)

    def compose(self, name: str, parts: Sequence[str]) -> None:
        """See ``Composer``."""
        blocks = [base64.b64encode(b'%06d' % number).decode() for number in range(len(parts))]
        for block, part in zip(blocks, parts, strict=True):
            self._put(name, f'comp=block&blockid={block}', {'x-ms-copy-source': self._signed('GET', part)})
        listed = ''.join(f'<Latest>{block}</Latest>' for block in blocks)
        self._put(name, 'comp=blocklist', {}, f'<BlockList>{listed}</BlockList>'.encode())

    def _put(self, name: str, query: str, secrets: dict[str, str], body: bytes = b'') -> None:
        url, _, signature = self._signed('PUT', name).partition('?')
        request = Request(
            method='PUT',
            url=url,
            headers={'x-ms-version': VERSION},
            secrets=secrets,
            query=f'{signature}&{query}',
            body=body,
        )
        self._web.call(request, whole)

    def _signed(self, method: Literal['GET', 'PUT'], name: str) -> str:
        return obstore.sign(self._store, method, name, VALID)
