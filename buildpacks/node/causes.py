"""Why the steps of Node.js apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'Environment variable not found \(([^)\n]{1,80})\)|Failed to replace env in config: \$\{([^}\n]{1,80})\}[\s\S]*\b(?:E40[134]|ERR_PNPM_FETCH_40[134]|Request failed "40[134])',
        r'the config var \g<1>\g<2> is not set, which .npmrc or .yarnrc.yml uses\nSet it: config APP \g<1>\g<2>=VALUE.',
    ),
    (
        r'Invalid package name "([^"\n]{1,120})',
        r'package.json has a name that no package has: \g<1>\nCorrect it there, and commit the lock file with it.',
    ),
    (
        r'existing package-lock|shrinkwrap\.json with lockfileVersion',
        'the lock file cannot be used by this npm\nRun "npm install" and commit package-lock.json.',
    ),
    (
        r'EUSAGE[\s\S]*(?:in sync|can only install)|npm ci` can only install',
        'package-lock.json does not match package.json\nRun "npm install" and commit package-lock.json.',
    ),
    (
        r'^([\w@/. -]{1,60} is not the one whose hash packageManager names)',
        r'\g<1>\nRun "corepack use" with the version that you want, and commit package.json.',
    ),
    (
        r'Your lockfile needs to be updated|YN0028|The lockfile would have been (?:modified|created)',
        'yarn.lock does not match package.json\nRun "yarn install" and commit yarn.lock.',
    ),
    (
        r'ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH|ERR_PNPM_LOCKFILE_MISSING_DEPENDENCY',
        'pnpm-lock.yaml does not match package.json\nRun "pnpm install" and commit pnpm-lock.yaml.',
    ),
    (
        r'ERR_PNPM_(?:NO_LOCKFILE|FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE|LOCKFILE_BREAKING_CHANGE|BROKEN_LOCKFILE)',
        'pnpm-lock.yaml cannot be used by this pnpm\nRun "pnpm install" with the version of packageManager, and commit pnpm-lock.yaml.',
    ),
    (
        r'Invalid value type \d+:|YAMLException|(?:yarn\.lock|pnpm-lock\.yaml)[^\n]{0,80}(?:merge conflict|Syntax ?Error)|Unknown token: |invalid.{0,20}lockfile',
        'the lock file is broken\nWrite it again with its package manager, and commit it.',
    ),
    (
        r'YN0082: \W{0,5}(\S{1,200}): No candidates found',
        r'there is no version that satisfies \g<1>\nCorrect it in package.json, install again at home, and commit both files.',
    ),
    (
        r"(?:Couldn't find any versions for|ERR_PNPM_NO_MATCHING_VERSION[^\n]{0,20}No matching version found for) ?\"?([^\s\":]{1,200}\"?(?: that matches \"[^\"\n]{1,100})?)",
        r'there is no version that satisfies \g<1>\nCorrect it in package.json, install again at home, and commit both files.',
    ),
    (
        r'ERR_PNPM_FETCH_404[^\n]{0,40}|YN0035[^\n]{0,80}(?:Package not found|404)|error [^\n]{0,200}: Not found\b|Received invalid response from registry|Request failed "404',
        'the package registry has not one of the packages\nThe line above names it: correct it in package.json, or give the package manager access to it (.npmrc, config vars).',
    ),
    (
        r'ERR_PNPM_FETCH_40[13]|YN0041|YN0033|Request failed "40[13]',
        'the package registry refuses access\nSet the token that .npmrc or .yarnrc.yml uses as a config var.',
    ),
    (
        r'Integrity check failed for|ERR_PNPM_TARBALL_INTEGRITY|YN0018',
        'a package is not the one that the lock file names\nInstall again at home, look at what changes in the lock file, and commit it.',
    ),
    (
        r'ERR_PNPM_UNSUPPORTED_ENGINE|error [^\n]{1,200}The engine "[^"]{1,20}" is incompatible',
        "a package does not run on this version of Node.js\nChange engines.node in package.json, or the package's version.",
    ),
    (
        r'ERR_PNPM_PEER_DEP_ISSUES|YN0060[^\n]{0,200}error',
        'dependencies contradict each other (peer dependencies)\nChange their versions in package.json until installing works at home; commit the lock file.',
    ),
    (
        r"Couldn't find a script named \"?([\w:.-]{1,60})|Command \"?([\w:.-]{1,60})\"? not found|ERR_PNPM_NO_SCRIPT[^\n]{0,40}Missing script: ([\w:.-]{1,60})",
        'package.json has no such script or command\nThe line above names it: add it under "scripts", or its package to the dependencies.',
    ),
    (
        r'error TS\d{1,6}: ([^\n]{1,200})',
        r'the TypeScript compiler found errors, the last of them: \g<1>\nRun the build at home, correct them and push again.',
    ),
    (
        r'(?:Transform failed|Build failed with|RollupError|Could not resolve entry module|Rollup failed to resolve import "([^"\n]{1,100})")',
        'the bundler could not build the app\nIts error is above: run the build at home, correct it and push again.',
    ),
    (
        r'error:\w+:digital envelope routines::unsupported|ERR_OSSL_EVP_UNSUPPORTED',
        'an old bundler needs an older OpenSSL than this Node.js has\nUse a newer bundler, engines.node 16.x, or the config var NODE_OPTIONS=--openssl-legacy-provider.',
    ),
    (
        r'(SyntaxError: [^\n]{1,200})',
        r'a file is no JavaScript for this version of Node.js: \g<1>\nCorrect it, or ask for another version with engines.node.',
    ),
    (
        r'code ETARGET[\s\S]*No matching version found for ([^\s]{1,200})\.',
        r'there is no version that satisfies \g<1>\nCorrect it in package.json, run "npm install" and commit both files.',
    ),
    (
        r"code E404[\s\S]*?404 {1,3}(?:The requested resource )?'?([@\w][\w.@/~^<>=*-]{0,200})'? (?:is not in|could not be found)",
        r'the package registry has no \g<1>\nCorrect its name in package.json, or give npm access to it (.npmrc, config vars).',
    ),
    (
        r'code E(?:401|403)',
        'the package registry refuses access\nSet the token that .npmrc uses as a config var.',
    ),
    (
        r'code ERESOLVE',
        'dependencies contradict each other (peer dependencies)\nChange their versions in package.json until "npm install" works at home; commit the lock file.',
    ),
    (
        r'code EINTEGRITY',
        'a package is not the one that the lock file names\nRun "npm install" at home, look at what changes in package-lock.json, and commit it.',
    ),
    (
        r'code EBADENGINE',
        "a package does not run on this version of Node.js\nChange engines.node in package.json, or the package's version.",
    ),
    (
        r'gyp ERR!',
        'a native module could not be compiled\nIts first error is above: it may need a newer version for this Node.js, or a library that the stack lacks.',
    ),
    (
        r'Missing script: "?([\w:.-]{1,60})',
        r'package.json has no script "\g<1>"\nAdd it under "scripts", or do not ask for it.',
    ),
    (
        r'^((?:there is no version of|no version of) \S{1,20} [^\n]{1,300})',
        r'\g<1>\nCorrect it where it is asked for ("Using" above names the file), and commit it.',
    ),
    (
        r'(?:sh: )?(?:\d+: )?(?:line \d+: )?([\w.@/-]{1,60}): (?:command )?not found',
        r'the command \g<1> is not there\nAdd the package that has it to the dependencies of package.json.',
    ),
    (
        r"Cannot find module '([^'\n]{1,200})'",
        r'the module \g<1> is not there\nAdd it to the dependencies of package.json, or correct the path (upper and lower case count).',
    ),
)
