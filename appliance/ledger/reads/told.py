"""Personal text as screens and files show it: the words, or that they were erased.

A text that was erased must not look as if nobody had written anything. Screens have a sentence for
it in the reader's language; files say ``[erased]``.
"""

from typing import Final

from appliance.ledger.book.store import Tx
from appliance.ledger.people.own_texts import is_erased
from appliance.ledger.reads.people import text_of


class ErasedText(str):
    """What stands where a text was erased. It is no text of anybody's: screens put their own words for it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """No text that somebody typed is the same, whatever its letters: what was drawn of one is not the other."""
        return isinstance(other, ErasedText)

    def __ne__(self, other: object) -> bool:
        return not isinstance(other, ErasedText)

    __hash__ = str.__hash__


ERASED: Final = ErasedText("[erased]")


def words_of(tx: Tx, entry: int | None, field: str) -> str:
    """One field of personal text; ``ERASED`` when it was erased, empty when there was none.

    Which fields an erased entry had is not known any more: of an entry with several, ask for one
    that it must have had.
    """
    return text_of(tx, entry, field) or (ERASED if is_erased(tx, entry) else "")


def words(text: object, erased: object) -> str:
    """A text as a query has it beside whether its entry stands among the erased ones (``erased``: null if not)."""
    return str(text) if text is not None else "" if erased is None else ERASED
