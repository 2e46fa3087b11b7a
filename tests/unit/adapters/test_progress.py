"""What the engine's answer becomes: lines for people, a result, or a failure that names its step."""

import base64
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.adapters.buildkit.frames import Decoder
from gitreceive.adapters.buildkit.progress import TAIL, LayerLost, Progress
from gitreceive.adapters.buildkit.schema import StatusResponse
from tests.building import Lines

NPM = '[3/9] RUN npm ci'


def trace(vertexes: Sequence[dict[str, object]] = (), logs: Sequence[dict[str, object]] = ()) -> bytes:
    status = StatusResponse(vertexes=list(vertexes), logs=list(logs))
    return json.dumps(
        {'id': 'moby.buildkit.trace', 'aux': base64.b64encode(status.SerializeToString()).decode()}
    ).encode()


def started(name: str = NPM, digest: str = 'a') -> bytes:
    return trace([{'digest': digest, 'name': name, 'started': {'seconds': 1}}])


def ended(name: str = NPM, digest: str = 'a', **words: object) -> bytes:
    times = {'started': {'seconds': 1}, 'completed': {'seconds': 2}}
    return trace([{'digest': digest, 'name': name, **times, **words}])


def said(data: bytes, digest: str = 'a', stream: int = 1) -> bytes:
    return trace(logs=[{'vertex': digest, 'stream': stream, 'msg': data}])


def error(message: str) -> bytes:
    return json.dumps({'errorDetail': {'message': message}, 'error': message}).encode()


def progress(*lines: bytes) -> tuple[Progress, Lines]:
    console = Lines()
    state, decoder = Progress(console), Decoder()
    for line in lines:
        for event in decoder.events(line):
            state.take(event)
    return state, console


def test_a_step_is_told_when_it_starts_and_its_output_as_it_comes() -> None:
    state, console = progress(started(), said(b'added 3'), said(b' packages\nfound 0'))
    assert console.steps == ['npm ci']
    assert console.details == ['added 3 packages']
    assert state.step == 'npm ci'


def test_the_two_streams_of_a_step_are_not_mixed_within_a_line() -> None:
    _, console = progress(
        started(), said(b'out', stream=1), said(b'err\n', stream=2), said(b'put\n', stream=1), ended()
    )
    assert console.details == ['err', 'output']


def test_unchanged_steps_are_told_in_one_line() -> None:
    state, console = progress(
        ended('[2/4] RUN one', 'a', cached=True), ended('[3/4] RUN two', 'b', cached=True)
    )
    assert console.steps == []
    state.finish()
    assert console.details == ['Unchanged since the last build: one, two']


def test_what_the_engine_does_by_itself_is_not_told() -> None:
    _, console = progress(
        started('[internal] load metadata for x'), said(b'noise\n'), started('exporting to image', 'b')
    )
    assert (console.steps, console.details) == ([], [])


@pytest.mark.parametrize(
    'message',
    [
        'executor failed running [/bin/sh -c npm ci]: exit code: 7',
        'process "/bin/sh -c npm ci" did not complete successfully: exit code: 7',
    ],
)
def test_a_failure_names_its_step_and_exit_status_and_carries_its_last_lines(message: str) -> None:
    lines = b''.join(b'line %d\n' % number for number in range(100))
    state, _ = progress(started(), said(lines), ended(error=message), error(message))
    failure = state.failure()
    assert str(failure) == 'failed in "npm ci" (exit 7)'
    assert failure is not None
    assert failure.step == 'npm ci'
    assert failure.tail == tuple(f'line {number}' for number in range(100 - TAIL, 100))


def test_the_step_that_failed_is_named_and_not_one_that_was_cancelled_for_it() -> None:
    state, _ = progress(
        started('[a 1/2] RUN other', 'o'),
        started(),
        ended('[a 1/2] RUN other', 'o', error='context canceled'),
        ended(error='exit code: 1'),
        error('exit code: 1'),
    )
    assert str(state.failure()) == 'failed in "npm ci" (exit 1)'


def test_a_failure_without_an_exit_status_gives_the_engines_words() -> None:
    state, _ = progress(
        started('[2/3] COPY a /b'), ended('[2/3] COPY a /b', error='"/a" not found'), error('"/a" not found')
    )
    assert str(state.failure()) == 'failed in "COPY a /b": "/a" not found'


def test_a_missing_base_image_says_how_to_make_it() -> None:
    name = '[internal] load metadata for registry.example.com/library/gitreceive/cedar:12-build'
    state, _ = progress(started(name), ended(name, error='pull access denied'), error('failed to solve'))
    assert 'no base image gitreceive/cedar:12-build (run "gitreceive stack build --stack cedar-12")' in str(
        state.failure()
    )


def test_the_image_is_the_result() -> None:
    state, _ = progress(json.dumps({'id': 'moby.image.id', 'aux': {'ID': 'sha256:1'}}).encode())
    assert state.image == 'sha256:1'
    assert state.failure() is None


def test_podmans_messages_are_understood() -> None:
    stream = [
        'STEP 1/3: FROM cedar\n',
        'STEP 2/3: RUN npm ci\n',
        'added 3',
        ' packages\n',
        'STEP 3/3: COPY a b\n',
    ]
    lines = [json.dumps({'stream': text}).encode() for text in stream]
    state, console = progress(*lines, json.dumps({'aux': {'ID': 'sha256:2'}}).encode())
    assert (console.steps, console.details, state.image) == (['npm ci'], ['added 3 packages'], 'sha256:2')


@pytest.mark.parametrize(
    'message',
    [
        'failed to prepare extraction snapshot "extract-1-x sha256:ab": parent snapshot sha256:cd does not exist: not found',
        'failed to solve with frontend dockerfile.v0: failed to get layer sha256:ab: layer does not exist',
        'missing parent "sha256:ab" bucket: not found',
    ],
)
def test_a_layer_that_somebody_removed_is_a_failure_of_its_own(message: str) -> None:
    for lines in ([error(message)], [started(), ended(error=message), error(message)]):
        assert isinstance(progress(*lines)[0].failure(), LayerLost)


def test_a_step_that_says_so_itself_has_lost_no_layer() -> None:
    message = 'executor failed running [/bin/sh -c echo layer does not exist]: exit code: 1'
    failure = progress(started(), ended(error=message), error(message))[0].failure()
    assert failure is not None
    assert not isinstance(failure, LayerLost)


def test_a_classic_failure_names_its_step() -> None:
    message = "The command '/bin/sh -c npm ci' returned a non-zero code: 9"
    state, _ = progress(
        json.dumps({'stream': 'Step 2/3 : RUN npm ci\n'}).encode(),
        json.dumps({'stream': 'oh\n'}).encode(),
        error(message),
    )
    failure = state.failure()
    assert failure is not None
    assert (str(failure), failure.tail) == ('failed in "npm ci" (exit 9)', ('oh',))


def test_a_classic_cached_step_is_quiet() -> None:
    lines = ['Step 2/3 : RUN npm ci\n', ' ---> Using cache\n', ' ---> 0123456789ab\n']
    state, console = progress(*[json.dumps({'stream': text}).encode() for text in lines])
    state.finish()
    assert console.details == ['Unchanged since the last build: npm ci']


@given(st.binary(max_size=100))
def test_nonsense_is_skipped(raw: bytes) -> None:
    progress(raw, b'{"id": "moby.buildkit.trace"}', b'[]', trace()[:-20] + raw)


@given(st.binary(max_size=60))
def test_a_trace_of_random_bytes_does_no_harm(raw: bytes) -> None:
    line = json.dumps({'id': 'moby.buildkit.trace', 'aux': base64.b64encode(raw).decode()}).encode()
    progress(line)
