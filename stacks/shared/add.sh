#!/bin/sh
# Turns a container of the build image into an addition to it. It runs inside, without a network: add.sh WORK
#
# WORK/packages     the packages to install
# WORK/debs/*.deb   their files, with all that they depend on and the build image lacks
#
# Prints "stripped MODE FILE" for each file that loses its setuid or setgid bit, "installed PACKAGE=VERSION" for what it
# has and the build image has not; the names of those are in /usr/local/share/added-packages too.
set -eu
work=$1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
installed() { dpkg-query -W -f 'installed ${Package}=${Version}\n' | sort; }

installed >"$work/before"
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get --quiet --quiet --yes --no-install-recommends install "$work"/debs/*.deb >"$work/log" 2>&1 ||
    { tail -n 40 "$work/log" >&2; exit 1; }
rm /usr/sbin/policy-rc.d

find / -xdev -type f -perm /6000 -printf 'stripped %m .%p\n' | sort -k 3
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
installed | comm -13 "$work/before" - | tee "$work/added"
sed 's/^installed \(.*\)=.*/\1/' "$work/added" >/usr/local/share/added-packages

rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* /var/log/* \
    /var/lib/dpkg/*-old "$work"
