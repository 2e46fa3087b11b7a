#!/bin/sh
# Unpacks Debian packages for an app that asks for them, in a container of the run image, without a network: unpack.sh WORK
#
# WORK/debs/*.deb   the packages, with all that they depend on and the run image lacks
#
# They go below /app/.apt as they are; none of their own scripts is run, and no service is started. Prints "installed
# PACKAGE=VERSION" for each; /app/.apt/packages says the same for the bill of materials of the slug.
set -eu
work=$1 place=/app/.apt
export LC_ALL=C.UTF-8
mkdir -p "$place" /app/.profile.d
. /etc/os-release

for deb in "$work"/debs/*.deb; do
    [ -e "$deb" ] || continue
    dpkg-deb -x "$deb" "$place"
    dpkg-deb -W --showformat="$ID $VERSION_ID \${Package} \${Version} \${Architecture} \${source:Package}\n" "$deb"
done | sort >"$work/packages.txt"
mv "$work/packages.txt" "$place/packages"
awk '{ print "installed " $3 "=" $4 }' "$place/packages"

# What names its own place is told where it is now; links to absolute paths are followed there.
find "$place" -name '*.pc' -type f -exec sed -i "s|^\(prefix *= *\)/usr|\1$place/usr|" {} +
find "$place" -type l | while read -r link; do
    target=$(readlink "$link")
    case $target in
        /*) [ ! -e "$place$target" ] || ln -sfn "$place$target" "$link" ;;
    esac
done
# Programs whose plain names are alternatives, which only the packages' own scripts make.
for program in "$place"/usr/bin/*-im6.q16 "$place"/usr/bin/*-im7.q16; do
    plain=${program%-im?.q16}
    [ ! -e "$program" ] || [ -e "$plain" ] || ln -s "${program##*/}" "$plain"
done
rm -rf "$place/usr/share/doc" "$place/usr/share/man" "$place/usr/share/info" "$place/usr/share/lintian"
find "$place" -type f -perm /6000 -exec chmod a-s {} +
find "$place" ! -type f ! -type d ! -type l -delete

cat >/app/.profile.d/000_apt.sh <<'PROFILE'
# The packages of the Aptfile, for the app's processes.
apt=/app/.apt
export PATH="$apt/usr/bin:$apt/usr/sbin:$apt/bin:$PATH"
for folder in "$apt"/usr/lib/*-linux-gnu "$apt"/lib/*-linux-gnu "$apt"/usr/lib "$apt"/lib; do
    [ ! -d "$folder" ] || libraries=${libraries:+$libraries:}$folder
done
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
for folder in "$apt"/usr/lib/*-linux-gnu/ImageMagick-*/modules-*/coders; do
    [ ! -d "$folder" ] || export MAGICK_CODER_MODULE_PATH="$folder" MAGICK_CONFIGURE_PATH="$(echo "$apt"/etc/ImageMagick-*)"
done
[ ! -d "$apt/usr/lib/python3/dist-packages" ] ||
    export PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}$apt/usr/lib/python3/dist-packages"
unset apt folder libraries
PROFILE
chown -R app:app "$place" /app/.profile.d
rm -rf "$work"
