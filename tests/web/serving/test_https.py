"""The portal by https: its own process, real TLS clients that took the hub's authority, and some that play tricks."""

import contextlib
import http.client
import json
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import authority
from appliance.ledger.clock import Millis
from appliance.web import create_app
from appliance.web.serving import worker
from appliance.web.serving.tls import Door
from tests.support.portal import Portal
from tests.support.village import a_copied_village, make_village
from tests.web.serving.test_server_slow import closed_within

pytestmark = pytest.mark.slow

NAME = "river.hub.internal"
HEAD = b"GET /health HTTP/1.1\r\nHost: hub\r\n\r\n"
DAY = 24 * 60 * 60 * 1000


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    path = tmp_path_factory.mktemp("https")
    make_village(path / "river").hub.close()
    with Portal(path / "river", named=NAME) as running:
        yield running
    said = running.log.read_text("utf-8")
    assert "Traceback" not in said, said


def taken(portal: Portal) -> ssl.SSLContext:
    """What a phone trusts whose owner took the hub's authority, and nothing else."""
    found = authority.read(portal.data)
    assert found is not None
    return ssl.create_default_context(cadata=found.certificate)


def tcp(portal: Portal, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", portal.https_port), timeout=30, source_address=(source, 0))


@contextlib.contextmanager
def phone(portal: Portal, source: str = "127.0.0.1", name: str = NAME) -> Iterator[ssl.SSLSocket]:
    with tcp(portal, source) as plain, taken(portal).wrap_socket(plain, server_hostname=name) as sealed:
        yield sealed


def ask(sealed: ssl.SSLSocket, path: str, headers: str = "") -> http.client.HTTPResponse:
    sealed.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\n{headers}\r\n".encode("ascii"))
    answer = http.client.HTTPResponse(sealed)
    answer.begin()
    return answer


def health(portal: Portal) -> None:
    """Somebody else is served, by https and by http."""
    with phone(portal, "127.0.0.9") as sealed:
        answer = ask(sealed, "/health")
        assert (answer.status, json.load(answer)["status"]) == (200, "ok")
    line = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=20, source_address=("127.0.0.9", 0))
    line.request("GET", "/health")
    assert line.getresponse().status == 200
    line.close()


def test_who_took_the_authority_is_served_page_after_page(portal: Portal) -> None:
    with phone(portal) as sealed:
        for path in ("/health", "/signin", "/static/portal.css", "/health"):
            answer = ask(sealed, path)
            body = answer.read()
            assert answer.status == 200
            assert len(body) == int(answer.headers["Content-Length"])
        sealed.sendall(HEAD + HEAD + b"\r\n" + HEAD[:20])
        time.sleep(0.2)
        sealed.sendall(HEAD[20:])
        got = b""
        while got.count(b"HTTP/1.1 200 ") < 3 and (some := sealed.recv(65536)):
            got += some
        assert got.count(b"HTTP/1.1 200 ") == 3


def test_who_did_not_take_it_or_meant_another_hub_hangs_up(portal: Portal) -> None:
    with tcp(portal) as plain, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(plain, server_hostname=NAME)
    with tcp(portal) as plain, pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        taken(portal).wrap_socket(plain, server_hostname="hill.hub.internal")
    health(portal)


def test_cookies_of_the_two_addresses_are_apart(portal: Portal) -> None:
    """Or who has signed in by https could not sign in by http: browsers let it replace no secure cookie."""
    with phone(portal) as sealed:
        kept = ask(sealed, "/signin").headers.get_all("Set-Cookie") or []
    assert kept
    assert all(one.startswith("__Host-") and "; Secure" in one and "Domain" not in one for one in kept)
    line = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=20)
    # No header makes it https.
    line.request("GET", "/signin", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"})
    plain = line.getresponse().headers.get_all("Set-Cookie") or []
    line.close()
    assert plain
    assert not any("Secure" in one or "__Host-" in one for one in plain)


def test_who_sits_at_the_box_is_there_by_https_too_and_who_is_passed_on_is_not(portal: Portal) -> None:
    with phone(portal) as sealed:
        assert "free_mb" in json.load(ask(sealed, "/health"))["card"]
        assert "free_mb" not in json.load(ask(sealed, "/health", "Via: 1.1 air\r\n"))["card"]


def hello() -> bytes:
    """The first flight of a TLS client."""
    out = ssl.MemoryBIO()
    one = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        one.do_handshake()
    return out.read()


def test_handshakes_that_do_not_go_on_hold_nobody_and_are_closed(portal: Portal) -> None:
    whole = hello()
    with contextlib.ExitStack() as stack:
        held: list[socket.socket] = []
        # Nothing; a first byte; half a hello; a whole one, and then nothing; noise that begins as TLS does.
        for source, sent in enumerate((b"", whole[:1], whole[: len(whole) // 2], whole)):
            for _ in range(24):
                one = stack.enter_context(tcp(portal, f"127.0.1.{source + 2}"))
                one.sendall(sent)
                held.append(one)
        for _ in range(24):
            sealed = stack.enter_context(phone(portal, "127.0.1.9"))
            sealed.sendall(HEAD[:10])
            held.append(sealed)
        time.sleep(0.5)
        for _ in range(3):
            health(portal)
        assert closed_within(held, worker.DELIVER_SECONDS + 4) == len(held)
    with tcp(portal) as noise:
        noise.sendall(b"\x16\x03\x01\x00\x05hello, hub")
        noise.settimeout(20)
        assert not noise.recv(1024).startswith(b"HTTP")
    health(portal)


def test_a_handshake_that_comes_byte_by_byte_is_answered_when_it_is_whole(portal: Portal) -> None:
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = taken(portal).wrap_bio(into, out, server_hostname=NAME)
    with tcp(portal, "127.0.0.2") as line:
        for step in (one.do_handshake, lambda: one.write(HEAD), lambda: one.read(4096)):
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    said = step()
                    break
                for byte in out.read():
                    line.sendall(bytes([byte]))
                into.write(line.recv(4096))
            for byte in out.read():
                line.sendall(bytes([byte]))
    assert isinstance(said, bytes)
    assert said.startswith(b"HTTP/1.1 200 ")


def test_who_types_http_is_led_to_https(portal: Portal) -> None:
    with tcp(portal) as plain:
        plain.sendall(b"GET /signin HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        answer = http.client.HTTPResponse(plain)
        answer.begin()
        assert answer.status == 303
        assert answer.headers["Location"] == f"https://{NAME}:{portal.https_port}/"
    with tcp(portal) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nCookie: " + b"x" * 40_000)
        assert plain.recv(4096).startswith(b"HTTP/1.1 431 ")
    health(portal)


def test_a_body_that_stops_holds_no_thread_for_long(portal: Portal) -> None:
    """One too large for the app to read, and a file at the hub's own screen, which it reads while it comes."""
    with contextlib.ExitStack() as stack:
        held: list[socket.socket] = []
        for path in ("/signin", "/desk/files/in/listings"):
            head = f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            for _ in range(2):
                one = stack.enter_context(phone(portal, "127.0.0.7"))
                one.sendall(f"{head}Content-Length: 90000\r\n\r\n--x\r\n".encode("ascii"))
                held.append(one)
        health(portal)
        assert closed_within(held, worker.ANSWER_SECONDS / 2) == len(held)


def test_a_file_that_a_thread_reads_comes_whole_and_the_connection_goes_on(portal: Portal) -> None:
    body = b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\n" + b"a" * 300_000 + b"\r\n--x--\r\n"
    head = "POST /desk/files/in/listings HTTP/1.1\r\nHost: hub\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with phone(portal) as sealed:
        # The next requests are in the same record as the end of the file, more of them than a thread reads beyond it.
        sealed.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("ascii") + body + HEAD * 250)
        got = b""
        while got.count(b"HTTP/1.1 ") < 251 and (some := sealed.recv(65536)):
            got += some
        # Read, and refused without its form token; then the next one.
        assert got.startswith(b"HTTP/1.1 400 ")
        assert got.count(b"HTTP/1.1 200 ") == 250


def test_who_is_told_goodbye_knows_that_nothing_was_cut_off(portal: Portal) -> None:
    with (
        tcp(portal) as plain,
        taken(portal).wrap_socket(plain, server_hostname=NAME, suppress_ragged_eofs=False) as sealed,
    ):
        sealed.sendall(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        got = b""
        while some := sealed.recv(65536):  # an end without goodbye is an error here
            got += some
    assert got.startswith(b"HTTP/1.1 200 ")


def test_places_are_counted_by_the_phones_own_address(portal: Portal) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(worker.OPEN_AT_ONCE):
            stack.enter_context(tcp(portal, "127.0.0.5"))
        more = [stack.enter_context(tcp(portal, "127.0.0.5")) for _ in range(10)]
        assert closed_within(more, 3) == 10
        health(portal)


def test_the_page_tells_the_number_and_gives_the_file(portal: Portal) -> None:
    found = authority.read(portal.data)
    assert found is not None
    line = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=20)
    line.request("GET", "/https")
    text = line.getresponse().read().decode("utf-8")
    assert all(one in text for one in authority.in_groups(found.fingerprint))
    assert f"https://{NAME}:{portal.https_port}" in text
    assert "this number is the right one" in text  # at the hub's own screen
    line.request("GET", "/https", headers={"Via": "1.1 air"})
    assert "this number is the right one" not in line.getresponse().read().decode("utf-8")
    line.request("GET", "/https/hub.crt")
    answer = line.getresponse()
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
    assert answer.read() == found.der
    line.request("GET", "/signin")
    assert 'href="/https"' in line.getresponse().read().decode("utf-8")
    line.close()


def test_without_https_there_is_no_such_page_and_no_way_to_it(tmp_path: Path) -> None:
    with a_copied_village(tmp_path / "river") as river:
        client = create_app(river.hub).test_client()
        assert client.get("/https").status_code == 404
        assert client.get("/https/hub.crt").status_code == 404
        assert 'href="/https"' not in client.get("/signin").text
    assert not (tmp_path / "river" / "keys" / authority.AUTHORITY).exists()


def test_its_keys_are_for_the_box_alone_and_nowhere_in_the_log(portal: Portal) -> None:
    for name in (authority.AUTHORITY, authority.SHOWN):
        assert stat.S_IMODE((portal.data / "keys" / name).stat().st_mode) == 0o600
    said = portal.log.read_text("utf-8")
    assert f"With the hub's own authority: https://{NAME}:{portal.https_port}/\n" in said
    assert "PRIVATE" not in said


def test_a_portal_that_is_started_again_has_the_same_authority_and_stops_in_order(tmp_path: Path) -> None:
    make_village(tmp_path / "river").hub.close()
    running = Portal(tmp_path / "river", named=NAME)
    shown = []
    try:
        for _ in range(2):
            running.start()
            context = taken(running)
            with phone(running) as sealed:
                shown.append(sealed.getpeercert(binary_form=True))
                kept = tcp(running)  # and one that says nothing
                running.stop()
                kept.close()
            assert not (running.data / "ledger.db-wal").exists()
            # A new certificate, the same authority: the phone of before goes on.
            subprocess.run(
                [sys.executable, "-m", "appliance.cli", "https", "renew", "--data", str(running.data)],
                check=True,
            )
        running.start()
        with tcp(running) as plain, context.wrap_socket(plain, server_hostname=NAME) as sealed:
            shown.append(sealed.getpeercert(binary_form=True))
    finally:
        running.kill()
    assert len(set(shown)) == 3


def test_a_running_portal_takes_what_was_made_anew(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    now = Millis(1_800_000_000_000)
    door = Door(8443, f"http://{NAME}:8080")
    door.tend(tmp_path, now)
    first = door.context
    door.tend(tmp_path, Millis(now + 100 * DAY))
    assert door.context is first
    door.tend(tmp_path, Millis(now + 201 * DAY))
    assert door.context not in (None, first)
    # What cannot be read takes nothing away that was there.
    second = door.context
    (tmp_path / "keys" / authority.AUTHORITY).write_text("{}")
    door.tend(tmp_path, Millis(now + 900 * DAY))
    assert door.context is second


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--https", "8443"], "--address"),
        (["--https", "8443", "--address", "http://hill.hub.internal"], "hub https renew --authority"),
        (["--https", "8443", "--port", "8443", "--address", f"http://{NAME}"], "cannot both be"),
    ],
)
def test_what_cannot_be_is_one_line_and_no_server(portal: Portal, words: list[str], why: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "serve", "--data", str(portal.data), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert why in ended.stderr
    assert "Traceback" not in ended.stderr
