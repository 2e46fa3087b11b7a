"""Why the steps of Scala apps fail: regular expressions for their last lines, and what to tell."""

from gitreceive.build.appfiles.java import JAVA_CAUSES

ABSENT = 'Correct its name, version or Scala version in build.sbt or project/plugins.sbt; if it is right, try again.'

CAUSES = (
    *JAVA_CAUSES,
    (
        r'^([^\n]{1,100} asks for sbt [^\n]{1,40}, and there is no such version)',
        r'\g<1>\nCorrect it, and commit it.',
    ),
    (
        r'Not a valid (?:command|key): stage|Reference to undefined setting:? [^\n]{0,80}stage',
        'sbt has no task "stage"\nAdd sbt-native-packager to project/plugins.sbt and enablePlugins(JavaAppPackaging) to build.sbt; or set the config var SBT_TASKS.',
    ),
    (
        r'Not a valid (?:command|key): ([\w-]{1,80})',
        r'sbt has no task "\g<1>"\nCorrect the config var SBT_TASKS.',
    ),
    (
        r'Error downloading (\S{1,200})\n(?=(?:[^\n]{0,500}\n){0,12}?[^\n]{0,40}not found: \w+://)'
        r'(?:[^\n]{0,500}\n){0,12}?[^\n]{0,40}download error: Caught java\.net\.\w{1,40} \([^)\n]{0,100}\) while downloading \w+://([^/\s]{1,100})',
        r'no repository that answers has \g<1>, and \g<2> could not be reached\n'
        'Correct the name and version in build.sbt or project/plugins.sbt, or the address of the repository; if they are right, try again.',
    ),
    (
        r'Error downloading (\S{1,200})\n(?:[^\n]{0,500}\n){0,12}?[^\n]{0,40}not found: \w+://',
        r'there is no \g<1> in the repositories of the app\n' + ABSENT,
    ),
    (
        r'TestsFailedException',
        'tests of the app fail\nThey are above; the receiver runs them only if the config var SBT_TASKS says so.',
    ),
    (
        r'UnknownHostException|Connection refused|(?:[Cc]onnect(?:ion)?|[Rr]ead) timed out|Connection reset'
        r'|Could not transfer artifact \S{1,200} from/to (?![^\n]{0,600}(?:40[1347]|Forbidden|Unauthorized))',
        'a repository could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'Error downloading (\S{1,200})|unresolved dependency: ([^\s:;]{1,200}[:;][^\s:;]{1,100})',
        r'there is no \g<1>\g<2> in the repositories of the app\n' + ABSENT,
    ),
    (
        r'\.sbt\]?:\d{1,5}: (?:error: )?([^\n]{1,200})',
        r'the build definition is wrong: \g<1>\nThe place is above; "sbt compile" at home shows the same.',
    ),
    (
        r'Compilation failed|\(Compile / compileIncremental\)',
        'the code does not compile\nIts errors are above; "sbt compile" at home shows the same.',
    ),
    (
        r'no Procfile, and 0 programs that can be started',
        'there is no program to start, and no Procfile\nAdd enablePlugins(JavaAppPackaging) to build.sbt, or a Procfile with "web: COMMAND".',
    ),
    (
        r'no Procfile, and \d+ programs that can be started: ([^\n]{1,300})',
        r'several programs can be started: \g<1>\nAdd a Procfile that says which: "web: target/universal/stage/bin/NAME -Dhttp.port=$PORT".',
    ),
)
