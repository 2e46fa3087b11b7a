"""How the journal writes what an operation asks for: a kind, and its details in JSON. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from gitreceive.model.app import AppName
from gitreceive.model.instance import Scale
from gitreceive.model.operation import (
    Configure,
    Deploy,
    Destroy,
    OperationRequest,
    Promote,
    Rename,
    Rescale,
    Restart,
    Rollback,
    Switch,
)
from gitreceive.model.push import Commit, RefUpdate


def encode(request: OperationRequest) -> tuple[str, str]:
    """The kind and the JSON."""
    kind = next(kind for kind, (record, _) in KINDS.items() if isinstance(request, record))
    details = _deployed(request) if isinstance(request, Deploy) else asdict(request)
    return kind, json.dumps(details)


def decode(kind: str, details: str) -> OperationRequest:
    """The opposite of ``encode``."""
    return KINDS[kind][1](json.loads(details))


def _deployed(request: Deploy) -> Mapping[str, object]:
    update = request.update
    return {'ref': update.ref, 'old': update.old, 'new': update.new, 'options': sorted(request.options)}


def _deploy(details: Mapping[str, Any]) -> Deploy:
    update = RefUpdate(old=Commit(details['old']), new=Commit(details['new']), ref=details['ref'])
    return Deploy(update=update, options=frozenset(details['options']))


def _rollback(details: Mapping[str, Any]) -> Rollback:
    return Rollback(**{**details, 'commit': Commit(details['commit'])})


def _promote(details: Mapping[str, Any]) -> Promote:
    return Promote(
        source=AppName(details['source']), version=details['version'], commit=Commit(details['commit'])
    )


def _rescale(details: Mapping[str, Any]) -> Rescale:
    return Rescale(formation={name: Scale(**scale) for name, scale in details['formation'].items()})


def _rename(details: Mapping[str, Any]) -> Rename:
    return Rename(source=AppName(details['source']), to=AppName(details['to']))


KINDS: Mapping[str, tuple[type, Callable[[Mapping[str, Any]], OperationRequest]]] = {
    'deploy': (Deploy, _deploy),
    'rollback': (Rollback, _rollback),
    'destroy': (Destroy, lambda details: Destroy()),
    'configure': (
        Configure,
        lambda details: Configure(changed=details['changed'], commit=Commit(details['commit'])),
    ),
    'promote': (Promote, _promote),
    'rescale': (Rescale, _rescale),
    'restart': (Restart, lambda details: Restart(processes=tuple(details['processes']))),
    'rename': (Rename, _rename),
    'switch': (Switch, lambda details: Switch(on=details['on'])),
}
"""The record of each kind, and how it is read."""
