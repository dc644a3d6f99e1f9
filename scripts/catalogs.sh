#!/bin/sh
# Brings the catalogs up to the code: new strings are added empty, gone ones are dropped. Then somebody translates.
# usage: catalogs.sh BIN
set -eu
web=appliance/web
pot=$(mktemp)
trap 'rm -f "$pot"' EXIT
(cd "$web" && "../../$1/pybabel" --quiet extract --mapping-file babel.cfg --add-location file --sort-by-file \
    --project technocommune-hub --copyright-holder "The TechnoCommune Hub maintainers" --output-file "$pot" .)
for po in "$web"/translations/*/LC_MESSAGES/messages.po; do
    language=$(basename "$(dirname "$(dirname "$po")")")
    "$1/pybabel" --quiet update --input-file "$pot" --output-file "$po" --locale "$language" \
        --width 79 --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
done
