"""Books that somebody wrote by hand, with good signatures: what nobody may do to a membership is found."""

from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.life import Freeze, Vouch
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.people.moving import Move
from appliance.ledger.values import AccountNumber
from tests.ledger.book import tampering
from tests.support.two_villages import HILL, two_villages
from tests.support.village import Village

FORGED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    # who, kind, payload, outcome; 1 Kira and 3 Bob keep, 2 Alice moves with a debt, 4 Emma waits, 5 Fay is frozen
    ("Kira", "freeze", {"member": 3}, {}),
    ("Kira", "freeze", {"member": 1}, {}),
    ("Alice", "freeze", {"member": 2}, {}),
    ("Fay", "unfreeze", {"member": 5}, {}),
    ("Kira", "away", {"member": 2}, {}),
    ("Kira", "back", {"member": 3}, {}),
    ("Alice", "away", {"member": 3}, {}),
    ("Kira", "reopen", {"member": 4}, {}),
    ("Kira", "close_member", {"member": 2, "how": "left"}, {}),
    ("Kira", "close_member", {"member": 3, "how": "left"}, {}),
    ("Fay", "close_member", {"member": 2, "how": "died"}, {}),
    ("Alice", "leave", {"member": 2}, {}),
    ("Alice", "leave", {"member": 3}, {}),
    ("Fay", "leave", {"member": 5}, {}),
    ("hub", "close_moved", {"member": 2}, {}),
    ("hub", "close_moved", {"member": 3}, {}),
    ("Kira", "close_moved", {"member": 2}, {}),
    ("Kira", "move", {"member": 3, "to_hub": HILL, "to_account": 4, "told": True}, {}),
    ("Kira", "move", {"member": 2, "to_hub": HILL, "to_account": 5, "told": True}, {}),
    ("Bob", "move", {"member": 3, "to_hub": 103, "to_account": 4, "told": True}, {}),
    ("Fay", "move", {"member": 5, "to_hub": HILL, "to_account": 4, "told": True}, {}),
    ("Fay", "stay", {"member": 2}, {}),
    ("Bob", "stay", {"member": 3}, {}),
    ("Fay", "vouch", {"newcomer": 4}, {}),
    ("Bob", "vouch", {"newcomer": 4}, {}),
    ("Alice", "vouch", {"newcomer": 3}, {}),
    ("Emma", "vouch", {"newcomer": 4}, {}),
    ("Alice", "register", {"group": "person"}, {"number": 6}),
    ("Kira", "register", {"group": "person"}, {"number": 6, "low": -1200, "high": 2400}),
    ("Kira", "move_group", {"account": 1, "group": "business"}, {"low": -5000, "high": 10000}),
    ("Kira", "move_group", {"account": 3, "group": "business"}, {"low": -9000, "high": 10000}),
    ("hub", "lapse_limits", {"account": 3}, {"low": -1200, "high": 2400}),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Village]:
    """River's book: Alice moves with a debt, Emma waits with Bob's word, Fay is frozen; two must vouch."""
    room = tmp_path_factory.mktemp("warrants")
    with two_villages(room) as two:
        river = two.river
        emma = river.join("Emma")
        fay = river.join("Fay")
        river.do("Kira", Approve(fay))
        river.do("Kira", Freeze(fay, "a quarrel"))
        river.pay("Alice", "Bob", 100)
        river.do("Alice", Move(river.numbers["Alice"], HILL, AccountNumber(4), True))
        river.do("Kira", ChangeRules("credit", {"vouchers": 2}, "we have grown"))
        river.root(AppointKeeper(river.numbers["Bob"]))
        river.do("Bob", Vouch(emma))
        assert (emma, fay) == (4, 5)
    return room / "river" / LEDGER_FILE, river


def says(path: Path) -> str:
    store = Store.open(path)
    try:
        verify(store)
    except BookDamaged as error:
        return str(error)
    finally:
        store.close()
    return "clean"


@pytest.mark.parametrize(("who", "kind", "payload", "outcome"), FORGED)
def test_what_nobody_may_do_is_found(
    book: tuple[Path, Village], tmp_path: Path, who: str, kind: str, payload: Any, outcome: Any
) -> None:
    path, river = book
    copy = tmp_path / "ledger.db"
    copy.write_bytes(path.read_bytes())
    assert says(copy) == "clean"
    signer = KeySigner("hub:moved", river.hub.box.signing) if who == "hub" else river.signers[who]
    with tampering.card_in_hand(copy) as db:
        tampering.append_signed(db, kind, payload, signer, outcome)
    assert f"may not {kind} this" in says(copy)
