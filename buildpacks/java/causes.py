"""Why the steps of Java apps fail: regular expressions for their last lines, and what to tell."""

from gitreceive.build.appfiles.java import JAVA_CAUSES

CAUSES = (
    (
        r'(?:Non-readable|Non-parseable|Malformed) POM \S{1,200}: ([^\n]{1,200})',
        r'pom.xml cannot be read: \g<1>\nCorrect it and commit it ("mvn validate" reads it at home).',
    ),
    (
        r"'dependencies\.dependency\.version' for (\S{1,200}) is missing",
        r'pom.xml names no version of \g<1>\nAdd one, or a parent or import that has it.',
    ),
    (
        r'(?:Non-readable|Non-parseable|Malformed) settings \S{1,200}: ([^\n]{1,200})',
        r'settings.xml cannot be read: \g<1>\nCorrect it and commit it ("mvn --settings FILE validate" reads it at home).',
    ),
    (
        r'^MAVEN_SETTINGS_PATH names ([^\n]{1,200}), and there is no such file',
        r'there is no \g<1>, which the config var MAVEN_SETTINGS_PATH names\nCommit it, or correct the config var.',
    ),
    (
        r'Child module /app/src/(\S{1,200}) of \S{1,200} does not exist',
        r'\g<1>, which pom.xml names as a module, is not there\nCommit it, or take it out of <modules>.',
    ),
    (
        r'maven-default-http-blocker [^\n]{0,100}Blocked mirror for repositories: \[(\S{1,100}) \((http://[^\s,)]{1,200})',
        r'Maven takes nothing from \g<2>, the repository "\g<1>", because it is not https\nWrite https:// in pom.xml, or take the repository out.',
    ),
    (
        r'Could not (?:find|transfer) artifact (\S{1,200}) (?:in|from/to)[^\n]{0,600}(?:Unknown ?[Hh]ost|Connect to|Connection refused|timed out|Network is unreachable)',
        r'the repository of \g<1> could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'Could not find artifact (\S{1,200})|(\S{1,200}) was not found in \w+://|Could not transfer artifact (\S{1,200}) [^\n]{0,300}(?:40[134]|Not Found|Forbidden)',
        r'there is no \g<1>\g<2>\g<3> in the repositories of the app\nCorrect its name and version in pom.xml, or add the repository that has it.',
    ),
    (
        r'invalid (?:target|source) release: ?(\d{1,3})|release version (\d{1,3}) not supported',
        r'the code asks for Java \g<1>\g<2>, and the JDK of the stack is older\nLower maven.compiler.release (Gradle: the toolchain) to what the stack has.',
    ),
    (
        r'(?:Source|Target) option (\S{1,5}) is no longer supported\. Use (\d{1,3})',
        r'the code asks for Java \g<1>, which is too old for the JDK of the stack\nRaise maven.compiler.source and target (Gradle: sourceCompatibility) to \g<2> or more.',
    ),
    (
        r'COMPILATION ERROR|Compilation failed; see the compiler',
        'the code does not compile\nIts errors are above; "mvn package" (or "./gradlew build") at home shows the same.',
    ),
    (
        r'no Procfile, and 0 jars that can be run',
        'there is no jar that can be run, and no Procfile\nLet the build make one with a Main-Class (spring-boot-maven-plugin, maven-jar-plugin), or add a Procfile with "web: java -cp ... CLASS".',
    ),
    (
        r'no Procfile, and \d+ jars that can be run: ([^\n]{1,300})',
        r'several jars can be run: \g<1>\nAdd a Procfile that says which: "web: java $JAVA_OPTS -jar target/NAME.jar".',
    ),
    (
        r'(Could not (?:find method|[gs]et unknown property) [^\s]{1,100}|[^\s>][^\n>]{1,100} (?:requires|supports) Gradle \d[^\n]{0,80}|Only Project build scripts can contain plugins)[\s\S]{0,3000}^There is no Gradle wrapper: that was (Gradle \d[\w.]{0,20})\.$',
        r'the build scripts and \g<2> do not fit: \g<1>\nRun "gradle wrapper" at home with the Gradle that builds the app there, and commit gradlew and gradle/wrapper/.',
    ),
    (
        r'^There is no Gradle wrapper, and no Gradle that starts at (\S{1,500})$',
        r'the Gradle of this receiver is not available from \g<1>\nThe sysadmin should look at the setting builds.gradle_distribution, and at the network and proxy of the build host.',
    ),
    (
        r'There are test failures|There were failing tests',
        'tests of the app fail\nThey are above; the receiver leaves them out unless MAVEN_CUSTOM_OPTS or GRADLE_TASK say otherwise.',
    ),
    (
        r"Task '([\w:-]{1,80})' not found|Unknown lifecycle phase \"([^\"]{1,80})\"",
        r'the build has no task \g<1>\g<2>\nCorrect GRADLE_TASK or MAVEN_CUSTOM_GOALS.',
    ),
    (
        r"No plugin found for prefix '([\w.-]{1,80})'",
        r'there is no Maven plugin "\g<1>"\nCorrect MAVEN_CUSTOM_GOALS, or add the plugin to pom.xml.',
    ),
    (
        r'Could not find ([^\s:]{1,100}:[^\s:]{1,100}:[^\s:]{1,60})\.$',
        r'there is no \g<1> in the repositories of the app\nCorrect its name and version in build.gradle, or add the repository that has it.',
    ),
    (
        r'Cannot resolve external dependency (\S{1,200}) because no repositories are defined',
        r'build.gradle names no repository to get \g<1> from\nAdd one to it: repositories { mavenCentral() }.',
    ),
    (
        r'Could not resolve (\S{1,200}?)\.\n(?:[^\n]*\n){1,8}[^\n]*Skipped due to earlier error',
        r'the repository of \g<1> could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r"> Could not (?:GET|HEAD) '([^'\n]{1,300})'\.$",
        r'\g<1> could not be fetched\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'Unsupported class file major version|Could not determine java version|could not be started as its JVM',
        "this Gradle does not run on the stack's Java\nTake a newer one: ./gradlew wrapper --gradle-version 8.10, and commit what changes.",
    ),
    (
        r'Could not find or load main class org\.gradle\.wrapper|gradle-wrapper\.jar',
        'gradle/wrapper/gradle-wrapper.jar is missing\nCommit it, with "git add -f" if .gitignore has *.jar.',
    ),
    (
        r'Exception in thread "main" java\.io\.(?:FileNotFoundException: |IOException: Server returned HTTP response code: 4\d\d for URL: )(https?://\S{1,300})',
        r'there is no Gradle at \g<1>\nCorrect distributionUrl in gradle/wrapper/gradle-wrapper.properties.',
    ),
    (
        r'^Downloading (\S{1,300})\n[\s\S]{0,600}java\.util\.zip\.ZipException',
        r'what lies at \g<1> is no Gradle\nCorrect distributionUrl in gradle/wrapper/gradle-wrapper.properties.',
    ),
    (
        r'Verification of Gradle distribution failed!',
        'the Gradle of distributionUrl is not the one whose checksum gradle/wrapper/gradle-wrapper.properties has\nCorrect distributionSha256Sum, or take a distribution that has it.',
    ),
    (
        r"Plugin \[id: '([\w.-]{1,200})'[^\n]{0,200}\] was not found in any of the following sources",
        r'there is no Gradle plugin \g<1> in the repositories of plugins\nCorrect its name and version, or add the repository that has it to settings.gradle; if they are right, try again.',
    ),
    *JAVA_CAUSES,
    (
        r'^Downloading (\S{1,300})\n[\s\S]{0,600}Exception in thread "main"',
        r'Gradle could not be fetched from \g<1>\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r"^(?:Build|Settings) file '/app/src/([^'\n]{1,200})' line: (\d{1,6})\n\n\* What went wrong:\n[^\n]{1,300}\n> (?:startup failed:\n *)?([^\n]{1,200})",
        r'\g<1> is wrong in line \g<2>: \g<3>\nCorrect it and commit it ("./gradlew help" reads it at home).',
    ),
)
