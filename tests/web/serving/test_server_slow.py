"""Phones that ask slowly, or only half: nobody else waits for them, and in the end they are hung up on."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator

import pytest

from appliance.web.serving import worker
from tests.support.portal import Portal
from tests.support.village import make_village

pytestmark = pytest.mark.slow

HEAD = b"GET /health HTTP/1.1\r\nHost: hub\r\n\r\n"


@pytest.fixture(scope="module")
def portal(tmp_path_factory) -> Iterator[Portal]:
    path = tmp_path_factory.mktemp("slow")
    make_village(path / "river").hub.close()
    with Portal(path / "river") as running:
        yield running


@contextlib.contextmanager
def sockets(portal: Portal, count: int, source: str) -> Iterator[list[socket.socket]]:
    """``count`` connections from the address ``source``; on the loopback all of 127 is ours."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", portal.port), timeout=30, source_address=(source, 0))
            )
            for _ in range(count)
        ]


def health(portal: Portal, source: str = "127.0.0.9") -> float:
    """How many seconds ``/health`` takes from another address."""
    begun = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=20, source_address=(source, 0))
    try:
        line.request("GET", "/health")
        answer = line.getresponse()
        assert (answer.status, json.load(answer)["status"]) == (200, "ok")
    finally:
        line.close()
    return time.monotonic() - begun


def closed_within(held: list[socket.socket], seconds: float) -> int:
    """How many of them the server has closed by then."""
    deadline, closed = time.monotonic() + seconds, 0
    for one in held:
        one.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            while one.recv(4096):
                pass
            closed += 1
        except ConnectionResetError:
            closed += 1
        except TimeoutError:
            continue
    return closed


def test_half_requests_stop_nobody_and_are_closed(portal: Portal) -> None:
    body = b"POST /signin HTTP/1.1\r\nHost: hub\r\nContent-Length: 40\r\n\r\nnumber=2"
    # The least that a parser could take for the end of a head.
    ends = b"\r\n\r\nG"
    with (
        sockets(portal, 32, "127.0.0.2") as starts,
        sockets(portal, 8, "127.0.0.3") as bodies,
        sockets(portal, 16, "127.0.0.4") as tricks,
    ):
        for group, sent in ((starts, b"G"), (bodies, body), (tricks, ends)):
            for one in group:
                one.sendall(sent)
        time.sleep(0.5)
        assert max(health(portal) for _ in range(5)) < 2
        # The address itself may still ask, too.
        assert health(portal, "127.0.0.2") < 2
        # A byte now and then gives no more time.
        for one in starts:
            one.sendall(b"E")
        assert closed_within(starts + bodies + tricks, worker.DELIVER_SECONDS + 4) == 56
    assert health(portal) < 2


def test_a_slow_request_is_answered_when_it_is_whole(portal: Portal) -> None:
    with sockets(portal, 1, "127.0.0.2") as (one,):
        for byte in HEAD:
            one.sendall(bytes([byte]))
            time.sleep(0.01)
        assert one.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_together_are_answered_one_after_another(portal: Portal) -> None:
    with sockets(portal, 1, "127.0.0.2") as (one,):
        one.sendall(HEAD + HEAD + b"\r\n" + HEAD[:20])
        time.sleep(0.3)
        one.sendall(HEAD[20:])
        got, deadline = b"", time.monotonic() + 20
        while got.count(b"HTTP/1.1 200 ") < 3 and time.monotonic() < deadline:
            got += one.recv(4096)
    assert got.count(b"HTTP/1.1 200 ") == 3


def test_an_address_has_some_connections_and_no_more(portal: Portal) -> None:
    with (
        sockets(portal, worker.OPEN_AT_ONCE, "127.0.0.5") as first,
        sockets(portal, 10, "127.0.0.5") as more,
    ):
        assert closed_within(more, 3) == 10
        assert health(portal) < 2
        first[0].sendall(HEAD)
        assert first[0].recv(4096).startswith(b"HTTP/1.1 200 ")
    time.sleep(0.2)
    assert health(portal, "127.0.0.5") < 2  # closing them has given the places back


def test_who_asks_and_does_not_read_stops_nobody(portal: Portal) -> None:
    page = b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"
    with sockets(portal, 32, "127.0.0.6") as held:
        for one in held:
            one.sendall(page)
        assert max(health(portal) for _ in range(5)) < 4
        for one in held:
            one.recv(4096)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 40_000, b"431"),
        (b"POST /signin HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", b"411"),
        (b"POST /signin HTTP/1.1\r\nHost: hub\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nHost: hub\r\nContent-Length: -1\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_much_is_refused_at_once(portal: Portal, request_: bytes, status: bytes) -> None:
    with sockets(portal, 1, "127.0.0.7") as (one,):
        one.sendall(request_)
        assert one.recv(4096)[9:12] == status


def test_a_form_in_two_parts_arrives_whole(portal: Portal) -> None:
    with sockets(portal, 1, "127.0.0.8") as (one,):
        one.sendall(b"POST /signin HTTP/1.1\r\nHost: hub\r\nContent-Length: 8\r\n\r\n")
        time.sleep(0.3)
        one.sendall(b"number=2")
        # Without the page's token it is stale: the app has read the form and says so.
        assert one.recv(4096).startswith(b"HTTP/1.1 4")
