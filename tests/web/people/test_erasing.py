"""Erasing as members meet it: their own page, leaving, single texts; and what everybody reads afterwards."""

from collections.abc import Callable

from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.files.exporting import EXPORTS, export
from appliance.ledger.market.listings import OFFER, CloseListing, OpenListing
from appliance.ledger.money.disputes import Dispute, WithdrawDispute
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.people.erasing import AskErase, Erase
from appliance.ledger.people.leaving import Leave
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount, EntryNumber, RecordId
from tests.support.village import PIN, Village
from tests.web.conftest import OWN_SCREEN, Browser

DAY_MS = 24 * 3600 * 1000
SignedIn = Callable[..., Browser]


def a_week_passes(village: Village) -> None:
    village.clock.advance(8 * DAY_MS)
    tend(village.hub)


def erase(village: Village, name: str, *entries: EntryNumber) -> None:
    """``name`` asks, Kira does it, the week passes."""
    number = village.numbers[name]
    for entry in entries:
        village.do(name, AskErase(number, entry))
        village.do("Kira", Erase(number, "asked at the desk", entry))
    a_week_passes(village)


class TestTheOwnPage:
    def test_asked_for_and_taken_back_before_leaving(self, village: Village, signed_in: SignedIn) -> None:
        alice = signed_in("Alice")
        assert "/me/words" in alice.get("/me").text
        asked = alice.fill("/me/words", "/words/ask", follow=True)
        assert "You have asked that all your words be erased" in asked.text
        assert alice.get("/me/words").text.count("Erase my words when I leave") == 0
        back = alice.fill("/me/words", f"/keep/{_wish(village, 0)}", follow=True)
        assert "Taken back: the words stay." in back.text
        assert "Erase my words when I leave" in back.text

    def test_leaving_offers_it_and_the_desk_shows_who_waits(
        self, village: Village, signed_in: SignedIn
    ) -> None:
        number = village.numbers["Alice"]
        alice, kira = signed_in("Alice"), signed_in("Kira", OWN_SCREEN)
        wrong = alice.fill("/me/close", "/me/close", erase="1", pin="9999")
        assert wrong.status_code == 422
        assert 'name="erase" value="1" checked' in wrong.text
        assert "wish" not in kira.get("/desk").text
        left = alice.fill("/me/close", "/me/close", erase="1", pin=PIN)
        assert left.status_code == 302, left.text
        refused = alice.sign_in(village.account("Alice").short)
        assert refused.status_code != 302
        assert "1 wish that words be erased" in kira.get("/desk").text
        assert "has left, and wants all own words erased" in kira.get("/desk/words").text
        kira.fill(f"/desk/people/{number}/erase", "/life/erase", reason="asked on leaving")
        assert "wish" not in kira.get("/desk").text
        a_week_passes(village)
        assert "Alice" not in signed_in("Kira", OWN_SCREEN).get(f"/desk/people/{number}").text

    def test_who_leaves_without_ticking_it_asks_for_nothing(
        self, village: Village, signed_in: SignedIn
    ) -> None:
        alice, kira = signed_in("Alice"), signed_in("Kira", OWN_SCREEN)
        assert alice.fill("/me/close", "/me/close", pin=PIN).status_code == 302
        assert "wish" not in kira.get("/desk").text

    def test_a_note_from_the_receipt_and_only_by_who_wrote_it(
        self, village: Village, signed_in: SignedIn
    ) -> None:
        paid = village.pay("Alice", "Bob", 100, note="for sorrel")
        receipt, form = f"/t/{paid.record.hex()}", f"/me/words/{paid.entry}"
        alice, bob = signed_in("Alice"), signed_in("Bob")
        assert form in alice.get(receipt).text
        assert "/words/" not in bob.get(receipt).text
        assert bob.get(form).status_code == 404
        asked = alice.fill(form, "/words/ask", follow=True)
        assert "asked for; waits for a keeper" in asked.text
        kira = signed_in("Kira", OWN_SCREEN)
        assert f"/desk/words/{paid.entry}" in kira.get("/desk/words").text
        kira.fill(f"/desk/words/{paid.entry}", f"/words/{paid.entry}", reason="asked")
        assert "will be erased on" in alice.get(receipt).text
        kept = alice.fill("/me/words", f"/keep/{_wish(village, paid.entry)}", follow=True)
        assert "Taken back" in kept.text
        a_week_passes(village)
        assert "for sorrel" in signed_in("Bob").get(receipt).text

    def test_a_keeper_begins_it_unasked_and_who_wrote_it_reads_why_and_says_no(
        self, village: Village, signed_in: SignedIn
    ) -> None:
        paid = village.pay("Alice", "Bob", 100, note="for the thief")
        kira, page = signed_in("Kira", OWN_SCREEN), f"/desk/words/{paid.entry}"
        assert page in kira.get(f"/t/{paid.record.hex()}").text
        assert signed_in("Bob").get(page).status_code == 403
        assert signed_in("Kira").get(page).status_code == 403, "on her phone she is a member like any other"
        refused = kira.fill(page, page, reason=" ")
        assert refused.status_code == 422
        kira.fill(page, page, reason="insults Bob")
        alice = signed_in("Alice")
        told = alice.get("/me/words")
        assert "The keeper Kira began it: insults Bob" in told.text
        assert "insults Bob" in alice.get("/me/acts").text
        alice.fill("/me/words", f"/keep/{_wish(village, paid.entry)}")
        again = kira.fill(page, page, reason="insults Bob all the same")
        assert again.status_code == 422

    def test_forms_that_nobody_was_given_change_nothing(self, village: Village, signed_in: SignedIn) -> None:
        alice = signed_in("Alice")
        for path in ("/me/words/99999", "/me/words/1"):
            assert alice.get(path).status_code == 404, path
        page = alice.get("/me/words")
        assert alice.fill(page, "/words/ask", entry="x").status_code == 400
        assert alice.fill(page, "/words/ask", entry="99999").status_code == 404
        with village.hub.reading() as tx:
            assert tx.first("SELECT COUNT(*) FROM erasure") == (0,)


def _wish(village: Village, entry: int) -> str:
    with village.hub.reading() as tx:
        found = tx.first("SELECT id FROM erasure WHERE entry = ? AND state <> 'kept'", entry)
    assert found is not None
    return bytes(found[0]).hex()


class TestWhatStandsInItsPlace:
    def test_on_receipts_lists_statements_on_paper_and_in_files(
        self, village: Village, signed_in: SignedIn
    ) -> None:
        n, day = village.numbers, village.clock.now().ms // DAY_MS
        paid = village.pay("Alice", "Bob", 100, note="for sorrel")
        slip = village.do(
            "Kira", EnterSlip(bytes(16), 1, n["Alice"], n["Bob"], Amount(7), day, "food", "quince")
        )
        asked = village.request("Alice", "Bob", 30, note="for medlar")
        village.accept("Bob", asked, "Alice", 30)
        erase(village, "Alice", paid.entry, slip.entry, asked.entry)
        bob, kira = signed_in("Bob"), signed_in("Kira", OWN_SCREEN)
        number, pile = n["Bob"], bytes(16).hex()
        for browser, path, times in (
            (bob, f"/t/{paid.record.hex()}", 1),
            (bob, f"/t/{slip.record.hex()}", 1),
            (bob, f"/t/{asked.record.hex()}", 1),
            (bob, "/", 4),
            (bob, "/statement", 3),
            (bob, f"/statements/{number}?from=2026-05-01&to=2026-07-01", 3),
            (bob, f"/statements/{number}.csv?from=2026-05-01&to=2026-07-01", 3),
            (kira, f"/statements/{number}?from=2026-05-01&to=2026-07-01", 3),
            (kira, f"/desk/slips/pile/{pile}", 1),
            (kira, f"/desk/people/{number}", 3),
        ):
            shown = browser.get(path)
            assert shown.status_code == 200, path
            assert shown.text.count("text erased") == times, (path, shown.text)
            assert not any(word in shown.text for word in ("sorrel", "quince", "medlar")), path
        other = bob.get("/statement", headers={"Accept-Language": "es"})
        assert "text erased" not in other.text
        assert "texto borrado" in other.text

    def test_on_offers_care_and_what_was_contested(self, village: Village, signed_in: SignedIn) -> None:
        n = village.numbers
        offer = village.do("Alice", OpenListing(n["Alice"], OFFER, "food", "Walnut bread", "of quince"))
        village.do("Alice", CloseListing(RecordId(offer.record)))
        care = village.do(
            "Alice",
            ClaimCare(n["Alice"], "elder", 60, 20_605, "medlar", "sat with rowan", (n["Bob"], n["Dina"])),
        )
        village.do("Alice", WithdrawClaim(RecordId(care.record)))
        paid = village.pay("Alice", "Bob", 100)
        said = village.do("Alice", Dispute(RecordId(paid.record), "sorrel never came"))
        village.do("Alice", WithdrawDispute(RecordId(paid.record)))
        erase(village, "Alice", offer.entry, care.entry, said.entry)
        alice, bob = signed_in("Alice"), signed_in("Bob")
        for browser, path in (
            (alice, f"/market/{offer.record.hex()}"),
            (bob, f"/market/{offer.record.hex()}"),
            (alice, "/market/mine"),
            (alice, f"/C/{care.outcome['code']}"),
            (bob, f"/t/{paid.record.hex()}"),
        ):
            shown = browser.get(path)
            assert shown.status_code == 200, (path, shown.status_code)
            assert "text erased" in shown.text, (path, shown.text)
            for word in ("Walnut", "quince", "medlar", "rowan", "sorrel"):
                assert word not in shown.text, path

    def test_in_the_log_when_the_reason_was_about_somebody_who_was_erased(
        self, village: Village, signed_in: SignedIn
    ) -> None:
        kira = signed_in("Kira", OWN_SCREEN)
        kira.fill(
            f"/desk/people/{village.numbers['Alice']}/away", "/life/away", reason="juniper season", pin=PIN
        )
        assert "Because: juniper season" in kira.get("/desk/log").text
        village.do("Alice", Leave(village.numbers["Alice"]))
        village.do("Kira", Erase(village.numbers["Alice"], "asked"))
        a_week_passes(village)
        log = signed_in("Kira", OWN_SCREEN).get("/desk/log").text
        assert "juniper" not in log
        assert "Because: text erased" in log

    def test_in_the_files_that_go_out(self, village: Village) -> None:
        n = village.numbers
        offer = village.do("Alice", OpenListing(n["Alice"], OFFER, "food", "Walnut bread", "of quince"))
        village.do("Alice", CloseListing(RecordId(offer.record)))
        paid = village.pay("Alice", "Bob", 100, note="for sorrel")
        erase(village, "Alice", offer.entry, paid.entry)
        unit = village.hub.rules().community.counted_in
        with village.hub.reading() as tx:
            told = {
                what: b"".join(export(tx, what, village.hub.number, unit)).decode("utf-8") for what in EXPORTS
            }
        assert "[erased]" in told["transfers"]
        assert "[erased]" in told["listings"]
        assert not any(word in text for text in told.values() for word in ("sorrel", "Walnut", "quince"))


def test_a_newcomer_who_was_turned_away_is_found_and_erased_at_the_desk(
    village: Village, signed_in: SignedIn
) -> None:
    village.join("Emmeline")
    page = f"/desk/people/{village.numbers['Emmeline']}"
    kira = signed_in("Kira", OWN_SCREEN)
    kira.fill(page, "/turn-away", reason="lives at Hill", pin=PIN)
    assert page in kira.get("/desk/people?q=emm").text
    shown = kira.get(page).text
    assert f"{page}/erase" in shown
    assert "Take in again" not in shown
    after = kira.fill(f"{page}/erase", "/life/erase", follow=True, reason="asked by letter")
    assert "will be erased on" in after.text
    a_week_passes(village)
    kira = signed_in("Kira", OWN_SCREEN)
    assert "Emmeline" not in kira.get(page).text
    assert "have been erased" in kira.get(page).text
    assert page not in kira.get("/desk/people?q=emm").text
