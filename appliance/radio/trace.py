"""What the radio's process is doing, live: lines of JSON on a unix socket in the data directory.

A listener first gets one line ``{"status": ...}``, then one for each frame that was sent or
heard, and for what else happened, by ``direction``: ``sent``; ``heard``, with why nothing came of it
(``ignored``); ``refused`` by the radio, and why; ``lost``, as the next frame of its sender shows;
``link``, another state of it; ``trouble``, the book could not be read or written. It costs the radio nothing: whoever does not read is dropped, nobody is waited for, and
without listeners nothing is decoded. Sealed parts stay sealed.
"""

import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from appliance.ledger.errors import DataDirectoryError
from appliance.radio.bundle import split
from appliance.radio.directory import Directory
from appliance.radio.errors import BadFrame
from appliance.radio.show import describe

log = logging.getLogger(__name__)

SOCKET: Final = "radio.sock"
_MOST_LISTENERS: Final = 8


@contextlib.contextmanager
def _address(data: Path) -> Iterator[str]:
    """The socket's path in a form that fits the 108 bytes of ``sun_path``, however deep it lies."""
    directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{SOCKET}"
    finally:
        os.close(directory)


class Trace:
    """The socket's serving side. Not threaded: ``poll`` lets newcomers in, ``tell`` writes.

    Raises:
        DataDirectoryError: the socket cannot be made.
    """

    def __init__(self, data: Path, status: Callable[[], dict[str, Any]]) -> None:
        self._path = data / SOCKET
        self._status = status
        self._listeners: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)  # of a process that was killed: ours holds the lock
            with _address(data) as address:
                self._server.bind(address)
            self._path.chmod(0o600)
            self._server.listen(4)
            self._server.setblocking(False)
        except OSError as error:
            self._server.close()
            raise DataDirectoryError(f"{self._path}: {error.strerror or error}") from error

    def poll(self) -> bool:
        """Let in who has come; whether anybody listens."""
        while True:
            try:
                newcomer, _ = self._server.accept()
            except BlockingIOError:
                break
            except OSError as error:
                log.warning("trace=no_more_listeners reason=%s", error)
                break
            newcomer.setblocking(False)
            if len(self._listeners) >= _MOST_LISTENERS:
                newcomer.close()
                continue
            self._listeners.append(newcomer)
            self._write(newcomer, {"status": self._status()})
        return bool(self._listeners)

    def tell(self, line: dict[str, Any]) -> None:
        """Write a line to all who listen."""
        for listener in tuple(self._listeners):
            self._write(listener, line)

    def event(self, at_ms: int, direction: str, more: Mapping[str, object]) -> None:
        """A line on what happened, without what is not known (None)."""
        about = {"at_ms": at_ms, "direction": direction}
        self.tell({**about, **{name: value for name, value in more.items() if value is not None}})

    def packet(
        self,
        at_ms: int,
        direction: str,
        data: bytes,
        seconds: float,
        directory: Directory,
        more: Mapping[str, object],
    ) -> None:
        """A line for each frame of a packet; each has its share of the ``seconds`` on the air."""
        try:
            frames = split(data)
        except BadFrame:
            frames = (data,)
        each = seconds / max(1, sum(map(len, frames)))
        for part, frame in enumerate(frames, 1):
            place = {"part": part, "parts": len(frames)} if len(frames) > 1 else {}
            share = {"seconds": round(each * len(frame), 3)}
            self.event(at_ms, direction, {**more, **place, **share, **describe(frame, directory)})

    def _write(self, listener: socket.socket, line: dict[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        try:
            if listener.send(data) == len(data):
                return
        except OSError:
            pass  # gone, or its buffer is full: it does not read
        self._listeners.remove(listener)
        listener.close()

    def close(self) -> None:
        """Let go of everybody and remove the socket."""
        for listener in self._listeners:
            listener.close()
        self._server.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def listen(data: Path, timeout: float | None = None) -> Iterator[dict[str, Any]]:
    """The lines of the radio process in ``data``, until it ends.

    Args:
        timeout: seconds to wait for each line; None waits for ever.

    Raises:
        DataDirectoryError: no radio process answers there, or not in time.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(timeout)
        try:
            with _address(data) as address:
                line.connect(address)
            with line.makefile("rb") as lines:
                for text in lines:
                    yield json.loads(text)
        except TimeoutError as error:
            raise DataDirectoryError(f"{data / SOCKET}: no answer") from error
        except (OSError, ValueError) as error:
            raise DataDirectoryError(
                f"no radio process answers at {data / SOCKET} (see: hub radio run)"
            ) from error
