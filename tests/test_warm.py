"""What is started warm is a process like any other (``tests/support/warm.py``)."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import warm

SAYS = """
import os, sys
from appliance import cli
print(os.getpgrp() == os.getpid() != int(sys.argv[1]), os.environ.get("RIVER"), sys.argv[2:], hasattr(cli, "touched"))
cli.touched = True
sys.stdout.flush()
print("and what is wrong", file=sys.stderr)
sys.exit(3)
"""


def test_it_ends_with_its_code_and_what_it_changed_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    for river in ("here", "there"):
        monkeypatch.setenv("RIVER", river)
        program = warm.start(["-c", SAYS, str(os.getpgrp()), "--data", "x"], log)
        assert program.wait(60) == 3
        assert program.poll() == 3
    first, second = (
        f"True {river} ['--data', 'x'] False\nand what is wrong\n" for river in ("here", "there")
    )
    assert log.read_text() == first + second


def test_a_module_runs_as_python_would_run_it_and_says_what_broke_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert warm.start(["-m", "appliance.cli", "--version"], log).wait(60) == 0
    assert log.read_text().startswith("hub, version ")
    assert warm.start(["-m", "tests.support.no_such_thing"], log).wait(60) == 1
    assert "No module named tests.support.no_such_thing" in log.read_text()


def test_it_can_be_waited_for_told_and_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    one, other = (warm.start(["-c", "import time; time.sleep(100)"], log) for _ in range(2))
    with pytest.raises(subprocess.TimeoutExpired):
        one.wait(0.01)
    assert one.poll() is None
    os.killpg(one.pid, signal.SIGKILL)
    assert one.wait(60) == -signal.SIGKILL
    assert other.poll() is None, "each has a group of its own"
    other.send_signal(signal.SIGTERM)
    assert other.wait(60) == -signal.SIGTERM
    other.send_signal(signal.SIGTERM)  # it has ended: nobody is told


def test_what_runs_when_the_tests_are_killed_goes_with_them(tmp_path: Path) -> None:
    code = f"""
import os, pathlib, time
from tests.support import warm
print(warm.start(["-c", "import time; time.sleep(100)"], pathlib.Path({str(tmp_path / "log")!r})).pid, flush=True)
time.sleep(100)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        left = os.pidfd_open(int(tests.stdout.readline()))
        tests.kill()
        ended, _, _ = select.select([left], [], [], 60)
        os.close(left)
    assert ended
