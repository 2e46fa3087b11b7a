"""A slug is run until its web process answers; what goes wrong is reported with what the process printed."""

import http.server
import threading
from pathlib import Path

import pytest

from gitreceive.local.slugrun import SlugRun, run_slug
from gitreceive.model.errors import SlugError
from gitreceive.model.plan import Stack
from gitreceive.model.process import ProcessType
from tests.fakes_containers import FakeRunner

STACK = Stack(name='cedar-12', run_image='run:12', build_image='build:12', uid=1000)
WEB = SlugRun(
    stack=STACK, slug=Path('/slug.tgz'), process=ProcessType(name='web', command='serve'), env={'A': 'b'}
)


def test_the_url_is_given_once_the_process_answers() -> None:
    with http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        runner = FakeRunner(port=server.server_port)
        with run_slug(runner, WEB) as url:
            assert url == f'http://127.0.0.1:{server.server_port}/'
            assert not runner.removed
        server.shutdown()
    spec, slug, owner = runner.started[0]
    assert runner.removed
    assert (spec.image, spec.env['A'], slug, owner) == ('run:12', 'b', Path('/slug.tgz'), 1000)


def test_a_process_that_ends_is_reported_with_its_status_and_output() -> None:
    with pytest.raises(SlugError, match=r'web ended \(exit 3\)[^$]*\$PORT; it said:\ngoodbye'):
        with run_slug(FakeRunner(status=3), WEB):
            pass


def test_a_process_that_does_not_answer_is_reported_with_what_it_listens_on() -> None:
    with pytest.raises(SlugError, match=r'(?s)within 0 seconds: it does not listen on any port.*goodbye'):
        with run_slug(FakeRunner(), WEB, wait=0):
            pass
