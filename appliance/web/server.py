"""Serving the portal: one process, threads, gunicorn inside.

One worker, because the open keys are in its memory and the book's writers queue in it; sixteen
threads, because phones are slow to read and a PIN takes a second to check; no thread waits for
a request that is not whole (``web.worker``). The app is made in the worker, after the fork: a
database connection must not cross one.
"""

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from appliance.ledger import authority, start
from appliance.ledger.book import room, startup
from appliance.ledger.errors import BookDamaged, CannotWrite, HubError
from appliance.ledger.hub import Hub
from appliance.ledger.tend import tend
from appliance.web.app import create_app
from appliance.web.desk import backups as desk_backups
from appliance.web.ground import qr
from appliance.web.market.finding import keep_matching, keep_up
from appliance.web.serving import closed_book, tls
from appliance.web.serving.worker import PatientWorker

_log = logging.getLogger(__name__)

THREADS: Final = 16
_STOP_SECONDS: Final = 10
"""How long answers under way may take to finish when the server is told to stop."""


More = Callable[[Flask], None]
"""What is added to the app before it serves."""


class PortNotFree(HubError, OSError):
    """The address cannot be listened on: another program has it, or it is not ours to use."""


class BadAddress(HubError, ValueError):
    """What should be the portal's address for phones is none."""


class _Server(BaseApplication):
    def __init__(
        self, data: Path, host: str, port: int, address: str | None, more: More | None, door: tls.Door | None
    ) -> None:
        self.data = data
        self.door = door
        self._host, self._port, self._address = host, port, address
        self._more = more
        super().__init__()

    def load_config(self) -> None:
        """Set what this server is; nothing is read from files, environment or command line."""
        bracketed = f"[{self._host}]" if ":" in self._host else self._host
        values: dict[str, Any] = {
            "bind": [f"{bracketed}:{port}" for port in (self._port, self.door and self.door.port) if port],
            "proc_name": "technocommune-hub",
            "workers": 1,
            "worker_class": PatientWorker,
            "threads": THREADS,
            "worker_connections": 400,
            "timeout": 120,
            "graceful_timeout": _STOP_SECONDS,
            "keepalive": 5,
            "loglevel": "warning",
            "accesslog": None,
            # Nothing stands in front of us: no header may say who asks or how.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "control_socket_disable": True,
            "post_worker_init": _begin,
            "worker_exit": _close_hub,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
        try:
            app = create_app(self.data, ADDRESS=self._address, HTTPS=self.door and self.door.address)
        except BookDamaged as damage:
            return _unreadable(self.data, damage)
        except CannotWrite as error:
            return _unwritable(error)
        hub = app.extensions["hub"]
        start.begin(hub, "portal", serving=True)
        _reserve(hub)
        if self._more is not None:
            self._more(app)
        if self.door is not None:
            setattr(app, "wsgi_app", tls.scheme(app.wsgi_app))  # noqa: B010 - Flask's documented way, which mypy takes for a method
        return app


def _unreadable(data: Path, damage: BookDamaged) -> Flask:
    """What is served when the book cannot be opened at all: a page that says so, and what to do."""
    copy = start.keep_aside(data)
    _log.error("start=unreadable reason=%s kept=%s next=%s", damage, copy or "no", start.NEXT_STEP)
    return closed_book.create_app()


def _unwritable(error: CannotWrite) -> Flask:
    """What is served when the card lets nobody open the book now: a page that says so. It is tried again (``_try_again``)."""
    _log.error("start=card_refuses reason=%s", error)
    app = closed_book.create_app(closed_book.CARD)
    app.extensions["tries_again"] = True
    return app


_TRY_SECONDS: Final = 30


def _try_again(data: Path) -> None:
    """Until the book can be opened; then let this worker end: the next one, which gunicorn starts, serves it."""
    waits = threading.Event()
    while not waits.wait(_TRY_SECONDS):
        try:
            Hub.open(data).close()
        except CannotWrite:
            continue
        except HubError as error:
            _log.error("start=failed reason=%s", error)
        os.kill(os.getpid(), signal.SIGTERM)
        return


TEND_SECONDS: Final = 60
"""How often the portal looks for what falls due."""


def _begin(worker: Any) -> None:
    """The worker is up: say so, and let what falls due be done from now on."""
    worker.door = worker.app.door
    if worker.door is not None:
        found = worker.wsgi.extensions.get("hub")
        worker.door.tend(worker.app.data, None if found is None else found.clock.now().ms)
    _say_where(worker)
    # What is there now stays: the collector need not walk through it in the middle of somebody's page.
    gc.collect()
    gc.freeze()
    app = worker.wsgi
    if "tries_again" in app.extensions:
        threading.Thread(target=_try_again, args=(worker.app.data,), name="again", daemon=True).start()
    if "hub" not in app.extensions:
        return
    ended = app.extensions["tending_ends"] = threading.Event()
    begun_in_doubt = app.extensions["hub"].store.in_doubt
    watching = (app.extensions["hub"], ended, _AGAIN_SECONDS if begun_in_doubt else 0)
    threading.Thread(target=_leave_in_doubt, args=watching, name="doubt", daemon=True).start()
    tending = (app.extensions["hub"], ended, worker.door)
    threading.Thread(target=_tend, args=tending, name="tend", daemon=True).start()
    backing = (app.extensions["backups"], ended)
    threading.Thread(target=desk_backups.tend, args=backing, name="backups", daemon=True).start()


_DOUBT_SECONDS: Final = 2
_AGAIN_SECONDS: Final = 600
"""How long a portal stays up that was started while the book was in doubt: another process did not leave then."""


def _leave_in_doubt(hub: Hub, ended: threading.Event, first: float) -> None:
    """Let this worker end once the book is in doubt (``book.presence``); the next one, which gunicorn starts, makes it sure."""
    if ended.wait(first):
        return
    while not ended.wait(_DOUBT_SECONDS):
        if hub.store.in_doubt:
            _log.warning("portal=starts_again reason=book_in_doubt")
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _reserve(hub: Hub) -> None:
    try:
        room.tend(hub.data, hub.store.path)
    except HubError as error:
        _log.error("reserve=failed reason=%s", error)


def _tend(hub: Hub, ended: threading.Event, door: tls.Door | None) -> None:
    """Do what is due, every minute, until ``ended``. What cannot be written now is due again then."""
    while not ended.wait(TEND_SECONDS):
        _reserve(hub)
        try:
            hub.clock.look()
            tend(hub)
            keep_up(hub)
            keep_matching(hub)
            if door is not None:
                door.tend(hub.data, hub.clock.now().ms)
        except HubError as error:
            _log.error("tend=failed reason=%s", error)


def _say_where(worker: Any) -> None:
    """One line when the book is open and pages are answered: it may take seconds on a small board."""
    for listener in worker.sockets:
        host, port = listener.getsockname()[:2]
        if worker.door is not None and port == worker.door.port:
            if worker.door.context is not None:
                click.echo(f"With the hub's own authority: {worker.door.address}/")
            continue
        if host in {"0.0.0.0", "::"}:  # noqa: S104 - said, not listened on
            where = f"http://localhost:{port}/ and every other address of this box"
        else:
            where = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        click.echo(f"The portal listens on {where}")


def _close_hub(_server: Any, worker: Any) -> None:
    """Close the database when the worker ends, so that its log is folded in."""
    app = getattr(worker, "wsgi", None)
    if isinstance(app, Flask) and "hub" in app.extensions:
        if "tending_ends" in app.extensions:
            app.extensions["tending_ends"].set()
        hub = app.extensions["hub"]
        try:
            if not hub.store.closed:
                startup.stopped_cleanly(hub.store, "portal")
        except HubError as error:
            _log.error("stop=not_noted reason=%s", error)
        hub.close()


def serve(
    data: Path,
    host: str,
    port: int,
    address: str | None = None,
    more: More | None = None,
    https: int | None = None,
) -> None:
    """Serve the hub in ``data`` on ``host:port`` until told to stop (Ctrl-C or SIGTERM).

    Prints one line with the address when it is ready. Answers under way are finished before it ends.

    Args:
        address: where phones find it; QR codes lead there. By default to where the reader's own
            browser is, which for a card that is printed at the hub's own screen is no use to a phone.
        https: the port on which the same is served by TLS, under the host name of ``address``, with a certificate of
            the hub's own authority (``ledger.authority``), which is made on first use.
        more: called with the app when it is made, in the worker: the bench adds the pages that it compares with.

    Raises:
        BadAddress: ``address`` is none, or it lacks and there must be one for ``https``; nothing was started.
        OtherName: the authority is for another name than ``address`` has; nothing was started.
        PortNotFree: something else listens there; nothing was started.
        DataDirectoryError: the hub cannot be opened. A damaged book or a card that
            refuses is no such reason: pages say so then.
    """
    found = None if address is None else base_address(address)
    try:
        Hub.open(data).close()
    except (BookDamaged, CannotWrite):
        _log.error("start=unreadable")  # the worker says so in pages: ending here would only be started again
    door = None if https is None else _door(data, port, found, https)
    check_port(host, port)
    if door is not None:
        check_port(host, door.port)
    _Server(data, host, port, found, more, door).run()


def _door(data: Path, port: int, address: str | None, https: int) -> tls.Door:
    if address is None:
        raise BadAddress(
            "https is for a name: say where phones find the portal, with --address http://river.hub.internal"
        )
    if https == port:
        raise PortNotFree(f"http and https cannot both be on port {port}")
    door = tls.Door(https, address)
    authority.check(data, door.name)
    return door


def base_address(text: str) -> str:
    """``http://name`` or ``http://name:port`` as it is, without a slash at the end.

    Raises:
        BadAddress: it is something else, or too long for the codes on cards and claims.
    """
    try:
        parts = urlsplit(text.strip())
        good = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and parts.path in ("", "/")
            and parts.port != 0
        )
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username:
        raise BadAddress(
            f"{text!r} is no address such as http://river.hub.internal or http://192.168.4.1:8080"
        )
    base = f"{parts.scheme}://{parts.netloc}"
    if not qr.fits((base + qr.LONGEST_PATH).upper()):
        raise BadAddress(
            f"{base!r} is too long: cards and claims would have codes that old cameras do not read. "
            "Give the hub a shorter name (of letters, digits, dots and hyphens: 49 characters with http:// and port)"
        )
    return base


def check_port(host: str, port: int) -> None:
    """Return when ``host:port`` can be listened on now.

    Raises:
        PortNotFree: it cannot.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PortNotFree(
            f"cannot listen on {host}:{port}: {reason}. Is the hub running already? Another port: --port 8090"
        ) from error
