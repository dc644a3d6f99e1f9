"""A phone with script, as ``air.js`` is one: it seals PINs, and gives each form a MAC. Kept in step by the tests in Chromium."""

import json
import secrets
from dataclasses import dataclass, field

from nacl.public import Box, PrivateKey, PublicKey
from werkzeug.test import TestResponse

from appliance.web.ground import air
from tests.web.conftest import Browser

OPENING = ("/signin", "/join")


def boxed(hub: str, key: bytes, fields: dict[str, str]) -> str:
    """``fields`` and ``key``, sealed for the hub's key ``hub``."""
    pair, nonce = PrivateKey.generate(), secrets.token_bytes(24)
    said = json.dumps({"k": key.hex(), "f": fields}).encode()
    cipher = Box(pair, PublicKey(bytes.fromhex(hub))).encrypt(said, nonce).ciphertext
    return (bytes(pair.public_key) + nonce + cipher).hex()


@dataclass
class Sealed(Browser):
    """Fills in forms as ``Browser`` does, and sends them sealed. ``sent`` keeps what crossed the air."""

    key: bytes = b""
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def post(self, path: str, data: dict[str, str], **also: object) -> TestResponse:
        given = self.get("/air").json
        assert given is not None
        secret = {name: value for name, value in data.items() if name.startswith(("pin", "new"))}
        plain = {name: value for name, value in data.items() if name not in secret}
        opens = path in OPENING
        key = secrets.token_bytes(32) if opens or not self.key else self.key
        if opens or secret:
            plain["air_box"] = boxed(given["key"], key, secret)
        plain["air_challenge"] = given["challenge"]
        plain["air_mac"] = air.mac_of(key, "POST", path, plain.items())
        self.sent.append((path, plain))
        answer = super().post(path, plain, **also)
        if opens and answer.status_code == 302:
            self.key = key
        return answer

    def post_plain(self, path: str, data: dict[str, str], **also: object) -> TestResponse:
        """As who has the cookie alone, or whose script is off."""
        return super().post(path, data, **also)
