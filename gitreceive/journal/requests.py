"""How the journal writes what an operation asks for: a kind, and its details in JSON. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from gitreceive.model.operation import Deploy, Destroy, OperationRequest, Rollback
from gitreceive.model.push import Commit, RefUpdate


def encode(request: OperationRequest) -> tuple[str, str]:
    """The kind and the JSON."""
    if isinstance(request, Rollback):
        return 'rollback', json.dumps({'version': request.version, 'commit': request.commit})
    if isinstance(request, Destroy):
        return 'destroy', '{}'
    update = request.update
    moved = {'ref': update.ref, 'old': update.old, 'new': update.new}
    return 'deploy', json.dumps({**moved, 'options': sorted(request.options)})


def decode(kind: str, details: str) -> OperationRequest:
    """The opposite of ``encode``."""
    return KINDS[kind](json.loads(details))


def _deploy(details: Mapping[str, Any]) -> Deploy:
    update = RefUpdate(old=Commit(details['old']), new=Commit(details['new']), ref=details['ref'])
    return Deploy(update=update, options=frozenset(details['options']))


def _rollback(details: Mapping[str, Any]) -> Rollback:
    return Rollback(version=details['version'], commit=Commit(details['commit']))


KINDS: Mapping[str, Callable[[Mapping[str, Any]], OperationRequest]] = {
    'deploy': _deploy,
    'rollback': _rollback,
    'destroy': lambda details: Destroy(),
}
