"""The stack's recipe, and what of the host gets into it."""

import hashlib
import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from gitreceive.config.resources import directory
from gitreceive.model.errors import StackError
from gitreceive.stack import load_stack
from gitreceive.stack.build import drift
from gitreceive.stack.certificates import certificates, extras, java_trust_store, pem_files
from gitreceive.stack.images import instructions, said
from gitreceive.stack.recipe import GO, JAVA, PHP, PYTHON, RUBY, RUST, digest, load_recipe, packages, versions
from gitreceive.stack.root import Host, command, explain, prepare
from gitreceive.stack.sources import acquire_settings, debian_sources

DEBIAN = """\
# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main non-free
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""

THIRD_PARTIES = {
    'docker.list': 'deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://docker.example/linux/debian bookworm stable',
    'node.sources': 'Types: deb\nURIs: https://node.example/node_20.x\nSuites: nodistro\nComponents: main\n',
    'maria.list': 'deb [signed-by=/etc/apt/keyrings/maria.pgp] https://maria.example/repo/debian bookworm main',
    'tool.list': 'deb https://tool.example/apt bookworm main',
    'old.list': 'deb http://mirror.example/debian bullseye main',
    'off.sources': f'Enabled: no\n{DEBIAN}',
}


def pem(text: str) -> str:
    """Something that looks like a certificate: only its bytes matter here."""
    return '\n'.join(pem_files([text.encode()]).values())


def test_debians_own_sources_are_kept_without_backports() -> None:
    assert debian_sources({'debian.sources': DEBIAN}, 'bookworm') == (
        'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main non-free\n'
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
        '\n'
        'Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n'
    )


@pytest.mark.parametrize('name', THIRD_PARTIES)
def test_third_parties_other_releases_and_disabled_sources_stay_out(name: str) -> None:
    text = THIRD_PARTIES[name]
    kept = debian_sources({name: text.partition('\n\n')[0]}, 'bookworm')
    assert kept == ''


def test_a_host_without_sources_of_the_release_takes_its_own_under_that_name() -> None:
    assert debian_sources({'debian.sources': DEBIAN, **THIRD_PARTIES}, 'trixie', 'bookworm') == (
        'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie trixie-updates\nComponents: main non-free\n'
        '\n'
        'Types: deb\nURIs: http://mirror.example/debian-security\nSuites: trixie-security\nComponents: main\n'
    )


def test_sources_of_the_release_itself_are_taken_as_they_are() -> None:
    both = {'debian.sources': DEBIAN, 'next.list': 'deb http://mirror.example/debian trixie main'}
    assert debian_sources(both, 'trixie', 'bookworm') == (
        'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n'
    )


def test_one_line_sources_are_understood_with_their_options() -> None:
    line = 'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m.example/d bookworm main # x'
    assert debian_sources({'sources.list': 'x'}, 'bookworm') == ''
    assert debian_sources(
        {'sources.list': f'# deb http://no.example/debian bookworm main\n{line}\n'}, 'bookworm'
    ) == (
        'Types: deb\nURIs: http://m.example/d\nSuites: bookworm\nComponents: main\n'
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
    )


def test_the_same_source_in_two_files_is_kept_once() -> None:
    line = 'deb http://mirror.example/debian bookworm main'
    assert (
        debian_sources(
            {'a.list': line, 'b.list': f'{line}\ndeb-src http://mirror.example/debian bookworm main'},
            'bookworm',
        ).count('Types')
        == 1
    )


def test_a_key_inside_the_source_is_kept_with_its_lines() -> None:
    text = DEBIAN.partition('\n\n')[0].replace(
        '/usr/share/keyrings/debian-archive-keyring.gpg', '\n -----BEGIN PGP debian-archive\n .\n abc'
    )
    assert '\n -----BEGIN PGP debian-archive\n .\n abc\n' in debian_sources({'a.sources': text}, 'bookworm')


def test_apts_proxy_and_date_settings_go_along_and_nothing_else() -> None:
    dump = (
        'APT::Architecture "amd64";\nAcquire::http::Proxy "http://proxy.example:3142";\nAcquire::https "";\n'
        'Acquire::Check-Date "false";\nAcquire::IndexTargets::deb::x "y";\nDir::Etc "etc/apt";\n'
    )
    assert acquire_settings(dump) == (
        'Acquire::http::Proxy "http://proxy.example:3142";\nAcquire::Check-Date "false";\n'
    )


def test_only_certificates_beyond_the_usual_ones_are_extra_and_each_once() -> None:
    usual, own = pem('usual'), pem('own')
    assert extras([f'# a comment\n{usual}\n{own}', own], [usual]) == (b'own',)


def test_certificates_get_a_file_each_named_by_fingerprint() -> None:
    name = f'host-{hashlib.sha256(b"own").hexdigest()[:16]}.crt'
    assert list(pem_files([b'own'])) == [name]
    assert list(certificates(pem_files([b'own'])[name])) == [b'own']


def test_the_java_trust_store_has_its_entries_and_its_checksum() -> None:
    store = java_trust_store([b'one', b'two', b'one'])
    assert struct.unpack('>III', store[:12]) == (0xFEEDFEED, 2, 2)
    assert b'one' in store and b'two' in store
    assert (
        store[-20:]
        == hashlib.sha1('changeit'.encode('utf-16-be') + b'Mighty Aphrodite' + store[:-20]).digest()
    )
    assert store == java_trust_store([b'two', b'one'])


def test_package_lists_have_comments_and_blank_lines() -> None:
    assert packages('# head\n\nbash\nlibpq5  # for apps\n') == ('bash', 'libpq5')


@pytest.mark.parametrize(
    ('package', 'installed', 'found'),
    [
        (PYTHON, 'python3=3.11.2-1+b1\npython3.11=3.11.2-6+deb12u6\npython3.11-dev=3.11.2-6\n', '3.11.2'),
        (RUBY, 'ruby=1:3.1\nruby-dev=1:3.1\nruby3.1=3.1.7+really3.1.2-0+deb12u1\n', '3.1.2'),
        (RUBY, 'ruby3.1=3.1.2-7+deb12u1\nruby3.1-dev=3.1.2-7+deb12u1\n', '3.1.2'),
        (GO, 'golang-1.19-go=1.19.8-2\ngolang-1.19-src=1.19.8-2\ngolang-go=2:1.19~1\n', '1.19.8'),
        (PHP, 'php-common=2:93\nphp8.2-cli=8.2.36-1~deb12u1\nphp8.2-redis=5.3.7+4.3.0-3\n', '8.2.36'),
        (RUST, 'libstd-rust-web-1.96=1.96.0+1\nrustc-web=1.96.0+dfsg1-1~deb12u2\nrust-x=2.0\n', '1.96.0'),
        (
            JAVA,
            'openjdk-17-jdk-headless=17.0.21.1+2-1~deb12u1\nopenjdk-17-jre-headless=17.0.9+1\n',
            '17.0.21.1',
        ),
    ],
)
def test_the_versions_of_languages_are_read_from_the_installed_packages(
    package: re.Pattern[str], installed: str, found: str
) -> None:
    assert versions(installed, package) == (found,)


def test_the_newest_version_comes_last() -> None:
    installed = (
        'openjdk-17-jdk-headless=17.0.9+1\nopenjdk-8-jdk-headless=8.1+1\nopenjdk-21-jdk-headless=21+35-1\n'
    )
    assert versions(installed, JAVA) == ('8.1', '17.0.9', '21')


def test_the_checked_in_stack_can_be_loaded() -> None:
    stack = load_stack('cedar-12')
    assert (stack.run_image, stack.build_image, stack.uid) == (
        'gitreceive/cedar:12',
        'gitreceive/cedar:12-build',
        1000,
    )
    wanted = {
        '3.11.': stack.pythons,
        '3.1.': stack.rubies,
        '1.19.': stack.gos,
        '17.': stack.javas,
        '4.4.': stack.gradles,
    }
    assert all(len(there) == 1 and there[0].startswith(start) for start, there in wanted.items())
    assert load_recipe('cedar-12').additions == ('php', 'rust')
    assert (len(stack.rusts), len(stack.phps), stack.addition('rust')) == (
        1,
        1,
        'gitreceive/cedar:12-build-rust',
    )


def test_an_unknown_stack_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(StackError, match=r'no stack "cedar-99"; there are: .*cedar-12'):
        load_stack('cedar-99')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('x =', 'not valid TOML'),
        ('name = "x"', 'is missing'),
        ('name = "x"\nrun_image = "r"\nbuild_image = "b"\nuid = "a"', 'wrong kind'),
    ],
)
def test_a_broken_recipe_is_refused_with_its_file(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'x').mkdir()
    (tmp_path / 'x' / 'stack.toml').write_text(text)
    monkeypatch.setattr('gitreceive.stack.recipe.directory', lambda _: tmp_path)
    with pytest.raises(StackError, match=rf'x/stack\.toml.*{message}'):
        load_recipe('x')


def test_the_digest_changes_with_the_hosts_certificates_and_sources_only() -> None:
    recipe = load_recipe('cedar-12')
    host = Host(sources='a', acquire='', certificates=(b'one',))
    digests = {
        digest(recipe, host.circumstances()),
        digest(recipe, Host(sources='a', acquire='proxy', certificates=(b'one',)).circumstances()),
        digest(recipe, Host(sources='b', acquire='', certificates=(b'one',)).circumstances()),
        digest(recipe, Host(sources='a', acquire='', certificates=()).circumstances()),
    }
    assert len(digests) == 3


def test_stacks_share_their_scripts_and_one_of_their_own_goes_first(tmp_path: Path) -> None:
    recipe, other = load_recipe('cedar-12'), load_recipe('cedar-13')
    for script in ('run.sh', 'build.sh', 'add.sh'):
        assert recipe.file(script) == other.file(script)
        assert recipe.file(script).is_file()
    (tmp_path / 'run.sh').write_text('exit 0')
    own = replace(recipe, directory=tmp_path)
    assert own.file('run.sh') == tmp_path / 'run.sh'
    assert own.file('build.sh') == recipe.file('build.sh')


def test_no_recipe_names_a_host() -> None:
    for path in directory('stacks').rglob('*'):
        if path.is_file():
            assert not re.search(r'https?://', path.read_text('utf-8')), path


def test_the_work_directory_has_what_the_scripts_read(tmp_path: Path) -> None:
    recipe = load_recipe('cedar-12')
    prepare(tmp_path, recipe, Host(sources='s', acquire='a', certificates=(b'one',)))
    assert (tmp_path / 'settings').read_text() == 'user=app\nuid=1000\nhome=/app\n'
    assert 'build-essential\n' in (tmp_path / 'packages-build').read_text()
    assert len(list((tmp_path / 'ca').iterdir())) == 1


def test_mmdebstrap_gets_the_packages_the_filtered_sources_and_a_quoted_work_directory(
    tmp_path: Path,
) -> None:
    work = tmp_path / 'a b'
    work.mkdir()
    (work / 'debian.sources').write_text('Types: deb\n')
    call = command(work, load_recipe('cedar-12'))
    assert call[-3:] == ['bookworm', '-', f'{work}/debian.sources']
    assert any(word.startswith('--include=') and ',libpq5,' in word for word in call)
    assert any(word.endswith(f'run.sh "$1" \'{work}\'') for word in call)


def test_a_full_disk_is_called_a_full_disk() -> None:
    assert 'TMPDIR' in explain('it failed', ['E: write failed: No space left on device'], 'check apt')
    assert explain('it failed', ['E: x'], 'check apt') == 'it failed:\nE: x\ncheck apt'


def test_an_images_configuration_is_written_as_dockerfile_lines() -> None:
    assert instructions({'LANG': 'C.UTF-8'}, {'gitreceive.stack': 'x'}, 'app', '/app') == [
        'ENV LANG="C.UTF-8"',
        'LABEL "gitreceive.stack"="x"',
        'USER app',
        'WORKDIR /app',
        'ENTRYPOINT []',
        'CMD ["/bin/bash"]',
    ]


def test_a_drift_is_a_unified_diff_and_none_is_empty() -> None:
    assert drift('a=1\nb=1\n', 'a=1\nb=1\n', 'x.txt') == []
    assert drift('a=1\nb=1\n', 'a=1\nb=2\n', 'x.txt') == [
        '--- a/x.txt',
        '+++ b/x.txt',
        '@@ -2 +2 @@',
        '-b=1',
        '+b=2',
    ]


def test_what_the_build_script_reports_is_told_apart() -> None:
    assert said('stripped 4755 ./su\nnoise\ninstalled a=1\n', 'installed') == 'a=1\n'
