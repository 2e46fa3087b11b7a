"""Why the steps of Ruby apps fail: regular expressions for their last lines, and what to tell."""

CAUSES = (
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
        r'Your bundle is locked to (\S{1,100}) \((\S{1,40})\)',
        r'there is no gem \g<1> \g<2> in the sources of the Gemfile\nRun "bundle update \g<1>" and commit Gemfile.lock.',
    ),
    (
        r"Could not find gem '([^'\n]{1,200})'|Could not find ([\w.-]{1,100}-\d[\w.]{0,30}) in (?:any of the sources|rubygems|locally)",
        r'there is no gem \g<1>\g<2> in the sources of the Gemfile\nCorrect its name and version, run "bundle install" and commit both files.',
    ),
    (
        r'An error occurred while installing ([\w.-]{1,100}) \((\S{1,40})\)',
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
        r'Could not reach host|Network error while fetching|Retrying (?:download|fetcher)',
        'the source of the gems could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
)
