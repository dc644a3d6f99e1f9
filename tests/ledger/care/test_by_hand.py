"""A book of care written by hand: signed well and chained well, against the policy. A verification refuses it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from appliance.ledger.book.chain import Act, record_id
from appliance.ledger.book.rules import Care
from appliance.ledger.book.verify import verify
from appliance.ledger.care import claims
from appliance.ledger.care.objections import ObjectClaim
from appliance.ledger.errors import BookDamaged
from appliance.ledger.values import RecordId, code_of
from tests.ledger.book import tampering
from tests.ledger.care.caring import Found, claim, cosign, live_together, objection, row, today
from tests.support.village import Village

Outcome = dict[str, Any] | Callable[[Act], dict[str, Any]]
Forged = tuple[str, str, int, dict[str, Any], Outcome]
"""Who, which kind, which version, payload, outcome."""

POLICY: Mapping[str, Any] = {
    "quorum": 2,
    "household": True,
    "carer_most": 200,
    "pair_most": 150,
    "expire_days": 14,
    "object_days": 14,
}


def _sign(river: Village, who: str, version: int, confirmed: bool, minutes: int = 60) -> Forged:
    made = claim(river, "Dina", minutes)
    payload = {"claim": made.record, "terms": bytes(row(river, made).terms)}
    return who, "cosign", version, payload, {"confirmed": confirmed}


def _as_before(river: Village) -> Forged:
    return _sign(river, "Chandra", 1, False)


def _of_the_household(river: Village) -> Forged:
    live_together(river, "Dina", "Alice")
    return _sign(river, "Alice", 2, False)


def _enough_too_soon(river: Village) -> Forged:
    return _sign(river, "Chandra", 2, True)


def _more_than_a_pair_has(river: Village) -> Forged:
    cosign(river, claim(river, "Dina", 60, 1), "Chandra")
    return _sign(river, "Chandra", 2, False)


def _claim(river: Village, version: int, amount: int, minutes: int, ago: int = 0) -> Forged:
    also = {"recipient": None, "start": None} if version == 2 else {}
    said: dict[str, Any] = {
        "carer": 5,
        "category": "elder",
        "minutes": minutes,
        "day": today(river) - ago,
        "witnesses": [],
        **also,
    }
    if version == 1:
        return (
            "Dina",
            "claim_care",
            1,
            said,
            {"code": "0" * 8, "amount": amount, "quorum": 2, "terms": bytes(32)},
        )

    def decided(act: Act) -> dict[str, Any]:
        """As the hub would have: refused for nothing else than what is wrong with it."""
        made = claims._by_the_rules(Care(quorum=2), amount, act.digest())
        return {"code": code_of(record_id(act.digest())), **made}

    return "Dina", "claim_care", version, said, decided


def _claim_as_before(river: Village) -> Forged:
    return _claim(river, 1, 100, 60)


def _claim_too_much(river: Village) -> Forged:
    return _claim(river, 2, 600, 360)


def _claim_of_long_ago(river: Village) -> Forged:
    """Of days that nobody has claimed: no cap of a period holds there."""
    return _claim(river, 2, 100, 60, ago=61)


def _claim_of_the_future(river: Village) -> Forged:
    return _claim(river, 2, 100, 60, ago=-2)


def _edit(river: Village, *signed: str, ago: int = 0) -> Forged:
    made = claim(river, "Dina")
    cosign(river, made, *signed)
    _, _, _, said, outcome = _claim(river, 2, 100, 60, ago)
    del said["carer"]

    def decided(act: Act) -> dict[str, Any]:
        assert callable(outcome)
        return {name: value for name, value in outcome(act).items() if name != "code"}

    return "Dina", "edit_claim", 1, {"claim": made.record, **said}, decided


def _edit_what_is_signed(river: Village) -> Forged:
    return _edit(river, "Chandra")


def _edit_to_long_ago(river: Village) -> Forged:
    return _edit(river, ago=61)


def _end_with_a_part_in_it(river: Village) -> Forged:
    made = claim(river, "Dina")
    cosign(river, made, "Kira", "Chandra")
    river.do("Bob", ObjectClaim(RecordId(made.record), "it was another day"))
    ended = {"objection": bytes(objection(river, made).id), "verdict": "dismissed"}
    return "Kira", "end_objection", 1, ended, {}


def _object_before_anybody_paid(river: Village) -> Forged:
    return "Bob", "object_claim", 1, {"claim": claim(river, "Dina").record}, {}


@pytest.mark.parametrize(
    "forge",
    [
        _as_before,
        _of_the_household,
        _enough_too_soon,
        _more_than_a_pair_has,
        _claim_as_before,
        _claim_too_much,
        _claim_of_long_ago,
        _claim_of_the_future,
        _edit_what_is_signed,
        _edit_to_long_ago,
        _end_with_a_part_in_it,
        _object_before_anybody_paid,
    ],
)
def test_what_the_policy_refuses_a_replay_refuses(found: Found, forge: Callable[[Village], Forged]) -> None:
    river = found(**POLICY)
    who, kind, version, payload, outcome = forge(river)
    store = river.hub.store
    verify(store)
    with tampering.card_in_hand(store.path) as db:
        number = tampering.append_signed(db, kind, payload, river.signers[who], outcome, version)
    with pytest.raises(BookDamaged, match=f"may not {kind}") as seen:
        verify(store)
    assert seen.value.entry == number


@pytest.mark.parametrize(
    "write",
    [
        lambda river: _sign(river, "Chandra", 2, False),
        lambda river: _claim(river, 2, 200, 120),
        lambda river: _claim(river, 2, 100, 60, ago=60),
        _edit,
    ],
    ids=["co-signature", "claim", "claim of the first day that counts", "edit"],
)
def test_what_it_allows_a_replay_folds(found: Found, write: Callable[[Village], Forged]) -> None:
    """The same by hand, but right: so the ones above are refused for what they are."""
    river = found(**POLICY)
    who, kind, version, payload, outcome = write(river)
    store = river.hub.store
    with tampering.card_in_hand(store.path) as db:
        tampering.append_signed(db, kind, payload, river.signers[who], outcome, version)
    with pytest.raises(BookDamaged) as seen:
        verify(store)
    assert "may not" not in str(seen.value)  # only the tables do not know of it yet
