"""The portal in a process of its own, as long as something is measured."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from appliance.bench.load import HOST, Line, Unanswered
from appliance.bench.phones import Browser, expect
from appliance.bench.portal import HELLO

_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 30.0


@contextmanager
def served(data: Path, beside: Path) -> Iterator[int]:
    """Serve the hub in ``data``; the port. What the process says goes to a file in ``beside``.

    Raises:
        Unanswered: it does not come up.
    """
    port, log = _free_port(), beside / "portal.log"
    command = [sys.executable, "-m", "appliance.bench.portal", str(data), str(port), str(beside)]
    with log.open("ab") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            _await(port, process, log)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.perf_counter() + _START_SECONDS
    while process.poll() is None and time.perf_counter() < until:
        try:
            line = Line(port)
        except OSError:
            time.sleep(0.05)
            continue
        try:
            expect(line.fetch(Browser(port).get(HELLO)), 200)
        finally:
            line.close()
        return
    raise Unanswered(f"the portal does not come up: {log.read_text('utf-8')[-500:]}")


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])
