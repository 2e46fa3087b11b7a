"""Classic buildpacks: what is asked for, what may be fetched, and what bin/release says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.appfiles.binrelease import with_release
from gitreceive.build.appfiles.classic import Classics, asked_for, platform_name
from gitreceive.build.buildpack import load_buildpacks
from gitreceive.build.planning import Planner
from gitreceive.build.report import report_planned
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from gitreceive.model.process import ProcessType
from tests.building import Lines
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000)
PLAN = Plan(buildpack='classic', title='Classic', reason='x', values={'directory': '/app'})


def planned(files: dict[str, str | bytes], **env: str) -> Plan:
    hosts = ('example.com', 'http://10.0.0.5:8080')
    classics = Classics(own=('cobol',), hosts=hosts, platforms=('node', 'python'))
    return classics.plan(FakeSource(files), STACK, env)


def refusal(url: str) -> str:
    with pytest.raises(DetectError) as error:
        planned({}, BUILDPACK_URL=url)
    return str(error.value)


@pytest.mark.parametrize(
    ('url', 'name'),
    [
        ('https://github.com/heroku/heroku-buildpack-python.git', 'python'),
        ('https://github.com/heroku/heroku-buildpack-nodejs#v250', 'node'),
        ('https://evil.example/buildpacks/heroku/nodejs.tgz', 'node'),
    ],
)
def test_one_of_herokus_that_may_not_be_fetched_is_answered_with_the_platform(url: str, name: str) -> None:
    assert refusal(url).endswith(f'\nThis receiver has a platform of its own for it: "{name}"')


@pytest.mark.parametrize('url', ['https://evil.example/heroku-buildpack-apt', 'https://evil.example/node'])
def test_another_buildpack_that_may_not_be_fetched_has_no_platform(url: str) -> None:
    assert 'a platform of its own' not in refusal(url)


def test_a_name_that_nobody_knows_is_answered_with_those_that_are_known() -> None:
    assert refusal('heroku-community/cobol9').endswith('the names of this receiver: cobol, node, python')


def test_a_plan_says_that_the_buildpack_will_name_the_process_types() -> None:
    files = {'bin/detect': '', 'bin/compile': ''}
    console = Lines()
    report_planned(Planner(buildpacks=load_buildpacks(), stack=STACK).plan(FakeSource(files), {}), console)
    assert 'The buildpack names them in the build' in console.details


def test_buildpacks_keep_their_order() -> None:
    text = 'https://example.com/a.git#v1\n\n# one of the sysadmin\ncobol\nhttp://10.0.0.5:8080/b.tgz\n.\n'
    plan = planned({'.buildpacks': text})
    assert plan.values['fetched'] == ('https://example.com/a.git#v1', 'http://10.0.0.5:8080/b.tgz')
    assert plan.values['order'] == ('fetched/1', 'own/cobol', 'fetched/2', 'inline')
    assert any('b.tgz is fetched once and kept' in note for note in plan.notes)
    assert not any('a.git#v1 is fetched' in note for note in plan.notes)


@pytest.mark.parametrize(
    'url',
    [
        'ftp://example.com/x',
        'git@example.com:x.git',
        'file:///etc/passwd',
        'ssh://example.com/x',
        'ext::sh -c id',
        'example.com/x',
        '/srv/x',
        '--upload-pack=id',
        'https://',
        'https:///x',
        'https://example.com/$(id)\n',
        'https://example.com/`id`',
        "https://example.com/'x",
        'https://example.com/x#a b',
        'https://example.com/x#--force\\',
        'https://example.com/' + 'x' * 600,
        'https://[::1/x',
    ],
)
def test_what_is_no_url_of_a_buildpack_is_refused_as_that(url: str) -> None:
    assert 'which is no URL of one: https://HOST/PATH' in refusal(url)


@pytest.mark.parametrize(
    'url',
    [
        'http://example.com/x',
        'https://example.com:444/x',
        'https://example.com.evil.org/x',
        'https://127.0.0.1/x',
        'http://10.0.0.5/x',
        'https://10.0.0.5:8080/x',
        'http://169.254.169.254/latest',
    ],
)
def test_a_host_that_is_not_allowed_is_refused_with_those_that_are(url: str) -> None:
    assert 'fetches from example.com, http://10.0.0.5:8080' in refusal(url)


def test_a_token_in_a_url_is_refused() -> None:
    assert 'would stay in layers' in refusal('https://token@example.com/x')


def test_release_names_the_processes_where_nobody_else_does() -> None:
    said = b'---\naddons: []\ndefault_process_types:\n  web: "bin/start -p $PORT"\n  worker: bin/work\n'
    plan = with_release(PLAN, said)
    assert [(process.name, process.command) for process in plan.processes] == [
        ('web', 'cd /app && bin/start -p $PORT'),
        ('worker', 'cd /app && bin/work'),
    ]
    named = Plan(buildpack='x', title='x', reason='x', processes=(ProcessType(name='web', command='a'),))
    assert with_release(named, said) is named


@pytest.mark.parametrize(
    ('said', 'words'),
    [
        (b'', 'neither the app nor its buildpack says'),
        (b'--- {}\n', 'neither the app nor its buildpack says'),
        (b'default_process_types: [web]', 'neither the app nor its buildpack says'),
        (b'a: [', 'printed no YAML'),
        (b'a: !!python/object/apply:os.system [id]\n', 'neither the app nor its buildpack says'),
        (b'[' * 60_000, 'printed no YAML'),
        (
            b'default_process_types: {"a b": x}',
            'default_process_types of bin/release: \'a b: x\' is not "name: command"',
        ),
        (b'default_process_types: {web: "\\x07"}', 'holds a control character'),
        (b'default_process_types: {web: "\\uD800"}', 'bytes that are not UTF-8'),
    ],
)
def test_release_output_that_names_none_is_told(said: bytes, words: str) -> None:
    with pytest.raises(DetectError, match=words):
        with_release(PLAN, said)


@given(st.binary(max_size=200))
def test_any_release_output_is_processes_or_a_refusal(said: bytes) -> None:
    try:
        assert with_release(PLAN, said).processes
    except DetectError:
        pass


@pytest.mark.parametrize(
    ('address', 'platform'),
    [
        ('https://github.com/heroku/heroku-buildpack-python.git', 'python'),
        ('https://github.com/heroku/heroku-buildpack-nodejs#v200', 'node'),
        ('git@github.com:heroku/heroku-buildpack-python', ''),
        ('ssh://git@github.com/heroku/heroku-buildpack-ruby.git', 'ruby'),
        ('https://buildpack-registry.s3.amazonaws.com/buildpacks/heroku/go.tgz', 'go'),
        ('https://codon-buildpacks.s3.amazonaws.com/buildpacks/heroku/php.tgz', 'php'),
        ('https://github.com/someone/heroku-buildpack-python', ''),
        ('https://example.com/heroku/heroku-buildpack-python', ''),
    ],
)
def test_the_address_of_herokus_own_buildpack_means_the_platform(address: str, platform: str) -> None:
    named = platform_name(address)
    assert named == (platform or address)


def test_buildpacks_that_names_none_leaves_the_app_to_be_recognised() -> None:
    assert asked_for(FakeSource({'.buildpacks': '# none\n\n'}), {}) is None
