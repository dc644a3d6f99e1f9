"""Serving phones that are slow, and those that only pretend to be.

gunicorn's threads read requests themselves, and wait for each byte as long as it takes: sixteen
half-sent requests would hold all sixteen. Here the main loop gathers a request until it is
whole and only then gives it to a thread, so that waiting for somebody costs no thread. Each
connection has some seconds to deliver; each address has some places, and waits for its own.

On the https port the handshake is gathered likewise, and counts as part of delivering (``web.tls``).
"""

import re
import selectors
import socket
import struct
from collections import Counter, deque
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

from appliance.ledger.clock import SystemClock
from appliance.ledger.lane import THE_LANE
from appliance.web.serving import tls

DELIVER_SECONDS: Final = 15.0
"""How long a connection may take from its first moment, or its last answer, to a whole request."""

ANSWER_SECONDS: Final = 60.0
"""How long an answer may take to be worked out and taken by the phone."""

SERVED_AT_ONCE: Final = 8
"""How many requests of one address are with a thread at a time; further ones wait."""

OPEN_AT_ONCE: Final = 64
"""How many connections one address may have; further ones are closed. A router in front of a
few houses is one address."""

MAX_HEAD: Final = 32 * 1024
"""More than any browser's head; further bytes are not read."""

MAX_BODY: Final = 64 * 1024
"""What the app takes. A longer body is left to it: it refuses after reading the length alone."""

_LINGER_SECONDS: Final = 2.0
_MAX_DRAIN: Final = 256 * 1024
_CHUNK: Final = 64 * 1024
_SEND_BUFFER: Final = 128 * 1024
"""A page fits in it whole: who asks and does not read holds no thread either."""

_READ_TIMEOUT: Final = struct.pack("ll", 2, 0)
"""A ``timeval`` of two seconds for a thread's reads, should gunicorn want more than we gathered."""

_FREE: Final = frozenset({"127.0.0.1", "::1"})
"""The box itself: its screen, and what looks after it."""

_LENGTH: Final = re.compile(rb"^content-length:[ \t]*([0-9]{1,18})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_CHUNKED: Final = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)


def missing(request: bytes) -> int:
    """How many bytes a request lacks at least, of which ``request`` has come.

    Zero when it is whole, or when no more has to be read to refuse it.
    """
    end = request.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0:
        return 1
    head = request[: end + 2]
    length = _LENGTH.search(head)
    body = int(length.group(1)) if length else 0
    return 0 if body > MAX_BODY else max(0, end + 4 + body - len(request))


def refuse(request: bytes) -> bytes:
    """The answer to what no browser sends to the portal and nobody waits for; empty to go on."""
    end = request.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0 and len(request) >= MAX_HEAD:
        return _answer("431 Request Header Fields Too Large")
    if end >= 0 and _CHUNKED.search(request, 0, end):
        return _answer("411 Length Required")  # a body whose end nobody knows
    return b""


def _answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode("ascii")


class Connection(TConn):
    """One connection, and what has come of its next request."""

    def __init__(self, worker: "PatientWorker", sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, sock, client, server)
        self.worker = worker
        self.address = str(client[0]) if isinstance(client, tuple) else ""
        self.gathered = bytearray()
        self.deadline = 0.0  # milliseconds since boot
        self.astray: tls.Door | None = None
        """The https port, when somebody speaks plainly there."""

    @property
    def unread(self) -> bool:
        """Whether bytes are inside TLS already, of which the poller sees nothing."""
        return isinstance(self.sock, tls.TlsSocket) and self.sock.pending() > 0

    def close(self, graceful: bool = False) -> None:
        """Close it; gracefully without waiting for the other side in the main loop."""
        if graceful:
            self.worker.linger(self)
            return
        super().close()
        self.worker.forget(self)


class PatientWorker(ThreadWorker):
    """gunicorn's worker of threads, with a main loop that gathers requests before a thread gets them.

    All of this runs in the main loop, and so needs no locks.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = SystemClock()
        self.door: tls.Door | None = None
        self._open: Counter[str] = Counter()
        self._served: Counter[str] = Counter()
        self._queued: dict[str, deque[Connection]] = {}
        self._timed: dict[Connection, None] = {}
        """Connections with a deadline: gathering, with a thread, or lingering."""

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, unless its address has enough of them."""
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        conn = Connection(self, sock, client, listener.getsockname())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _READ_TIMEOUT)
        self.nr_conns += 1
        self._open[conn.address] += 1
        if self._open[conn.address] > OPEN_AT_ONCE and conn.address not in _FREE:
            self._drop(conn)
            return
        if self.door is not None and conn.server[1] == self.door.port:
            self._time(conn, DELIVER_SECONDS)
            self.poller.register(sock, selectors.EVENT_READ, partial(self._greet, conn, self.door))
            return
        self.enqueue_req(conn)

    def _greet(self, conn: Connection, door: tls.Door, sock: socket.socket) -> None:
        """The first byte at the https port tells who speaks TLS from who typed http."""
        try:
            first = sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        if not first or door.context is None:
            self._drop(conn)
            return
        self.poller.unregister(sock)
        if first != tls.HANDSHAKE:
            conn.astray = door
            self.poller.register(sock, selectors.EVENT_READ, partial(self._gather, conn))
            return
        try:
            conn.sock = door.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):  # gone meanwhile
            self._drop(conn)
            return
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._shake, conn))

    def _shake(self, conn: Connection, sock: tls.TlsSocket) -> None:
        """Go on with the handshake as far as it has come."""
        try:
            sock.do_handshake()
        except tls.WAITS:
            return
        except (OSError, ValueError):  # no common version, an authority that is not known there, noise
            self._drop(conn)
            return
        self.poller.modify(sock, selectors.EVENT_READ, partial(self._gather, conn))
        self._gather(conn, sock)

    def enqueue_req(self, conn: Connection) -> None:
        """Gather the connection's next request; called for new ones and for kept ones that speak again."""
        if conn.parser is not None:
            # What a thread has read beyond the request before.
            conn.gathered += conn.parser.unreader.take_buffered()
        conn.sock.setblocking(False)
        self._time(conn, DELIVER_SECONDS)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._gather, conn))
        if conn.unread:
            self._gather(conn, conn.sock)
        else:
            self._look(conn)

    def _gather(self, conn: Connection, _sock: socket.socket) -> None:
        try:
            some = conn.sock.recv(_CHUNK)
        except tls.WAITS:
            return
        except OSError:
            some = b""
        if not some:
            self._drop(conn)
            return
        conn.gathered += some
        self._look(conn)

    def _look(self, conn: Connection) -> None:
        """Go on with what has been gathered: refuse it, wait for more, or give it to a thread."""
        # Line ends before a request are nothing (RFC 9112, 2.2).
        gathered = bytes(conn.gathered.lstrip(b"\r\n"))
        refusal = refuse(gathered)
        if conn.astray is not None and not missing(gathered):
            refusal = refusal or conn.astray.lead_in()
        if refusal:
            try:
                conn.sock.send(refusal)
            except OSError:
                self._drop(conn)
                return
            self._untime(conn)
            self.nr_conns -= 1
            conn.close(graceful=True)
        elif not missing(gathered):
            self._untime(conn)
            conn.gathered.clear()
            conn.data_ready = True
            conn.init()
            conn.parser.unreader.unread(gathered)
            self._queued.setdefault(conn.address, deque()).append(conn)
            self._serve(conn.address)

    def _serve(self, address: str) -> None:
        """Give an address's next requests to threads, as far as it has places."""
        queued = self._queued.get(address)
        while queued and (address in _FREE or self._served[address] < SERVED_AT_ONCE):
            conn = queued.popleft()
            self._served[address] += 1
            self._time(conn, ANSWER_SECONDS)
            conn.sock.setblocking(True)
            super().enqueue_req(conn)
        if not queued:
            self._queued.pop(address, None)

    def handle(self, conn: Connection) -> Any:
        """Answer a request, in a thread: one thread at a time, but for what they wait for (``ledger.lane``)."""
        with THE_LANE.inside():
            return super().handle(conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """A thread has answered, or given up."""
        self._untime(conn)
        _less(self._served, conn.address)
        self._serve(conn.address)
        super().finish_request(conn, fs)
        if conn in self.keepalived_conns and conn.unread:
            # A thread has read a part of what TLS had opened; the poller will never tell of the rest.
            self.on_client_socket_readable(conn, conn.sock)

    def linger(self, conn: Connection) -> None:
        """Close a connection once the other side has read its answer, or soon."""
        try:
            conn.sock.setblocking(False)
            if isinstance(conn.sock, tls.TlsSocket):
                conn.sock.say_goodbye()
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            conn.close()
            return
        self.nr_conns += 1
        conn.gathered.clear()
        self._time(conn, _LINGER_SECONDS)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn, [0]))

    def _drain(self, conn: Connection, drained: list[int], _sock: socket.socket) -> None:
        try:
            some = conn.sock.recv(_CHUNK)
        except tls.WAITS:
            return
        except OSError:
            some = b""
        drained[0] += len(some)
        if not some or drained[0] > _MAX_DRAIN:
            self._drop(conn)

    def murder_pending(self) -> None:
        """End what has taken too long; called once a second, and while the worker stops."""
        now = self._clock.uptime().ms
        for conn in [c for c in self._timed if c.deadline <= now or not (self.alive or self._wanted(c))]:
            if self._watched(conn):
                self._drop(conn)
            else:
                # With a thread: its reading or writing fails, and it comes back by itself.
                self._timed.pop(conn)
                _shut(conn.sock)

    def _wanted(self, conn: Connection) -> bool:
        """Whether a worker that stops still waits for the connection: not when it has said nothing."""
        return bool(conn.gathered) or conn.parser is not None

    def forget(self, conn: Connection) -> None:
        """The connection is closed."""
        _less(self._open, conn.address)

    def _drop(self, conn: Connection) -> None:
        self._untime(conn)
        self.nr_conns -= 1
        conn.close()

    def _time(self, conn: Connection, seconds: float) -> None:
        conn.deadline = self._clock.uptime().ms + seconds * 1000
        self._timed[conn] = None

    def _untime(self, conn: Connection) -> None:
        """The connection's present part is over: no deadline, and the main loop does not read it."""
        self._timed.pop(conn, None)
        if self._watched(conn):
            self.poller.unregister(conn.sock)

    def _watched(self, conn: Connection) -> bool:
        return conn.sock.fileno() >= 0 and conn.sock.fileno() in self.poller.get_map()


def _less(counter: Counter[str], address: str) -> None:
    counter[address] -= 1
    if counter[address] <= 0:
        del counter[address]


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was quicker
