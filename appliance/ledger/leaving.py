"""What a record of this hub says, when it is sealed: the body that the book put on the feed, and its words.

Words are not in the book: they are looked up as they stand when a frame is packed, and what was erased
by then is never said.
"""

from appliance.ledger.book import letters, letters_care
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Outgoing
from appliance.ledger.book.store import Tx
from appliance.ledger.market import talks_about, talks_far
from appliance.ledger.money import trunks
from appliance.ledger.reads.care_far import words_to_tell
from appliance.ledger.reads.people import text_of


def plain_text(tx: Tx, row: Outgoing, link: bytes) -> bytes:
    """The plain text of the sealed part; ``link`` is that of the record before."""
    plain = bytes(row.body)
    text = text_of(tx, row.text_entry, row.text_field or "")
    if row.kind in (Kind.PERSON, Kind.LISTING):
        return letters.with_text(plain, text)
    if row.kind == Kind.CARE_ASK:
        return letters_care.with_words(plain, words_to_tell(tx, row.text_entry))
    if row.kind in (Kind.SENT, Kind.CARE_NO) and text:
        return plain + letters.pack_text(letters.shortened(text))
    if row.kind == Kind.MESSAGE:
        return talks_far.words_of(tx, row.text_entry or 0)
    if row.kind == Kind.ABOUT:
        return talks_about.letter_of(tx, row.text_entry or 0)
    if row.kind == Kind.CHECKPOINT:
        return plain.replace(trunks.LINK_TO_COME, link, 1)
    return plain
