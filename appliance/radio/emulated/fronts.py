"""How a computer reaches an emulated node: a TCP port, and a serial line (a pty with a link to it).

Both read and write the StreamAPI for a ``Session``. A computer that does not read is not waited
for: what is meant for it stays in the node's queues and overflows there.
"""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import socket
import tty
from pathlib import Path
from typing import Final, Protocol

from meshtastic.protobuf import mesh_pb2

from appliance.radio.emulated.clog import clog
from appliance.radio.emulated.node import Session
from appliance.radio.emulated.stream import LONGEST, Deframer, frame

log = logging.getLogger(__name__)

IDLE: Final = 15 * 60.0
"""Real seconds after which the firmware drops a client that says nothing: TCP_IDLE_TIMEOUT_MS, SERIAL_CONNECTION_TIMEOUT."""

_WRITE_BUFFER: Final = 2048
_RIVAL_WAITS: Final = 0.2
_READ_SIZE: Final = 4096


class Host(Protocol):
    """What a front needs of the node it stands before."""

    def session(self) -> Session:
        """A new session for a client that has just come."""
        ...

    def received(self, session: Session, message: bytes) -> bool:
        """A ToRadio message; False when the client says goodbye."""
        ...

    def pump(self) -> None:
        """Something came in: pass on what there is now."""
        ...


class Front(Protocol):
    """A way to the node that can be opened, closed, and opened again."""

    async def open(self) -> None: ...

    async def close(self, reset: bool = False) -> None: ...

    def pump(self) -> None: ...

    def rebooted(self) -> None: ...

    def stall(self, yes: bool) -> None:
        """Read no more, or again."""
        ...

    async def clog(self) -> None:
        """Read no more, with the line full, until ``stall(False)``."""
        ...

    def idle(self) -> None:
        """Treat the client as one that has said nothing for fifteen minutes."""
        ...

    def say(self, data: bytes) -> None:
        """Put bytes on the line that are no frame."""
        ...

    async def steal(self, seconds: float) -> None:
        """Be another program that wants the node, for so long."""
        ...


def _next(session: Session) -> bytes | None:
    """The next message for the client, framed."""
    while (message := session.next()) is not None:
        if len(message) <= LONGEST:
            return frame(message)
        log.warning("node_message_too_long bytes=%d", len(message))
    return None


# ---------------------------------------------------------------------------------------------- TCP


class _Client(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, front: "TcpFront", host: Host) -> None:
        self._front = front
        self._host = host
        self._deframer = Deframer()
        self._writable = True
        self._idle: asyncio.TimerHandle | None = None
        self.session = host.session()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._watch()
        self._front.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self.session.close()
        self._front.gone(self)
        log.info("node_client_gone kind=tcp reason=%s", exc or "closed")

    def _watch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE, self.close)

    def data_received(self, data: bytes) -> None:
        self._watch()
        for message in self._deframer.feed(data):
            if not self._host.received(self.session, message):
                self.close()
                break
        self._host.pump()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._host.pump()

    def pump(self) -> None:
        """Write while the client reads."""
        transport = self.transport
        while self._writable and transport is not None and not transport.is_closing():
            data = _next(self.session)
            if data is None:
                return
            transport.write(data)

    def stall(self, yes: bool) -> None:
        """Read no more, or again."""
        if self.transport is None or self.transport.is_closing():
            return
        if yes:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def say(self, data: bytes) -> None:
        """Bytes that are no frame."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def close(self, reset: bool = False) -> None:
        """Hang up; with ``reset`` as a machine does that knows nothing of the connection."""
        if self.transport is None:
            return
        if reset:
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                # Lingering for 0 seconds makes the kernel send RST in place of FIN.
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        # Not close(): it would wait for a client that does not read.
        self.transport.abort()


class TcpFront:
    """The TCP port. A new client closes the one before, as in the firmware (ServerAPI.cpp)."""

    def __init__(self, host: Host, address: str, port: int) -> None:
        self._host = host
        self._address = address
        self.port = port
        self._server: asyncio.Server | None = None
        self._clients: list[_Client] = []
        self._stalled = False

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Client(self, self._host), self._address, self.port, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("node_tcp_open port=%d", self.port)

    async def close(self, reset: bool = False) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up(reset)

    def hang_up(self, reset: bool = False) -> None:
        """Hang up, and go on listening."""
        for client in tuple(self._clients):
            client.close(reset)

    def arrived(self, client: _Client) -> None:
        """A client has connected."""
        self.hang_up()
        self._clients.append(client)
        if self._stalled:
            client.stall(True)
        log.info("node_client kind=tcp port=%d", self.port)

    def gone(self, client: _Client) -> None:
        """A client has gone."""
        if client in self._clients:
            self._clients.remove(client)

    def pump(self) -> None:
        """Write what there is to the newest client."""
        if self._clients:
            self._clients[-1].pump()

    def rebooted(self) -> None:
        """Tell the client that the node has rebooted."""
        for client in self._clients:
            client.session.rebooted()

    def stall(self, yes: bool) -> None:
        self._stalled = yes
        for client in self._clients:
            client.stall(yes)

    async def clog(self) -> None:
        """Not over TCP: what a socket takes is written whole or waited for."""

    def idle(self) -> None:
        self.hang_up()

    def say(self, data: bytes) -> None:
        for client in self._clients:
            client.say(data)

    async def steal(self, seconds: float) -> None:
        """Connect, which ends whoever is connected, and again whenever that is done to us."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(OSError):
                        await self._hold()
                    await asyncio.sleep(_RIVAL_WAITS)

    async def _hold(self) -> None:
        reader, writer = await asyncio.open_connection(self._address, self.port)
        try:
            writer.write(frame(mesh_pb2.ToRadio(want_config_id=1).SerializeToString()))
            while await reader.read(_READ_SIZE):
                pass
        finally:
            writer.transport.abort()


# ---------------------------------------------------------------------------------------------- pty


class PtyFront:
    """The serial line. ``path`` is a symbolic link to the pty's other end, made anew with each pty.

    Our own end of that other end stays open, so the line outlives its users, as a UART does: the
    node does not notice that nobody reads. After fifteen minutes without a word it counts its user as gone.
    """

    def __init__(self, host: Host, path: Path) -> None:
        self._host = host
        self.path = path
        self._master = -1
        self._slave = -1
        self._deframer = Deframer()
        self._unsent = b""
        self._session = host.session()
        self._idle: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Make the pty, and the link to it.

        Raises:
            OSError: ``path`` is taken by something that is no link, or cannot be written.
        """
        if self.path.exists() and not self.path.is_symlink():
            raise FileExistsError(errno.EEXIST, "is in the way of the serial line's link", str(self.path))
        self._master, self._slave = os.openpty()
        try:
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            os.set_blocking(self._slave, False)
            aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            aside.unlink(missing_ok=True)
            aside.symlink_to(os.ttyname(self._slave))
            aside.replace(self.path)
        except OSError:
            self._close_both()
            raise
        self._deframer = Deframer()
        self._unsent = b""
        self._session = self._host.session()
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        log.info("node_pty_open path=%s", self.path)

    async def close(self, reset: bool = False) -> None:  # noqa: ARG002 - a line knows one way to end
        """Pull the line out: whoever has it open finds it dead."""
        if self._master < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        if self._idle is not None:
            self._idle.cancel()
        with contextlib.suppress(OSError):
            if self.path.readlink() == Path(os.ttyname(self._slave)):
                self.path.unlink()
        self._close_both()
        self._session.close()

    def _close_both(self) -> None:
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_SIZE)
        except BlockingIOError:
            return
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE, self.idle)
        self._take(data)

    def _take(self, data: bytes) -> None:
        for message in self._deframer.feed(data):
            # After a goodbye the line stays; the next client begins with its own greeting.
            self._host.received(self._session, message)
        self._host.pump()

    def pump(self) -> None:
        """Write while the line takes it."""
        while self._master >= 0:
            if not self._unsent:
                self._unsent = _next(self._session) or b""
                if not self._unsent:
                    return
            try:
                written = os.write(self._master, self._unsent)
            except BlockingIOError:
                asyncio.get_running_loop().add_writer(self._master, self._writable)
                return
            self._unsent = self._unsent[written:]

    def _writable(self) -> None:
        asyncio.get_running_loop().remove_writer(self._master)
        self.pump()

    def rebooted(self) -> None:
        """Tell the client that the node has rebooted."""
        self._session.rebooted()

    def stall(self, yes: bool) -> None:
        if self._master < 0:
            return
        loop = asyncio.get_running_loop()
        if yes:
            loop.remove_reader(self._master)
        else:
            loop.add_reader(self._master, self._readable)

    async def clog(self) -> None:
        if self._master < 0:
            return
        self.stall(True)
        await clog(self._slave, self._master, self._take)
        log.info("node_pty_full path=%s", self.path)

    def idle(self) -> None:
        self._session.close()

    def say(self, data: bytes) -> None:
        self._unsent += data

    async def steal(self, seconds: float) -> None:
        """Pull the line out, and hold it under a lock, as other programs do, when it is back."""
        await self.close()
        await self.open()
        held = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            await asyncio.sleep(seconds)
        finally:
            os.close(held)
