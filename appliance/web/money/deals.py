"""What a payment is for, when it is for a match or a trade loop: the word that its forms carry, and the mark once it is paid."""

import re
from typing import Final

from appliance.ledger.market.loops import PayLeg
from appliance.ledger.market.matches import HAPPENED, AnswerMatch
from appliance.ledger.reads.trading import Pair
from appliance.ledger.values import RecordId
from appliance.web.ground.acting import act, key_for

_MATCH: Final = re.compile(r"m(\d{3})\.(\d{1,12})\.(\d{3})\.(\d{1,12})")
_LOOP: Final = re.compile(r"l([0-9a-f]{32})")


def of_match(pair: Pair) -> str:
    """The word for a match."""
    return "m" + ".".join(str(number) for node in pair for number in node)


def of_loop(loop: RecordId) -> str:
    """The word for one's own payment in a trade loop."""
    return "l" + loop.hex()


def known(word: str) -> str:
    """``word`` when it is one of these, else nothing: anybody can write anything into a form."""
    return word if _MATCH.fullmatch(word) or _LOOP.fullmatch(word) else ""


def paid(word: str, transfer: RecordId) -> None:
    """Note that this payment was made for it. What does not fit is refused by the ledger; the payment stands all the same."""
    if found := _MATCH.fullmatch(word):
        one, offer, other, want = map(int, found.groups())
        act(AnswerMatch((one, offer), (other, want), HAPPENED, transfer), key_for("deal", transfer))
    elif found := _LOOP.fullmatch(word):
        act(PayLeg(RecordId(bytes.fromhex(found[1])), transfer), key_for("deal", transfer))
