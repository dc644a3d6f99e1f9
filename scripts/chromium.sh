#!/bin/sh
# The browser tests and screenshots use Debian's chromium: its headless shell, or the whole of it where that is all there is.
# Brings what is missing, if it may. Further packages may be named: `make screenshots` names the letters of Hindi and
# Arabic, which no test looks at.
set -eu
browser() { [ -x /usr/bin/chromium-headless-shell ] || [ -x /usr/bin/chromium ]; }
packages=""
[ -x /usr/bin/chromium-headless-shell ] || packages="chromium-headless-shell"
[ -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || packages="$packages fonts-dejavu-core"
for one in "$@"; do
    dpkg -s "$one" >/dev/null 2>&1 || packages="$packages $one"
done
[ -n "$packages" ] || exit 0
if [ -f /etc/debian_version ] && [ "$(id -u)" = 0 ]; then
    echo "chromium: installing $packages (once)"
    # shellcheck disable=SC2086  # several packages
    if apt-get update -q -o Acquire::http::Timeout=20 -o Acquire::Retries=0 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages; then
        exit 0
    fi
    # An older Debian has no shell of its own, a machine may have no network: the whole of chromium does as well.
    browser || DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium
fi
browser && exit 0 # a missing font is no reason to stop for someone who is not root
echo "chromium: the browser tests need /usr/bin/chromium-headless-shell or /usr/bin/chromium. On Debian, as root: apt-get install $packages" >&2
exit 1
