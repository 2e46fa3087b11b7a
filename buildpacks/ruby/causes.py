"""Why the steps of Ruby apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
    (
        r'Your Ruby version is (\S{1,20}), but your Gemfile specified *$',
        r'the Gemfile names a file for the version of Ruby, and the Bundler of the stack knows no such thing\nWrite the line: ruby "\g<1>". Run "bundle install" and commit both files.',
    ),
    (
        r'Your Ruby engine is ruby, but your Gemfile specified ([^\n]{1,60})',
        r'the Gemfile asks for \g<1>, and the stack has the usual Ruby (MRI)\nTake "engine" and "engine_version" out of the line "ruby", run "bundle install" and commit both files.',
    ),
    (
        r'Your Ruby version is (\S{1,20}), but your Gemfile specified ([^\n]{1,60})',
        r'the Gemfile asks for Ruby \g<2>, and the stack has \g<1>\nChange the line "ruby" of the Gemfile, run "bundle install" and commit both files.',
    ),
    (
        r'gemspecs for path gems changed|lockfile (?:is|was) (?:not up to date|missing)|You are trying to install in deployment mode after changing|The gemspecs|frozen mode|but the lockfile can.t be updated because frozen',
        'Gemfile.lock does not match the Gemfile\nRun "bundle install" and commit Gemfile.lock.',
    ),
    (
        r'Your bundle only supports platforms ([^\n]{1,200}) but your local platform',
        r'Gemfile.lock is for \g<1> only\nRun "bundle lock --add-platform x86_64-linux" and commit Gemfile.lock.',
    ),
    (
        r'The path `(?:/app/src/)?([^`\n]{1,200})`\s+does\s+not\s+exist',
        r'the Gemfile asks for a gem in \g<1>, and the commit has no such directory\nCommit it, or take the gem from its source.',
    ),
    (
        r'Git\s+error:\s+command\s+`git\s(?:[^`]{0,300}?\s)?((?:https?|ssh|git)://\S{1,200}|git@\S{1,200})',
        r'the git repository \g<1> could not be fetched\nCorrect its address in the Gemfile; for a private one set the config var BUNDLE_ and its host, as in BUNDLE_GIT__EXAMPLE__COM=NAME:TOKEN.',
    ),
    (
        r'([\w.-]{1,100}?)-(\d[\w.]{0,30})\s+requires\s+ruby\s+version\s+([^,\n]{1,60}),\s+which\s+is\s+incompatible',
        r'the gem \g<1> \g<2> needs Ruby \g<3>, which the stack does not have\nAsk for a version of it in the Gemfile that runs on the Ruby of the stack, run "bundle install" and commit both files.',
    ),
    (
        r'The checksum for the downloaded `([^`\n]{1,150})\.gem` does not match',
        r'\g<1> is not the gem that its source promises\nPush again: it is fetched again. If it stays so, the source has exchanged it, and its maintainer should know.',
    ),
    (
        r"can't find executable rake for gem rake|bundler: command not found: rake",
        'the Rakefile has a task assets:precompile, and the bundle has no rake\nAdd "gem \'rake\'" to the Gemfile, run "bundle install" and commit both files.',
    ),
    (
        r'Missing encryption key to decrypt file',
        "the app's credentials are encrypted, and their key is not set\nSet it as the config var RAILS_MASTER_KEY; do not commit it.",
    ),
    (
        r'Your bundle is locked to\s+(\S{1,100}) \((\S{1,40})\)',
        r'there is no gem \g<1> \g<2> in the sources of the Gemfile\nRun "bundle update \g<1>" and commit Gemfile.lock.',
    ),
    (
        r"Could not find gem '([^'\n]{1,200})'|Could not find ([\w.-]{1,100}-\d[\w.]{0,30}) in (?:any of the sources|rubygems|locally)",
        r'there is no gem \g<1>\g<2> in the sources of the Gemfile\nCorrect its name and version, run "bundle install" and commit both files.',
    ),
    (
        r'An error occurred while installing\s+([\w.-]{1,100}) \((\S{1,40})\)',
        r'the gem \g<1> \g<2> could not be installed\nIts first error is above: it may need a library that the stack lacks, or another version of Ruby.',
    ),
    (
        r'There was an error parsing `Gemfile`: ([^\n]{1,200})',
        r'the Gemfile cannot be read: \g<1>\nCorrect it; "bundle check" reads it at home.',
    ),
    (
        r"Don't know how to build task '([^'\n]{1,80})'",
        r'there is no rake task \g<1>\nAdd it to the Rakefile, or commit what it would make.',
    ),
    (
        r'cannot load such file -- (\S{1,200})',
        r'the file or gem \g<1> is not there\nAdd its gem to the Gemfile (outside of the groups development and test), run "bundle install" and commit both files.',
    ),
    (
        r'KeyError: key not found: \"(\w{1,60})\"|key not found: \"(\w{1,60})\" \(KeyError\)',
        r'the app needs the variable \g<1>\g<2> while it is built\nSet it as a config var, or give it a default.',
    ),
    (
        r'rake aborted!\n([^\n]{1,200})',
        r'rake stopped: \g<1>\nCorrect it, or commit public/assets with its manifest: then nothing is compiled.',
    ),
    (
        r'Could not reach host|Could not fetch specs from|Network error while fetching|Retrying (?:download|fetcher)',
        'the source of the gems could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
)
