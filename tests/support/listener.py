"""Somebody who listens: a proxy between phones and the portal that keeps every request and answer, word by word."""

import http.client
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

_OUR_OWN: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "via"})
"""Headers of one line of the way; the others go through as they are."""


@dataclass(frozen=True)
class Heard:
    """One request with its answer."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int
    answer: bytes
    answer_headers: tuple[tuple[str, str], ...]

    @property
    def cookie(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "cookie"), "")

    def everything(self) -> bytes:
        """All that was on the air, both ways."""
        head = "\n".join(f"{n}: {v}" for n, v in (*self.headers, *self.answer_headers))
        return f"{self.method} {self.path}\n{head}\n".encode() + self.body + b"\n" + self.answer


@dataclass(frozen=True)
class Said:
    """An answer to who asks by hand."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str


def say(port: int, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes = b"") -> Said:
    """Send this to the portal as it is, from somewhere on the air."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {n: v for n, v in headers if n.lower() not in _OUR_OWN}
        line.request(method, path, body or None, {**sent, "Via": "1.1 air"})
        answer = line.getresponse()
        return Said(answer.status, tuple(answer.getheaders()), answer.read().decode("utf-8", "replace"))
    finally:
        line.close()


class Listener:
    """Listens on ``port``; the portal is on ``behind``. ``Via`` tells it that nobody sits at the hub's own screen."""

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self.heard: list[Heard] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_words: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                listener._pass_on(self)

            def do_POST(self) -> None:
                listener._pass_on(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def _pass_on(self, one: BaseHTTPRequestHandler) -> None:
        body = one.rfile.read(int(one.headers.get("Content-Length", "0")))
        line = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=60)
        headers = tuple(one.headers.items())
        try:
            sent = {n: v for n, v in headers if n.lower() not in _OUR_OWN}
            line.request(one.command, one.path, body or None, {**sent, "Via": "1.1 air"})
            answer = line.getresponse()
            text = answer.read()
            said = tuple(answer.getheaders())
        finally:
            line.close()
        self.heard.append(Heard(one.command, one.path, headers, body, answer.status, text, said))
        one.send_response_only(answer.status)
        for name, value in said:
            if name.lower() not in {*_OUR_OWN, "content-length"}:
                one.send_header(name, value)
        one.send_header("Content-Length", str(len(text)))
        one.end_headers()
        one.wfile.write(text)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
