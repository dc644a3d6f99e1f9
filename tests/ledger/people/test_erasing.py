"""Erasing: the words of who has left go, out of every byte; the book stays whole, and so do the others' words."""

import gzip
import sqlite3
from pathlib import Path

import pytest

from appliance.ledger import yearly
from appliance.ledger.backups import Backups
from appliance.ledger.book import wiping
from appliance.ledger.book.backup_form import MAKING
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import Device, Note, Printed, Session, SlipDraft, Tried
from appliance.ledger.book.schema_erased import Erased
from appliance.ledger.book.subject import Command
from appliance.ledger.book.verify import verify
from appliance.ledger.care.claims import ClaimCare, WithdrawClaim
from appliance.ledger.clock import Quality
from appliance.ledger.errors import BookDamaged, Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.market.listings import OFFER, CloseListing, OpenListing
from appliance.ledger.money.disputes import Dispute, WithdrawDispute
from appliance.ledger.people import erasing
from appliance.ledger.people.erasing import AskErase, Erase, KeepTexts
from appliance.ledger.people.leaving import CloseMember, Leave
from appliance.ledger.people.life import Freeze, Register, Reopen, Unfreeze
from appliance.ledger.people.members import AppointKeeper, DismissKeeper
from appliance.ledger.reads.people import person, text_of
from appliance.ledger.tend import tend
from appliance.ledger.values import AccountNumber, Amount, EntryNumber, RecordId
from tests.support.village import Village

DAY_MS = 24 * 3600 * 1000
DAY = 20_605
"""2026-06-01, counted from 1970."""


def no(river: Village, name: str, command: Command) -> Code:
    result = river.ask(name, command)
    assert isinstance(result, Refusal), result
    return result.code


def days_pass(river: Village, days: int) -> None:
    river.clock.advance(days * DAY_MS)
    tend(river.hub)


def files_of(river: Village) -> bytes:
    """All bytes of the ledger's files as they lie on the disk now."""
    return b"".join(p.read_bytes() for p in sorted(river.hub.data.glob("ledger.db*")))


def note(river: Village, entry: int, field: str = "note") -> str:
    with river.hub.reading() as tx:
        return text_of(tx, entry, field)


def leaves(river: Village, name: str = "Alice") -> AccountNumber:
    """``name``, who has written much and stands at zero, closes the membership and is erased at the desk."""
    number = river.numbers[name]
    river.do(name, Leave(number))
    river.do("Kira", Erase(number, "asked at the desk on Monday"))
    return number


WORDS = (b"Alice", b"walnut", b"quince", b"medlar", b"rowan", b"sorrel", b"juniper")
"""What Alice writes, or what is written of her; nobody else does."""


def written(river: Village) -> dict[str, Receipt]:
    """What Alice has to do with: own words in many places, and Bob's about his own payment."""
    n, alice = river.numbers, river.numbers["Alice"]
    offer = river.do("Alice", OpenListing(alice, OFFER, "food", "walnut bread", "of quince too"))
    river.do("Alice", CloseListing(offer.record))
    care = river.do(
        "Alice", ClaimCare(alice, "elder", 60, DAY, "medlar", "sat with rowan", (n["Bob"], n["Dina"]))
    )
    river.do("Alice", WithdrawClaim(care.record))
    river.do("Kira", Freeze(alice, "juniper was seen"))
    river.do("Kira", Unfreeze(alice, "juniper was not"))
    paid = river.pay("Alice", "Bob", 100, note="for sorrel")
    got = river.pay("Bob", "Alice", 100, note="with thanks for hazel")
    return {"offer": offer, "care": care, "paid": paid, "got": got}


class TestAllOfSomebodyWhoLeft:
    def test_goes_after_a_week_and_is_in_no_byte_of_the_files(self, river: Village) -> None:
        done = written(river)
        with river.hub.store.write() as tx:
            tx.insert(Session, token=b"1", member=2, data='{"pay": "sorrel"}', boot="a", seen_ms=1)
            tx.insert(Device, member=2, device=b"quince", seq=1)
            tx.insert(Tried, member=2, seq=1, good=True, at_ms=1, quality=4, source="10.0.0.7")
            tx.insert(Printed, account=2, what="card", first=0, end=0, at_ms=1, quality=4)
        alice = leaves(river)
        days_pass(river, 6)
        assert note(river, done["paid"].entry) == "for sorrel"
        before = files_of(river)
        assert all(word in before for word in WORDS)
        days_pass(river, 2)
        after = files_of(river)
        assert [word for word in WORDS if word in after] == []
        assert b"hazel" in after, "what Bob wrote about his payment is Bob's"
        assert note(river, done["got"].entry) == "with thanks for hazel"
        with river.hub.reading() as tx:
            who = person(tx, alice)
            assert who is not None
            assert who.name == ""
            for table in (Session, Device, Tried, Printed, SlipDraft):
                assert tx.first(f"SELECT COUNT(*) FROM {table._meta.table_name} WHERE rowid > 0") == (0,)
        assert river.balance("Bob") == 0
        assert verify(river.hub.store).erased == 6

    def test_no_file_of_the_hub_has_them_whatever_was_made_of_the_book_before(self, river: Village) -> None:
        """A yearly closing, a check that was interrupted, and a backup that was killed are no hiding places."""
        written(river)
        assert isinstance(yearly.close(river.hub, river.signers["Kira"]), yearly.Closed)
        killed = river.hub.data / f"{MAKING}killed"
        killed.mkdir()
        river.hub.store.copy_into(killed / "ledger.db")

        def stops(_done: int, _total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            verify(river.hub.store, progress=stops, work=river.hub.data)
        assert (river.hub.data / "verifying").exists()
        leaves(river)
        days_pass(river, 8)
        Backups(river.hub).tend()
        files = [one for one in river.hub.data.rglob("*") if one.is_file()]
        assert len(files) > 5
        found = {one.name: word for one in files for word in WORDS if word in one.read_bytes()}
        assert found == {}
        for state in river.hub.data.glob("archive/*.gz"):
            unpacked = gzip.decompress(state.read_bytes())
            assert [word for word in WORDS if word in unpacked] == []

    def test_with_many_texts_around_nothing_is_left_in_pages_that_were_split(self, river: Village) -> None:
        for i in range(60):
            river.pay("Alice", "Bob", 1, note=f"walnut {i} " + "x" * 120, again=True)
            river.pay("Bob", "Alice", 1, note=f"hazel {i} " + "y" * 120, again=True)
        leaves(river)
        days_pass(river, 8)
        assert b"walnut" not in files_of(river)
        assert note(river, 20) or note(river, 21), "Bob's are still there"
        assert verify(river.hub.store).erased == 61

    def test_waits_as_long_as_somebody_reads_and_then_goes_from_the_log_too(self, river: Village) -> None:
        written(river)
        leaves(river)
        river.clock.advance(8 * DAY_MS)
        other = sqlite3.connect(river.hub.store.path, isolation_level=None)
        try:
            other.execute("BEGIN")
            other.execute("SELECT COUNT(*) FROM entry").fetchone()
            tend(river.hub)
            with river.hub.reading() as tx:
                assert tx.get(Note, name="scrub") is not None
        finally:
            other.close()
        tend(river.hub)
        assert b"sorrel" not in files_of(river)
        with river.hub.reading() as tx:
            assert tx.get(Note, name="scrub") is None

    def test_not_before_the_account_is_closed_nor_by_a_keeper_with_a_part(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        assert no(river, "Kira", Erase(alice, "wants to")) is Code.WRONG_STATUS
        assert no(river, "Bob", Erase(alice, "wants to")) is Code.NOT_KEEPER
        river.do("Alice", Leave(alice))
        assert no(river, "Kira", Erase(alice, " ")) is Code.TEXT_MISSING
        river.root(AppointKeeper(river.numbers["Bob"]))
        river.do("Bob", Erase(alice, "on paper"))
        assert no(river, "Kira", Erase(alice, "once more")) is Code.ALREADY_ASKED

    def test_taken_back_within_the_week_it_stays(self, river: Village) -> None:
        done = written(river)
        alice = leaves(river)
        with river.hub.reading() as tx:
            waiting = erasing.open_one(tx, alice)
        assert waiting is not None
        days_pass(river, 6)
        assert no(river, "Bob", KeepTexts(alice, RecordId(bytes(waiting.id)), "no")) is Code.NOT_KEEPER
        river.do("Kira", KeepTexts(alice, RecordId(bytes(waiting.id)), "came by and thought again"))
        days_pass(river, 30)
        assert note(river, done["paid"].entry) == "for sorrel"
        assert no(river, "Kira", KeepTexts(alice, RecordId(bytes(waiting.id)), "again")) is Code.NOT_PENDING

    def test_asked_for_while_a_member_it_still_takes_a_keeper_when_closed(self, river: Village) -> None:
        alice = river.numbers["Alice"]
        done = written(river)
        asked = river.do("Alice", AskErase(alice))
        assert no(river, "Alice", AskErase(alice)) is Code.ALREADY_ASKED
        assert no(river, "Bob", AskErase(alice)) is Code.NOT_YOURS
        days_pass(river, 30)
        assert note(river, done["paid"].entry) == "for sorrel"
        leaves(river)
        with river.hub.reading() as tx:
            row = erasing.open_one(tx, alice)
        assert row is not None
        assert bytes(row.id) == asked.record
        days_pass(river, 8)
        assert note(river, done["paid"].entry) == ""

    def test_by_a_clock_that_nobody_vouches_for_nothing_goes(self, river: Village) -> None:
        done = written(river)
        leaves(river)
        river.clock.set(river.clock.now().ms + 9 * DAY_MS, Quality.NONE)
        tend(river.hub)
        assert note(river, done["paid"].entry) == "for sorrel"

    def test_a_contested_payment_keeps_its_words_until_it_is_ended(self, river: Village) -> None:
        done = written(river)
        leaves(river)
        contested = river.do("Bob", Dispute(done["paid"].record, "I never got this"))
        assert isinstance(contested, Receipt)
        days_pass(river, 10)
        assert note(river, done["paid"].entry) == "for sorrel"
        river.do("Bob", WithdrawDispute(done["paid"].record))
        days_pass(river, 0)
        assert note(river, done["paid"].entry) == ""

    def test_who_was_erased_is_not_taken_in_again_and_who_comes_back_before_keeps_all(
        self, river: Village
    ) -> None:
        done = written(river)
        alice = leaves(river)
        river.do("Kira", Reopen(alice, "moved back"))
        days_pass(river, 30)
        assert note(river, done["paid"].entry) == "for sorrel"
        assert not isinstance(river.hub.reset_pin(alice, "7415", river.signers["Kira"]), Refusal)
        signer = river.hub.unlock(alice, "7415")
        assert not isinstance(signer, Refusal)
        river.signers["Alice"] = signer
        leaves(river)
        days_pass(river, 8)
        assert no(river, "Kira", Reopen(alice, "moved back")) is Code.WRONG_STATUS

    def test_what_a_keeper_wrote_in_office_about_others_stays(self, river: Village) -> None:
        bob = river.numbers["Bob"]
        river.root(AppointKeeper(bob))
        frozen = river.do("Bob", Freeze(river.numbers["Dina"], "the phone was stolen"))
        own = river.pay("Bob", "Alice", 5, note="plums")
        river.pay("Alice", "Bob", 5)
        river.root(DismissKeeper(bob))
        leaves(river, "Bob")
        days_pass(river, 8)
        assert note(river, frozen.entry, "reason") == "the phone was stolen"
        assert note(river, own.entry) == ""
        verify(river.hub.store)

    def test_of_somebody_without_a_phone_too(self, river: Village) -> None:
        emma = AccountNumber(river.do("Kira", Register("Emmeline", "has no phone")).outcome["number"])
        river.do("Kira", CloseMember(emma, "died", "in her sleep"))
        river.do("Kira", Erase(emma, "her daughter asked"))
        days_pass(river, 8)
        after = files_of(river)
        assert b"Emmeline" not in after
        assert b"in her sleep" not in after
        assert b"her daughter asked" in after, "why it was done is to be read in the log"
        verify(river.hub.store)


class TestOneText:
    def test_of_a_payment_that_is_done_a_listing_that_is_closed_care_that_was_withdrawn(
        self, river: Village
    ) -> None:
        done, alice = written(river), river.numbers["Alice"]
        for what in ("offer", "care", "paid"):
            river.do("Alice", AskErase(alice, done[what].entry))
            river.do("Kira", Erase(alice, "it names a child", done[what].entry))
        assert no(river, "Alice", AskErase(alice, done["paid"].entry)) is Code.ALREADY_ASKED
        days_pass(river, 8)
        after = files_of(river)
        assert [w for w in (b"walnut", b"quince", b"medlar", b"rowan", b"sorrel") if w in after] == []
        assert b"Alice" in after
        assert verify(river.hub.store).erased == 3

    def test_not_others_nor_what_is_open(self, river: Village) -> None:
        done, alice = written(river), river.numbers["Alice"]
        asked = river.request("Alice", "Bob", 50, note="for eggs")
        assert no(river, "Alice", AskErase(alice, asked.entry)) is Code.UNDER_WAY
        assert no(river, "Alice", AskErase(alice, done["got"].entry)) is Code.NOT_YOURS
        assert no(river, "Alice", AskErase(alice, EntryNumber(9999))) is Code.NOT_YOURS
        open_one = river.do("Alice", OpenListing(alice, OFFER, "food", "Eggs"))
        assert no(river, "Alice", AskErase(alice, open_one.entry)) is Code.UNDER_WAY
        river.do("Bob", Dispute(done["paid"].record, "what for?"))
        assert no(river, "Alice", AskErase(alice, done["paid"].entry)) is Code.UNDER_WAY
        n = river.numbers
        care = river.do("Alice", ClaimCare(alice, "elder", 60, DAY, "Bob", "", (n["Bob"], n["Dina"])))
        assert no(river, "Alice", AskErase(alice, care.entry)) is Code.UNDER_WAY

    def test_the_member_takes_it_back(self, river: Village) -> None:
        done, alice = written(river), river.numbers["Alice"]
        asked = river.do("Alice", AskErase(alice, done["paid"].entry))
        river.do("Kira", Erase(alice, "asked on the phone", done["paid"].entry))
        river.do("Alice", KeepTexts(alice, asked.record))
        days_pass(river, 8)
        assert note(river, done["paid"].entry) == "for sorrel"


class TestAnErasureWins:
    def test_over_words_that_came_back_with_other_private_tables(
        self, river: Village, tmp_path: Path
    ) -> None:
        done = written(river)
        entry = done["paid"].entry
        with river.hub.reading() as tx:
            (salt,) = tx.first("SELECT salt FROM private_salt WHERE entry = ?", entry) or (None,)
        leaves(river)
        days_pass(river, 8)
        data = river.hub.data
        river.hub.close()
        with sqlite3.connect(data / "ledger.db") as db:
            db.execute("INSERT INTO private_text VALUES (?, 'note', 'for sorrel')", (entry,))
            db.execute("INSERT INTO private_salt VALUES (?, ?)", (entry, salt))
        db.close()
        with pytest.raises(BookDamaged, match="was erased, and is there again"):
            verify(river.hub.store)
        Hub.open(data, river.clock).close()
        assert b"sorrel" not in files_of(river)
        verify(river.hub.store)
        assert wiping.catch_up(river.hub.store) == 0

    def test_words_that_are_missing_without_an_erasure_are_found(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 5, note="for eggs")
        with river.hub.store.write() as tx:
            tx.select("DELETE FROM private_text WHERE entry = ?", paid.entry)
            tx.select("DELETE FROM private_salt WHERE entry = ?", paid.entry)
        with pytest.raises(BookDamaged, match="is missing, and no entry erased it"):
            verify(river.hub.store)

    def test_a_forged_entry_that_erases_before_the_week_is_over_does_not_replay(self, river: Village) -> None:
        written(river)
        alice = leaves(river)
        with river.hub.reading() as tx:
            row = erasing.open_one(tx, alice)
            assert row is not None
            assert tx.first("SELECT COUNT(*) FROM erased") == (0,)
        result = river.hub.by_rule(erasing.EraseNow(alice, RecordId(bytes(row.id))), "erasure")
        assert isinstance(result, Refusal)
        assert result.code is Code.NOT_YET
        with river.hub.reading() as tx:
            assert tx.get(Erased, entry=1) is None
        assert river.balance("Bob") == Amount(0)
