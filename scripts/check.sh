#!/bin/sh
# `make test`: lint, types, imports and every test. All parts run, so one look shows everything that is wrong; pytest's
# summary comes last. More arguments for pytest: make test PYTEST_ARGS="-k pay"
# usage: check.sh BIN
set -u
bin=$1
failed=""
sh scripts/lint.sh "$bin" || failed="$failed lint"
sh scripts/chromium.sh || failed="$failed chromium"
sh scripts/compiler.sh || failed="$failed compiler"
if [ -n "$failed" ]; then
    echo "test: FAILED so far:$failed; the tests run all the same, the whole fails" >&2
else
    echo "test: lint ok, chromium ok, compiler ok"
fi
# Two workers: one begins with the tests that drive a browser, the other with the slow files; then both take of the short
# ones, one at a time, so that they end together (tests/support/lanes.py).
# shellcheck disable=SC2086  # several arguments
"$bin/python" -m pytest -n 2 --dist loadscope ${PYTEST_ARGS:-} || failed="$failed tests"
[ -z "$failed" ]
