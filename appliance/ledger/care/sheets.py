"""Weekly sheets: claims written down as one batch, and co-signed at once.

A sheet is no thing of its own in the book: each of its rows is a claim, which names it. So every rule
holds for each row, and a co-signature is of one row as of any other claim.
"""

from typing import Final

from appliance.ledger.book.schema_care import CareSheet
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.values import code_of

ID_BYTES: Final = 16


def fits(tx: Tx, sheet: bytes, carer: int, writer: int | None, at: Instant) -> bool:
    """Whether a claim is of the same carer, writer and moment as the rows of its sheet before it.

    And no other sheet has its code: people find it by that.
    """
    if len(sheet) != ID_BYTES:
        return False
    row = tx.first(_LAST_ROW, code_of(sheet))
    return row is None or (bytes(row[0]), *row[1:]) == (sheet, carer, writer, at.ms)


_LAST_ROW: Final = """
SELECT care_sheet.sheet, claim.carer, care_terms.writer, claim.opened_ms FROM care_sheet
JOIN claim ON claim.id = care_sheet.claim JOIN care_terms ON care_terms.claim = care_sheet.claim
WHERE care_sheet.code = ? LIMIT 1
"""


def keep(tx: Tx, sheet: bytes, claim: bytes) -> None:
    """Note that ``claim`` is a row of ``sheet``."""
    tx.insert(CareSheet, claim=claim, sheet=sheet, code=code_of(sheet))


def rows_of(tx: Tx, code: str) -> list[bytes]:
    """The claims of the sheet with this code, in the order in which they were written down."""
    found = tx.select(
        "SELECT claim.id FROM care_sheet JOIN claim ON claim.id = care_sheet.claim"
        " WHERE care_sheet.code = ? ORDER BY claim.opened_entry",
        code,
    )
    return [bytes(claim) for (claim,) in found]


def sheet_of(tx: Tx, claim: bytes) -> str | None:
    """The code of the sheet of which a claim is a row."""
    found = tx.first("SELECT code FROM care_sheet WHERE claim = ?", claim)
    return None if found is None else str(found[0])
