"""Erasing a single text, by who wrote it or by a keeper; newcomers who were turned away; drafts of slips."""

import json

from appliance.ledger.book.local import SlipDraft
from appliance.ledger.book.verify import verify
from appliance.ledger.care import drafts
from appliance.ledger.errors import Code
from appliance.ledger.market.listings import OFFER, CloseListing, OpenListing
from appliance.ledger.money import piles
from appliance.ledger.money.disputes import Dispute, WithdrawDispute
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.money.undo import AskBack, KeepIt
from appliance.ledger.people import erasing, own_texts
from appliance.ledger.people.erasing import AskErase, Erase, KeepTexts
from appliance.ledger.people.members import TurnAway
from appliance.ledger.reads.people import person
from appliance.ledger.values import Amount, RecordId
from tests.ledger.people.test_erasing import DAY_MS, days_pass, files_of, leaves, no, note
from tests.support.village import Village


class TestByAKeeper:
    def test_unasked_with_a_reason_and_who_wrote_it_says_nothing(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        paid = river.pay("Alice", "Bob", 5, note="for the sorrel thief")
        assert no(river, "Bob", Erase(alice, "it calls me a thief", paid.entry)) is Code.NOT_KEEPER
        assert no(river, "Kira", Erase(alice, " ", paid.entry)) is Code.TEXT_MISSING
        river.do("Kira", Erase(alice, "it calls Bob a thief", paid.entry))
        days_pass(river, 6)
        assert note(river, paid.entry) == "for the sorrel thief"
        days_pass(river, 2)
        assert b"sorrel" not in files_of(river)
        assert verify(river.hub.store).erased == 1

    def test_the_no_of_who_wrote_it_ends_it_for_good(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        paid = river.pay("Alice", "Bob", 5, note="for sorrel")
        begun = river.do("Kira", Erase(alice, "ugly", paid.entry))
        river.do("Alice", KeepTexts(alice, begun.record))
        assert no(river, "Kira", Erase(alice, "ugly all the same", paid.entry)) is Code.NOT_YOURS
        days_pass(river, 30)
        assert note(river, paid.entry) == "for sorrel"
        # What Alice herself asks for, a keeper does.
        river.do("Alice", AskErase(alice, paid.entry))
        river.do("Kira", Erase(alice, "she asked after all", paid.entry))
        days_pass(river, 8)
        assert note(river, paid.entry) == ""

    def test_not_what_keepers_wrote_in_office_nor_under_another_name(self, river: Village) -> None:
        n = river.numbers
        paid = river.pay("Alice", "Bob", 5, note="for sorrel")
        river.do("Kira", Erase(n["Alice"], "ugly", paid.entry))
        undone = river.pay("Alice", "Bob", 6, note="eggs")
        assert no(river, "Kira", Erase(n["Bob"], "ugly", undone.entry)) is Code.NOT_YOURS


class TestWhatIsSaidOfAPayment:
    def test_a_disputes_reason_and_an_ask_go_once_they_are_ended(self, river: Village) -> None:
        alice, bob = river.numbers["Alice"], river.numbers["Bob"]
        paid = river.pay("Alice", "Bob", 5)
        asked = river.do("Alice", AskBack(paid.record, "meant for medlar"))
        assert no(river, "Alice", AskErase(alice, asked.entry)) is Code.UNDER_WAY
        river.do("Bob", KeepIt(paid.record))
        contested = river.do("Alice", Dispute(paid.record, "the quince was bad"))
        assert no(river, "Alice", AskErase(alice, contested.entry)) is Code.UNDER_WAY
        assert no(river, "Bob", AskErase(bob, contested.entry)) is Code.NOT_YOURS
        river.do("Alice", WithdrawDispute(paid.record))
        again = river.do("Alice", Dispute(paid.record, "it was bad"))
        assert no(river, "Alice", AskErase(alice, contested.entry)) is Code.UNDER_WAY
        river.do("Alice", WithdrawDispute(paid.record))
        for entry in (asked.entry, contested.entry, again.entry):
            river.do("Alice", AskErase(alice, entry))
            river.do("Kira", Erase(alice, "asked on the phone", entry))
        days_pass(river, 8)
        after = files_of(river)
        assert [word for word in (b"medlar", b"quince", b"it was bad") if word in after] == []
        verify(river.hub.store)

    def test_the_note_on_a_slip_is_of_who_paid_and_not_of_the_keeper(self, river: Village) -> None:
        n, day = river.numbers, river.clock.now().ms // DAY_MS
        slip = river.do(
            "Kira", EnterSlip(bytes(16), 1, n["Alice"], n["Bob"], Amount(5), day, "food", "quince")
        )
        with river.hub.reading() as tx:
            assert own_texts.author(tx, slip.entry) == n["Alice"]
        river.do("Alice", AskErase(n["Alice"], slip.entry))
        river.do("Kira", Erase(n["Alice"], "asked", slip.entry))
        days_pass(river, 8)
        assert b"quince" not in files_of(river)


class TestANewcomerWhoWasTurnedAway:
    def test_leaves_no_name_and_no_words(self, river: Village) -> None:
        river.join("Emmeline")
        emma = river.numbers["Emmeline"]
        assert no(river, "Kira", Erase(emma, "asked")) is Code.WRONG_STATUS
        river.do("Kira", TurnAway(emma, "juniper lives at Hill"))
        assert b"Emmeline" in files_of(river)
        river.do("Kira", Erase(emma, "was turned away a month ago"))
        days_pass(river, 8)
        after = files_of(river)
        assert b"Emmeline" not in after
        assert b"juniper" not in after
        with river.hub.reading() as tx:
            who = person(tx, emma)
            assert who is not None
            assert (who.name, who.status) == ("", "closed")
            assert tx.first("SELECT 1 FROM sealed_key WHERE member = ?", emma) is None
        verify(river.hub.store)


class TestDraftsOfSlips:
    def test_lose_the_name_of_who_is_erased_and_nothing_else(self, river: Village) -> None:
        kira = river.numbers["Kira"]
        rows = [
            ["Alice", "Bob", "2", "1.6.2026", "", "for Alice's plums", ""],
            ["Bob", "42-2", "3", "", "food", "fence", ""],
            ["Ali", "Dina", "4", "", "", "", ""],
        ]
        body = {"rows": rows, "size": 10, "count": "3", "total": "9"}
        assert piles.keep_draft(river.hub.store, b"p" * 16, kira, body, river.clock.now())
        leaves(river)
        days_pass(river, 8)
        assert b"Alice" not in files_of(river)
        with river.hub.reading() as tx:
            row = tx.get(SlipDraft, pile=b"p" * 16)
        assert row is not None
        left = json.loads(row.body)
        assert left["rows"] == [
            ["", "Bob", "2", "1.6.2026", "", "", ""],
            ["Bob", "42-2", "3", "", "food", "fence", ""],
            ["", "Dina", "4", "", "", "", ""],
        ]
        assert (left["count"], left["total"]) == ("3", "9")

    def test_care_that_is_begun_loses_the_name_too_and_goes_with_its_writer(self, river: Village) -> None:
        now = river.clock.now()
        kept = {"cared_for": "Alice's mother", "what": "soup", "days": {"20605": ""}}
        for ident, who in ((b"d" * 16, "Bob"), (b"a" * 16, "Alice")):
            assert drafts.keep(river.hub.store, ident, river.numbers[who], drafts.CLAIM, kept, now)
        assert not drafts.keep(river.hub.store, b"d" * 16, river.numbers["Dina"], drafts.CLAIM, {}, now)
        leaves(river)
        days_pass(river, 8)
        assert b"Alice" not in files_of(river)
        with river.hub.reading() as tx:
            left = drafts.one(tx, b"d" * 16, river.numbers["Bob"])
            assert tx.first("SELECT COUNT(*) FROM care_draft") == (1,)
        assert left is not None
        assert left.body == {**kept, "cared_for": ""}

    def test_a_name_is_found_in_every_script(self, river: Village) -> None:
        """Vowel signs are no letters to a regular expression, and belong to the name all the same."""
        river.join("प्रीति देवी")
        preeti = river.numbers["प्रीति देवी"]
        body = {"rows": [["प्रीति", "Bob", "2"], ["Bob", "Dina", "3"]]}
        assert piles.keep_draft(river.hub.store, b"p" * 16, river.numbers["Kira"], body, river.clock.now())
        river.do("Kira", TurnAway(preeti, "unknown here"))
        river.do("Kira", Erase(preeti, "asked at the desk"))
        days_pass(river, 8)
        with river.hub.reading() as tx:
            row = tx.get(SlipDraft, pile=b"p" * 16)
        assert row is not None
        assert json.loads(row.body)["rows"] == [["", "Bob", "2"], ["Bob", "Dina", "3"]]


def test_an_open_offer_is_closed_first(river: Village) -> None:
    alice = river.numbers["Alice"]
    offer = river.do("Alice", OpenListing(alice, OFFER, "food", "Sorrel of Bob"))
    assert no(river, "Kira", Erase(alice, "names Bob", offer.entry)) is Code.UNDER_WAY
    river.do("Kira", CloseListing(RecordId(offer.record), "names Bob"))
    river.do("Kira", Erase(alice, "names Bob", offer.entry))
    with river.hub.reading() as tx:
        waits = erasing.open_one(tx, alice, offer.entry)
    assert waits is not None
    days_pass(river, 8)
    assert b"Sorrel" not in files_of(river)
