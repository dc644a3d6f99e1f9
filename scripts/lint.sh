#!/bin/sh
# Lint, types and imports. Runs all of them, so one look shows everything; fails when any did.
# usage: lint.sh BIN
set -u
bin=$1
failed=""
part() {
    name=$1
    shift
    if "$@"; then
        echo "lint: $name ok"
    else
        echo "lint: $name FAILED"
        failed="$failed $name"
    fi
}
part ruff "$bin/ruff" check --quiet .
part format "$bin/ruff" format --check --quiet .
part types "$bin/mypy" --no-error-summary
part imports "$bin/lint-imports" --no-logo
if [ -n "$failed" ]; then
    echo "lint: failed:$failed" >&2
    exit 1
fi
