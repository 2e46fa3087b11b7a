"""Why the steps of Java apps fail: regular expressions for their last lines, and what to tell."""

from gitreceive.java import JAVA_CAUSES

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
        r'Could not (?:find|transfer) artifact (\S{1,200}) (?:in|from/to)[^\n]{0,600}(?:Unknown ?[Hh]ost|Connect to|Connection refused|timed out|Network is unreachable)',
        r'the repository of \g<1> could not be reached\nTry again; if it stays so, the sysadmin should look at the network and proxy of the build host.',
    ),
    (
        r'Could not find artifact (\S{1,200})|(\S{1,200}) was not found in \S|Could not transfer artifact (\S{1,200}) [^\n]{0,300}(?:40[134]|Not Found|Forbidden)',
        r'there is no \g<1>\g<2>\g<3> in the repositories of the app\nCorrect its name and version in pom.xml, or add the repository that has it.',
    ),
    (
        r'invalid (?:target|source) release: ?(\d{1,3})|release version (\d{1,3}) not supported',
        r'the code asks for Java \g<1>\g<2>, and the JDK of the stack is older\nLower maven.compiler.release (Gradle: the toolchain) to what the stack has.',
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
        r'There are test failures|There were failing tests',
        'tests of the app fail\nThey are above; the receiver leaves them out unless MAVEN_CUSTOM_OPTS or GRADLE_TASK say otherwise.',
    ),
    (
        r"Task '([\w:-]{1,80})' not found|Unknown lifecycle phase \"([^\"]{1,80})\"",
        r'the build has no task \g<1>\g<2>\nCorrect GRADLE_TASK or MAVEN_CUSTOM_GOALS.',
    ),
    (
        r'Unsupported class file major version|Could not determine java version|could not be started as its JVM',
        "this Gradle does not run on the stack's Java\nTake a newer one: ./gradlew wrapper --gradle-version 8.10, and commit what changes.",
    ),
    (
        r'Could not find or load main class org\.gradle\.wrapper|gradle-wrapper\.jar',
        'gradle/wrapper/gradle-wrapper.jar is missing\nCommit it, with "git add -f" if .gitignore has *.jar.',
    ),
    *JAVA_CAUSES,
)
