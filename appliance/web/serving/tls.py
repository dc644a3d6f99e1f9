"""TLS as the patient worker speaks it: a socket that a thread can use, and what comes to the https port by mistake.

The handshake is the main loop's (``web.worker``): whoever begins one and does not go on holds no thread.
"""

import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from appliance.ledger import authority, boxfile
from appliance.ledger.clock import Millis
from appliance.ledger.errors import HubError

_log = logging.getLogger(__name__)

HANDSHAKE: Final = b"\x16"
"""The first byte of whoever speaks TLS (RFC 8446, 5.1); no request begins with it."""

_READ_SECONDS: Final = 2.0
"""How long a thread waits for a byte, should gunicorn want more than the main loop gathered."""

WAITS: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""Not now. What is sent in a handshake fits into the send buffer whole, so that only reading is ever waited for."""


class TlsSocket(ssl.SSLSocket):
    """For one thread at a time; in a thread it fails as a plain socket would."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As a socket's; a thread waits some seconds at most."""
        before = self.gettimeout()
        if before == 0:
            return super().recv(buflen, flags)
        self.settimeout(_READ_SECONDS if before is None else min(before, _READ_SECONDS))
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLError, TimeoutError) as error:
            raise ConnectionResetError(errno.ECONNRESET, "nothing more came") from error
        finally:
            if self.fileno() >= 0:
                self.settimeout(before)

    def send(self, data: Any, flags: int = 0) -> int:
        """As a socket's: who is gone is a broken pipe."""
        try:
            return super().send(data, flags)
        except WAITS:
            raise
        except ssl.SSLError as error:
            raise BrokenPipeError(errno.EPIPE, "the other side is gone") from error

    def shutdown(self, how: int) -> None:
        """Shut the connection down below TLS. Python's own would go on in plain text with whoever still writes."""
        socket.socket.shutdown(self, how)

    def say_goodbye(self) -> None:
        """Say that no more comes, without waiting for the other side to say so too."""
        with contextlib.suppress(OSError, ValueError):
            self.unwrap()


class Door:
    """The https port.

    Attributes:
        address: what phones type, such as ``https://river.hub.internal:8443``.
        name: what the certificate is for.
        context: what is spoken there; None as long as nothing could be made: the door is shut then.
    """

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.name = authority.check_name(urlsplit(address).hostname or "")
        host = f"[{self.name}]" if ":" in self.name else self.name
        self.address = f"https://{host}" if port == 443 else f"https://{host}:{port}"
        self.context: ssl.SSLContext | None = None
        self._shown = b""

    def tend(self, data: Path, now: Millis | None) -> None:
        """Make what lacks or is old, and speak with what is there now. ``now`` None: nothing is made.

        What fails is logged: the portal goes on with http, and with what it had.
        """
        try:
            if now is not None:
                authority.made(data, self.name, now)
            shown = (data / boxfile.KEYS / authority.SHOWN).read_bytes()
            if shown != self._shown:
                fresh = authority.context(data)
                fresh.sslsocket_class = TlsSocket
                # One assignment: whoever comes in meanwhile is spoken to with the one before.
                self.context, self._shown = fresh, shown
        except (HubError, OSError, ValueError) as error:
            _log.error("https=%s reason=%s", "goes_on" if self.context else "shut", error)

    def lead_in(self) -> bytes:
        """The answer to a plain request at this door: where it leads, for who typed http."""
        return (
            f"HTTP/1.1 303 See Other\r\nLocation: {self.address}/\r\n"
            "Connection: close\r\nContent-Length: 0\r\n\r\n"
        ).encode("ascii")


def scheme(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """``app``, which is told what is true of the socket itself: whether the request came by TLS. No header says so."""

    def told(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if isinstance(environ.get("gunicorn.socket"), TlsSocket):
            environ["wsgi.url_scheme"] = "https"
        return app(environ, start_response)

    return told
