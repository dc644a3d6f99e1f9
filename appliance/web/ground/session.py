"""Sessions on the hub's side.

The cookie holds a random token and nothing else; the table keeps the token's digest, so that a
stolen database signs nobody in. There is no time in the cookie and none is compared with the
wall: setting the clock logs nobody out. The cookie's name carries the hub's number, because to
a phone that walks between villages all hubs look like one site.

A session is read when a page first asks for it and written only when it has changed: reading
pages costs no write, and ``/health`` and the style sheet touch no table. A stranger's visit has
no row at all: the value behind the form tokens is derived from the cookie, and the language has
a plain cookie of its own. So nobody can fill the box by asking for pages.

A sign-in that was opened sealed has a key of its own, for the MACs of its forms (``web.air``). The table has it
under the cookie's token and the pepper: the database alone tells nobody.

On a phone that is not one's own a sign-in is *shared*: it ends after some idle minutes, reading included, and
the phone is none of the member's known ones.

A sign-in belongs to the sealed key whose PIN opened it. A new PIN and a new key seal anew, and
every sign-in from before is over at that moment, whatever was cut short or under way. It also
ends by itself: see ``_age``.
"""

import json
import logging
import secrets
from collections.abc import Iterator
from typing import Any, Final, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin
from nacl.exceptions import CryptoError
from nacl.secret import Aead
from werkzeug.http import dump_cookie

from appliance.ledger import codec
from appliance.ledger.book.local import Session
from appliance.ledger.book.private import SealedKeyRow
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Uptime
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.keys import member_authority
from appliance.ledger.reads.people import Person, person
from appliance.ledger.reads.visits import Visit, visit
from appliance.web.ground.here import keep_rules, the_hub, the_keys

_log = logging.getLogger(__name__)

_TOKEN_BYTES: Final = 32
_LONGEST_TOKEN: Final = 64
_HOUR_MS: Final = 3_600_000
SHARED_IDLE_MINUTES: Final = 10
"""How long a sign-in on somebody else's phone lasts without being used."""

_SHARED_WRITE_MS: Final = 60_000
_PARTS: Final = "/progress"
_BY_ITSELF: Final = b"again=1"
"""Ends of addresses that no tap asks for: ``care.js``, and pages that load themselves anew."""

_ANONYMOUS_HOURS: Final = 24
_SIGNED_IN_HOURS: Final = 30 * 24
_DEVICE_DAYS: Final = 400  # browsers keep no cookie for longer
_PRUNE_EVERY: Final = 64


def seal_of(tx: Tx, member: int) -> str:
    """What names the present seal of a member's key: another one after each new PIN or new key.

    Ask before the PIN is checked: who signs in while the PIN is being changed is out again.
    """
    row = tx.get(SealedKeyRow, member=member)
    return "" if row is None else _seal(bytes(row.salt))


def _seal(salt: bytes) -> str:
    return codec.digest("tch.session.seal", salt).hex()


def _age(row: Visit, used_ms: int, now: Uptime) -> int:
    """How long a sign-in has been in use, in milliseconds that the box was up.

    Within a boot time is counted exactly. How long the box was off nobody knows, so a new boot
    counts as an hour or as what it has lasted already: reboots do not prolong it for ever.
    """
    return used_ms + (now.ms - row.seen_ms if row.boot == now.boot else max(now.ms, _HOUR_MS))


class HubSession(SessionMixin):
    """What the hub remembers of one browser: who is signed in, and a few words by name."""

    def __init__(
        self, hub: Hub, token: str | None, device: str | None, language: str | None, unasked: bool = False
    ) -> None:
        self._hub = hub
        self._unasked = unasked
        self._token = token if token and len(token) <= _LONGEST_TOKEN else None
        self._device = device
        self._language = language
        self._row: dict[str, Any] | None = None
        self._member: int | None = None
        self._seal = ""
        self._used_ms = 0
        self._air = ""
        self._shared = False
        self._digested = ("", b"")
        self._who: Person | None = None
        self._stored = False
        self._ended: set[bytes] = set()
        self.modified = False
        self.accessed = False
        self.new_device = False
        self.new_language = False

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
            row = visit(tx, self._digest_of(self._token))
            if row is not None and row.member is not None:
                keep_rules(tx)  # what every page of somebody signed in needs, while we are reading
        if row is None:
            return {}
        kept, now = json.loads(row.data), self._hub.clock.uptime()
        used_ms = _age(row, int(kept.get("used_ms", 0)), now)
        seal = _seal(row.salt) if row.salt else ""
        idle_ms = now.ms - row.seen_ms if row.boot == now.boot else max(now.ms, _HOUR_MS)
        shared = bool(kept.get("shared"))
        over = used_ms > _SIGNED_IN_HOURS * _HOUR_MS or (shared and idle_ms > SHARED_IDLE_MINUTES * 60_000)
        if row.member is not None and (kept.get("seal") != seal or over):
            self._end()
            return {}
        self._member, self._who, self._seal, self._used_ms = row.member, row.who, seal, used_ms
        self._stored, self._shared, self._air = True, shared, kept.get("air", "")
        # So that it is known to be in use; at most once an hour, as every write costs a sync.
        # What a page asks for by itself is nobody's use: a phone of many that lies about must go idle.
        self.modified = not (shared and self._unasked) and (
            row.boot != now.boot or idle_ms > (_SHARED_WRITE_MS if shared else _HOUR_MS)
        )
        return cast("dict[str, Any]", kept.get("words", {}))

    def _end(self, here_only: bool = False) -> None:
        """This token and its open key are nobody's any more; the row goes when this is stored.

        ``here_only``: this browser forgets the token, and the hub ends nothing, as somebody else may have asked.
        """
        if not here_only:
            ended = self._digest_of(self.token)
            self._ended.add(ended)
            the_keys().drop(ended)
        self._air, self._shared = "", False
        self._token, self._stored, self._member, self._who = None, False, None, None
        self.modified = True

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
    def who(self) -> Person | None:
        """The member who is signed in, as read once a request and again after each act (``acted``)."""
        if self.member is not None and self._who is None:
            with self._hub.reading() as tx:
                self._who = person(tx, self._member or 0)
        return self._who

    def acted(self) -> None:
        """Something was done: who is signed in may be called or stand otherwise now."""
        self._who = None

    @property
    def digest(self) -> bytes:
        """What names this session in the table and on the key ring."""
        self._words()
        return self._digest_of(self.token)

    def _digest_of(self, token: str) -> bytes:
        if self._digested[0] != token:
            self._digested = (token, codec.digest("tch.session", token.encode("utf-8")))
        return self._digested[1]

    @property
    def form_token(self) -> str:
        """What the forms of this visit carry: who does not have the cookie cannot know it."""
        self._words()
        return codec.digest("tch.web.visit", self.token.encode("utf-8"), key=self._hub.pepper).hex()

    @property
    def token(self) -> str:
        """What the cookie carries; made when first needed."""
        if not self._token:
            self._token = secrets.token_urlsafe(_TOKEN_BYTES)
        return self._token

    @property
    def device(self) -> bytes:
        """What this browser has carried since its first visit, for counting wrong PINs."""
        if self.shared:
            return b""  # a phone of many is nobody's own
        if not self._device or len(self._device) > 64:
            self._device = secrets.token_urlsafe(16)
            self.new_device = True
        return self._device.encode("utf-8")

    @property
    def device_text(self) -> str:
        return self._device or ""

    @property
    def shared(self) -> bool:
        """Whether somebody is signed in who said that this phone is not their own."""
        self._words()
        return self._shared

    @property
    def air_key(self) -> bytes | None:
        """The key that forms of this sign-in carry a MAC of; None where it was not opened sealed."""
        self._words()
        if not self._air:
            return None
        try:
            return bytes(Aead(self._air_seal()).decrypt(bytes.fromhex(self._air)))
        except (CryptoError, ValueError):
            # Under another pepper or token it is no key, and then no form counts: who reads on signs in anew.
            return secrets.token_bytes(_TOKEN_BYTES)

    def _air_seal(self) -> bytes:
        return codec.digest("tch.session.air", self.token.encode("utf-8"), key=self._hub.pepper)

    @property
    def language(self) -> str | None:
        """The language that was chosen in this browser."""
        return self._language

    @language.setter
    def language(self, code: str) -> None:
        self._language = code
        self.new_language = True

    def sign_in(
        self,
        member: int,
        seal: str,
        air_key: bytes | None = None,
        shared: bool = False,
        unproven: bool = False,
    ) -> None:
        """This browser is now ``member``'s, under a fresh token that nobody else can have set.

        Args:
            seal: ``seal_of`` the member from before the PIN was checked.
            air_key: the key that came sealed with it, which every form has to prove from now on.
            shared: the phone is not the member's own.
            unproven: whoever was signed in here before stays so for the hub, as nothing proves who asks.
        """
        self._words()
        self._end(here_only=unproven)
        self._row = {}
        self._member, self._seal, self._used_ms, self._shared = member, seal, 0, shared
        if air_key is not None:
            self._air = bytes(Aead(self._air_seal()).encrypt(air_key)).hex()

    def renew(self, seal: str) -> None:
        """Go on under another seal: the one that this browser has just set."""
        self._words()
        self._seal = seal
        self.modified = True

    def sign_out(self, unproven: bool = False) -> None:
        """Nobody is signed in any more, and the open key is forgotten; ``unproven``: in this browser alone."""
        self._words()
        self._end(here_only=unproven)
        self._row = {}

    def store(self) -> None:
        """Write what has changed. Raises DataDirectoryError when the disk refuses."""
        now = self._hub.clock.uptime()
        with self._hub.store.write() as tx:
            for ended in self._ended:
                tx.delete(Session, Session.token == ended)
            kept = {"words": self._row, "seal": self._seal, "used_ms": self._used_ms}
            kept |= {"air": self._air} if self._air else {}
            kept |= {"shared": True} if self._shared else {}
            values = {"data": json.dumps(kept), "boot": now.boot, "seen_ms": now.ms}
            if self._stored:
                # Only while it is there: a sign-out in another tab must not be undone by this one.
                tx.update(Session, {"token": self.digest}, **values)
            elif self.worth_a_row:
                tx.insert(Session, token=self.digest, member=self._member, **values)
        if not self._stored and secrets.randbelow(_PRUNE_EVERY) == 0:
            prune(self._hub, now)

    @property
    def worth_a_row(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self._row) or self._member is not None

    @property
    def cookie(self) -> str | None:
        """The token when there is one: of a sign-in, or behind a stranger's forms."""
        return self._token or (self.token if self.worth_a_row else None)


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
        self.language_cookie = f"tch{hub.number}l"

    def open_session(self, app: Flask, request: Request) -> HubSession:  # noqa: ARG002 - Flask's signature
        names = (self.cookie, self.device_cookie, self.language_cookie)
        unasked = request.query_string == _BY_ITSELF or request.path.endswith(_PARTS)
        token, device, language = (request.cookies.get(_named(name)) for name in names)
        return HubSession(self._hub, token, device, language, unasked)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002 - Flask's signature
        assert isinstance(session, HubSession)
        if session.modified:
            try:
                session.store()
            except DataDirectoryError as error:
                # A full disk must not take reading away; the next form will say that it is stale.
                _log.error("session=not_kept reason=%s", error)
                return
        name, secure = _named(self.cookie), request.is_secure
        if session.accessed and session.cookie != request.cookies.get(name):
            if session.cookie:
                response.set_cookie(name, session.cookie, httponly=True, samesite="Lax", secure=secure)
            else:
                response.delete_cookie(name, httponly=True, samesite="Lax", secure=secure)
        if session.new_device:
            _keep_for_long(response, self.device_cookie, session.device_text)
        if session.new_language and session.language:
            _keep_for_long(response, self.language_cookie, session.language)


def _named(cookie: str) -> str:
    """The cookie's name at the address that the browser asks.

    Browsers give both addresses all cookies, and let http neither read nor replace one of https. With names apart,
    who signs in there signs in here too; ``__Host-`` makes browsers refuse what http says under that name (RFC 6265bis, 4.1.3.2).
    """
    return f"__Host-{cookie}" if request.is_secure else cookie


def _keep_for_long(response: Response, name: str, value: str) -> None:
    # No date beside the age: ours may be wrong by years.
    age = _DEVICE_DAYS * 86_400
    cookie = dump_cookie(
        _named(name),
        value,
        max_age=age,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
        sync_expires=False,
    )
    response.headers.add("Set-Cookie", cookie)


def this_session() -> HubSession:
    """The session of the browser that asks."""
    return cast("HubSession", session._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's documented way through its proxy


def end_sign_ins(member: int, keep: bytes | None = None) -> None:
    """Remove the sign-ins of ``member`` (but the session with the digest ``keep``) after a new PIN.

    They count no more already, as the seal is another one; this tidies, and forgets open keys.
    """
    hub = the_hub()
    with hub.store.write() as tx:
        mine = Session.member == member
        tx.delete(Session, mine if keep is None else mine & (Session.token != keep))
    the_keys().drop_all_of(member_authority(member))
