"""Phones that ask as fast as they are answered: raw sockets, one loop, no thread.

Each client has one connection, kept alive, and one request on its way: it sends the next when
the answer to the last one is whole. So the rate is what the server does with that many clients,
and what the loop itself costs is small and the same for every kind of request.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from appliance.ledger.errors import HubError

HOST: Final = "127.0.0.1"
_WAIT_SECONDS: Final = 60.0
"""How long an answer may take before the bench gives up."""


class Unanswered(HubError):
    """The server under measurement gave an answer that was not asked for, or none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the head as it was sent, the body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> list[bytes]:
        """All values of a header."""
        lines = self.head.split(b"\r\n")[1:]
        pairs = (line.partition(b":") for line in lines)
        return [value.strip() for key, _, value in pairs if key.strip().lower() == name.lower()]


class Client(Protocol):
    """Whoever asks: says what is asked next, and hears what was answered."""

    def ask(self) -> bytes:
        """The bytes of the next request."""
        ...

    def hear(self, answer: Answer) -> None:
        """Take in the answer.

        Raises:
            Unanswered: it is not what a request of this kind must lead to.
        """
        ...


@dataclass(slots=True)
class Sample:
    """How long each answer took, in seconds, and how long it all took."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Sample") -> None:
        """Take in what was measured in another slice."""
        self.took += other.took
        self.seconds += other.seconds

    @contextmanager
    def one(self) -> Iterator[None]:
        """Measure what is done in the block as one answer."""
        begun = time.perf_counter()
        yield
        took = time.perf_counter() - begun
        self.took.append(took)
        self.seconds += took

    @property
    def rate(self) -> float:
        """Answers a second; none when nothing was asked."""
        if not self.seconds:
            return 0.0
        return len(self.took) / self.seconds

    def quantile(self, part: float) -> float:
        """The time within which ``part`` of the answers came, in milliseconds.

        Raises:
            Unanswered: there was not one.
        """
        if not self.took:
            raise Unanswered("not one answer came in the time that was given: measure longer (--seconds)")
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000


class Line:
    """One kept connection to the server."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection((HOST, port), timeout=_WAIT_SECONDS)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._come = bytearray()
        self.since = 0.0

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, request: bytes) -> None:
        self.since = time.perf_counter()
        self._sock.sendall(request)

    def receive(self) -> Answer | None:
        """Read what is there; the answer when it is whole."""
        some = self._sock.recv(1 << 18)
        if not some:
            raise Unanswered("the server closed a connection that waited for an answer")
        self._come += some
        end = self._come.find(b"\r\n\r\n")
        if end < 0:
            return None
        answer = Answer(int(self._come[9:12]), bytes(self._come[:end]), b"")
        length = int((answer.header(b"content-length") or [b"0"])[0])
        if len(self._come) < end + 4 + length:
            return None
        body = bytes(self._come[end + 4 :])
        self._come.clear()
        return Answer(answer.status, answer.head, body)

    def fetch(self, request: bytes) -> Answer:
        """Send one request and wait for its answer."""
        self.send(request)
        while (answer := self.receive()) is None:
            pass
        return answer

    def close(self) -> None:
        self._sock.close()


def run(port: int, clients: Sequence[Client], seconds: float) -> Sample:
    """Let every client ask for ``seconds``; answers that come later are waited for and not counted.

    Raises:
        Unanswered: an answer was not what its client expected, or none came.
    """
    sample = Sample()
    with selectors.DefaultSelector() as wait:
        lines = [Line(port) for _ in clients]
        try:
            for line, client in zip(lines, clients, strict=True):
                wait.register(line, selectors.EVENT_READ, client)
            begun = time.perf_counter()
            for line, client in zip(lines, clients, strict=True):
                line.send(client.ask())
            asking = len(lines)
            while asking:
                ready = wait.select(_WAIT_SECONDS)
                if not ready:
                    raise Unanswered(f"no answer within {_WAIT_SECONDS:.0f} s")
                for key, _ in ready:
                    asking -= _turn(key.fileobj, key.data, sample, begun + seconds)  # type: ignore[arg-type]
            sample.seconds = seconds
        finally:
            for line in lines:
                line.close()
    return sample


def _turn(line: Line, client: Client, sample: Sample, until: float) -> bool:
    """Hear what came on one line and ask again; whether this line has ended."""
    answer = line.receive()
    if answer is None:
        return False
    now = time.perf_counter()
    client.hear(answer)
    if now >= until:
        return True
    sample.took.append(now - line.since)
    line.send(client.ask())
    return False
