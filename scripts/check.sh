#!/bin/sh
# `make test`: lint, types, imports and every test. All parts run, so one look shows everything that is wrong; pytest's
# summary comes last. More arguments for pytest: make test PYTEST_ARGS="-k pay"
# usage: check.sh BIN
set -u
bin=$1
failed=""
# Hundreds of tests start processes of ours: each would compile the whole of it anew where the surroundings forbid to keep that.
unset PYTHONDONTWRITEBYTECODE
# Beside the linters, which keep one processor busy: compile everything once, as each worker would do by itself. What is
# wrong with the tests is told below, where they run.
{
    "$bin/python" -m compileall -q appliance
    "$bin/python" -m pytest --collect-only -q -p no:cacheprovider
} >/dev/null 2>&1 &
compiling=$!
sh scripts/chromium.sh &
browser=$!
sh scripts/lint.sh "$bin" || failed="$failed lint"
wait "$browser" || failed="$failed chromium"
sh scripts/compiler.sh || failed="$failed compiler"
if [ -n "$failed" ]; then
    echo "test: FAILED so far:$failed; the tests run all the same, the whole fails" >&2
else
    echo "test: lint ok, chromium ok, compiler ok"
fi
wait "$compiling"
# One worker more than there are processors here, because many tests wait for a radio's airtime or for a phone that says
# nothing: two begin with the files that drive a browser, the third with the slow ones; then all take of the short ones,
# one at a time, so that they end together (tests/support/lanes.py).
# shellcheck disable=SC2086  # several arguments
"$bin/python" -m pytest -n 3 --dist loadscope ${PYTEST_ARGS:-} || failed="$failed tests"
[ -z "$failed" ]
