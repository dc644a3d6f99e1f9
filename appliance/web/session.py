"""Sessions on the hub's side.

The cookie holds a random token and nothing else; the table keeps the token's digest, so that a
stolen database signs nobody in. There is no time in the cookie and none is compared with the
wall: setting the clock logs nobody out. The cookie's name carries the hub's number, because to
a phone that walks between villages all hubs look like one site.

A session is read when a page first asks for it and written only when it has changed: reading
pages costs no write, and ``/health`` and the style sheet touch no table.
"""

import json
import logging
import secrets
from collections.abc import Iterator
from typing import Any, Final, cast

from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.http import dump_cookie

from appliance.ledger import codec
from appliance.ledger.book.local import Session
from appliance.ledger.clock import Uptime
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import member_authority
from appliance.web.here import the_hub, the_keys

_log = logging.getLogger(__name__)

_TOKEN_BYTES: Final = 32
_HOUR_MS: Final = 3_600_000
_ANONYMOUS_HOURS: Final = 24
_SIGNED_IN_HOURS: Final = 30 * 24
_DEVICE_DAYS: Final = 400  # browsers keep no cookie for longer
_PRUNE_EVERY: Final = 64

LANGUAGE: Final = "language"


def _digest(token: str) -> bytes:
    return codec.digest("tch.session", token.encode("utf-8"))


class HubSession(SessionMixin):
    """What the hub remembers of one browser: who is signed in, and a few words by name."""

    def __init__(self, hub: Hub, token: str | None, device: str | None) -> None:
        self._hub = hub
        self._token = token
        self._device = device
        self._row: dict[str, Any] | None = None
        self._member: int | None = None
        self._stored = False
        self._ended: set[bytes] = set()
        self.modified = False
        self.accessed = False
        self.new_device = False

    # -- what it remembers

    def _words(self) -> dict[str, Any]:
        self.accessed = True
        if self._row is None:
            self._row = self._load()
        return self._row

    def _load(self) -> dict[str, Any]:
        if not self._token:
            return {}
        with self._hub.reading() as tx:
            row = tx.get(Session, token=_digest(self._token))
        if row is None:
            self._token = None
            return {}
        self._member = row.member
        self._stored = True
        now = self._hub.clock.uptime()
        # So that pruning knows it is in use; at most once an hour, as every write costs a sync.
        self.modified = row.boot != now.boot or now.ms - row.seen_ms > _HOUR_MS
        return cast("dict[str, Any]", json.loads(row.data))

    def __getitem__(self, name: str) -> Any:
        return self._words()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._words()[name] = value
        self.modified = True

    def __delitem__(self, name: str) -> None:
        del self._words()[name]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self._words())

    def __len__(self) -> int:
        return len(self._words())

    # -- who it is

    @property
    def member(self) -> int | None:
        """The number of the member who is signed in."""
        self._words()
        return self._member

    @property
    def digest(self) -> bytes:
        """What names this session in the table and on the key ring."""
        self._words()
        return _digest(self.token)

    @property
    def token(self) -> str:
        """What the cookie carries; made when first needed."""
        if not self._token:
            self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        return self._token

    @property
    def device(self) -> bytes:
        """What this browser has carried since its first visit, for counting wrong PINs."""
        if not self._device or len(self._device) > 64:
            self._device = secrets.token_urlsafe(16)
            self.new_device = True
        return self._device.encode("utf-8")

    @property
    def device_text(self) -> str:
        return self.device.decode("utf-8")

    def sign_in(self, member: int) -> None:
        """This browser is now ``member``'s, under a fresh token that nobody else can have set.

        The visit of a stranger that it was before stays in the table for a day: a second tap
        on *Sign in* still carries its token.
        """
        words = self._words()
        if self._member is not None and self._stored:
            self._ended.add(self.digest)
        language = words.get(LANGUAGE)
        self._row = {} if language is None else {LANGUAGE: language}
        self._token, self._stored, self._member = None, False, member
        self.modified = True

    def sign_out(self) -> None:
        """Nobody is signed in any more; the browser's language stays."""
        words = self._words()
        if self._stored:
            self._ended.add(self.digest)
        self._row = {LANGUAGE: words[LANGUAGE]} if LANGUAGE in words else {}
        self._token, self._stored, self._member = None, False, None
        self.modified = True

    def store(self) -> None:
        """Write what has changed. Raises DataDirectoryError when the disk refuses."""
        now = self._hub.clock.uptime()
        with self._hub.store.write() as tx:
            for ended in self._ended:
                tx.delete(Session, Session.token == ended)
            values = {"data": json.dumps(self._row), "boot": now.boot, "seen_ms": now.ms}
            if self._stored:
                # Only while it is there: a sign-out in another tab must not be undone by this one.
                tx.update(Session, {"token": self.digest}, **values)
            elif self.worth_a_cookie:
                tx.insert(Session, token=self.digest, member=self._member, **values)
        if not self._stored and secrets.randbelow(_PRUNE_EVERY) == 0:
            prune(self._hub, now)

    @property
    def worth_a_cookie(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self._row) or self._member is not None


def prune(hub: Hub, now: Uptime) -> None:
    """Forget visits of strangers after a day, sign-ins after a month; counted since boot."""
    with hub.store.write() as tx:
        for hours, who in (
            (_ANONYMOUS_HOURS, Session.member.is_null()),
            (_SIGNED_IN_HOURS, Session.member.is_null(False)),
        ):
            oldest = now.ms - hours * _HOUR_MS
            # Rows of an earlier boot have an age that nobody knows: they get the whole time anew.
            old = (Session.boot == now.boot) & (Session.seen_ms < oldest)
            tx.delete(Session, who & (old | (Session.boot != now.boot)) if oldest > 0 else who & old)


class HubSessions(SessionInterface):
    """Flask's way to our sessions."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.cookie = f"tch{hub.number}"
        self.device_cookie = f"tch{hub.number}d"

    def open_session(self, app: Flask, request: Request) -> HubSession:  # noqa: ARG002 - Flask's signature
        return HubSession(
            self._hub, request.cookies.get(self.cookie), request.cookies.get(self.device_cookie)
        )

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002 - Flask's
        assert isinstance(session, HubSession)
        if session.modified:
            try:
                session.store()
            except DataDirectoryError as error:
                # A full disk must not take reading away; the next form will say that it is stale.
                _log.error("session=not_kept reason=%s", error)
                return
            if session.worth_a_cookie:
                response.set_cookie(self.cookie, session.token, httponly=True, samesite="Lax")
            else:
                response.delete_cookie(self.cookie, httponly=True, samesite="Lax")
        if session.new_device:
            # No date beside the age: ours may be wrong by years.
            cookie = dump_cookie(
                self.device_cookie,
                session.device_text,
                max_age=_DEVICE_DAYS * 86_400,
                httponly=True,
                samesite="Lax",
                sync_expires=False,
            )
            response.headers.add("Set-Cookie", cookie)


def this_session() -> HubSession:
    """The session of the browser that asks."""
    return cast("HubSession", session._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's documented way through its proxy


def end_sign_ins(member: int, keep: bytes | None = None) -> None:
    """End all sign-ins of ``member`` (but the session with the digest ``keep``): after a new PIN."""
    hub = the_hub()
    with hub.store.write() as tx:
        mine = Session.member == member
        tx.delete(Session, mine if keep is None else mine & (Session.token != keep))
    the_keys().drop_all_of(member_authority(member))
