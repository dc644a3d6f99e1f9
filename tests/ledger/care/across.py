"""Words for stories of care between River and Hill: asks, answers, and what both books say."""

from typing import Any

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.feed import record as kept_record
from appliance.ledger.book.feed import state as feed_state
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema_far import AskedHere, AskedOf, CareAsk, FarWitness
from appliance.ledger.book.verify import verify
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.elsewhere import DeclineFar, SignFar, attested
from appliance.ledger.care.rings import Node
from appliance.ledger.errors import Refusal
from appliance.ledger.values import RecordId
from tests.support.two_villages import HILL, RIVER, TwoVillages
from tests.support.village import Village


def ask(villages: TwoVillages, made: Receipt, by: str, *names: str) -> Receipt:
    """``by``, whose claim it is, asks people of the other village."""
    home = villages.home_of(by)
    return home.do(by, AskFar(RecordId(made.record), nodes(villages, *names)))


def nodes(villages: TwoVillages, *names: str) -> tuple[Node, ...]:
    found = ((villages.home_of(name), name) for name in names)
    return tuple(Node(home.hub.number, home.numbers[name]) for home, name in found)


def asked(villages: TwoVillages, name: str) -> list[AskedHere]:
    """What ``name`` was asked from the other village, the newest first."""
    home = villages.home_of(name)
    with home.hub.reading() as tx:
        where = "id IN (SELECT ask FROM asked_of WHERE member = ?) ORDER BY entry DESC"
        return tx.found(AskedHere, where, home.numbers[name])


def signature(villages: TwoVillages, name: str, row: AskedHere) -> SignFar:
    """What ``name`` signs who confirms it."""
    home = villages.home_of(name)
    with home.hub.reading() as tx:
        return attested(tx, row, home.numbers[name], home.signers[name])


def sign(villages: TwoVillages, name: str) -> Receipt:
    """``name`` confirms what they were asked last."""
    return villages.home_of(name).do(name, signature(villages, name, asked(villages, name)[0]))


def try_sign(villages: TwoVillages, name: str) -> Receipt | Refusal:
    return villages.home_of(name).ask(name, signature(villages, name, asked(villages, name)[0]))


def decline(villages: TwoVillages, name: str, reason: str = "") -> Receipt:
    return villages.home_of(name).do(name, DeclineFar(RecordId(asked(villages, name)[0].id), reason))


def witness(villages: TwoVillages, made: Receipt, name: str) -> FarWitness:
    """How ``name`` of the other village stands to a claim."""
    home = villages.home_of(name)
    other = villages.at(HILL if home.hub.number == RIVER else RIVER)
    with other.hub.reading() as tx:
        key = {"hub": home.hub.number, "member": home.numbers[name]}
        found = tx.get(FarWitness, claim=made.record, **key)
    assert found is not None
    return found


def stands(villages: TwoVillages, made: Receipt, name: str) -> tuple[str, str | None]:
    row = witness(villages, made, name)
    return row.state, row.why


def at_home(villages: TwoVillages, name: str) -> tuple[str, str, str | None]:
    """How the newest ask of ``name`` stands at home: (the ask, their part in it, why it does not count)."""
    home = villages.home_of(name)
    row = asked(villages, name)[0]
    with home.hub.reading() as tx:
        of = tx.get(AskedOf, ask=bytes(row.id), member=home.numbers[name])
    assert of is not None
    return row.state, of.state, of.why


def asks_of(village: Village, made: Receipt) -> list[CareAsk]:
    with village.hub.reading() as tx:
        return tx.found(CareAsk, "claim = ? ORDER BY number", made.record)


def said(village: Village, *kinds: Kind) -> list[Any]:
    """The records of some kinds on a village's own feed, in order."""
    with village.hub.reading() as tx:
        last = feed_state(tx, village.hub.number, 1).linked
        records = [kept_record(tx, village.hub.number, 1, number) for number in range(1, last + 1)]
    return [r for r in records if r is not None and r.kind in kinds]


def both_verify(villages: TwoVillages) -> None:
    for village in (villages.river, villages.hill):
        verify(village.hub.store)
