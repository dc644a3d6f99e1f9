"""What a record that has come for this hub asks of the book. Reading it is the radio process's (``post``)."""

from appliance.ledger.book import letters, letters_care, letters_loops, letters_match
from appliance.ledger.book.records import Kind, Record
from appliance.ledger.book.subject import Command
from appliance.ledger.care.answers import ArriveCareKey, ArriveCareNo, ArriveCareSign
from appliance.ledger.care.elsewhere import ArriveCareAsk, ArriveCareTold
from appliance.ledger.care.states import OPEN
from appliance.ledger.care.telling import ended
from appliance.ledger.market.loops_far import ArriveLoop, ArriveLoopAnswer, ArriveLoopEnd
from appliance.ledger.market.matches_far import ArriveMatch
from appliance.ledger.money.arrivals import ArriveRecall, ArriveSent
from appliance.ledger.money.crossings import ArriveAnswer
from appliance.ledger.money.trunks import ArriveCheckpoint


def asked(record: Record, digest: bytes, plain: bytes) -> Command | None:
    """The command; None for a kind that this release does not know, or that asks for nothing.

    Args:
        digest: of the record.
        plain: what was sealed in it.

    Raises:
        BadEncoding: its sealed part is not what its kind holds.
    """
    place = (record.hub, record.incarnation, record.number, digest)
    if record.kind == Kind.SENT and record.amount:
        letter = letters.read_sent(plain)
        words = (letter.category, letter.memo)
        return ArriveSent(*place, letter.payer, letter.payee, record.amount, *words)
    if record.kind == Kind.ACCEPTED:
        return ArriveAnswer(*place, letters.read_answer(plain), None)
    if record.kind == Kind.RETURNED:
        return ArriveAnswer(*place, *letters.read_returned(plain))
    if record.kind == Kind.RECALL:
        return ArriveRecall(*place, letters.read_answer(plain))
    if record.kind == Kind.CHECKPOINT:
        return ArriveCheckpoint(*place, letters.read_checkpoint(plain))
    if record.kind == Kind.LOOP:
        return ArriveLoop(*place, *letters_loops.read_loop(plain))
    if record.kind == Kind.LOOP_ANSWER:
        return ArriveLoopAnswer(*place, *letters_loops.read_answer(plain))
    if record.kind == Kind.LOOP_END:
        return ArriveLoopEnd(*place, *letters_loops.read_end(plain))
    if record.kind == Kind.MATCH:
        return ArriveMatch(*place, letters_match.read_match(plain))
    return _of_care(record, place, plain)


def _of_care(record: Record, place: tuple[int, int, int, bytes], plain: bytes) -> Command | None:
    """As ``asked``, of what concerns co-signed care."""
    if record.kind == Kind.CARE_ASK:
        return ArriveCareAsk(*place, *letters_care.read_ask(plain))
    if record.kind == Kind.CARE_KEY:
        return ArriveCareKey(*place, *letters_care.read_key(plain))
    if record.kind == Kind.CARE_SIGN:
        return ArriveCareSign(*place, *letters_care.read_signed(plain))
    if record.kind == Kind.CARE_NO:
        return ArriveCareNo(*place, *letters_care.read_no(plain))
    if record.kind == Kind.CARE_TOLD:
        asked, how, member, why = letters_care.read_told(plain)
        return ArriveCareTold(*place, asked, OPEN if why else ended(how), member, why)
    return None


def unreadable(record: Record, digest: bytes) -> Command | None:
    """A payment that nobody can read goes back; of other records there is nothing to do."""
    if record.kind != Kind.SENT or not record.amount:
        return None
    return ArriveSent(record.hub, record.incarnation, record.number, digest, None, None, record.amount)
