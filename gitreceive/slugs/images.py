"""A slug as an OCI image: the layers of the run image, then the slug's chunks as they lie in storage. Pure.

A chunk is a gzipped run of tar entries, which is what a layer is (OCI image-spec, layer.md), so nothing is packed
again: only the two JSON documents that describe an image are made here (manifest.md and config.md of that
specification). The same slug, base and release give the same bytes, and so the same digests.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gitreceive.model.release import Release

MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'
LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip'

WEB = 'web'
EPOCH = '1970-01-01T00:00:00Z'
LABELS = 'org.opencontainers.image.'
"""Annotation keys that the field agrees on (OCI image-spec, annotations.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """``digest`` of the gzipped tar and ``diff_id`` of the tar, both ``sha256:...``; ``size`` of the former in bytes."""

    digest: str
    diff_id: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The run image that a slug stands on. ``env`` holds ``NAME=VALUE``."""

    architecture: str
    env: tuple[str, ...]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """``content`` of a manifest or config, with its digest."""

    content: bytes
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseImage:
    """An image of a release: what a registry serves under ``APP:vN``."""

    manifest: Document
    config: Document
    layers: tuple[Layer, ...]


def compose_image(
    release: Release, base: BaseImage, chunks: Sequence[Layer], start: Sequence[str]
) -> ReleaseImage:
    """The image of a release. ``start`` is what its process types are started with: their command is an argument.

    The image runs the process type ``web`` unless it is given another command.
    """
    layers = (*base.layers, *chunks)
    return _image(_config(release, base, layers, start), layers)


def compose_base(base: BaseImage, stack: str) -> ReleaseImage:
    """The run image alone: who has pulled it pulls nothing but chunks of every release on it."""
    config = _config_of({'Env': list(base.env)}, base, base.layers, EPOCH, stack)
    return _image(config, base.layers)


def _image(about: Mapping[str, object], layers: tuple[Layer, ...]) -> ReleaseImage:
    config = _document(about)
    manifest = _document(
        {
            'schemaVersion': 2,
            'mediaType': MANIFEST_TYPE,
            'config': {'mediaType': CONFIG_TYPE, 'digest': config.digest, 'size': len(config.content)},
            'layers': [
                {'mediaType': LAYER_TYPE, 'digest': each.digest, 'size': each.size} for each in layers
            ],
        }
    )
    return ReleaseImage(manifest=manifest, config=config, layers=layers)


def _config(
    release: Release, base: BaseImage, layers: Sequence[Layer], start: Sequence[str]
) -> Mapping[str, object]:
    created = datetime.fromtimestamp(int(release.created), UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
    commands = {process.name: process.command for process in release.processes}
    runs: dict[str, object] = {
        'User': 'app',
        'WorkingDir': '/app',
        'Env': list(base.env),
        'Entrypoint': list(start),
        'Labels': {
            f'{LABELS}version': f'v{release.version}',
            f'{LABELS}revision': release.commit,
            f'{LABELS}title': release.app,
        },
    }
    if WEB in commands:
        runs['Cmd'] = [commands[WEB]]
    return _config_of(runs, base, layers, created, release.stack)


def _config_of(
    runs: Mapping[str, object], base: BaseImage, layers: Sequence[Layer], created: str, stack: str
) -> Mapping[str, object]:
    return {
        'created': created,
        'architecture': base.architecture,
        'os': 'linux',
        'config': runs,
        'rootfs': {'type': 'layers', 'diff_ids': [each.diff_id for each in layers]},
        'history': [{'created': created, 'created_by': f'gitreceive {stack}'} for _ in layers],
    }


def _document(content: Mapping[str, object]) -> Document:
    text = json.dumps(content, sort_keys=True, separators=(',', ':')).encode()
    return Document(content=text, digest=f'sha256:{hashlib.sha256(text).hexdigest()}')
