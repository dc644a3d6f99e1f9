"""Why a payment stands, as those concerned read it."""

import sqlite3
from collections.abc import Callable

from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.shares import AskSplit
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.values import Amount, RecordId
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

DAY_MS = 24 * 3600 * 1000
SMALL = 30 * 1024
SignedIn = Callable[..., Browser]


def why(browser: Browser, record: bytes) -> str:
    shown = browser.get(f"/t/{record.hex()}/why")
    assert shown.status_code == 200, shown.status_code
    assert len(shown.data) < SMALL
    return shown.text


def test_who_asked_and_who_agreed_by_what_and_what_moved(village: Village, signed_in: SignedIn) -> None:
    village.do("Kira", ChangeRules("credit", {"levy_rate": 100}, "assembly"))
    asked = village.request("Chandra", "Alice", 100, note="mending")
    village.accept("Alice", asked, "Chandra", 100)
    alice = signed_in("Alice")
    assert f"/t/{asked.record.hex()}/why" in alice.get(f"/t/{asked.record.hex()}").text
    page = why(alice, asked.record)
    assert "The seal holds." in page
    assert page.index("Chandra asked for it.") < page.index("Alice agreed and paid.")
    assert page.count("Signed with the own key, which only the PIN opens.") == 2
    assert "Of it went to the commons" in page
    assert "0.00 h → −1.00 h" in page.replace("\xa0", " ")
    assert page.count("before, and after") == 1, "what Chandra has is not Alice's to read"
    assert "0.90 h" not in why(alice, asked.record).split("before, and after")[1].split("</dd>")[0]
    assert "Nothing has undone it." in page
    kira = why(signed_in("Kira", OWN_SCREEN), asked.record)
    assert kira.count("before, and after") == 3, "a keeper at the desk sees all: both, and the commons"


def test_those_concerned_and_keepers_at_the_desk_only(village: Village, signed_in: SignedIn) -> None:
    paid = village.pay("Alice", "Bob", 100)
    for browser in (signed_in("Dina"), signed_in("Kira")):
        assert browser.get(f"/t/{paid.record.hex()}/why").status_code == 404
    assert signed_in("Bob").get("/t/zz/why").status_code == 404
    # An open request is seen by whoever holds its code; why it stands only by who asked.
    anybody = village.request("Chandra", None, 75)
    assert signed_in("Dina").get(f"/t/{anybody.record.hex()}").status_code == 200
    assert "/why" not in signed_in("Dina").get(f"/t/{anybody.record.hex()}").text
    assert signed_in("Dina").get(f"/t/{anybody.record.hex()}/why").status_code == 404
    assert "Chandra asked for it." in why(signed_in("Chandra"), anybody.record)


def test_paper_names_the_slip_and_the_keeper(village: Village, signed_in: SignedIn) -> None:
    n, day = village.numbers, village.clock.now().ms // DAY_MS
    slip = village.do(
        "Kira", EnterSlip(b"\x0a" * 16, 1, n["Alice"], n["Bob"], Amount(7), day, "food", "bread")
    )
    page = why(signed_in("Bob"), slip.record)
    assert "The keeper Kira typed it in from a paper slip that both had signed." in page
    assert "Slip number 1 of the pile 0a0a0a0a" in page


def test_what_undid_it_and_that_it_is_contested(village: Village, signed_in: SignedIn) -> None:
    paid, other = village.pay("Alice", "Bob", 100), village.pay("Alice", "Bob", 50)
    village.do("Bob", Reverse(RecordId(paid.record)))
    village.do("Alice", Dispute(RecordId(other.record), "never came"))
    alice = signed_in("Alice")
    undone = why(alice, paid.record)
    assert "Bob gave it back." in undone
    assert "It was undone" in undone
    contested = why(alice, other.record)
    assert "It is contested." in contested
    assert "Alice said that it is wrong." in contested
    assert "never came" not in contested


def test_a_changed_entry_breaks_the_seal(village: Village, signed_in: SignedIn) -> None:
    paid = village.pay("Alice", "Bob", 100)
    with sqlite3.connect(village.hub.store.path) as db:
        (body,) = db.execute("SELECT body FROM entry WHERE number = ?", (paid.entry,)).fetchone()
        body = body[:-1] + bytes([body[-1] ^ 1])  # the signature comes last
        db.execute("UPDATE entry SET body = ? WHERE number = ?", (body, paid.entry))
    db.close()
    page = why(signed_in("Alice"), paid.record)
    assert "The seal does not hold" in page
    assert "The seal holds." not in page


def test_of_a_split_each_reads_the_own_part(village: Village, signed_in: SignedIn) -> None:
    n = village.numbers
    parts = ((n["Bob"], Amount(30)), (n["Dina"], Amount(20)))
    split = village.do("Alice", AskSplit(n["Alice"], parts, "events", "feast"))
    page = why(signed_in("Bob"), split.record)
    assert "Alice asked several people for their parts." in page
    assert "Nothing has moved." in page
    assert signed_in("Chandra").get(f"/t/{split.record.hex()}/why").status_code == 404
