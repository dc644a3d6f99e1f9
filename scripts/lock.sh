#!/bin/sh
# Writes both locks with the newest releases pyproject.toml allows. The resolver lives in a throw-away environment, it is
# no part of the product. `--universal` makes one file hold for x86_64 and aarch64 and every Python from 3.11 on.
# usage: lock.sh PYTHON UV
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
"$1" -m venv "$tmp"
"$tmp/bin/python" -m pip install --quiet --disable-pip-version-check "$2"
compile() {
    out=$1
    shift
    "$tmp/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file "$out" "$@" pyproject.toml
}
compile requirements.lock
# The runtime lock constrains the other, so a test never runs on another release than the box does.
compile requirements-dev.lock --group dev --constraint requirements.lock
echo "lock: wrote requirements.lock and requirements-dev.lock"
