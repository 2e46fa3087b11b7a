#!/bin/sh
# Turns a fresh Debian root into the run image. mmdebstrap calls it on the host: run.sh ROOT WORK
#
# WORK/ca/*.crt        the host's extra certificates (may be none)
# WORK/settings        user, uid, home: shell assignments
# WORK/locale.gen      the locales to make
# WORK/packages-build  what the build image needs; its packages are fetched here, where the host's apt settings hold
set -eu
root=$1
work=$2
. "$work/settings"

mkdir -p "$root/usr/local/share/ca-certificates"
find "$work/ca" -name '*.crt' -exec cp {} "$root/usr/local/share/ca-certificates/" \;
chroot "$root" update-ca-certificates --fresh >/dev/null

cp "$work/locale.gen" "$root/etc/locale.gen"
chroot "$root" locale-gen >/dev/null

chroot "$root" groupadd --gid "$uid" "$user"
chroot "$root" useradd --uid "$uid" --gid "$uid" --home-dir "$home" --no-create-home --shell /bin/bash "$user"
install -d -m 755 -o "$uid" -g "$uid" "$root$home"

chroot "$root" dpkg-query -W -f '${Package}=${Version}\n' | sort >"$work/installed-run.txt"

mkdir -p "$work/debs/partial"
xargs env APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --quiet --quiet --yes --download-only \
    --option "Dir::Cache::archives=$work/debs" --option APT::Sandbox::User=root install <"$work/packages-build"

(cd "$root" && find . -xdev -type f -perm /6000 -printf '%m %p\n' | sort -k 2) >"$work/stripped-run.txt"
find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +

# Nothing of this host or of this hour stays: no sources, no lists, no logs, no names.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/cache/ldconfig/* \
    "$root"/var/log/* "$root"/tmp/* "$root"/run/* "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* \
    "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/etc/hostname "$root"/etc/resolv.conf "$root"/etc/machine-id \
    "$root"/etc/.pwd.lock "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/shadow- "$root"/etc/gshadow- \
    "$root"/var/lib/dpkg/*-old
