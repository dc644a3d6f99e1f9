"""Makes golden books out of every kind of command: ``python -m tests.golden.make NAME``.

``NAME.book`` is that of a village by itself, ``NAME-river.book`` and ``NAME-hill.book`` those of two that trade,
``NAME-valley-...`` those of three of which one was restored.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from appliance.ledger import codec
from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.letters import Checkpoint, Named, Why
from appliance.ledger.book.schema import TRUTH_TABLES, primary_key
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.care.signing import Cosign, DeclineCosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.hub import Hub
from appliance.ledger.market.imported import ImportListing
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.arrivals import ArriveRecall, ArriveSent, SendBack
from appliance.ledger.money.crossings import ArriveAnswer, Recall
from appliance.ledger.money.disputes import Dispute, DisputeFor, EndDispute, WithdrawDispute
from appliance.ledger.money.imported import ImportOpening, ImportTransfer
from appliance.ledger.money.requests import Cancel, Decline, Expire
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.shares import (
    AcceptShare,
    AskSplit,
    CancelSplit,
    DeclineShare,
    ExpireSplit,
    LeaveOut,
    TakeBackShare,
)
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.money.splits import PaySplit, Shares
from appliance.ledger.money.transfers import Pay
from appliance.ledger.money.trunks import ArriveCheckpoint
from appliance.ledger.money.undo import AskBack, KeepIt, WithdrawAsk
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.imports import AgreeImport, ImportFile, ImportMember
from appliance.ledger.people.life import Register
from appliance.ledger.people.members import AppointKeeper, DismissKeeper, TurnAway
from appliance.ledger.people.seconds import LapseProposal, Object, TakeBack
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import COMMONS, AccountNumber, Amount, RecordId
from tests.golden.doubts import doubted_care, sheets
from tests.golden.helpers import helpers
from tests.golden.lives import lives, moves
from tests.golden.restored import restored
from tests.golden.words import erasing, the_time
from tests.support.keepers import appoint, clearing, dismissal, from_commons, payment, rules, two
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages
from tests.support.valley import NAMES, Valley
from tests.support.village import PIN, Village, a_village

HERE = Path(__file__).parent


def state_of(tx: Tx) -> dict[str, list[list[Any]]]:
    """All rows of the truth, in the order of their keys, bytes as hexadecimal text."""
    state = {}
    for model in TRUTH_TABLES:
        order = [getattr(model, name) for name in primary_key(model)]
        rows = tx.rows(model.select().order_by(*order).tuples())
        state[model._meta.table_name] = [
            [bytes(v).hex() if isinstance(v, (bytes, memoryview)) else v for v in row] for row in rows
        ]
    return state


def live(river: Village) -> None:
    """Everything that can happen in a village, once at least."""
    n = river.numbers
    paid = river.pay("Alice", "Bob", 250, note="two loaves", category="food")
    asked = [river.request("Chandra", who, 75, note="mending") for who in ("Alice", "Alice", "Bob", None)]
    river.accept("Alice", asked[0], "Chandra", 75)
    river.do("Alice", Decline(asked[1].record, n["Alice"]))
    river.do("Chandra", Cancel(asked[2].record))
    river.clock.advance(3_600_000)
    river.accept("Dina", asked[3], "Chandra", 75)
    river.do("Bob", Reverse(paid.record))
    river.do("Kira", Reverse(asked[0].record, "paid the wrong person"))
    doubt(river)
    share(river)
    slips(river)
    by_word(river)
    river.do("Kira", SetLimits(n["Bob"], -5000, None, "runs the bakery"))
    river.do("Kira", ChangeRules("credit", {"commons_low": -5000, "low": -600}, "assembly of May"))
    river.do("Kira", ChangeRules("care", {"quorum": 2}, "assembly of May"))
    listing = river.do("Bob", OpenListing(n["Bob"], "offer", "food", "Bread on Fridays", "Rye and wheat"))
    river.do("Alice", OpenListing(n["Alice"], "want", "repair", "Roof mended", price=None))
    river.do("Bob", CloseListing(RecordId(listing.record)))
    day = river.clock.now().ms // DAY_MS
    asked_to_sign = (n["Alice"], n["Bob"])
    claim = river.do(
        "Dina", ClaimCare(n["Dina"], "elder", 95, day, "Old Tom", "Washed, cooked", asked_to_sign)
    )
    river.do("Alice", DeclineCosign(RecordId(claim.record)))
    for witness in ("Bob", "Chandra"):
        river.do(witness, Cosign(RecordId(claim.record), claim.outcome["terms"]))
    other = river.do("Dina", ClaimCare(n["Dina"], "child", 30, day, "Mia"))
    river.do("Dina", WithdrawClaim(RecordId(other.record)))
    doubted_care(river)
    river.join("Emeka")
    river.do("Kira", TurnAway(river.numbers["Emeka"], "is a member of Hill"))
    river.hub.change_pin(n["Alice"], PIN, "9753")
    lives(river)
    two_keepers(river)
    river.hub.reset_pin(n["Bob"], "8642", river.signers["Kira"])
    helpers(river)
    files(river)
    erasing(river)
    sheets(river)
    the_time(river)


def files(river: Village) -> None:
    """A list of before: people, what they began with, what they offered and paid."""
    n, day = river.numbers, river.clock.now().ms // DAY_MS
    people, begun, offered, paid = (bytes([i]) * 32 for i in (1, 2, 3, 4))
    terms, why = bytes(32), "the list of before"
    number = 1 + _last(river)
    emma, farid = AccountNumber(number), AccountNumber(number + 1)

    def take_in(*commands: Command) -> None:
        begun = commands[0]
        assert isinstance(begun, ImportFile)
        river.do("Dina", AgreeImport(begun.what, begun.digest, terms, begun.rows, begun.moved))
        done = river.hub.submit_all(commands, river.signers["Kira"])
        assert isinstance(done, tuple), done

    river.root(AppointKeeper(n["Dina"]))
    take_in(
        ImportFile("members", people, terms, 2, 2, 0, "people.csv", why),
        ImportMember(people, 2, emma, "Emma", "household", (-900, None), "17"),
        ImportMember(people, 3, farid, "Farid"),
    )
    take_in(
        ImportFile("openings", begun, terms, 2, 1, 5000, "balances.csv", why),
        ImportOpening(begun, ((emma, Amount(-5000)), (farid, Amount(5000)))),
    )
    take_in(
        ImportFile("listings", offered, terms, 1, 1, 0, "offers.csv", why),
        ImportListing(offered, 2, emma, "offer", "crafts", "Baskets", "of willow", Amount(250)),
    )
    take_in(
        ImportFile("transfers", paid, terms, 1, 1, 9000, "paid.csv", why),
        ImportTransfer(paid, 2, day - 400, farid, emma, Amount(9000), "building", 90, "the barn"),
    )


def _last(river: Village) -> int:
    with river.hub.reading() as tx:
        found = tx.first(
            "SELECT MAX(number) FROM (SELECT number FROM member UNION SELECT number FROM account)"
        )
    assert found is not None
    return int(found[0])


def slips(river: Village) -> None:
    """A pile of paper, one slip of it twice."""
    n, day, pile = river.numbers, river.clock.now().ms // DAY_MS, bytes(range(16))
    rows = (
        (n["Alice"], n["Bob"], "bread"),
        (n["Bob"], n["Chandra"], ""),
        (n["Alice"], n["Bob"], "bread again"),
    )
    typed = [
        EnterSlip(pile, line, payer, payee, Amount(21), day - 3, "food", note, again=line == 3)
        for line, (payer, payee, note) in enumerate(rows, 1)
    ]
    done = river.hub.submit_all(typed, river.signers["Kira"])
    assert not isinstance(done, Refused), done


def two_keepers(river: Village) -> None:
    """What one keeper pays from the commons, and all that needs two."""
    appoint(river, "Kofi", "Lena")
    river.do("Kira", from_commons(river, "Dina", 120))
    two(river, "Kira", "Kofi", payment(river, "Bob", 700))
    two(river, "Kofi", "Lena", rules(commons_two=300))
    river.do("Lena", Object(RecordId(river.do("Kira", payment(river, "Dina", 800)).record), "not now"))
    river.do("Kira", TakeBack(RecordId(river.do("Kira", payment(river, "Dina", 801)).record)))
    two(river, "Kira", "Lena", clearing(river, "Alice"))
    two(river, "Kira", "Lena", dismissal(river, "Kofi"))
    river.root(DismissKeeper(river.numbers["Lena"]))
    appoint(river, "Kofi")
    late = RecordId(river.do("Kira", payment(river, "Dina", 802)).record)
    river.clock.advance(14 * DAY_MS)
    done = river.hub.by_rule(LapseProposal(late), "lapse")
    assert isinstance(done, Receipt), done


def doubt(river: Village) -> None:
    """Everything that is not plain about payments."""
    kept, taken, back, unclear = (
        RecordId(river.pay("Alice", "Bob", amount, again=True).record) for amount in (11, 12, 13, 14)
    )
    for record in (kept, taken, back):
        river.do("Alice", AskBack(record, "meant for Chandra"))
    river.do("Bob", KeepIt(kept))
    river.do("Alice", WithdrawAsk(taken))
    river.do("Bob", Dispute(back, "I do not remember it"))
    river.do("Bob", Reverse(back))
    for record in (kept, unclear):
        river.do("Alice", Dispute(record, "the bread never came"))
    river.do("Alice", WithdrawDispute(kept))
    river.do("Kira", EndDispute(unclear, "Bob brings it on Friday"))
    again = river.request("Chandra", "Bob", 30, note="the fence")
    river.do("Bob", Decline(RecordId(again.record), river.numbers["Bob"], "talk_first"))
    late = RecordId(river.request("Chandra", "Bob", 31).record)
    river.clock.advance(14 * DAY_MS)
    done = river.hub.by_rule(Expire(late), "expire")
    assert isinstance(done, Receipt), done


def by_word(river: Village) -> None:
    """Somebody without a key says through the keeper that a payment is wrong."""
    emma = AccountNumber(int(str(river.do("Kira", Register("Emma", "has no phone")).outcome["number"])))
    paid = river.do("Alice", Pay(river.numbers["Alice"], emma, Amount(15), "garden"))
    river.do("Kira", DisputeFor(RecordId(paid.record), emma, "it was two baskets, says Emma"))


def share(river: Village) -> None:
    """One pays several, several pay one, and every end that can have."""
    n = river.numbers

    def parts(**amounts: int) -> Shares:
        return tuple((n[name], Amount(amount)) for name, amount in amounts.items())

    def asked(**amounts: int) -> RecordId:
        ask = AskSplit(n["Alice"], parts(**amounts), "events", "the feast of June")
        return RecordId(river.do("Alice", ask).record)

    def agree(split: RecordId, name: str, amount: int) -> None:
        river.do(name, AcceptShare(split, n[name], n["Alice"], Amount(amount)))

    several = (*parts(Bob=30, Chandra=20), (COMMONS, Amount(5)))
    paid = river.do("Alice", PaySplit(n["Alice"], several, "food", "for the wood"))
    river.do("Kira", Reverse(RecordId(paid.record), "the wood was never brought"))
    feast, without, taken, silent = (asked(Bob=21, Chandra=20, Dina=20 + i) for i in range(4))
    for name, amount in (("Bob", 21), ("Chandra", 20), ("Dina", 20)):
        agree(feast, name, amount)
    river.do("Alice", Reverse(feast, "it rained"))
    river.do("Dina", DeclineShare(without, n["Dina"], "not_now"))
    agree(without, "Bob", 21)
    river.do("Bob", TakeBackShare(without, n["Bob"]))
    agree(without, "Bob", 21)
    agree(without, "Chandra", 20)
    river.do("Alice", LeaveOut(without, n["Dina"]))
    agree(taken, "Bob", 21)
    river.do("Alice", CancelSplit(taken))
    agree(silent, "Bob", 21)
    river.clock.advance(14 * DAY_MS)
    done = river.hub.by_rule(ExpireSplit(silent), "expire")
    assert isinstance(done, Receipt), done
    agree(asked(Bob=3, Chandra=2), "Bob", 3)  # waits at the end, so that something is kept aside


def trade(villages: TwoVillages) -> None:
    """Everything that can happen between two hubs, once at least."""
    v = villages
    moves(v)
    v.send("Alice", "Chandra", 250, category="food", note="two loaves of bread")
    v.send("Chandra", "Alice", 90, note="Vielen Dank! Köszönöm!")
    v.carry()
    v.try_send("Bob", 77, 30)
    v.send("Bob", "Dina", 1100)
    v.carry()
    v.limit(HILL, low=-1400)
    held = [v.send("Alice", "Chandra", amount) for amount in (300, 60, 40, 20)]
    v.try_send("Alice", 88, 10)
    v.carry()
    v.river.do("Alice", Recall(RecordId(held[1].record)))
    v.carry()
    v.hill.do("Hana", SendBack(_held(v.hill, 40), "asked for by Chandra"))
    v.limit(HILL, low=-2000)
    v.carry()
    v.limit(HILL, low=0)
    # Held ones go back at last; one of them by then meets a payee who cannot receive more.
    v.send("Bob", "Dina", 100)
    v.send("Alice", "Dina", 5)
    v.carry()
    v.hill.do("Hana", SetLimits(v.hill.numbers["Dina"], -1200, 1100, "runs the mill"))
    v.limit(HILL, low=-1950)
    v.carry()
    v.limit(HILL, low=0)
    v.send("Alice", "Chandra", 15)
    v.carry()
    v.clock.advance(31 * DAY_MS)
    assert v.posts[HILL].expire() == 1
    v.carry()
    v.send("Bob", "Chandra", 7)
    show_each_other(v)
    for post in v.posts.values():
        assert post.tell() == 1
    v.carry()
    speak_nonsense(v)


def _held(village: Village, amount: int) -> RecordId:
    with village.hub.reading() as tx:
        found = tx.first("SELECT id FROM crossing WHERE state = 'held' AND amount = ?", amount)
    assert found is not None
    return RecordId(bytes(found[0]))


def show_each_other(v: TwoVillages) -> None:
    """Names and listings go on the feed, and come off it again."""
    chandra = v.hill.numbers["Chandra"]
    v.hill.do("Chandra", ShowName(chandra, True))
    bread = v.hill.do(
        "Chandra", OpenListing(chandra, "offer", "food", "Bread every Friday", "Rye", Amount(120))
    )
    v.river.do("Bob", OpenListing(v.river.numbers["Bob"], "want", "repair", "Roof mended"))
    v.river.do("Alice", ShowName(v.river.numbers["Alice"], True))
    assert [v.posts[RIVER].publish(9), v.posts[HILL].publish(9)] == [2, 2]
    v.hill.do("Chandra", CloseListing(RecordId(bread.record)))
    v.hill.do("Chandra", ShowName(chandra, False))
    assert v.posts[HILL].publish(9) == 2


def speak_nonsense(v: TwoVillages) -> None:
    """What a neighbour might say that fits nothing."""
    place, nothing = (HILL, 1, 900, bytes(32)), Named(1, 800)
    said: list[Command] = [
        ArriveSent(*place, None, None, 45),
        ArriveAnswer(*place, nothing, None),
        ArriveAnswer(*place, nothing, Why.KEEPER),
        ArriveRecall(*place, nothing),
        ArriveCheckpoint(*place, Checkpoint(bytes(32), 5, 1, 2, 3, 4, 5, 0, bytes(16))),
    ]
    for command in said:
        done = v.river.hub.by_rule(command, "arrival")
        assert isinstance(done, Receipt), done


def main(name: str) -> None:
    """Write two files for each book."""
    if (HERE / f"{name}.book").exists():
        raise SystemExit(f"{name} exists: a golden book is never made anew")
    with tempfile.TemporaryDirectory() as room, a_village(Path(room) / "river") as river:
        live(river)
        keep(name, river.hub)
    with tempfile.TemporaryDirectory() as room, two_villages(Path(room)) as villages:
        trade(villages)
        keep(f"{name}-river", villages.river.hub)
        keep(f"{name}-hill", villages.hill.hub)
    with tempfile.TemporaryDirectory() as room:
        valley = Valley(Path(room))
        restored(valley, Path(room))
        for number, hub in valley.hubs.items():
            keep(f"{name}-valley-{NAMES[number].lower()}", hub)
        valley.close()


def keep(name: str, hub: Hub) -> None:
    """Write a hub's book, and the state that this release folds out of it."""
    verify(hub.store)
    with hub.reading() as tx:
        bodies = [bytes(row.body) for row in tx.rows(EntryRow.select().order_by(EntryRow.number))]
        state = state_of(tx)
    (HERE / f"{name}.book").write_bytes(codec.encode(bodies))
    rows = json.dumps(state, ensure_ascii=False).replace("]], ", "]],\n").replace("], [", "],\n[")
    (HERE / f"{name}.state.json").write_text(rows + "\n", "utf-8")
    print(f"{name}: {len(bodies)} entries")


if __name__ == "__main__":
    main(sys.argv[1])
