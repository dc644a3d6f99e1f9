#!/bin/sh
# The browser tests and screenshots use Debian's chromium. Brings it when it is missing and it may.
set -eu
if [ -x /usr/bin/chromium ] && [ -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ]; then
    exit 0
fi
packages="chromium fonts-dejavu-core"
if [ -f /etc/debian_version ] && [ "$(id -u)" = 0 ]; then
    echo "chromium: installing $packages (once)"
    apt-get update -q
    # shellcheck disable=SC2086  # two packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
    exit 0
fi
[ -x /usr/bin/chromium ] && exit 0 # a missing font is no reason to stop for someone who is not root
echo "chromium: the browser tests need /usr/bin/chromium. On Debian, as root: apt-get install $packages" >&2
exit 1
