#!/bin/sh
# Brings what the portal's pages need in a phone's browser: one file of one locked package, as its makers built it. It is
# not kept in git. usage: browser_library.sh
set -eu
here=scripts/browser
into=appliance/web/static/nacl.min.js
if [ -f "$into" ] && [ -z "$(find $here/package-lock.json -newer "$into")" ]; then
    exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
    echo "install: no npm here, so $into is missing. The portal works, but phones sign in unsealed (docs/decisions/0040)." >&2
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp $here/package.json $here/package-lock.json "$folder/"
# `ci` installs what the lock names, and refuses what is not of the lock's digest.
(cd "$folder" && npm ci --silent --ignore-scripts --no-audit --no-fund)
cp "$folder/node_modules/tweetnacl/LICENSE" appliance/web/static/nacl.LICENSE.txt
cp "$folder/node_modules/tweetnacl/nacl.min.js" "$into"
