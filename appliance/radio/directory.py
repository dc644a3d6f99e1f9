"""Whom a hub believes: what encoding and decoding frames take from the roster, as one value.

The ledger keeps the roster and its certificates; the service makes a ``Directory`` of it
whenever it changes. Hubs are named by their numbers here; a frame carries a hub's *index*, its
place in the order of admission, which is one byte and never given to another hub.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.ledger.book.schema import RosterRow
from appliance.ledger.book.schema_hubs import LifeRow
from appliance.ledger.values import HUB_NUMBERS

COMMUNITY_BYTES: Final = 16
GROUP_KEY_BYTES: Final = 32
ROSTER_BYTES: Final = 4
HEADS_BYTES: Final = 8
INDEXES: Final = range(1, 256)


@dataclass(frozen=True, slots=True)
class Member:
    """A hub of the roster: its number, and the Ed25519 key that signs in its present incarnation.

    ``earlier`` holds (incarnation, key) of lives before, whose frames are still repaired; ``root`` is
    the Ed25519 key that certifies lives.
    """

    hub: int
    incarnation: int
    public: bytes
    earlier: tuple[tuple[int, bytes], ...] = ()
    root: bytes = b""

    def key(self, incarnation: int) -> bytes | None:
        """The key that signs in ``incarnation``; None when the roster knows of no such life."""
        if incarnation == self.incarnation:
            return self.public
        return dict(self.earlier).get(incarnation)


@dataclass(frozen=True, slots=True)
class Directory:
    """The community as this hub knows it.

    Args:
        community: its 16-byte id; part of everything signed, never sent.
        group_key: the 32-byte key of control frames' MACs.
        hub: this hub's own number.
        members: by index, every hub ever admitted, this one included.
        roster: 4 bytes that stand for the roster's head.

    Raises:
        ValueError: a field of the wrong length, an index or number out of range or given twice.
    """

    community: bytes
    group_key: bytes
    hub: int
    members: Mapping[int, Member]
    roster: bytes
    _index: Mapping[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_hub = {member.hub: index for index, member in self.members.items()}
        ok = (
            len(self.community) == COMMUNITY_BYTES
            and len(self.group_key) == GROUP_KEY_BYTES
            and len(self.roster) == ROSTER_BYTES
            and len(by_hub) == len(self.members)
            and all(index in INDEXES for index in self.members)
            and all(hub in HUB_NUMBERS for hub in by_hub)
            and self.hub in by_hub
        )
        if not ok:
            raise ValueError("not a directory of hubs")
        object.__setattr__(self, "_index", by_hub)

    def index(self, hub: int) -> int | None:
        """The index of the hub with this number."""
        return self._index.get(hub)

    def hub_at(self, index: int) -> int | None:
        """The number of the hub with this index."""
        member = self.members.get(index)
        return member.hub if member else None

    def key(self, index: int, incarnation: int) -> bytes | None:
        """The key that signs frames of this feed."""
        member = self.members.get(index)
        return member.key(incarnation) if member else None

    def mac(self, data: bytes) -> bytes:
        """The 8 bytes that end a control frame which begins with ``data``: keyed BLAKE2b."""
        return hashlib.blake2b(
            self.community + data, digest_size=8, key=self.group_key, person=b"tch.control"
        ).digest()


def of_roster(
    rows: Iterable[RosterRow],
    community: bytes,
    group_key: bytes,
    hub: int,
    lives: Iterable[LifeRow] = (),
    head: bytes | None = None,
) -> Directory:
    """The directory that the ledger's roster makes, in the eyes of ``hub``.

    Args:
        lives: all lives of hubs that have had more than one.
        head: the 32-byte hash of the roster's last entry; by default of its last admission.

    Raises:
        ValueError: there is no row, or none of ``hub``.
    """
    in_order = sorted(rows, key=lambda row: row.seq)
    earlier: dict[int, dict[int, bytes]] = {}
    for life in lives:
        earlier.setdefault(life.hub, {})[life.incarnation] = bytes(life.signing_key)
    members = {
        row.seq: Member(
            row.hub,
            row.incarnation,
            bytes(row.signing_key),
            tuple((n, key) for n, key in earlier.get(row.hub, {}).items() if n != row.incarnation),
            bytes(row.root_key),
        )
        for row in in_order
    }
    last = bytes(in_order[-1].hash) if in_order and head is None else head or b""
    roster = last[:ROSTER_BYTES]
    return Directory(community, group_key, hub, members, roster)
