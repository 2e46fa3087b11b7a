"""Why the steps of Deno apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'The lockfile is out of date',
        'deno.lock does not match what the app imports\nRun "deno install" (and "deno cache" with the file that is started), and commit deno.lock.',
    ),
    (
        r"Unsupported lockfile version '([^'\n]{1,20})'",
        r'deno.lock has format \g<1>, which this Deno does not know\nAsk for the Deno that wrote it, in .dvmrc or .tool-versions.',
    ),
    (
        r'Failed (?:reading|parsing)\.? ?[Ll]ockfile',
        'deno.lock cannot be read\nDelete it, run "deno install" and commit the new one.',
    ),
    (
        r"Could not find npm package '([^'\n]{1,100})' matching '([^'\n]{1,100})'",
        r'there is no version \g<2> of \g<1>\nCorrect it in deno.json, run "deno install" and commit deno.lock too.',
    ),
    (
        r"npm package '([^'\n]{1,100})' does not exist",
        r'the package registry has no \g<1>\nCorrect it in deno.json, run "deno install" and commit it.',
    ),
    (
        r'Tarball checksum did not match what was provided by npm registry for ([^\s]{1,150}?)\.?$',
        r'the package \g<1> is not the one that deno.lock names\nFind out why before anything else; only then delete its lines and run "deno install".',
    ),
    (
        r"JSR package manifest for '([^'\n]{1,100})' failed to load",
        r'the JSR package \g<1> cannot be fetched\nCorrect its name; or ask the sysadmin whether builds reach JSR (config var JSR_URL names a mirror).',
    ),
    (
        r'Requires import access to "([^"\n]{1,100})"',
        r'Deno does not import from \g<1> by itself\nImport it from the npm registry, or from a copy that is in the repository.',
    ),
    (
        r"Import '(https?://[^'\n]{1,200})' failed\.[\s\S]{0,400}?(?:dns error|client error \(Connect\)|timed out)",
        r'\g<1> could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r"(?:Import|Module not found) ['\"]([^'\"\n]{1,200})['\"](?: failed\.| not a dependency)",
        r'\g<1> cannot be imported\nAdd it to "imports" of deno.json, or correct the address; then run "deno install" and commit both files.',
    ),
    (
        r'Module not found "(?:file:///app/src/)?([^"\n]{1,200})"',
        r'the module \g<1> is not there\nCorrect the path (upper and lower case count), or commit the file.',
    ),
    (
        r'(?:error: SyntaxError: |source code could not be parsed: )([^\n]{1,200})',
        r'a module is neither TypeScript nor JavaScript: \g<1>\nThe place is above; "deno check" at home shows the same.',
    ),
    (
        r'Task not found: ([\w:.-]{1,60})',
        r'there is no task \g<1>\nAdd it under "tasks" of deno.json.',
    ),
    (
        r'(there is no Deno that satisfies [^\n]{1,300}|Deno 1\.\S{1,20} is too old: 2\.0 or newer is needed)',
        r'\g<1>\nCorrect it where it is asked for ("Using" above names the file), and commit it.',
    ),
)
