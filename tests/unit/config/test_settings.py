"""Settings: where they come from, which wins, and what is refused."""

import dataclasses
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.config import load
from gitreceive.config.former import FORMER
from gitreceive.config.load import TYPES, as_environment, load_settings, load_with_hints
from gitreceive.config.settings import Settings, SshSettings, default_home
from gitreceive.model.errors import SettingsError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / 'gitreceive.toml'


def read(config: Path, text: str = '', options: dict[str, str] | None = None, **environ: str) -> Settings:
    config.write_text(text)
    return load_settings(config=config, environ=environ, options=options or {})


def refused(config: Path, text: str = '', options: dict[str, str] | None = None, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(config, text, options, **environ)
    return str(caught.value)


def test_each_table_of_the_file_is_a_record(config: Path) -> None:
    found = read(
        config,
        """
        home = "/srv/receiver"
        [ssh]
        listen = "[::1]:22"
        host = "push.example.com"
        [apps]
        create = false
        [builds]
        parallel = 8
        buildpacks = ["/srv/a b", "/srv/c:d"]
        submodule_hosts = ["git.example.com", "http://10.0.0.5:8080"]
        [storage]
        url = ["file:///srv/slugs", "s3://bucket"]
        [engine]
        url = "unix:///run/docker.sock"
        [limits]
        slug_bytes = 1_000
        """,
    )
    assert found.home == Path('/srv/receiver')
    assert found.ssh.address == ('::1', 22) and found.ssh.host == 'push.example.com'
    assert not found.apps.create and found.builds.parallel == 8
    assert found.builds.buildpacks == (Path('/srv/a b'), Path('/srv/c:d'))
    assert found.builds.submodule_hosts == ('git.example.com', 'http://10.0.0.5:8080')
    assert found.storage.url == ('file:///srv/slugs', 's3://bucket')
    assert found.engine.url == 'unix:///run/docker.sock'
    assert found.limits.slug_bytes == 1000


def test_options_win_over_the_environment_and_that_over_the_file(config: Path) -> None:
    text = '[ssh]\nlisten = "127.0.0.1:1"'
    assert read(config, text).ssh.listen == '127.0.0.1:1'
    assert read(config, text, GITRECEIVE_SSH_LISTEN='127.0.0.1:2').ssh.listen == '127.0.0.1:2'
    found = read(config, text, {'ssh.listen': '127.0.0.1:3'}, GITRECEIVE_SSH_LISTEN='127.0.0.1:2')
    assert found.ssh.listen == '127.0.0.1:3'


def test_a_list_in_the_environment_is_words_paths_or_json(config: Path) -> None:
    found = read(
        config,
        GITRECEIVE_STORAGE_URL='file:///srv/slugs  s3://bucket',
        GITRECEIVE_BUILDS_BUILDPACKS='/srv/a b:/srv/c',
    )
    assert found.storage.url == ('file:///srv/slugs', 's3://bucket')
    assert found.builds.buildpacks == (Path('/srv/a b'), Path('/srv/c'))
    found = read(config, GITRECEIVE_BUILDS_BUILDPACKS='["/srv/c:d", "/srv/e"]')
    assert found.builds.buildpacks == (Path('/srv/c:d'), Path('/srv/e'))
    assert read(config, GITRECEIVE_BUILDS_BUILDPACK_HOSTS='').builds.buildpack_hosts == ()
    for text in ('["/srv/c"', '[1]', '[["/srv"]]', '[""]x'):
        assert 'is expected' in refused(config, GITRECEIVE_BUILDS_BUILDPACKS=text)


def test_the_engine_and_the_home_are_those_of_the_environment_unless_they_are_set(config: Path) -> None:
    assert read(config, DOCKER_HOST='unix:///a').engine.url == 'unix:///a'
    assert read(config, '[engine]\nurl = "unix:///b"', DOCKER_HOST='unix:///a').engine.url == 'unix:///b'
    assert read(config, HOME='/home/a').home == default_home({'HOME': '/home/a'}, os.geteuid())
    assert default_home({}, 0) == Path('/var/lib/gitreceive')
    assert default_home({'HOME': '/home/a'}, 1000) == Path('/home/a/.local/state/gitreceive')
    assert default_home({'XDG_STATE_HOME': '/state'}, 1000) == Path('/state/gitreceive')


@pytest.mark.parametrize('former', FORMER)
def test_every_former_key_and_variable_still_works_and_is_told_once(config: Path, former: str) -> None:
    today = FORMER[former]
    table, _, key = today.partition('.')
    value = {
        int: '7',
        bool: 'no',
        str: 'strict' if key == 'algorithms' else '10.0.0.5:8080',
        tuple[str, ...]: 'one.example two.example',
        tuple[Path, ...]: '/srv/one:/srv/two',
    }[TYPES[today]]
    if key in ('python_mirror', 'gradle_distribution', 'url'):
        value = 'https://mirror.example/x'
    config.write_text(f'{former} = "{value}"')
    found, hints = load_with_hints(config=config, environ={}, options={})
    told = getattr(getattr(found, table), key)
    assert told != dataclasses.asdict(Settings(home=found.home))[table][key]
    assert hints == [f'{config}: {former} is now {today}']
    config.write_text('')
    name, new = f'GITRECEIVE_{former.upper()}', f'GITRECEIVE_{table.upper()}_{key.upper()}'
    found, hints = load_with_hints(config=config, environ={name: value}, options={})
    assert getattr(getattr(found, table), key) == told
    assert hints == ([f'{name} is now {new}'] if name != new else [])


def test_a_former_option_is_told_too(config: Path) -> None:
    config.write_text('')
    found, hints = load_with_hints(config=config, environ={}, options={'door_user': 'git'})
    assert found.ssh.user == 'git' and hints == ['the command line: door_user is now ssh.user']


def test_a_setting_by_both_its_names_is_refused_in_a_file_and_todays_wins_in_the_environment(
    config: Path,
) -> None:
    told = refused(config, 'listen = "127.0.0.1:1"\n[ssh]\nlisten = "127.0.0.1:2"')
    assert (
        told == f'{config}: "listen" is the former name of "ssh.listen", and both are there: remove "listen"'
    )
    environ = {'GITRECEIVE_LISTEN': '127.0.0.1:1', 'GITRECEIVE_SSH_LISTEN': '127.0.0.1:2'}
    config.write_text('')
    found, hints = load_with_hints(config=config, environ=environ, options={})
    assert found.ssh.listen == '127.0.0.1:2' and not hints


@pytest.mark.parametrize(
    ('text', 'nearest'),
    [
        ('[ssh]\nlisen = "x"', 'unknown setting "ssh.lisen"; did you mean ssh.listen?'),
        ('lisen = "x"', 'unknown setting "lisen"; did you mean ssh.listen?'),
        ('[shh]\nlisten = "x"', 'unknown setting "shh.listen"; did you mean ssh.listen?'),
        ('[storage]\nlisten = "x"', 'unknown setting "storage.listen"; did you mean ssh.listen?'),
        ('[limits]\nslug_byte = 1', 'unknown setting "limits.slug_byte"; did you mean limits.slug_bytes?'),
        ('zzz = 1', 'unknown setting "zzz"; there are apps.create, apps.per_key, '),
        ('[ssh.listen]\nport = 1', "ssh.listen = {'port': 1}: one text is expected"),
        ('limits = 3', '"limits" is a table: write [limits]'),
        ('ssh = "x"', '"ssh" is a table: write [ssh]'),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(config: Path, text: str, nearest: str) -> None:
    assert refused(config, text).startswith(f'{config}: {nearest}')


def test_an_unknown_variable_of_a_table_is_refused_and_others_are_none_of_its_business(config: Path) -> None:
    told = refused(config, GITRECEIVE_SSH_LISEN='x')
    assert told == 'unknown variable GITRECEIVE_SSH_LISEN; did you mean GITRECEIVE_SSH_LISTEN?'
    assert read(config, GITRECEIVE_LIFELINE='7', GITRECEIVE_REQUIRE_DOCKER='1', GITRECEIVE_APP='x')


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('[builds]\nparallel = "9__0"', "builds.parallel = '9__0': a whole number is expected"),
        ('[builds]\nparallel = "٣"', "builds.parallel = '٣': a whole number is expected"),
        ('[builds]\nparallel = 0', 'builds.parallel = 0: a number from 1 to 256 is expected'),
        ('[builds]\nparallel = 257', 'builds.parallel = 257: a number from 1 to 256 is expected'),
        ('[builds]\nparallel = -1', 'builds.parallel = -1: a whole number is expected'),
        ('[builds]\nparallel = true', 'builds.parallel = True: a whole number is expected'),
        ('[builds]\nparallel = 1.5', 'builds.parallel = 1.5: a whole number is expected'),
        ('[builds]\nparallel = [1]', 'builds.parallel = [1]: a whole number is expected'),
        (f'[limits]\nlog_bytes = "{"9" * 5000}"', "limits.log_bytes = '999"),
        ('[keys]\nsessions = 1025', 'keys.sessions = 1025: a number from 1 to 1,024 is expected'),
        ('[keys]\nrequests = 0', 'keys.requests = 0: a number from 1 to 256 is expected'),
        ('[limits]\nbuild_seconds = 0', 'limits.build_seconds = 0: at least 1 is expected'),
        ('[storage]\nkeep_releases = 0', 'storage.keep_releases = 0: at least 1 is expected'),
        ('[storage]\nurl = 3', 'storage.url = 3: a list of texts is expected'),
        ('[storage]\nurl = [["a"]]', "storage.url = [['a']]: one text is expected"),
        ('[ssh]\nlisten = "2222"', "ssh.listen = '2222': host:port is expected"),
        ('[ssh]\nlisten = ":2222"', "ssh.listen = ':2222': host:port is expected"),
        ('[ssh]\nlisten = "a:65536"', "ssh.listen = 'a:65536': host:port is expected"),
        (f'[ssh]\nlisten = "a:{"1" * 5000}"', "ssh.listen = 'a:111"),
        ('[ssh]\nalgorithms = "weak"', "ssh.algorithms = 'weak': default"),
        ('[ssh]\nuser = ["git"]', "ssh.user = ['git']: one text is expected"),
        ('[ssh]\nhost = "a\\nb"', "ssh.host = 'a\\nb': one line of text is expected"),
        ('[apps]\ncreate = "perhaps"', "apps.create = 'perhaps': true or false is expected"),
        (
            '[builds]\nsubmodule_hosts = ["a b"]',
            "builds.submodule_hosts = ['a b']: 'a b' is neither a host name",
        ),
        ('[builds]\nbuildpacks = [""]x', 'is not valid TOML'),
        ('[builds]\nbuildpacks = [3]', 'builds.buildpacks = [3]: a directory is expected'),
        ('[builds]\nbuildpacks = ["a\\u0000b"]', 'builds.buildpacks = '),
        ('[builds]\nbuildpacks = "~nobody-of-that-name/x"', 'the home directory of that user is not known'),
        ('[registry]\nlisten = "5000"', "registry.listen = '5000': host:port is expected"),
        ('home = ""', "home = '': a directory is expected"),
        ('home = 2026-11-30', 'a directory is expected'),
    ],
)
def test_a_bad_value_is_a_message_with_its_place(config: Path, text: str, told: str) -> None:
    found = refused(config, text)
    assert told in found and found.startswith(str(config)) and len(found) < 600


def test_a_password_in_a_url_is_not_repeated(config: Path) -> None:
    assert 'canary' not in refused(config, '[storage]\nurl = ["https://u:canary@example.com/\\u0007"]')


@pytest.mark.parametrize('key', ['python_mirror', 'gradle_distribution'])
def test_where_builds_fetch_tools_from_is_a_url_and_nothing_else(config: Path, key: str) -> None:
    found = read(config, f'[builds]\n{key} = "https://mirror.example/tools"')
    assert getattr(found.builds, key) == 'https://mirror.example/tools'
    for url in ('ftp://mirror.example', '/srv/pythons', 'https://mirror.example/$(id)', 'https://a b'):
        told = refused(config, **{f'GITRECEIVE_BUILDS_{key.upper()}': url})
        assert told.startswith(f"the environment: builds.{key} = '{url}': a URL of http or https is expected")


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_a_settings_file_that_may_not_be_read_is_told_and_not_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'gitreceive.toml'
        file.write_text('[builds]\nparallel = 3')
        monkeypatch.setattr(load, 'SYSTEM_CONFIG', file)
        os.seteuid(65534)
        try:
            with pytest.raises(SettingsError, match=r'cannot read the settings file .*: Permission denied'):
                load_settings(config=None, environ={})
        finally:
            os.seteuid(0)
        assert load_settings(config=None, environ={}).builds.parallel == 3
        file.unlink()
        assert load_settings(config=None, environ={}).builds.parallel == 2


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='cannot read the settings file'):
        load_settings(config=tmp_path / 'none', environ={})


@pytest.mark.parametrize('content', [b'\xff', b'[ssh', b'a = ' + b'[' * 5000])
def test_what_is_no_toml_is_told(config: Path, content: bytes) -> None:
    config.write_bytes(content)
    with pytest.raises(SettingsError, match='is not valid TOML'):
        load_settings(config=config, environ={})


def test_a_relative_path_is_made_absolute(config: Path) -> None:
    assert read(config, 'home = "here"').home == Path.cwd() / 'here'


HANDED_ON = Settings(
    home=Path('/srv/a b'),
    ssh=SshSettings(listen='[::1]:22', user='1000'),
)


def test_what_a_supervisor_hands_on_is_read_as_it_was(config: Path) -> None:
    config.write_text('')
    assert load_settings(config=config, environ=as_environment(HANDED_ON)) == HANDED_ON
    full = read(
        config,
        '[storage]\nurl = ["file:///a", "s3://b"]\n[builds]\nbuildpacks = ["/a b:c"]\nbuildpack_hosts = []',
    )
    config.write_text('')
    found, hints = load_with_hints(config=config, environ=as_environment(full), options={})
    assert found == full and not hints


@given(value=st.text(max_size=50))
def test_whatever_a_variable_holds_is_taken_or_refused_with_a_message(value: str) -> None:
    for key in TYPES:
        name = f'GITRECEIVE_{key.replace(".", "_").upper()}'
        try:
            load_settings(config=Path('/dev/null'), environ={name: value})
        except SettingsError as error:
            assert key in str(error)


def test_without_a_storage_slugs_are_in_the_home_also_where_its_path_has_blanks(config: Path) -> None:
    found = read(config, 'home = "/srv/a b"')
    assert found.storage_urls == ('file:///srv/a%20b/slugs',)
    assert read(config, '[storage]\nurl = ["file:///x", "s3://y"]').storage_urls == ('file:///x', 's3://y')
