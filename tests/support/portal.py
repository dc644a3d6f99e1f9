"""A portal as people meet it: its own process, a port, and what can be done to it."""

import contextlib
import os
import random
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.ledger import settings
from tests.support import warm

START_SECONDS = 90.0
"""A busy machine is slow, not wrong."""


def free_port() -> int:
    """A port that nobody has now, below those that the system gives to who calls: a hub that starts anew finds its own free."""
    dice = random.SystemRandom()
    while True:
        with contextlib.suppress(OSError), socket.socket() as trial:
            trial.bind(("127.0.0.1", dice.randrange(11_000, 32_000)))
            return int(trial.getsockname()[1])


class Portal:
    """``hub serve`` on a data directory, in a process group of its own, so that all of it can be killed.

    Where the data directory has no ``hub.toml`` the hub goes by this machine's clock, as on any computer.

    Args:
        dies_before_answering: path of a flag file: once it exists, the next form that is sent is
            carried out, and then the process is killed instead of answering; the flag goes.
            Other moments that the flag may name: ``dying_portal``.
        named: the name by which it is served with https as well, on ``https_port``.
    """

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        dies_before_answering: Path | None = None,
        named: str | None = None,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        if not (data / settings.FILE).exists():
            settings.write(data, f'clock = "{settings.MACHINE_CLOCK}"\n')
        self.flag = dies_before_answering
        self.named = named
        self.https_port = free_port() if named else 0
        self.log = data.parent / f"portal-{self.port}.log"
        self._process: warm.Started | None = None

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> str:
        """Where the portal answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, well: bool = True) -> Self:
        """Start it and wait until it answers; that all is well, or (not ``well``) that it is not."""
        if self.flag:
            command = ["-m", "tests.support.dying_portal", str(self.data), str(self.port), str(self.flag)]
        else:
            command = ["-c", "from appliance.cli import main; main()", "serve", "--data", str(self.data)]
            command += ["--host", "127.0.0.1", "--port", str(self.port)]
        if self.named:
            command += ["--https", str(self.https_port), "--address", f"http://{self.named}:{self.port}"]
        self._process = warm.start(command, self.log)
        try:
            self._wait_until_it_answers(self._process, well)
        except BaseException:
            self.kill()  # also when the test's own time is over: nothing stays behind
            raise
        return self

    def _wait_until_it_answers(self, process: warm.Started, well: bool) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"the portal ended at once:\n{self.log.read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except urllib.error.HTTPError:
                if not well:
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"the portal does not answer:\n{self.log.read_text()[-2000:]}")

    def ended(self, seconds: float) -> int:
        """Wait until it is gone; its code, which is -9 after a kill."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """``kill -9`` of the whole group, master and worker."""
        if self._process is not None:
            # It may have killed itself already.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """As a person would: Ctrl-C."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=20)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
