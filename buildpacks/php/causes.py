"""Why the steps of PHP apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'Required package "[^"\n]{1,100}" is not (?:present )?in the lock file|Required package "[^"\n]{1,100}" is in the lock file as',
        'composer.lock does not match composer.json\nRun "composer update --lock" (or "composer update" for what is new), and commit composer.lock.',
    ),
    (
        r'Root composer\.json requires php (\S[^\n]{0,60}?) (?:but|->) your php version \(([^);\s]{1,30})[^)\n]{0,60}\) does not satisfy',
        r'composer.json asks for PHP \g<1>, and the stack has \g<2>\nChange "php" in "require" of composer.json, run "composer update" and commit both files.',
    ),
    (
        r'- (\S{1,100} \S{1,40}) requires php (\S[^\n]{0,60}?) (?:but|->) your php version \(([^);\s]{1,30})[^)\n]{0,60}\) does not satisfy',
        r'\g<1> needs PHP \g<2>, and the stack has \g<3>\nRun "composer config platform.php \g<3>" and "composer update", which finds older versions, and commit both files.',
    ),
    (
        r'(\S{1,100}) contains a Composer plugin which is blocked by your allow-plugins config',
        r'\g<1> is a plugin of Composer, and composer.json does not say that it may run\nRun "composer config allow-plugins.\g<1> true" and commit composer.json.',
    ),
    (
        r"Failed to execute git clone [^\n]{0,100}?'((?:https?|ssh|git)://[^'\n]{1,200}|git@[^'\n]{1,200})'",
        r'the git repository \g<1> could not be fetched\nCorrect its address in composer.json; for a private one set the config var COMPOSER_AUTH, as Composer documents it.',
    ),
    (
        r'requires (?:PHP extension )?ext-([\w-]{1,40}) [^\n]{1,60} it is missing from your system',
        r'the extension \g<1> is not there\nDo without it, or use a package that has the same in PHP.',
    ),
    (
        r'requires ([\w./-]{1,100})[^\n]{0,60}, it could not be found in any version',
        r'there is no package \g<1>\nCorrect it in composer.json, or name the repository that has it.',
    ),
    (
        r'Source path "[^"\n]{1,200}" is not found|The `url` supplied for the path \([^)\n]{1,200}\) repository does not exist',
        r'a package is meant to lie in the app, and does not\nCommit its directory, or correct "repositories" in composer.json.',
    ),
    (
        r'Could not authenticate against|required authentication|Invalid credentials',
        'a repository of packages refuses access\nSet the config var COMPOSER_AUTH, as Composer documents it.',
    ),
    (
        r'The checksum verification of the file failed',
        'a package is not the one that composer.lock names\nFind out why before anything else; only then "composer update" it.',
    ),
    (
        r'"?https?://\S{1,200} (?:file )?could not be downloaded|curl error (?:6|7|28|35|52|56) while',
        'a repository of packages could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'does not contain valid JSON|"\S{0,100}composer\.(?:json|lock)" does not match the expected JSON schema',
        'composer.json or composer.lock cannot be used\nThe lines above show where: "composer validate" says the same.',
    ),
    (
        r'Script ([^\n]{1,200}?) handling the ([\w-]{1,60}) event returned with error code',
        r'the script \g<2> of composer.json failed (\g<1>)\nIts own words are above; it may need config vars.',
    ),
)
