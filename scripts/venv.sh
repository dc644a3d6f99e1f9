#!/bin/sh
# Makes the virtual environment with exactly the locked packages, and the hub itself in editable form.
# usage: venv.sh PYTHON VENV
set -eu
python=$1
venv=$2

if ! command -v "$python" >/dev/null 2>&1; then
    echo "install: no '$python' here. The hub needs Python 3.11 or newer: make install PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "install: $("$python" --version) is too old. The hub needs 3.11 or newer: make install PYTHON=/path/to/python3" >&2
    exit 1
fi
# Debian ships venv without ensurepip until python3-venv is there; both are needed.
if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    if [ -f /etc/debian_version ] && [ "$(id -u)" = 0 ]; then
        echo "install: the venv module is missing, installing python3-venv"
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv
    fi
    if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        echo "install: $python has no venv module. On Debian: apt-get install python3-venv" >&2
        exit 1
    fi
fi

# A different Python, or an environment left half-made, asks for a new one; otherwise it is brought up to date.
wanted=$("$python" -c 'import sys; print(sys.version_info[:2])')
if [ "$("$venv/bin/python" -c 'import pip, sys; print(sys.version_info[:2])' 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
echo "install: bringing $venv to the locked packages; the first time takes about a minute"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$venv/bin/python" -m pip install --quiet --require-hashes --requirement requirements-dev.lock
# The build backend is in the lock, so nothing unlocked is fetched to build our own package.
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
echo "install: $venv is ready"
