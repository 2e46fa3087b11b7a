"""Why the steps of Rust apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'because --locked was passed|needs to be updated but --locked',
        'Cargo.lock does not match Cargo.toml\nRun "cargo update --workspace" and commit Cargo.lock.',
    ),
    (
        r'lock file version `?(\d{1,6})`? was found',
        r'Cargo.lock has format \g<1>, which the Rust of the stack does not know\nWrite it with an older Cargo, or ask the sysadmin for a newer stack.',
    ),
    (
        r'failed to parse lock file',
        'Cargo.lock cannot be read\nResolve what the lines above show, or run "cargo generate-lockfile", and commit it.',
    ),
    (
        r'no matching package named `([^`\n]{1,100})` found',
        r'there is no crate \g<1>\nCorrect it in Cargo.toml, run "cargo update --workspace" and commit both files.',
    ),
    (
        r'failed to select a version for the requirement `([^`\n]{1,150})`',
        r'there is no crate that satisfies \g<1>\nCorrect it in Cargo.toml, run "cargo update --workspace" and commit both files.',
    ),
    (
        r'(?:checksum for|failed to verify the checksum of) `([^`\n]{1,150})`',
        r'the crate \g<1> is not the one that Cargo.lock names\nFind out why before anything else; only then "cargo update" it.',
    ),
    (
        r'unable to update (\S{1,200}?)(?:#\w{1,40})?\n(?:[^\n]*\n){0,6}?[^\n]*invalid version \d+ on git_proxy_options',
        r'\g<1> is a git repository, and the Cargo of the stack takes no crates from those\nRun "cargo vendor", commit vendor and what it says for .cargo/config.toml.',
    ),
    (
        r'failed to (?:clone into|fetch into|authenticate)',
        'the repository of a dependency cannot be fetched\nThe lines above name it: correct it in Cargo.toml; for a private one run "cargo vendor" and commit the result.',
    ),
    (
        r'curl failed|unable to update registry|failed to download from',
        'the registry of crates could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'^\s*(\S{1,100}@\S{1,40}) requires rustc (\S{1,20})',
        r'\g<1> needs Rust \g<2>, which is newer than the one of the stack\nAsk for an older version in Cargo.toml, or the sysadmin for a newer stack.',
    ),
    (
        r'may not be used on the stable release channel',
        'the code needs a nightly Rust, and the stack has a stable one\nDo without "#![feature(...)]", or use an older version of the crate that has it.',
    ),
    (
        r'this version of Cargo is older than the `(\d{1,6})` edition',
        r'Cargo.toml asks for the edition \g<1>, which the Rust of the stack does not know\nLower "edition", or ask the sysadmin for a newer stack.',
    ),
    (
        r'failed to read `(?:/app/src/)?([^`\n]{1,200})/Cargo\.toml`',
        r'there is no crate in \g<1>\nCommit its directory as a part of the app, or correct "path" in Cargo.toml.',
    ),
    (
        r"package '([^'\n]{1,100})' does not contain this feature: (\S{1,100})",
        r'\g<1> has no feature \g<2>\nCorrect the config var RUST_CARGO_BUILD_FLAGS, or add it to "features" of Cargo.toml.',
    ),
    (
        r'the `([^`\n]{1,60})` target may not be installed',
        r'the Rust of the stack does not compile for \g<1>\nTake "target" out of .cargo/config.toml, or set the config var CARGO_BUILD_TARGET to x86_64-unknown-linux-gnu.',
    ),
    (
        r'cannot find -l([\w.+-]{1,60})',
        r'the C library \g<1> is not there\nThe build image has the headers of the usual ones; mostly a crate has a feature (as "vendored") that brings its own.',
    ),
    (
        r'failed to run custom build command for `([^`\n]{1,150})`',
        r'the build script of \g<1> failed\nIts own words are above.',
    ),
    (
        r"cargo build has made no program|can't find (?:bin|library|binary) `[^`\n]{1,80}`|no bin target named",
        'there is no program to build\nAdd a src/main.rs, or correct "[[bin]]" in Cargo.toml.',
    ),
    (
        r'could not compile `([^`\n]{1,100})`(?![\s\S]{0,300}SIGKILL)',
        r'\g<1> does not compile\nIts errors are above; "cargo build --release --locked" at home shows the same.',
    ),
)
