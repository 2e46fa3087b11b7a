#!/bin/sh
# enter_root.sh ROOT SHARED COMMAND...: runs a command in a root file system in which SHARED is what it is here.
# The mounts are those of a mount name space of its own (unshare(1)) and end with it.
set -eu
[ "${ENTERED:-}" = yes ] || ENTERED=yes exec unshare --mount --propagation private sh "$0" "$@"
root=$1 shared=$2
shift 2
mkdir -p "$root$shared"
mount --bind "$shared" "$root$shared"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root exec chroot "$root" "$@"
