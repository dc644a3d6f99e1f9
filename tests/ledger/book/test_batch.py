"""Many commands in one transaction: all of them, or nothing."""

from collections.abc import Sequence
from typing import cast

from appliance.ledger.book import chain, verify
from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.subject import Command
from appliance.ledger.errors import Code
from appliance.ledger.hub import new_key
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import Approve
from appliance.ledger.values import Amount
from tests.support.village import Village


def entries(river: Village) -> int:
    with river.hub.reading() as tx:
        return chain.head(tx).number


def both(river: Village, key: bytes, commands: Sequence[Command]) -> tuple[Receipt, ...] | Refused:
    return river.hub.submit_all(commands, river.signers["Kira"], key)


def test_kira_lets_two_in_at_once(river: Village) -> None:
    emil, fatou = river.join("Emil"), river.join("Fatou")
    done = both(river, new_key(), [Approve(emil), Approve(fatou)])
    assert [r.replayed for r in cast("tuple[Receipt, ...]", done)] == [False, False]
    assert river.balance("Emil") == river.balance("Fatou") == 0
    verify.verify(river.hub.store)


def test_when_one_cannot_be_nothing_is_done(river: Village) -> None:
    emil = river.join("Emil")
    before = entries(river)
    refused = both(river, new_key(), [Approve(emil), Approve(river.numbers["Bob"])])
    assert isinstance(refused, Refused)
    assert (refused.place, refused.refusal.code) == (1, Code.NOT_APPLIED)
    assert entries(river) == before


def test_the_same_batch_again_is_done_once(river: Village) -> None:
    emil, key = river.join("Emil"), new_key()
    both(river, key, [Approve(emil)])
    before = entries(river)
    again = both(river, key, [Approve(emil)])
    assert [r.replayed for r in cast("tuple[Receipt, ...]", again)] == [True]
    assert entries(river) == before


def test_a_later_command_sees_what_an_earlier_one_did(river: Village) -> None:
    """Kira may owe 12 hours: of two payments of 7, the second is too much."""
    kira, bob = river.numbers["Kira"], river.numbers["Bob"]
    refused = both(river, new_key(), [Pay(kira, bob, Amount(700)), Pay(kira, bob, Amount(701))])
    assert isinstance(refused, Refused)
    assert refused.refusal.code is Code.PAYER_LIMIT
    assert river.balance("Kira") == 0


def test_an_empty_batch_is_nothing(river: Village) -> None:
    before = entries(river)
    assert both(river, new_key(), []) == ()
    assert entries(river) == before
