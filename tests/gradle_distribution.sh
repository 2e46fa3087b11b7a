#!/bin/bash
# Makes a Gradle distribution of the stack's Gradle, and a wrapper for it: gradle_distribution.sh TARGET URL
#
# TARGET/dist gets gradle-VERSION-bin.zip, which the wrapper in TARGET/wrapper is told to fetch from URL/dist. Debian's
# Gradle takes itself to be in /usr/share/gradle, wherever it is: the class that says so gives way to one that looks.
set -euo pipefail
target=$1 url=$2

# Gradle asks for some jars by their names, for others by names with a version.
jars=/usr/share/java
version=$(basename $jars/gradle-launcher-[0-9]*.jar .jar)
version=${version#gradle-launcher-}
home=$target/dist/gradle-$version
mkdir -p "$home"/{bin,lib/plugins} "$target/wrapper"

cp /usr/share/gradle/bin/gradle "$home/bin/"
for jar in $jars/gradle-*-"$version".jar; do
    folder=$home/lib
    [[ ! -e /usr/share/gradle/lib/plugins/${jar##*/} ]] || folder=$home/lib/plugins
    cp "$jar" "$folder/"
    { unzip -p "$jar" 'gradle-*-classpath.properties' 2>/dev/null || true; echo; } >>"$target/modules"
done
sed -n 's/^runtime=//p' "$target/modules" | tr ',' '\n' | sed '/^$/d' | sort --unique | while read -r name; do
    cp "$jars/$name" "$(readlink -f "$jars/$name")" "$home/lib/"
done
cp $jars/{ant,ant-launcher,junit4,hamcrest}-[0-9]*.jar "$home/lib/"

own=$target/org/gradle/internal/installation
mkdir -p "$own"
cat >"$own/CurrentGradleInstallationLocator.java" <<'JAVA'
package org.gradle.internal.installation;

import java.io.File;

class CurrentGradleInstallationLocator {
    static CurrentGradleInstallation locate() {
        var jar = new File(CurrentGradleInstallationLocator.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        return new CurrentGradleInstallation(new GradleInstallation(jar.getParentFile().getParentFile()));
    }
}
JAVA
core=$home/lib/gradle-core-api-$version.jar
javac -cp "$core" -d "$target/classes" "$own"/*.java
jar --update --file "$core" -C "$target/classes" .
(cd "$target/dist" && zip --quiet --recurse-paths -0 "gradle-$version-bin.zip" "gradle-$version")

cd "$target/wrapper"
touch build.gradle
"$home/bin/gradle" --no-daemon --gradle-user-home "$target/user" --project-cache-dir "$target/cache" \
    wrapper --gradle-distribution-url "$url/dist/gradle-$version-bin.zip"
rm -rf build.gradle gradlew.bat "$home"
