"""Weekly sheets in the ledger: claims of one moment, signed like any other."""

from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.verify import verify
from appliance.ledger.care import sheets
from appliance.ledger.care.proof.checking import check
from appliance.ledger.care.signing import Cosign
from appliance.ledger.errors import Code
from appliance.ledger.values import RecordId, code_of
from tests.ledger.care.caring import Found, care, commons, no, row, state
from tests.ledger.care.proof.proving import in_the_roster, proof_of
from tests.support.village import Village

SHEET = bytes(range(16))


def week(village: Village, carer: str = "Dina", days: int = 7) -> tuple[Receipt, ...]:
    """``carer`` sat with old Tom every morning."""
    rows = [care(village, carer, 30, ago, sheet=SHEET) for ago in range(days)]
    made = village.hub.submit_all(rows, village.signers[carer])
    assert not isinstance(made, Refused), made
    return made


def sign(village: Village, name: str, made: tuple[Receipt, ...]) -> tuple[Receipt, ...] | Refused:
    asked = [Cosign(RecordId(one.record), bytes(row(village, one).terms)) for one in made]
    return village.hub.submit_all(asked, village.signers[name])


def test_a_week_of_mornings_is_confirmed_at_once_by_two_and_paid(found: Found) -> None:
    river = found(quorum=2)
    made = week(river)
    with river.hub.reading() as tx:
        assert sheets.rows_of(tx, code_of(SHEET)) == [bytes(one.record) for one in made]
        assert sheets.sheet_of(tx, made[0].record) == code_of(SHEET)
    for name in ("Alice", "Bob"):
        assert not isinstance(sign(river, name, made), Refused)
    assert [state(river, one) for one in made] == ["paid"] * 7
    assert (river.balance("Dina"), commons(river)) == (350, -350)
    verify(river.hub.store)


def test_one_row_that_cannot_be_signs_none(found: Found) -> None:
    river = found(quorum=1, pair_most=200)
    made = week(river)
    answer = sign(river, "Alice", made)
    assert isinstance(answer, Refused)
    assert (answer.place, answer.refusal.code) == (4, Code.PAIR_CAP)
    assert {state(river, one) for one in made} == {"open"}
    assert not isinstance(sign(river, "Alice", made[:4]), Refused)
    assert not isinstance(sign(river, "Bob", made[4:]), Refused)
    assert river.balance("Dina") == 350


def test_nothing_is_added_to_a_sheet_by_anybody_or_later(found: Found) -> None:
    river = found(quorum=2)
    week(river, days=2)
    assert no(river, "Bob", care(river, "Bob", sheet=SHEET)).code is Code.SHEET_CLOSED
    river.clock.advance(1)
    assert no(river, "Dina", care(river, "Dina", 30, 4, sheet=SHEET)).code is Code.SHEET_CLOSED
    # Another sheet that would have the same code: people would find the wrong one.
    likeness = SHEET[:5] + bytes(11)
    assert no(river, "Dina", care(river, "Dina", 30, 4, sheet=likeness)).code is Code.SHEET_CLOSED
    assert no(river, "Dina", care(river, "Dina", 30, 4, sheet=b"short")).code is Code.SHEET_CLOSED
    verify(river.hub.store)


def test_a_row_of_a_week_is_proven_like_any_claim(found: Found) -> None:
    river = in_the_roster(found(quorum=2))
    made = week(river)
    for name in ("Alice", "Bob"):
        assert not isinstance(sign(river, name, made), Refused)
    held = check(proof_of(river, made[3]), (river.founders.public,))
    assert [one.member for one in held.cosigners] == [river.numbers["Alice"], river.numbers["Bob"]]
    assert held.said["day"] == row(river, made[3]).day
