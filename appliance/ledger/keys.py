"""Keys: made, sealed, certified, opened for a moment.

* The *hub root* and the *community root* live on paper. From a hub's root paper everything a
  hub cannot lose is derived: the root key pair, the pepper, the backup key.
* The *signing key* of one incarnation of a hub lies on the box, certified by the root.
* A *member's key* is made at the hub and sealed under the member's PIN and the pepper:
  XChaCha20-Poly1305 under BLAKE2b(Argon2id(PIN, salt), key=pepper). Argon2id's cost is kept
  with each sealed key (RFC 9106), so that a later board can use another. Neither a stolen
  card without the pepper, nor the pepper without the PIN, opens it.

A PIN has few digits: what protects it is the pepper, and that wrong PINs are counted on disk
(``people.pins``).
"""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Final, Protocol

from nacl import pwhash
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import PrivateKey
from nacl.secret import Aead
from nacl.signing import SigningKey, VerifyKey

from appliance.ledger import codec
from appliance.ledger.errors import BadPaper, BadSignature
from appliance.ledger.lane import THE_LANE

SUITE_ED25519: Final = 1
"""Suite id in every entry and frame: Ed25519 (RFC 8032) by libsodium."""

SEED_BYTES: Final = 32
SALT_BYTES: Final = pwhash.argon2id.SALTBYTES

_LETTERS: Final = 56  # of a root paper: 32 bytes and 3 of check, in base 32
_LONGEST: Final = 2_000  # far more than 24 words
_SCANNED: Final = "TCH:ROOT:"
_MISREAD: Final = str.maketrans({"0": "O", "1": "I", "8": "B"} | dict.fromkeys("-.,;", None))
"""Digits that a paper has not, for the letters they look like; and signs between the groups."""


@dataclass(frozen=True, slots=True)
class KdfCost:
    """Argon2id's cost: passes, and memory in bytes. One lane."""

    passes: int = 3
    memory: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.passes < pwhash.argon2id.OPSLIMIT_MIN or self.memory < pwhash.argon2id.MEMLIMIT_MIN:
            raise ValueError("cost below Argon2id's minimum")


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A member's secret seed under PIN and pepper, with what is needed to open it again."""

    public: bytes
    salt: bytes
    cost: KdfCost
    box: bytes


class Signer(Protocol):
    """Somebody whose key is open now."""

    @property
    def authority(self) -> str:
        """As written in the book: ``member:42``, ``newcomer``, ``hub:quorum``, ``root:founding``."""
        ...

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 over ``data``."""
        ...


class KeySigner:
    """A key pair, open in memory, that signs as ``authority``. ``close`` forgets it."""

    def __init__(self, authority: str, seed: bytes) -> None:
        self.authority = authority
        self._key: SigningKey | None = SigningKey(seed)
        self.public = bytes(self._key.verify_key)

    def sign(self, data: bytes) -> bytes:
        if self._key is None:
            raise RuntimeError("the key has been closed")
        return self._key.sign(data).signature

    def copy(self) -> "KeySigner":
        """The same key, to be closed on its own."""
        if self._key is None:
            raise RuntimeError("the key has been closed")
        other = object.__new__(KeySigner)
        other.authority, other._key, other.public = self.authority, self._key, self.public
        return other

    def seed(self) -> bytes:
        """The secret, for sealing it under another PIN."""
        if self._key is None:
            raise RuntimeError("the key has been closed")
        return bytes(self._key)

    def close(self) -> None:
        """Forget the key. Python may keep copies of the bytes until their memory is reused."""
        self._key = None


def member_authority(number: int) -> str:
    """The authority of a member's key, as written in the book."""
    return f"member:{number}"


def new_seed() -> bytes:
    """A fresh secret seed from the operating system."""
    return secrets.token_bytes(SEED_BYTES)


def public_of(seed: bytes) -> bytes:
    """The 32-byte public key of ``seed``."""
    return bytes(SigningKey(seed).verify_key)


def check(public: bytes, data: bytes, signature: bytes) -> None:
    """Return when ``signature`` is ``public``'s over ``data``.

    Raises:
        BadSignature: it is not, or key or signature are not of their length.
    """
    try:
        VerifyKey(public).verify(data, signature)
    except (BadSignatureError, ValueError, TypeError, CryptoError) as error:
        raise BadSignature("signature does not fit") from error


def _sealing_key(pin: str, pepper: bytes, salt: bytes, cost: KdfCost) -> bytes:
    # A PIN of digits is plain ASCII; what else was typed must only be wrong, never an error.
    typed = pin.encode("utf-8", "surrogatepass")
    with THE_LANE.aside():
        stretched = pwhash.argon2id.kdf(SEED_BYTES, typed, salt, opslimit=cost.passes, memlimit=cost.memory)
    return codec.digest("tch.seal.1", stretched, key=pepper)


def seal(seed: bytes, pin: str, pepper: bytes, cost: KdfCost) -> SealedKey:
    """Seal ``seed``. Takes as long as Argon2id at ``cost`` does; call it outside any transaction."""
    salt = secrets.token_bytes(SALT_BYTES)
    public = public_of(seed)
    box = Aead(_sealing_key(pin, pepper, salt, cost)).encrypt(seed, aad=public)
    return SealedKey(public, salt, cost, bytes(box))


def unseal(sealed: SealedKey, pin: str, pepper: bytes) -> bytes | None:
    """The seed, or None when the PIN (or the pepper) is not the one it was sealed with."""
    try:
        seed = Aead(_sealing_key(pin, pepper, sealed.salt, sealed.cost)).decrypt(
            sealed.box, aad=sealed.public
        )
    except CryptoError:
        return None
    return seed if public_of(seed) == sealed.public else None


SHEET_BYTES: Final = 15
"""Of a sheet's secret: 120 bits, which nobody tries out, so that it needs no stretching."""


def seal_for_sheet(seed: bytes, secret: bytes, pepper: bytes) -> bytes:
    """``seed`` sealed under a sheet's ``secret`` (``SHEET_BYTES``) and the pepper: XChaCha20-Poly1305."""
    return bytes(Aead(_sheet_key(secret, pepper)).encrypt(seed, aad=public_of(seed)))


def unseal_with_sheet(box: bytes, public: bytes, secret: bytes, pepper: bytes) -> bytes | None:
    """The seed, or None when it is another sheet's secret."""
    try:
        seed = Aead(_sheet_key(secret, pepper)).decrypt(box, aad=public)
    except CryptoError:
        return None
    return seed if public_of(seed) == public else None


def _sheet_key(secret: bytes, pepper: bytes) -> bytes:
    return codec.digest("tch.seal.sheet", secret, key=pepper)


@dataclass(frozen=True, slots=True)
class RootPaper:
    """A root secret, and what a hub derives from it. Its ``repr`` does not tell it."""

    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> "RootPaper":
        """A new root, from the operating system's randomness."""
        return cls(new_seed())

    @property
    def seed(self) -> bytes:
        """Seed of the root's Ed25519 key pair."""
        return codec.digest("tch.root.sign", self.secret)

    @property
    def public(self) -> bytes:
        return public_of(self.seed)

    @property
    def pepper(self) -> bytes:
        return codec.digest("tch.root.pepper", self.secret)

    @property
    def box_secret(self) -> bytes:
        """Seed of the hub's X25519 key (``sealing.BoxKey``)."""
        return codec.digest("tch.root.box", self.secret)

    @property
    def backup_secret(self) -> bytes:
        """Secret half of the X25519 key that this hub's backups are sealed for; on no box."""
        return codec.digest("tch.root.backup", self.secret)

    @property
    def backup_public(self) -> bytes:
        """Its public half: the box keeps it, seals with it, and can open nothing by it."""
        return bytes(PrivateKey(self.backup_secret).public_key)

    @property
    def group_key(self) -> bytes:
        """Out of a community's root: the key that all its hubs share."""
        return codec.digest("tch.root.group", self.secret)

    def text(self) -> str:
        """As printed: 14 groups of four letters and digits (base 32), the last four a check."""
        body = self.secret + codec.digest("tch.paper.check", self.secret)[:3]
        letters = base64.b32encode(body).decode("ascii")
        return " ".join(letters[i : i + 4] for i in range(0, len(letters), 4))

    def words(self, language: str = "en") -> tuple[str, ...]:
        """As printed: 24 words, the last with a check; of another language the English ones when it has none."""
        from appliance.ledger import paperwords

        return paperwords.to_words(self.secret, language)

    def scanned(self) -> str:
        """What the paper's QR code says: capitals and digits alone, which keeps the code small."""
        return _SCANNED + self.text().replace(" ", "")

    @classmethod
    def parse(cls, text: str) -> "RootPaper":
        """Read what is on the paper: its letters, its words in any language, or what its QR code says.

        Spaces, line ends and letter case do not matter, nor do accents.

        Raises:
            BadPaper: mistyped, cut off, or not a root paper; the text says which word or group is wrong,
                when that can be seen.
        """
        letters = letters_of(text)
        if len(letters) != _LETTERS and len(text) <= _LONGEST:
            from appliance.ledger import paperwords  # lists of words, which nothing else needs

            if paperwords.look_like(text):
                return cls(paperwords.from_words(text))
        paper = cls.of_letters(letters)
        if paper is None:
            from appliance.ledger import papermend

            raise BadPaper(papermend.said_of_letters(letters))
        return paper

    @classmethod
    def of_letters(cls, letters: str) -> "RootPaper | None":
        """The paper of 56 letters and digits without spaces; None when their check does not fit."""
        try:
            body = base64.b32decode(letters)
        except ValueError:
            return None
        paper = cls(body[:SEED_BYTES])
        fits = len(body) == SEED_BYTES + 3 and paper.text().replace(" ", "") == letters
        return paper if fits else None


def letters_of(text: str) -> str:
    """Capitals without spaces or signs, as a paper's letters are, out of what was typed or scanned."""
    return "".join(text.split()).upper().removeprefix(_SCANNED).translate(_MISREAD)


def community_id(community_key: bytes) -> bytes:
    """16 bytes that name a community: the head of its root key's digest."""
    return codec.digest("tch.community", community_key)[:16]


@dataclass(frozen=True, slots=True)
class Certificate:
    """The root's word that a signing key belongs to one incarnation of a hub.

    ``closed_number`` and ``closed_head`` say where the incarnation before ended (0 and zeros
    for the first).
    """

    community: bytes
    hub: int
    incarnation: int
    signing_key: bytes
    closed_number: int = 0
    closed_head: bytes = bytes(codec.DIGEST_BYTES)

    def form(self) -> bytes:
        """The bytes that the root signs."""
        return codec.signed_form(
            "tch/certificate/1",
            [
                self.community,
                self.hub,
                self.incarnation,
                self.signing_key,
                self.closed_number,
                self.closed_head,
            ],
        )
