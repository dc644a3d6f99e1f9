"""What two people of two hubs have said of a match, as the one of this hub reads it: how far the own word has come, what came."""

from dataclasses import dataclass

from appliance.ledger.book import feed
from appliance.ledger.book.letters_match import HAPPENED, NO, YES
from appliance.ledger.book.local import HubHeard
from appliance.ledger.book.schema import Crossing
from appliance.ledger.book.schema_trading import MatchHeard, MatchTold
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.market import matches
from appliance.ledger.money.transfers import RETURNED
from appliance.ledger.people import lives
from appliance.ledger.people.roster import own_place
from appliance.ledger.reads.talks_far import Far

_ANSWERS = {YES: matches.ACCEPT, HAPPENED: matches.HAPPENED, NO: matches.DISMISS}


@dataclass(frozen=True, slots=True)
class Heard:
    """What the other one said last; ``answer`` as it would stand here (``matches``), ``paid``: the payment here, if it came.

    ``doubtful``: it was said in a time that its hub has lost in a restore, and not again since.
    """

    answer: str
    at: Instant
    doubtful: bool
    paid: bytes | None


def heard(tx: Tx, pair: tuple[matches.Node, matches.Node]) -> Heard | None:
    """What another hub told of a match; None when nothing came."""
    row = tx.get(MatchHeard, **_key(pair))
    if row is None:
        return None
    closed = lives.closed_at(tx, row.hub, row.incarnation)
    crossing = None
    if row.paid_number is not None:
        named = {"incarnation": row.paid_incarnation, "number": row.paid_number}
        crossing = tx.get(Crossing, hub=row.hub, outgoing=False, **named)
    came = crossing is not None and crossing.state != RETURNED
    return Heard(
        _ANSWERS[row.said],
        Instant(Millis(row.at_ms), Quality(row.quality)),
        closed is not None and row.number > closed,
        bytes(crossing.id) if came and crossing is not None else None,
    )


def told(tx: Tx, pair: tuple[matches.Node, matches.Node], answer: str) -> Far:
    """How far what somebody here says of a match has come; ``answer`` is what that is now."""
    row, place = tx.get(MatchTold, **_key(pair)), own_place(tx)
    if row is None or row.incarnation != place.incarnation or _ANSWERS[row.said] != answer:
        return Far.WAITS
    known = tx.get(HubHeard, hub=row.hub)
    if known is not None and known.ours >= row.number:
        return Far.ARRIVED
    return Far.SENT if feed.state(tx, place.hub, place.incarnation).linked >= row.number else Far.HERE


def _key(pair: tuple[matches.Node, matches.Node]) -> dict[str, int]:
    (offer_hub, offer), (want_hub, want) = pair
    return {"offer_hub": offer_hub, "offer": offer, "want_hub": want_hub, "want": want}
