"""Why steps of any platform fail: what their last lines say, and what to do about it."""

from gitreceive.build.appfiles.classic import NO_INTERPRETER

Causes = tuple[tuple[str, str], ...]

CAUSES: Causes = (
    (
        r'ENOSPC|No space left on device|Disk quota exceeded',
        'the disk of the build host is full\nTell its sysadmin; a push after that builds.',
    ),
    (
        r'^[^\n]*\bKilled\b|SIGKILL|JavaScript heap out of memory|MemoryError|Cannot allocate memory',
        'it ran out of memory\nMake the step need less, or ask the sysadmin for more memory for builds.',
    ),
    (
        r'\b(no connection to \S{1,300} within \d+ seconds)$',
        r'\g<1>\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|Temporary failure in name resolution|NewConnectionError|ReadTimeoutError|Read timed out|Could not resolve host|dial tcp|UnknownHostException|Connection refused',
        'a host on the network could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|unable to get local issuer certificate',
        'the certificate of a package registry is not trusted\nThe sysadmin has to add it to the host and run "gitreceive stack build".',
    ),
    (
        r'could not read Username for|Authentication failed for|Permission denied \(publickey|Host key verification failed',
        'a git repository that is a dependency refuses access\nBuild steps have no keys: write its address as https with a token that is a config var, or take it from a package registry.',
    ),
    (
        r'\\r.: No such file or directory|\^M: bad interpreter|cannot execute: required file not found|^env: .\./[^\n]{1,100}: No such file or directory',
        NO_INTERPRETER,
    ),
    (
        r'\b\d+: ([\w.@+-]{0,60}/[\w.@/+-]{1,100}): not found$',
        r'\g<1> is not there, or its first line ("#!...") names a program that is not, mostly because its lines end as in Windows\n'
        'Look for it in the repository (upper and lower case count), and save it with LF at the ends of lines.',
    ),
    (
        r'\b\d+: ([\w.@+-]{1,60}): (?:command )?not found$',
        r'the command \g<1> is not there\nThe build image has no such program: use one that it has, or bring it with the app.',
    ),
    (
        r'\bEACCES\b|Permission denied',
        'a file may not be read, written or run\nBuild steps run as user "app" and may write below /app and /tmp; a script needs "git update-index --chmod=+x FILE".',
    ),
)
"""Regular expressions for the last lines of output, and what to report."""
