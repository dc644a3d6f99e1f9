"""On the air: what a phone with script does so that a listener gets no PIN and moves nothing.

The way from phones to the hub is plain http: private certificates are refused by phones, and
without one a page has no WebCrypto. So ``static/air.js``, with the primitives of a kept library,

* seals the PINs of a form for a key of the hub, and with it a key
  that the phone has just made (X25519, XSalsa20-Poly1305: libsodium's ``crypto_box`` from a key
  pair that is used once). Of a sign-in this is the sign-in's key from then on; it never crosses the air
  in the open, the phone keeps it until *Leave*;
* gives every form that changes something a MAC under that key (HMAC-SHA-512, 32 bytes of it) over
  a challenge, the method, the path and all fields.

A sign-in that was opened so takes nothing without a MAC any more, as long as it lasts. Challenges are the
hub's, good once and for two minutes; so what is recorded and sent again does nothing, from whichever
tab it came, without a counter that would have to be kept on the card. The key that boxes are sealed for is in
this process's memory only and another one each hour: who later gets the box cannot open what was recorded.

Who changes pages in flight can leave the script out: that is beyond http (``docs/decisions/0040``).
"""

import hmac
import json
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from flask import Blueprint, Flask, current_app, g, jsonify, request
from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from appliance.ledger import codec
from appliance.ledger.clock import Clock
from appliance.web.ground.secure import at_own_screen
from appliance.web.ground.session import this_session

bp = Blueprint("air", __name__)

LIBRARY: Final = Path(__file__).parents[1] / "static" / "nacl.min.js"
"""What ``make install`` brings (``scripts/browser``). Without it phones sign in as without script."""

KEY_BYTES: Final = 32
GOOD_MS: Final = 120_000
"""How long a challenge may be used. The script asks for one when a form is sent."""

BOX_HOURS: Final = 1
"""How long boxes are sealed for one key; the key before it opens for ``GOOD_MS`` longer."""

MOST_USED: Final = 20_000
"""So many challenges that were used are remembered; further ones wait until some are too old."""

_PARTS: Final = ("air_mac", "air_challenge", "air_box")
_CHANGE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OPENS: Final = frozenset({"join.sign_in_now", "join.join_now"})
"""Endpoints by which somebody comes in: they begin a sign-in and rest on none."""

_LEAVE: Final = "join.leave"


class NotSealed(Forbidden):
    """A form that changes something came without the MAC that this sign-in asks for. Nothing was done."""


class UsedUp(Forbidden):
    """The form's challenge has been used, or is too old, or its box is for a key that is gone. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a box: the key that the phone made, and fields by name."""

    key: bytes
    fields: dict[str, str]


class Air:
    """The hub's side: the key that boxes are sealed for, and challenges. Threads may share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._secret = secrets.token_bytes(KEY_BYTES)
        self._key, self._made_ms = PrivateKey.generate(), self._now()
        self._before: PrivateKey | None = None
        self._used: dict[bytes, int] = {}

    def _now(self) -> int:
        return self._clock.uptime().ms

    def public(self) -> bytes:
        """The 32-byte X25519 key to seal for now."""
        with self._lock:
            self._turn()
            return bytes(self._key.public_key)

    def _turn(self) -> None:
        now = self._now()
        if now - self._made_ms > BOX_HOURS * 3_600_000:
            self._before, self._key, self._made_ms = self._key, PrivateKey.generate(), now
        elif now - self._made_ms > GOOD_MS:
            self._before = None

    def challenge(self) -> str:
        """A new one, as letters: nothing is kept for it until it is used."""
        body = self._now().to_bytes(8, "big") + secrets.token_bytes(16)
        return (body + self._stamp(body)).hex()

    def _stamp(self, body: bytes) -> bytes:
        return codec.digest("tch.air.once", body, key=self._secret)[:16]

    def use(self, challenge: str) -> bool:
        """Whether ``challenge`` is ours, young enough and not used before; it is used now."""
        try:
            whole = bytes.fromhex(challenge)
        except ValueError:
            return False
        body, stamp = whole[:24], whole[24:]
        if not hmac.compare_digest(stamp, self._stamp(body)):
            return False
        made, now = int.from_bytes(body[:8], "big"), self._now()
        with self._lock:
            for old in [c for c, at in self._used.items() if now - at > GOOD_MS]:
                del self._used[old]
            if now - made > GOOD_MS or body in self._used or len(self._used) >= MOST_USED:
                return False
            self._used[body] = made
        return True

    def open(self, text: str) -> Opened | None:
        """What is in a box; None when it is none, or sealed for a key that is gone."""
        try:
            sealed = bytes.fromhex(text)
            whose = PublicKey(sealed[:32])
        except (ValueError, TypeError, CryptoError):
            return None
        with self._lock:
            self._turn()
            keys = [self._key] if self._before is None else [self._key, self._before]
        for key in keys:
            try:
                return _read(Box(key, whose).decrypt(sealed[56:], sealed[32:56]))
            except (CryptoError, ValueError, TypeError, KeyError, AttributeError, RuntimeError):
                continue
        return None


def _read(text: bytes) -> Opened:
    said = json.loads(text.decode("utf-8"))
    key, fields = bytes.fromhex(said["k"]), said["f"]
    if len(key) != KEY_BYTES or not all(isinstance(v, str) for v in fields.values()):
        raise ValueError("not what our script seals")
    for some in fields.items():
        "".join(some).encode("utf-8")  # half a character is none: nothing else on the way can bring one
    return Opened(key, {str(name): value for name, value in fields.items()})


def mac_of(key: bytes, method: str, path: str, fields: Iterable[tuple[str, str]]) -> str:
    """The MAC of a form, as 64 letters: what ``air.js`` sends as ``air_mac``.

    Args:
        path: with the query, as it was asked for.
        fields: all but ``air_mac``, those of one name together, as they were sent.
    """
    said = [f"{_plain(name)}={_plain(value)}" for name, value in fields]
    text = "\n".join(["tch.air.1", method, path, *said])
    return hmac.new(key, text.encode("utf-8"), "sha512").digest()[:32].hex()


def _plain(text: str) -> str:
    # Browsers send every line end as two signs, and scripts see one.
    return quote(text.replace("\r\n", "\n").replace("\r", "\n"), safe="!*'()")


def tag_of(key: bytes) -> str:
    """What a page says of a sign-in's key, so that the phone finds its own: 16 letters that tell nothing of it."""
    return hmac.new(key, b"tch.air.tag", "sha512").digest()[:8].hex()


def the_air() -> Air:
    """This portal's."""
    air: Air = current_app.extensions["air"]
    return air


def init_app(app: Flask, clock: Clock) -> None:
    """Guard ``app``; before the form tokens, which look at fields that may be in a box."""
    app.extensions["air"] = Air(clock)
    app.extensions["air_library"] = LIBRARY.is_file()
    app.jinja_env.globals.update(on_the_air=on_the_air, air_tag=air_tag, shared_phone=shared_phone)
    app.before_request(_guard)


def on_the_air() -> bool:
    """Whether this page goes to a phone, and the script with it: the hub's own screen is on no air."""
    return bool(current_app.extensions["air_library"]) and not at_own_screen()


def air_tag() -> str:
    """The tag of this sign-in's key; empty for a stranger, and for who signed in without script."""
    key = this_session().air_key
    return "" if key is None else tag_of(key)


def shared_phone() -> bool:
    """Whether the page goes to a phone of many, and so needs a big *Leave* wherever its reader stops."""
    return this_session().shared


def new_key() -> bytes | None:
    """The key that came sealed with this sign-in, which is the sign-in's own from now on."""
    key: bytes | None = g.get("air_new")
    return key


def unproven() -> bool:
    """Whether anybody who heard the cookie of a sealed sign-in could have sent this: it must end nothing at the hub."""
    return bool(g.get("air_unproven"))


@bp.get("/air")
def ask() -> Response:
    """What the script needs to send one form: the key to seal for, and a challenge. It needs no sign-in."""
    return jsonify(key=the_air().public().hex(), challenge=the_air().challenge())


def _guard() -> None:
    if request.method not in _CHANGE or not request.endpoint:
        return
    kept = this_session().air_key
    if "air_mac" not in request.form:
        if kept is None:
            return
        if request.endpoint not in {*_OPENS, _LEAVE}:
            raise NotSealed
        g.air_unproven = True
        return
    if request.files:
        raise NotSealed  # a MAC says nothing of them
    box = the_air().open(request.form.get("air_box", "")) if "air_box" in request.form else None
    if box is None and "air_box" in request.form:
        raise UsedUp
    opens = request.endpoint in _OPENS
    key = kept if kept is not None and not opens else box.key if box is not None else None
    if key is None or not hmac.compare_digest(_mac(key), request.form["air_mac"].encode("utf-8")):
        raise NotSealed
    if not the_air().use(request.form.get("air_challenge", "")):
        raise UsedUp
    if opens:
        g.air_new, g.air_unproven = key, kept is not None
    _put_in(box)


def _mac(key: bytes) -> bytes:
    parts = urlsplit(request.environ.get("RAW_URI") or request.full_path)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "air_mac"]
    return mac_of(key, request.method, path, fields).encode("ascii")


def _put_in(box: Opened | None) -> None:
    """From here on the form is as it would have come without script."""
    fields: list[tuple[str, Any]] = [f for f in request.form.items(multi=True) if f[0] not in _PARTS]
    if box is not None:
        fields = [f for f in fields if f[0] not in box.fields] + list(box.fields.items())
    request.form = ImmutableMultiDict(fields)
