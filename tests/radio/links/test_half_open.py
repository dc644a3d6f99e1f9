"""A radio that has gone from the network without a word: half-open TCP, in a network of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = Path(__file__).with_name("inside_half_open.py")
AS_ROOT = ["unshare", "--map-root-user", "--net"]

pytestmark = pytest.mark.timeout(300)


def allowed() -> bool:
    try:
        return subprocess.run([*AS_ROOT, "ip", "link", "set", "lo", "up"], check=False).returncode == 0
    except FileNotFoundError:
        return False


def test_a_peer_that_is_gone_is_noticed_and_found_again() -> None:
    if not allowed():
        pytest.skip("no network of one's own here: unshare --map-root-user --net, and ip")
    ran = subprocess.run(
        [*AS_ROOT, sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", str(INSIDE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
