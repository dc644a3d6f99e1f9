"""Whose key must have signed an entry: followed along the book, for verifying it.

Root and signing key come from the founding entry; members' keys from *join* and
*replace_key*, each in force from its entry on and until the next.
"""

from appliance.ledger import keys
from appliance.ledger.book.chain import Entry, Place
from appliance.ledger.errors import BadSignature, BookDamaged

KINDS = ("found", "renew", "join", "replace_key", "turn_away", "leave", "close_member", "close_moved")
"""Entries that bring or end keys."""


class Keyring:
    """The public keys in force at one point of the book. Feed it the entries in order."""

    def __init__(self) -> None:
        self.place: Place | None = None
        self.root: bytes | None = None
        self._hub: bytes | None = None
        self._members: dict[int, bytes] = {}

    def check(self, entry: Entry, known: bool = False) -> None:
        """Check who signed ``entry``, then take in the keys it brings.

        Args:
            known: these bytes' signature was checked before, by a verification that was interrupted.

        Raises:
            BookDamaged: the signature is not that of the authority it names.
        """
        act = entry.act
        if act.kind == "found":
            self._found(entry)
        elif act.kind == "renew":
            self._renewed(entry)
        if act.place != self.place:
            raise BookDamaged("is of another community, hub or incarnation", entry.number)
        if not known:
            try:
                keys.check(self._key_for(entry) or b"", act.form(), entry.signature)
            except BadSignature as error:
                raise BookDamaged(f"is not signed by {act.authority}", entry.number) from error
        self._learn(entry)

    def _found(self, entry: Entry) -> None:
        act, payload = entry.act, entry.act.payload
        if entry.number != 1:
            raise BookDamaged("a second founding", entry.number)
        try:
            community, root = bytes(payload["community_key"]), bytes(payload["root_key"])
            signing, signature = bytes(payload["signing_key"]), bytes(payload["certificate"])
            certificate = keys.Certificate(
                keys.community_id(community), act.place.hub, int(payload["incarnation"]), signing
            )
            keys.check(root, certificate.form(), signature)
            named = Place(certificate.community, payload["community"]["hub"], certificate.incarnation)
        except (KeyError, TypeError, ValueError, BadSignature) as error:
            raise BookDamaged(f"the founding does not hold: {error}", entry.number) from error
        self.place, self.root, self._hub = named, root, signing

    def _renewed(self, entry: Entry) -> None:
        """The root opened a new life: from this entry on it is that one's place and key."""
        act, payload = entry.act, entry.act.payload
        if self.place is None or self.root is None:
            raise BookDamaged("a new life before the founding", entry.number)
        try:
            certificate = keys.Certificate(
                self.place.community,
                self.place.hub,
                int(payload["incarnation"]),
                bytes(payload["signing_key"]),
                int(payload["closed_number"]),
                bytes(payload["closed_head"]),
            )
            keys.check(self.root, certificate.form(), bytes(payload["certificate"]))
        except (KeyError, TypeError, ValueError, BadSignature) as error:
            raise BookDamaged(f"the new life does not hold: {error}", entry.number) from error
        if certificate.incarnation <= self.place.incarnation:
            raise BookDamaged("a life that is not later than the one before", entry.number)
        named = Place(certificate.community, certificate.hub, certificate.incarnation)
        if act.place == named and act.authority.startswith("root:"):
            self.place, self._hub = named, certificate.signing_key

    def _key_for(self, entry: Entry) -> bytes | None:
        kind, _, name = entry.act.authority.partition(":")
        if kind == "root":
            return self.root
        if kind == "hub":
            return self._hub
        if kind == "newcomer" and entry.act.kind == "join":
            key = entry.act.payload.get("key")
            return key if isinstance(key, bytes) else None
        if kind == "member" and name.isdecimal():
            return self._members.get(int(name))
        return None

    def _learn(self, entry: Entry) -> None:
        payload, kind = entry.act.payload, entry.act.kind
        try:
            if kind == "join":
                self._members[int(entry.outcome["number"])] = payload["key"]
            elif kind == "replace_key":
                self._members[int(payload["member"])] = payload["key"]
            elif kind in ("turn_away", "leave", "close_member", "close_moved"):
                self._members.pop(int(payload["member"]), None)
        except (KeyError, TypeError, ValueError) as error:
            raise BookDamaged(f"its fields are not those of {kind}", entry.number) from error
