"""What the Rust buildpack plans, from Cargo.toml and where the programs lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreceive.build.buildpack import load_buildpacks
from gitreceive.model.errors import DetectError
from gitreceive.model.plan import Plan, Stack
from tests.fakes import FakeSource

STACK = Stack(name='cedar-12', run_image='run', build_image='build', uid=1000, rusts=('1.96.0',))
RUST = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'rust')
PACKAGE = '[package]\nname = "hello"\n'
WORKSPACE = '[workspace]\nmembers = ["a", "crates/*"]\nexclude = ["crates/old"]\n'

Files = dict[str, str | bytes]
MAIN: Files = {'Cargo.lock': 'version = 4\n', 'src/main.rs': ''}


def plan(manifest: str | bytes, files: Files | None = None, **env: str) -> Plan:
    return RUST.plan(FakeSource({'Cargo.toml': manifest, **MAIN, **(files or {})}), STACK, env)


def refusal(manifest: str | bytes, files: Files | None = None) -> str:
    with pytest.raises(DetectError) as error:
        plan(manifest, files)
    return str(error.value)


def member(folder: str, name: str) -> Files:
    return {f'{folder}/Cargo.toml': f'[package]\nname = "{name}"\n', f'{folder}/src/main.rs': ''}


@pytest.mark.parametrize(
    ('manifest', 'files', 'source'),
    [
        (PACKAGE, {}, 'of cedar-12'),
        (PACKAGE, {'rust-toolchain': '1.74\n'}, 'of cedar-12; rust-toolchain asks for 1.74 or newer'),
        (
            PACKAGE,
            {'rust-toolchain.toml': '[toolchain]\nchannel = "1.96.0-x86_64-unknown-linux-gnu"'},
            'of cedar-12; rust-toolchain.toml asks for 1.96.0 or newer',
        ),
        (
            PACKAGE,
            {'rust-toolchain': '[toolchain]\nchannel = "stable"'},
            'of cedar-12; rust-toolchain asks for stable',
        ),
        (PACKAGE, {'rust-toolchain.toml': '[toolchain]\ncomponents = ["clippy"]'}, 'of cedar-12'),
        (
            f'{PACKAGE}rust-version = "1.70"\n',
            {},
            'of cedar-12; rust-version in Cargo.toml asks for 1.70 or newer',
        ),
        (f'{PACKAGE}rust-version.workspace = true\n[workspace]\n', {}, 'of cedar-12'),
    ],
)
def test_the_stacks_rust_compiles_what_asks_for_it_or_an_older_one(
    manifest: str, files: Files, source: str
) -> None:
    choice = plan(manifest, files).choices[0]
    assert (choice.tool, choice.wanted, choice.source) == ('Rust', '1.96.0', source)


@pytest.mark.parametrize(
    ('manifest', 'files', 'said'),
    [
        (
            PACKAGE,
            {'rust-toolchain': 'nightly-2026-01-01'},
            'asks for Rust "nightly-2026-01-01", and the stack cedar-12',
        ),
        (PACKAGE, {'rust-toolchain': '$(id)'}, 'write "stable" or a version'),
        (
            PACKAGE,
            {'rust-toolchain.toml': '[toolchain]\nchannel = "1.97"'},
            'asks for Rust 1.97, and the stack cedar-12',
        ),
        (f'{PACKAGE}rust-version = "2.0"\n', {}, 'rust-version in Cargo.toml asks for Rust 2.0'),
        (
            '[workspace.package]\nrust-version = "1.99"\n',
            {},
            'asks for Rust 1.99, and the stack cedar-12 has 1.96.0',
        ),
        (PACKAGE, {'rust-toolchain.toml': '[toolchain'}, 'rust-toolchain.toml is not TOML'),
    ],
)
def test_another_rust_is_refused_with_the_one_that_there_is(manifest: str, files: Files, said: str) -> None:
    assert said in refusal(manifest, files)


@pytest.mark.parametrize(
    ('manifest', 'files', 'command'),
    [
        (PACKAGE, {}, 'target/release/hello'),
        (f'{PACKAGE}[[bin]]\nname = "serve"\npath = "src/main.rs"\n', {}, 'target/release/serve'),
        (f'{PACKAGE}[[bin]]\nname = "hello"\n', {}, 'target/release/hello'),
        (f'{PACKAGE}[[bin]]\nname = "tool"\nrequired-features = ["cli"]\n', {}, 'target/release/hello'),
        (f'{PACKAGE}default-run = "two"\n', {'src/bin/two.rs': ''}, 'target/release/two'),
        (PACKAGE, {'src/bin/web/main.rs': '', 'src/bin/web/other.rs': ''}, 'target/release/web'),
        (f'{PACKAGE}autobins = false\n[[bin]]\nname = "b"\npath = "x.rs"\n', {}, 'target/release/b'),
        (f'{PACKAGE}[workspace]\nmembers = ["a"]\n', member('a', 'other'), 'target/release/hello'),
        (WORKSPACE, member('crates/b', 'only') | member('crates/old', 'old'), 'target/release/only'),
        (WORKSPACE, member('a', 'job') | member('crates/b', 'web'), 'target/release/web'),
        (
            '[workspace]\nmembers = ["a", "b"]\ndefault-members = ["./b/"]\n',
            member('a', 'one') | member('b', 'two'),
            'target/release/two',
        ),
    ],
)
def test_the_program_that_serves_is_started(manifest: str, files: Files, command: str) -> None:
    found = plan(manifest, files)
    assert [(process.name, process.command) for process in found.processes] == [('web', command)]
    assert 'No Procfile' in found.processes_from


@pytest.mark.parametrize(
    ('manifest', 'files', 'said'),
    [
        (WORKSPACE, {}, 'there is no program to build'),
        ('[workspace]\nmembers = ["../*", ".", 5]\n', {}, 'there is no program to build'),
        (f'{PACKAGE}autobins = false\n', {}, 'there is no program to build'),
        (PACKAGE, {'src/bin/two.rs': ''}, 'nothing says which program is started (there are hello, two)'),
        ('[package]\nname = "$(id)"\n', {}, 'there is no program to build'),
        ('[package\n', {}, 'Cargo.toml is not TOML'),
        (
            PACKAGE,
            {'Cargo.lock': 'version = 4\n<<<<<<< HEAD\n'},
            'Cargo.lock has a merge conflict marker (line 2)',
        ),
        (b'\xff', {}, 'Cargo.toml is not UTF-8'),
    ],
)
def test_what_cannot_be_built_or_started_is_refused_with_what_to_do(
    manifest: str | bytes, files: Files, said: str
) -> None:
    assert said in refusal(manifest, files)


def test_a_lock_file_has_to_be_there() -> None:
    with pytest.raises(DetectError, match=r'no Cargo\.lock: run "cargo generate-lockfile"'):
        RUST.plan(FakeSource({'Cargo.toml': PACKAGE, 'src/main.rs': ''}), STACK, {})


def test_a_stack_without_rust_says_so() -> None:
    bare = Stack(name='bare', run_image='run', build_image='build', uid=1000)
    with pytest.raises(DetectError, match='the stack bare has no Rust'):
        RUST.plan(FakeSource({'Cargo.toml': PACKAGE, **MAIN}), bare, {})


def test_a_procfile_starts_whatever_it_says_and_flags_are_cargos() -> None:
    found = plan(WORKSPACE, {'Procfile': 'web: x'}, RUST_CARGO_BUILD_FLAGS='--workspace  --features a')
    assert (found.processes, found.processes_from) == ((), 'Procfile')
    assert found.values['flags'] == ('--workspace', '--features', 'a')
    assert found.values['bases'] == ('build-rust',)


def test_what_the_pusher_should_know_is_told() -> None:
    notes = ' '.join(plan(PACKAGE, {'target/release/hello': '', 'package.json': ''}).notes)
    assert 'target is in the repository and is not used' in notes
    assert 'package.json is there too' in notes


@pytest.mark.parametrize(
    ('said', 'cause'),
    [
        (
            'error: cannot update the lock file /app/src/Cargo.lock because --locked was passed to prevent this',
            'Cargo.lock does not match Cargo.toml\nRun "cargo update --workspace"',
        ),
        (
            'error: failed to parse lock file at: /app/src/Cargo.lock\n\nCaused by:\n  lock file version `9` was found, but this version',
            'Cargo.lock has format 9, which the Rust of the stack does not know\n',
        ),
        (
            'error: failed to parse lock file at: /app/src/Cargo.lock\n\nCaused by:\n  TOML parse error at line 17',
            'Cargo.lock cannot be read\n',
        ),
        ('error: no matching package named `itoa-x` found', 'there is no crate itoa-x\n'),
        (
            'error: failed to select a version for the requirement `itoa = "=99.0.0"`',
            'there is no crate that satisfies itoa = "=99.0.0"\n',
        ),
        (
            'error: checksum for `itoa v1.0.15` changed between lock files',
            'the crate itoa v1.0.15 is not the one that Cargo.lock names\n',
        ),
        (
            'error: failed to load source for dependency `x`\n  failed to clone into: /tmp/cache/rust/home/git/db/x-c8',
            'the repository of a dependency cannot be fetched\n',
        ),
        (
            'Caused by:\n  unable to update https://git.example/mine.git#2c9ffefb\n\nCaused by:\n  failed to clone into: /tmp/cache/rust/home/git/db/mine-1\n\nCaused by:\n  invalid version 3 on git_proxy_options; class=Invalid (3)',
            'https://git.example/mine.git is a git repository, and the Cargo of the stack takes no crates from those\nRun "cargo vendor"',
        ),
        (
            '  this version of Cargo is older than the `2030` edition, and only supports `2015`, `2018`, `2021`, and `2024` editions.',
            'Cargo.toml asks for the edition 2030, which the Rust of the stack does not know\n',
        ),
        (
            'Caused by:\n  failed to read `/app/src/crates/mine/Cargo.toml`\n\nCaused by:\n  No such file or directory (os error 2)',
            'there is no crate in crates/mine\nCommit its directory',
        ),
        (
            "error: the package 'hello' does not contain this feature: nope",
            'hello has no feature nope\nCorrect the config var RUST_CARGO_BUILD_FLAGS',
        ),
        (
            'error[E0463]: can\'t find crate for `std`\n  = note: the `x86_64-unknown-linux-musl` target may not be installed\nerror: could not compile `hello` (bin "hello")',
            'the Rust of the stack does not compile for x86_64-unknown-linux-musl\n',
        ),
        (
            'error: rustc 1.96.0 is not supported by the following package:\n  hello@0.1.0 requires rustc 1.99',
            'hello@0.1.0 needs Rust 1.99, which is newer than the one of the stack\n',
        ),
        (
            '  unable to update registry `crates-io`\n\nCaused by:\n  curl failed\n  [18] Transferred a partial file',
            'the registry of crates could not be reached\nTry again',
        ),
        (
            'error[E0554]: `#![feature]` may not be used on the stable release channel\nerror: could not compile `hello`',
            'the code needs a nightly Rust, and the stack has a stable one\n',
        ),
        (
            '  = note: /usr/bin/ld: cannot find -lnosuchlib: No such file or directory\nerror: could not compile `hello`',
            'the C library nosuchlib is not there\n',
        ),
        ('error: failed to run custom build command for `z v1.0.0`', 'the build script of z v1.0.0 failed\n'),
        ('cargo build has made no program', 'there is no program to build\n'),
        (
            'error: could not compile `hello` (bin "hello") due to 1 previous error',
            'hello does not compile\n',
        ),
        ('error: could not compile `a`\n  (signal: 9, SIGKILL: kill)', 'out of memory'),
        ('something else', None),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(said: str, cause: str | None) -> None:
    told = RUST.explain('compile', said.split('\n'))
    assert told is None if cause is None else told is not None and cause in told
    assert told is None or told.count('\n') == 1


@given(
    st.binary(max_size=200),
    st.binary(max_size=60),
    st.lists(st.text(max_size=12), max_size=4),
    st.text(max_size=30),
)
def test_any_bytes_are_planned_or_refused(
    content: bytes, channel: bytes, names: list[str], flags: str
) -> None:
    listed = ', '.join(f'"{name}"' for name in names)
    for manifest in (
        content,
        f'[workspace]\nmembers = [{listed}]\nexclude = 5\n',
        f'bin = [{listed}]\n{PACKAGE}',
    ):
        try:
            found = plan(manifest, {'rust-toolchain': channel}, RUST_CARGO_BUILD_FLAGS=flags)
        except DetectError as error:
            assert len(str(error)) < 500
            continue
        assert all(isinstance(value, str | bool | tuple) for value in found.values.values())
