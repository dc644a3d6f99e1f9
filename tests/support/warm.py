"""Programs of ours that start warm: a process that has imported what all of them need, and each start is a fork of it.

A portal reads a second's worth of modules before its first line of work, and the tests start some two hundred. What is
started here is a process like any other: its own id, group, memory and files, its own ``main``; only what it imports was
imported before. What a start itself is the subject of, or what another library must be loaded into, is started cold, by
``subprocess``: `tests/web/serving/test_server.py`, `tests/faults`.

One such process for each process of the tests, begun when it is first wanted; it ends with its tests (``_Warm``), and holds
no thread, no database and no socket but that to them, so that nothing of this kind crosses a fork.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

LOADED: Final = (
    "appliance.cli",
    "appliance.web.server",
    "appliance.radio.service",
    "appliance.radio.emulated.server",
    "appliance.radio.links.open",
    "appliance.radio.links.sim",
    "appliance.radio.links.supervisor",
    "gunicorn.arbiter",
    "tests.support.power_cut",
    # What `meshtastic` imports. Not itself: it starts a thread then, which no fork would have.
    "google.protobuf.internal.builder",
    "google.protobuf.json_format",
    "packaging.version",
    "pubsub.pub",
    "requests",
    "serial.tools.list_ports",
    "tabulate",
)
"""What is imported before, beside all of ``ROOMS``."""

ROOMS: Final = ("appliance.ledger", "appliance.web")


class Started:
    """A process that was started warm, as far as tests need it like a ``Popen``."""

    def __init__(self, warm: "_Warm", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._warm = warm
        self._end = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Its code once it has ended (minus the signal where one ended it), else None."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its code when it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not, in ``timeout`` seconds.
        """
        if self.returncode is None:
            watch = select.poll()
            watch.register(self._end, select.POLLIN)
            if not watch.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            if (code := self._warm.ended(self.pid)) is not None:  # another thread may have been told
                self.returncode = code
                os.close(self._end)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As ``Popen.send_signal``."""
        if self.poll() is None:
            os.kill(self.pid, number)


def start(arguments: Sequence[str], log: Path) -> Started:
    """Start ``python ARGUMENTS`` (``-c CODE ...`` or ``-m MODULE ...``) in a process group of its own.

    Args:
        arguments: what would follow ``python``.
        log: where its output goes, behind what is there.
    """
    return _warm().start(arguments, log)


@cache
def _warm() -> "_Warm":
    return _Warm()


class _Warm:
    """The line to the process that forks."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()
        self._line = ours.makefile("rw", encoding="utf-8")
        ours.close()
        self._one_at_a_time = threading.Lock()
        atexit.register(self._leave)

    def start(self, arguments: Sequence[str], log: Path) -> Started:
        asked = {"run": list(arguments), "log": str(log), "where": str(Path.cwd()), "env": dict(os.environ)}
        return Started(self, self._ask(asked))

    def ended(self, pid: int) -> int | None:
        """The code of a process that has ended."""
        return self._ask({"ended": pid})

    def _ask(self, what: dict[str, Any]) -> Any:
        with self._one_at_a_time:
            self._line.write(json.dumps(what) + "\n")
            self._line.flush()
            answer = self._line.readline()
        assert answer, "the process that starts others is gone"
        return json.loads(answer)

    def _leave(self) -> None:
        self._line.close()
        self._process.wait()


# ------------------------------------------------------------------------------------------------- the other side


def _serve(line: socket.socket) -> list[str] | None:
    """Fork whatever is asked for, until nobody asks any more; in the process that was forked: what it shall run.

    What is still there when the tests are not is killed: nobody else would.
    """
    told = line.makefile("rw", encoding="utf-8")
    running: set[int] = set()
    while asked := told.readline():
        what = json.loads(asked)
        if "run" in what:
            if (pid := os.fork()) == 0:
                os.close(line.fileno())
                return _become(what)
            running.add(pid)
            answer: int | None = pid
        else:
            running.discard(what["ended"])
            answer = os.waitstatus_to_exitcode(os.waitpid(what["ended"], 0)[1])
        told.write(json.dumps(answer) + "\n")
        told.flush()
    for pid in running:
        for kill in (os.killpg, os.kill):  # one that was only just forked has no group of its own yet
            with contextlib.suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)
    return None


def _become(what: dict[str, Any]) -> list[str]:
    os.setsid()
    log = os.open(what["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    os.chdir(what["where"])
    os.environ.clear()
    os.environ.update(what["env"])
    run: list[str] = what["run"]
    return run


def _modules_of(rooms: Iterable[str]) -> Iterator[str]:
    for room in rooms:
        path = importlib.import_module(room).__path__
        yield from (found.name for found in pkgutil.walk_packages(path, room + "."))


def _main(number: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [*LOADED, *_modules_of(ROOMS)]:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a thread does not survive a fork"
    gc.collect()
    gc.freeze()
    run = _serve(socket.socket(fileno=int(number)))
    if run is None:
        return
    kind, what, *rest = run
    sys.argv = [what if kind == "-m" else kind, *rest]
    if kind == "-m":
        sys.modules.pop(what, None)  # it runs as the main one, and as no other
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})


if __name__ == "__main__":
    _main(sys.argv[1])
