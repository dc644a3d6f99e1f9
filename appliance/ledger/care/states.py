"""What becomes of a claim and of its co-signers: the words that stand in the book's tables."""

from typing import Final

OPEN: Final = "open"
CONFIRMED: Final = "confirmed"
PAID: Final = "paid"
WITHDRAWN: Final = "withdrawn"
EXPIRED: Final = "expired"
REFUSED: Final = "refused"
"""States of a claim; *refused*: an objection to it was upheld."""

LIVE: Final = (OPEN, CONFIRMED, PAID)
"""Claims that count against caps and in rings: paid, or may still be."""

ASKED: Final = "asked"
SIGNED: Final = "signed"
DECLINED: Final = "declined"
"""States of a co-signer."""

UNKNOWN: Final = "unknown"
WAITING: Final = "waiting"
NOT_COUNTED: Final = "refused"
"""Also of one at another hub: no such member there; signed, with a key that we do not know yet; not counted."""

LAPSED: Final = "lapsed"
CHANGED: Final = "changed"
ENDS: Final = (CONFIRMED, WITHDRAWN, LAPSED, CHANGED, REFUSED)
"""How an ask to another hub ends: what is told there. Stable: the wire has its place in this list."""

OBJECTED: Final = "open"
UPHELD: Final = "upheld"
DISMISSED: Final = "dismissed"
MOOT: Final = "moot"
"""States of an objection; *moot*: the claim was taken back meanwhile."""

DAY_MS: Final = 86_400_000
