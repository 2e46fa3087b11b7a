"""The protobuf messages of BuildKit's progress, as far as they are read here.

Field numbers are those of ``moby.buildkit.v1`` (``api/services/control/control.proto`` of BuildKit); fields that are
not listed are skipped by the parser. The descriptors are built at import: generated code would be tied to two major
versions of the ``protobuf`` package.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = 'gitreceive.progress'

MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    'Timestamp': (('seconds', 1, 'int64'), ('nanos', 2, 'int32')),
    'Vertex': (
        ('digest', 1, 'string'),
        ('name', 3, 'string'),
        ('cached', 4, 'bool'),
        ('started', 5, 'Timestamp'),
        ('completed', 6, 'Timestamp'),
        ('error', 7, 'string'),
    ),
    'VertexLog': (('vertex', 1, 'string'), ('stream', 3, 'int64'), ('msg', 4, 'bytes')),
    'StatusResponse': (('vertexes', 1, '[Vertex]'), ('logs', 3, '[VertexLog]')),
}
"""Each message's fields: name, number, type; a type in brackets is repeated."""

_SCALARS = {
    'bool': _FIELD.TYPE_BOOL,
    'bytes': _FIELD.TYPE_BYTES,
    'int32': _FIELD.TYPE_INT32,
    'int64': _FIELD.TYPE_INT64,
    'string': _FIELD.TYPE_STRING,
}


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name='progress.proto', package=_PACKAGE, syntax='proto3')
    for name, rows in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in rows:
            repeated = _FIELD.LABEL_REPEATED if kind.startswith('[') else _FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=repeated)
            if kind in _SCALARS:
                added.type = _SCALARS[kind]
            else:
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f'.{_PACKAGE}.{kind.strip("[]")}'
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f'{_PACKAGE}.{name}'))
        for name in MESSAGES
    }


StatusResponse = _message_classes()['StatusResponse']
