"""Splits in a book that somebody wrote by hand: signed well, chained well, and past the write path."""

from typing import Any

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged
from appliance.ledger.values import MAX_AMOUNT
from tests.ledger.book import tampering
from tests.ledger.money.test_shares import agree, feast
from tests.ledger.money.test_splits import paying
from tests.support.village import Village

MAY_NOT, FIELDS = "may not", "fields are not those"
ALICE, BOB, CHANDRA, DINA = 2, 3, 4, 5
WAITS, DONE, PAID = b"the one that waits", b"the one done", b"the one paid"
"""Stand for splits that Alice asked for, and for one that she paid."""


def written(river: Village, who: str, kind: str, payload: dict[str, Any]) -> str:
    """What verify says when ``who`` has written such an entry with the card in hand."""
    store = river.hub.store
    with tampering.card_in_hand(store.path) as db:
        number = tampering.append_signed(db, kind, payload, river.signers[who])
    with pytest.raises(BookDamaged) as found:
        verify(store)
    assert found.value.entry == number
    return str(found.value)


@pytest.mark.parametrize(
    ("who", "kind", "payload", "says"),
    [
        ("Dina", "accept_share", {"payer": DINA, "payee": ALICE, "amount": 1}, MAY_NOT),
        ("Dina", "accept_share", {"payer": DINA, "payee": BOB, "amount": 99}, MAY_NOT),
        ("Dina", "accept_share", {"payer": CHANDRA, "payee": ALICE, "amount": 100}, MAY_NOT),
        ("Bob", "accept_share", {"payer": BOB, "payee": ALICE, "amount": 100}, MAY_NOT),
        ("Dina", "accept_share", {"payer": DINA, "payee": ALICE, "amount": -99}, FIELDS),
        ("Dina", "accept_share", {"split": DONE, "payer": DINA, "payee": ALICE, "amount": 1}, MAY_NOT),
        ("Dina", "decline_share", {"payer": CHANDRA, "phrase": ""}, MAY_NOT),
        ("Dina", "decline_share", {"payer": DINA, "phrase": "go away"}, FIELDS),
        ("Dina", "take_back_share", {"payer": BOB}, MAY_NOT),
        ("Dina", "take_back_share", {"payer": DINA}, MAY_NOT),
        ("Bob", "leave_out", {"payer": BOB}, MAY_NOT),
        ("Alice", "leave_out", {"payer": 1}, MAY_NOT),
        ("Alice", "leave_out", {"split": DONE, "payer": BOB}, MAY_NOT),
        ("Bob", "cancel_split", {}, MAY_NOT),
        ("Alice", "cancel_split", {"split": DONE}, MAY_NOT),
        ("Alice", "cancel_split", {"split": PAID}, MAY_NOT),
        ("Alice", "expire_split", {}, MAY_NOT),
        ("Bob", "reverse", {"transfer": DONE}, MAY_NOT),
        ("Alice", "reverse", {"transfer": PAID}, MAY_NOT),
        ("Bob", "reverse", {"transfer": PAID}, MAY_NOT),
    ],
)
def test_nobody_answers_for_another_or_otherwise_than_asked(
    river: Village, who: str, kind: str, payload: dict[str, Any], says: str
) -> None:
    waits, done = feast(river), feast(river, Bob=1, Dina=1)
    agree(river, "Bob", waits)
    agree(river, "Bob", done, 1)
    agree(river, "Dina", done, 1)
    paid = river.do("Alice", paying(river, "Alice", Bob=10, Dina=5))
    stands_for = {WAITS: waits.record, DONE: done.record, PAID: paid.record}
    named = payload if kind == "reverse" else {"split": WAITS, **payload}
    assert says in written(river, who, kind, {name: stands_for.get(v, v) for name, v in named.items()})


@pytest.mark.parametrize(
    ("kind", "one", "shares", "says"),
    [
        ("pay_split", ALICE, [[BOB, 1], [DINA, 1]], MAY_NOT),
        ("pay_split", DINA, [[BOB, 1], [DINA, 1]], MAY_NOT),
        ("pay_split", DINA, [[BOB, 1], [999, 1]], MAY_NOT),
        ("pay_split", DINA, [[BOB, 1200], [ALICE, 1]], MAY_NOT),
        ("pay_split", DINA, [[BOB, 1], [BOB, 1]], FIELDS),
        ("pay_split", DINA, [[BOB, 1]], FIELDS),
        ("pay_split", DINA, [[BOB, -1], [ALICE, 2]], FIELDS),
        ("pay_split", DINA, [[BOB, True], [ALICE, 2]], FIELDS),
        ("pay_split", DINA, [[BOB, 1, 1], [ALICE, 2]], FIELDS),
        ("pay_split", DINA, [[-102, 1], [ALICE, 2]], FIELDS),
        ("pay_split", DINA, [[BOB, MAX_AMOUNT], [ALICE, 1]], FIELDS),
        ("pay_split", DINA, [[100 + n, 1] for n in range(21)], FIELDS),
        ("pay_split", DINA, "all", FIELDS),
        ("ask_split", ALICE, [[BOB, 1], [DINA, 1]], MAY_NOT),
        ("ask_split", DINA, [[BOB, 1], [0, 1]], MAY_NOT),
        ("ask_split", DINA, [[BOB, 1], [DINA, 1]], MAY_NOT),
        ("ask_split", DINA, [[BOB, 2400], [ALICE, 1]], MAY_NOT),
        ("ask_split", DINA, [], FIELDS),
    ],
)
def test_no_split_is_begun_that_cannot_be(
    river: Village, kind: str, one: int, shares: Any, says: str
) -> None:
    """Dina signs each of them."""
    side = "payer" if kind == "pay_split" else "payee"
    payload = {side: one, "shares": shares, "category": "other"}
    assert says in written(river, "Dina", kind, payload)
