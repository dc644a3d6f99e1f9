#!/bin/sh
# The tests of power cuts put a file layer in C under SQLite (tests/faults/layer.c). Brings a compiler when it is missing and it may.
set -eu
if command -v cc >/dev/null && [ -f /usr/include/stdio.h ]; then
    exit 0
fi
packages="gcc libc6-dev"
if [ -f /etc/debian_version ] && [ "$(id -u)" = 0 ]; then
    echo "compiler: installing $packages (once)"
    apt-get update -q
    # shellcheck disable=SC2086  # two packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
    exit 0
fi
echo "compiler: the tests of power cuts need cc. On Debian, as root: apt-get install $packages" >&2
exit 1
