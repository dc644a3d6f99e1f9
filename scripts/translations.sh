#!/bin/sh
# Compiles the portal's catalogs: the .po files are the source, the .mo files are not kept in git.
# usage: translations.sh BIN
set -eu
catalogs=appliance/web/translations
[ -d "$catalogs" ] || exit 0
for po in "$catalogs"/*/LC_MESSAGES/messages.po; do
    [ -f "$po" ] || continue
    mo=${po%.po}.mo
    # Only what is older than its source, so a second `make install` says and does nothing.
    if [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; then
        "$1/pybabel" --quiet compile --input-file "$po" --output-file "$mo"
    fi
done
