"""Where a slug comes from, as an in-toto statement with SLSA provenance (https://slsa.dev/spec/v1.0/provenance).

All of it is in the journal and in the slug's own facts, so that it can be made again with the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from google.protobuf.json_format import MessageToDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from gitreceive.model.release import Release
from gitreceive.slugs.origin import Origin

PREDICATE = 'https://slsa.dev/provenance/v1'
BUILD_TYPE = 'urn:gitreceive:push:1'
"""What the parameters below mean. No place on the web describes it: docs/sysadmins.md does."""


def provenance(release: Release, origin: Origin, facts: Mapping[str, object]) -> bytes:
    """The statement's bytes, JSON. ``facts`` are those of ``slug.json``."""
    operation = origin.operation
    predicate = Provenance()
    definition, run = predicate.build_definition, predicate.run_details
    definition.build_type = BUILD_TYPE
    definition.external_parameters.update(
        {
            'app': release.app,
            'ref': origin.ref,
            'commit': release.commit,
            'options': sorted(operation.options),
            'config': sorted(origin.config),
        }
    )
    definition.internal_parameters.update(
        {'stack': release.stack, 'buildpack': release.buildpack, 'versions': dict(release.versions)}
    )
    definition.resolved_dependencies.extend(each.pb for each in _materials(release, facts))
    run.builder.id = f'urn:gitreceive:builder:{quote(origin.host, safe="")}'
    if isinstance(version := facts.get('receiver'), str):
        run.builder.version['gitreceive'] = version
    run.metadata.invocation_id = f'build-{operation.number}'
    run.metadata.started_on.FromMilliseconds(round(1000 * (operation.started or operation.created)))
    run.metadata.finished_on.FromMilliseconds(round(1000 * release.created))
    subject = ResourceDescriptor(
        name=f'{release.app}/{release.slug.sha256}.tgz', digest={'sha256': release.slug.sha256}
    )
    statement = Statement([subject.pb], PREDICATE, MessageToDict(predicate))
    statement.validate()
    return json.dumps(MessageToDict(statement.pb), sort_keys=True, indent=1).encode() + b'\n'


def _materials(release: Release, facts: Mapping[str, object]) -> Iterator[ResourceDescriptor]:
    """What went into the build: the commit, the recipe, the images that it was made on."""
    yield ResourceDescriptor(name='source', digest={'gitCommit': release.commit})
    bases = facts.get('bases')
    digests = {'Dockerfile': facts.get('recipe'), release.stack: facts.get('stack_digest')}
    digests |= bases if isinstance(bases, dict) else {}
    for name, digest in digests.items():
        if isinstance(digest, str) and digest:
            yield ResourceDescriptor(name=name, digest={'sha256': digest.removeprefix('sha256:')})
