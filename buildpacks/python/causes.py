"""Why the steps of Python apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    # pip goes on after these, and says in the end that it has found no version.
    (
        r"after connection broken by '(?:NewConnection|ConnectTimeout|ReadTimeout|NameResolution|Proxy|Protocol)Error[\s\S]*No matching distribution",
        'the package index could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'CERTIFICATE_VERIFY_FAILED[\s\S]*No matching distribution',
        'the certificate of the package index is not trusted\nThe sysadmin has to add it to the host and run "gitreceive stack build".',
    ),
    (
        r'No matching distribution found for ([^\s]{1,200})',
        r'there is no package that satisfies \g<1>\nCorrect the line in requirements.txt; it may also need another version of Python.',
    ),
    (
        r'(?:THESE PACKAGES DO NOT MATCH THE HASHES|Hashes are required in --require-hashes mode)',
        'the hashes in requirements.txt do not match\nWrite the file again with its tool (pip-compile, uv) and commit it.',
    ),
    (
        r'ResolutionImpossible|conflicting dependencies',
        'requirements contradict each other\nThe lines above name them: change one of the versions in requirements.txt.',
    ),
    (
        r'Could not open requirements file: [^\n]{0,40}No such file or directory: \'(?:/app/src/)?([^\'\n]{1,200})',
        r'requirements.txt includes \g<1>, which is not there\nAdd the file to the repository, or remove the line that begins with "-r" or "-c".',
    ),
    (
        r'_decode_req_file[\s\S]*(UnicodeDecodeError: [^\n]{1,120})',
        r'requirements.txt is not UTF-8: \g<1>\nSave it as UTF-8 and commit it.',
    ),
    (
        r'Invalid requirement: ([^\n]{1,120})',
        r'requirements.txt has a line that is none: \g<1>\nCorrect or remove it.',
    ),
    (
        r'lockfile at `uv\.lock` needs to be updated',
        'uv.lock does not match pyproject.toml\nRun "uv lock" and commit uv.lock.',
    ),
    (
        r'pyproject\.toml changed significantly since poetry\.lock',
        'poetry.lock does not match pyproject.toml\nRun "poetry lock" and commit poetry.lock.',
    ),
    (
        r'Pipfile\.lock\s+(?:\(\w+\)\s+)?is\s+out[\s-]of[\s-]+date',
        'Pipfile.lock does not match Pipfile\nRun "pipenv lock" and commit Pipfile.lock.',
    ),
    (
        r'(?:Lock ?file (?:hash )?doesn\'t (?:match|satisfy))',
        'pdm.lock does not match pyproject.toml\nRun "pdm lock" and commit pdm.lock.',
    ),
    (
        r'(?:Failed to parse|TOML parse error)[^\n]{0,80}uv\.lock|unsupported schema version|unsupported version of the lock ?file|Lock file version [^\n]{1,60} is not compatible|lock file is not compatible with the current version',
        'the lock file cannot be used by this version of its tool\nWrite it again with the version that the log names ("Installed"), or an older one, and commit it.',
    ),
    (
        r'(?:No file/folder found for package|The current project could not be installed)',
        'the app is no package, and Poetry installs it as one\nWrite "package-mode = false" below [tool.poetry] in pyproject.toml, run "poetry lock" and commit both.',
    ),
    (
        r"incompatible with the project's Python requirement: `([^`\n]{1,80})`|[Rr]equires a different Python: \S{1,20} not in '?([^\s']{1,80})|requires Python ([^\s,]{1,80})",
        'a package, or the app itself, does not run on this version of Python\nThe line above names the versions that would do: choose one of them in .python-version, or take another version of the package.',
    ),
    (
        r'(the mirror of this receiver has no Python [^\n]{1,80})',
        r'\g<1>\nAsk for a version that is there in .python-version, or ask the sysadmin to add it.',
    ),
    (
        r'Because [^\n]{0,200}no version of ([\w.-]{1,80})|there is no version of ([\w.-]{1,80}==\S{1,40})|Because there (?:are|is) no versions? of ([\w.-]{1,80})|hash mismatch|Hash mismatch',
        'the lock file names something that the package index has not, or has with another content\nLock again and commit the lock file; a private index needs its settings as config vars.',
    ),
    (
        r'(?:fatal error|error): ([\w./-]{1,80}\.h): No such file or directory',
        r'the header \g<1> of a native library is not there\nTake a version of the package that has a wheel for this Python; the stack has no such library.',
    ),
    (
        r'error: can\'t find Rust compiler|Rust toolchain|maturin[^\n]{0,80}failed',
        'a package has to be compiled with Rust, which the stack lacks\nTake a version of it that has a wheel for this Python.',
    ),
    (
        r'(?:ImportError|OSError): (lib[\w.+-]{1,60}\.so[\w.]{0,10}): cannot open shared object file',
        r'the native library \g<1> is not there\nTake a package that brings it in its wheel ("-binary"), or ask the sysadmin for a stack that has it.',
    ),
    (
        r'pg_config executable not found',
        'psycopg2 could not be compiled\nAsk for psycopg2-binary, or for a version that has a wheel.',
    ),
    (
        r'Failed (?:to build|building wheel for) ([\w.-]{1,80})|error: command \S{1,80} failed',
        "a package could not be compiled\nIts first error is above: take a version that has a wheel for this Python, or one that fits the stack's libraries.",
    ),
    (
        r'SECRET_KEY setting must not be empty|KeyError: \'(?:DJANGO_)?SECRET_KEY\'|SECRET_KEY not found',
        "Django's settings need SECRET_KEY while static files are collected\nSet it (config APP SECRET_KEY=...), or give the settings a default for builds.",
    ),
    (
        r'without having set the STATIC_ROOT setting',
        'Django does not know where to collect static files\nSet STATIC_ROOT = BASE_DIR / "staticfiles" in the settings, or set the config var DISABLE_COLLECTSTATIC=1.',
    ),
    (
        r"KeyError: '(\w{1,60})'",
        r'the app needs the variable \g<1> while it is built\nSet it as a config var, or give it a default in the settings.',
    ),
    (
        r"ModuleNotFoundError: No module named '([\w.]{1,100})'",
        r'the module \g<1> is not installed\nAdd its package to requirements.txt.',
    ),
    (
        r'ImproperlyConfigured: ([^\n]{1,200})',
        r'Django: \g<1>\nCorrect the settings, or set the config var DISABLE_COLLECTSTATIC=1 if static files are not needed.',
    ),
)
