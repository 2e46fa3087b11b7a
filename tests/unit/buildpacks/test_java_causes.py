"""Why Java builds failed, by what Maven, Gradle and its wrapper wrote when they did; the names of hosts are others."""

import pytest

from gitreceive.build.buildpack import load_buildpacks

JAVA = next(buildpack for buildpack in load_buildpacks() if buildpack.name == 'java')

MAVEN = [
    (
        '[FATAL] Non-readable POM /app/src/pom.xml: no more data available - expected end tags </dependencies></project> to close start tag <dependencies> from line 3 and start tag <project> from line 1, parser stopped on START_TAG seen ...<dependencies>\\n... @4:1 @ ',
        'pom.xml cannot be read: no more data available',
    ),
    (
        '[FATAL] Non-parseable POM /app/src/pom.xml: only whitespace content allowed before start tag and not h (position: START_DOCUMENT seen h... @1:2)  @ line 1, column 2',
        'pom.xml cannot be read: only whitespace content allowed before start tag and not h',
    ),
    (
        "[ERROR] Malformed POM /app/src/pom.xml: Unrecognised tag: 'dependecies' (position: START_TAG seen ...</properties>\\n  <dependecies/>... @10:17)  @ /app/src/pom.xml, line 10, column 17",
        "pom.xml cannot be read: Unrecognised tag: 'dependecies'",
    ),
    (
        "[ERROR] 'dependencies.dependency.version' for org.apache.commons:commons-text:jar is missing. @ line 10, column 29",
        'pom.xml names no version of org.apache.commons:commons-text:jar\n',
    ),
    (
        '[FATAL] Non-readable settings /app/src/settings.xml: no more data available - expected end tags </mirrors></settings> to close start tag <mirrors> from line 1 and start tag <settings> from line 1, parser stopped on START_TAG seen <settings><mirrors>... @1:20 @',
        'settings.xml cannot be read: no more data available',
    ),
    (
        'MAVEN_SETTINGS_PATH names ci/settings.xml, and there is no such file',
        'there is no ci/settings.xml, which the config var MAVEN_SETTINGS_PATH names\n',
    ),
    (
        '[ERROR] Child module /app/src/web of /app/src/pom.xml does not exist @ ',
        'web, which pom.xml names as a module, is not there\nCommit it',
    ),
    (
        '[ERROR] Failed to execute goal on project hello: Could not resolve dependencies for project com.example:hello:jar:1.0: Could not find artifact org.apache.commons:commons-text:jar:99.9 in central (https://repository.example/maven2) -> [Help 1]',
        'there is no org.apache.commons:commons-text:jar:99.9 in the repositories',
    ),
    (
        '[ERROR] Could not resolve dependencies for project com.example:hello:jar:1.0: org.apache.commons:commons-text:jar:99.9 was not found in https://repository.example/maven2 during a previous attempt.',
        'there is no org.apache.commons:commons-text:jar:99.9 in the repositories',
    ),
    (
        '[ERROR] Plugin org.apache.maven.plugins:maven-jar-plugin:99.9 or one of its dependencies could not be resolved: Could not find artifact org.apache.maven.plugins:maven-jar-plugin:jar:99.9 in central (https://repository.example/maven2) -> [Help 1]',
        'there is no org.apache.maven.plugins:maven-jar-plugin:jar:99.9 in the repositories',
    ),
    (
        "[FATAL] Non-resolvable parent POM for com.example:hello:1.0: Could not find artifact org.springframework.boot:spring-boot-starter-parent:pom:99.9 in central (https://repository.example/maven2) and 'parent.relativePath' points at no local POM @ line 10, column 11",
        'there is no org.springframework.boot:spring-boot-starter-parent:pom:99.9 in the repositories',
    ),
    (
        '[ERROR] Failed to execute goal on project hello: Could not resolve dependencies for project com.example:hello:jar:1.0: Failed to collect dependencies at org.apache.commons:commons-text:jar:99.9: Failed to read artifact descriptor for org.apache.commons:commons-text:jar:99.9: Could not transfer artifact org.apache.commons:commons-text:pom:99.9 from/to m (https://mirror.example/): transfer failed for https://mirror.example/org/apache/commons/commons-text/99.9/commons-text-99.9.pom: Unknown host mirror.example: Name or service not known -> [Help 1]',
        'the repository of org.apache.commons:commons-text:pom:99.9 could not be reached\nTry again',
    ),
    (
        '[ERROR] Failed to execute goal org.apache.maven.plugins:maven-resources-plugin:2.6:resources (default-resources) on project hello: Execution default-resources of goal org.apache.maven.plugins:maven-resources-plugin:2.6:resources failed: Plugin org.apache.maven.plugins:maven-resources-plugin:2.6 or one of its dependencies could not be resolved: Failed to collect dependencies at org.apache.maven.plugins:maven-resources-plugin:jar:2.6 -> org.apache.maven:maven-plugin-api:jar:2.0.6: Failed to read artifact descriptor for org.apache.maven:maven-plugin-api:jar:2.0.6: Could not transfer artifact org.apache.maven:maven-plugin-api:pom:2.0.6 from/to central (https://repository.example/maven2): transfer failed for https://repository.example/maven2/org/apache/maven/maven-plugin-api/2.0.6/maven-plugin-api-2.0.6.pom: Unknown host repository.example: Temporary failure in name resolution -> [Help 1]',
        'the repository of org.apache.maven:maven-plugin-api:pom:2.0.6 could not be reached\nTry again',
    ),
    (
        '[ERROR] Plugin org.apache.maven.plugins:maven-resources-plugin:2.6 or one of its dependencies could not be resolved: Failed to read artifact descriptor for org.apache.maven.plugins:maven-resources-plugin:jar:2.6: Could not transfer artifact org.apache.maven.plugins:maven-resources-plugin:pom:2.6 from/to m (http://127.0.0.1:7999/): transfer failed for http://127.0.0.1:7999/org/apache/maven/plugins/maven-resources-plugin/2.6/maven-resources-plugin-2.6.pom: Read timed out -> [Help 1]',
        'the repository of org.apache.maven.plugins:maven-resources-plugin:pom:2.6 could not be reached\nTry again',
    ),
    (
        '[ERROR] Could not transfer artifact org.apache.commons:commons-text:pom:99.9 from/to m (https://127.0.0.1:9/): transfer failed for https://127.0.0.1:9/org/apache/commons/commons-text/99.9/commons-text-99.9.pom: Connect to 127.0.0.1:9 [/127.0.0.1] failed: Connection refused -> [Help 1]',
        'the repository of org.apache.commons:commons-text:pom:99.9 could not be reached\nTry again',
    ),
    (
        '[ERROR] Failed to execute goal on project hello: Could not resolve dependencies for project com.example:hello:jar:1.0: Failed to collect dependencies at org.apache.commons:commons-text:jar:99.9: Failed to read artifact descriptor for org.apache.commons:commons-text:jar:99.9: Could not transfer artifact org.apache.commons:commons-text:pom:99.9 from/to maven-default-http-blocker (http://0.0.0.0/): Blocked mirror for repositories: [m (http://mirror.example/, default, releases+snapshots)] -> [Help 1]',
        'Maven takes nothing from http://mirror.example/, the repository "m", because it is not https\n',
    ),
    (
        '[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.13.0:compile (default-compile) on project hello: Fatal error compiling: error: invalid target release: 21 -> [Help 1]',
        'the code asks for Java 21, and the JDK of the stack is older\n',
    ),
    (
        '[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.13.0:compile (default-compile) on project b: Fatal error compiling: error: release version 21 not supported -> [Help 1]',
        'the code asks for Java 21, and the JDK of the stack is older\n',
    ),
    (
        '[ERROR] COMPILATION ERROR : \n[INFO] -------------------------------------------------------------\n[ERROR] Source option 5 is no longer supported. Use 7 or later.\n[ERROR] Target option 5 is no longer supported. Use 7 or later.',
        'the code asks for Java 5, which is too old for the JDK of the stack\nRaise maven.compiler.source and target (Gradle: sourceCompatibility) to 7 or more.',
    ),
    (
        '[ERROR] COMPILATION ERROR : \n[INFO] -------------------------------------------------------------\n[ERROR] /app/src/src/main/java/Hello.java:[1,36] incompatible types: java.lang.String cannot be converted to int',
        'the code does not compile\n',
    ),
    (
        '[ERROR] Unknown lifecycle phase "nosuchphase". You must specify a valid lifecycle phase or a goal in the format <plugin-prefix>:<goal> or <plugin-group-id>:<plugin-artifact-id>[:<plugin-version>]:<goal>.',
        'the build has no task nosuchphase\n',
    ),
    (
        "[ERROR] No plugin found for prefix 'nosuchplugin' in the current project and in the plugin groups [org.apache.maven.plugins, org.codehaus.mojo] available from the repositories [local (/tmp/cache/java/m2/repository), central (https://repository.example/maven2)] -> [Help 1]",
        'there is no Maven plugin "nosuchplugin"\n',
    ),
    (
        'Failed tests:   words(HelloTest): expected:<2> but was:<1>\n\nTests run: 1, Failures: 1, Errors: 0, Skipped: 0\n\n[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:2.12.4:test (default-test) on project hello: There are test failures.\n[ERROR] \n[ERROR] Please refer to /app/src/target/surefire-reports for the individual test results.',
        'tests of the app fail\n',
    ),
    ('[ERROR] Java heap space -> [Help 1]\n[ERROR] ', 'ran out of memory\nGive the JVM'),
    (
        "Unrecognized VM option 'MaxPermSize=128m'\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.",
        'the JVM does not know "MaxPermSize=128m"\nTake it out',
    ),
    ('/tmp/buildpack/maven: line 33:    12 Killed                  mvn', 'out of memory'),
]

WRAPPER = [
    (
        'Error: Could not find or load main class org.gradle.wrapper.GradleWrapperMain\nCaused by: java.lang.ClassNotFoundException: org.gradle.wrapper.GradleWrapperMain',
        'gradle/wrapper/gradle-wrapper.jar is missing\nCommit it',
    ),
    (
        'Downloading https://mirror.example/gradle-9.99-bin.zip\n\nException in thread "main" java.io.FileNotFoundException: https://mirror.example/gradle-9.99-bin.zip',
        'there is no Gradle at https://mirror.example/gradle-9.99-bin.zip\nCorrect distributionUrl',
    ),
    (
        'Downloading https://mirror.example/gradle-8.10-bin.zip\n\nException in thread "main" java.net.UnknownHostException: mirror.example',
        'Gradle could not be fetched from https://mirror.example/gradle-8.10-bin.zip\nTry again',
    ),
    (
        'Downloading https://127.0.0.1:9/gradle-8.10-bin.zip\n\nException in thread "main" java.net.ConnectException: Connection refused',
        'Gradle could not be fetched from https://127.0.0.1:9/gradle-8.10-bin.zip\nTry again',
    ),
    (
        'Downloading https://mirror.example/gradle-8.10-bin.zip\n\nUnzipping /tmp/cache/java/gradle/wrapper/dists/gradle-8.10-bin/do013bgrtell9dejje3qqpqsm/gradle-8.10-bin.zip to /tmp/cache/java/gradle/wrapper/dists/gradle-8.10-bin/do013bgrtell9dejje3qqpqsm\nException in thread "main" java.util.zip.ZipException: zip END header not found',
        'what lies at https://mirror.example/gradle-8.10-bin.zip is no Gradle\nCorrect distributionUrl',
    ),
    (
        "Downloading https://mirror.example/gradle-4.4.1-bin.zip\n.......................................................\nVerification of Gradle distribution failed!\n\nYour Gradle distribution may have been tampered with.\nConfirm that the 'distributionSha256Sum' property in your gradle-wrapper.properties file is correct and you are downloading the wrapper from a trusted source.",
        'the Gradle of distributionUrl is not the one whose checksum gradle/wrapper/gradle-wrapper.properties has\n',
    ),
]

GRADLE = [
    (
        "HelloTest > words FAILED\n    java.lang.AssertionError at HelloTest.java:1\n\n1 test completed, 1 failed\n:test FAILED\n\nFAILURE: Build failed with an exception.\n\n* What went wrong:\nExecution failed for task ':test'.\n> There were failing tests. See the report at: file:///app/src/build/reports/tests/test/index.html",
        'tests of the app fail\n',
    ),
    (
        "* What went wrong:\nCould not resolve all files for configuration ':compileClasspath'.\n> Cannot resolve external dependency org.apache.commons:commons-text:1.12.0 because no repositories are defined.\n  Required by:\n      project :",
        'build.gradle names no repository to get org.apache.commons:commons-text:1.12.0 from\n',
    ),
    (
        "> Could not resolve org.apache.commons:commons-text:1.12.0.\n  Required by:\n      project :\n   > Could not resolve org.apache.commons:commons-text:1.12.0.\n      > Could not get resource 'https://mirror.example/org/apache/commons/commons-text/1.12.0/commons-text-1.12.0.pom'.\n         > Could not GET 'https://mirror.example/org/apache/commons/commons-text/1.12.0/commons-text-1.12.0.pom'.\n            > mirror.example: Temporary failure in name resolution",
        'https://mirror.example/org/apache/commons/commons-text/1.12.0/commons-text-1.12.0.pom could not be fetched\nTry again',
    ),
    (
        ':compileJava/app/src/src/main/java/Hello.java:1: error: incompatible types: String cannot be converted to int\nclass Hello { int words() { return "text"; } }\n                                   ^\n1 error\n FAILED\n\nFAILURE: Build failed with an exception.\n\n* What went wrong:\nExecution failed for task \':compileJava\'.\n> Compilation failed; see the compiler error output for details.',
        'the code does not compile\n',
    ),
    (
        "* What went wrong:\nCould not resolve all files for configuration ':compileClasspath'.\n> Could not find org.apache.commons:commons-text:99.9.\n  Searched in the following locations:\n      https://repository.example/maven2/org/apache/commons/commons-text/99.9/commons-text-99.9.pom",
        'there is no org.apache.commons:commons-text:99.9 in the repositories of the app\nCorrect its name and version in build.gradle',
    ),
    (
        "* What went wrong:\nTask 'nosuchtask' not found in root project 'src'.\n\n* Try:\nRun gradlew tasks to get a list of available tasks.",
        'the build has no task nosuchtask\n',
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 4\n\n* What went wrong:\nCould not compile build file '/app/src/build.gradle'.\n> startup failed:\n  build file '/app/src/build.gradle': 4: unexpected token:  @ line 4, column 1.\n  1 error",
        "build.gradle is wrong in line 4: build file '/app/src/build.gradle': 4: unexpected token",
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 3\n\n* What went wrong:\nA problem occurred evaluating root project 'src'.\n> Could not find method nosuchthing() for arguments [build_83jc5u7m7yumyz9uyapnj7enf$_run_closure2@3212bfd] on root project 'src' of type org.gradle.api.Project.",
        'build.gradle is wrong in line 3: Could not find method nosuchthing()',
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 1\n\n* What went wrong:\nPlugin [id: 'com.example.nosuch', version: '1.0'] was not found in any of the following sources:\n\n- Gradle Core Plugins (plugin is not in 'org.gradle' namespace)\n- Plugin Repositories (could not resolve plugin artifact 'com.example.nosuch:com.example.nosuch.gradle.plugin:1.0')",
        'there is no Gradle plugin com.example.nosuch in the repositories of plugins\n',
    ),
    (
        "* What went wrong:\nCould not resolve all files for configuration ':compileClasspath'.\n> Could not resolve org.springframework.boot:spring-boot-starter-web:2.1.18.RELEASE.\n  Required by:\n      project :\n   > Skipped due to earlier error\n\n* Try:\nRun with --stacktrace option to get the stack trace.",
        'the repository of org.springframework.boot:spring-boot-starter-web:2.1.18.RELEASE could not be reached\nTry again',
    ),
    (
        "* What went wrong:\nCould not resolve all files for configuration ':compileClasspath'.\n> Could not resolve a:b:1.\n  Required by:\n      project :\n   > Could not resolve a:b:1.\n      > Could not get resource 'http://127.0.0.1:7998/a/b/1/b-1.pom'.\n         > Could not GET 'http://127.0.0.1:7998/a/b/1/b-1.pom'.\n            > Read timed out",
        'http://127.0.0.1:7998/a/b/1/b-1.pom could not be fetched\nTry again',
    ),
    (
        "* What went wrong:\nExecution failed for task ':compileJava'.\n> error: release version 21 not supported",
        'the code asks for Java 21, and the JDK of the stack is older\n',
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 1\n\n* What went wrong:\nA problem occurred evaluating root project 'src'.\n> Java heap space",
        'ran out of memory\nGive the JVM',
    ),
    (
        "* What went wrong:\nUnable to start the daemon process.\nThis problem might be caused by incorrect configuration of the daemon.\n-----------------------\nUnrecognized VM option 'MaxPermSize=128m'\nError: Could not create the Java Virtual Machine.\nError: A fatal exception has occurred. Program will exit.",
        'the JVM does not know "MaxPermSize=128m"\nTake it out',
    ),
]

END = '\n\n* Try:\nRun with --stacktrace option to get the stack trace.\n\nBUILD FAILED in 4s\nThere is no Gradle wrapper: that was Gradle 4.4.1.'
NO_WRAPPER = [
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 5\n\n* What went wrong:\nA problem occurred evaluating root project 'hello'.\n> Could not find method register() for arguments [stage, build_4ryy2rywezw6jatdepu0u101g$_run_closure1@17d76ebb] on task set of type org.gradle.api.internal.tasks.DefaultTaskContainer."
        + END,
        'the build scripts and Gradle 4.4.1 do not fit: Could not find method register()\nRun "gradle wrapper" at home',
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 3\n\n* What went wrong:\nA problem occurred evaluating root project 'x'.\n> Could not set unknown property 'archiveFileName' for task ':jar' of type org.gradle.api.tasks.bundling.Jar."
        + END,
        "the build scripts and Gradle 4.4.1 do not fit: Could not set unknown property 'archiveFileName'\n",
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 3\n\n* What went wrong:\nA problem occurred evaluating root project 'x'.\n> Could not get unknown property 'libs' for object of type org.gradle.api.internal.artifacts.dsl.dependencies.DefaultDependencyHandler."
        + END,
        "the build scripts and Gradle 4.4.1 do not fit: Could not get unknown property 'libs'\n",
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 1\n\n* What went wrong:\nAn exception occurred applying plugin request [id: 'org.springframework.boot', version: '3.3.5']\n> Failed to apply plugin [id 'org.springframework.boot']\n   > Spring Boot plugin requires Gradle 7.x (7.5 or later). The current version is Gradle 4.4.1"
        + END,
        'the build scripts and Gradle 4.4.1 do not fit: Spring Boot plugin requires Gradle 7.x (7.5 or later). The',
    ),
    (
        "* Where:\nBuild file '/app/src/build.gradle' line: 1\n\n* What went wrong:\nAn exception occurred applying plugin request [id: 'com.github.johnrengelman.shadow', version: '8.1.1']\n> Failed to apply plugin [class 'com.github.jengelman.gradle.plugins.shadow.ShadowBasePlugin']\n   > This version of Shadow supports Gradle 8.0+ only. Please upgrade."
        + END,
        'the build scripts and Gradle 4.4.1 do not fit: This version of Shadow supports Gradle 8.0+ only. Please upgrade.\n',
    ),
    (
        "* Where:\nSettings file '/app/src/settings.gradle' line: 1\n\n* What went wrong:\nCould not compile settings file '/app/src/settings.gradle'.\n> startup failed:\n  settings file '/app/src/settings.gradle': 1: Only Project build scripts can contain plugins {} blocks\n  \n   @ line 1, column 1.\n     plugins { id \"x.y\" version \"1\" }\n     ^\n  \n  1 error"
        + END,
        'the build scripts and Gradle 4.4.1 do not fit: Only Project build scripts can contain plugins\n',
    ),
    (
        "* What went wrong:\nTask 'nosuchtask' not found in root project 'src'." + END,
        'the build has no task nosuchtask\n',
    ),
    (
        'Downloading http://gradle.example/gradle-9.9-bin.zip\n\nException in thread "main" java.io.FileNotFoundException: http://gradle.example/gradle-9.9-bin.zip\nThere is no Gradle wrapper, and no Gradle that starts at http://gradle.example/gradle-9.9-bin.zip',
        'the Gradle of this receiver is not available from http://gradle.example/gradle-9.9-bin.zip\nThe sysadmin should',
    ),
]

FINISH = [
    ('no Procfile, and 0 jars that can be run: ', 'there is no jar that can be run, and no Procfile\n'),
    (
        'no Procfile, and 2 jars that can be run: ./a/target/a.jar ./b/target/b.jar',
        'several jars can be run: ./a/target/a.jar ./b/target/b.jar\n',
    ),
]


@pytest.mark.parametrize(
    ('step', 'said', 'cause'),
    [
        *(('maven', *case) for case in MAVEN),
        *(('gradle', *case) for case in (*WRAPPER, *GRADLE, *NO_WRAPPER)),
        *(('finish jar target', *case) for case in FINISH),
    ],
)
def test_a_failed_step_is_told_with_its_cause_and_a_remedy(step: str, said: str, cause: str) -> None:
    told = JAVA.explain(step, said.split('\n'))
    assert told is not None
    assert told.startswith(cause) or f' {cause}' in told
    assert told.count('\n') == 1


def test_what_is_not_known_is_not_guessed() -> None:
    assert JAVA.explain('maven', ['something else']) is None
