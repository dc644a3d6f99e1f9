"""Why a transfer stands: every entry that made it, signed and linked, and what it moved."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger.book.command import Receipt
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import Dispute
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.reads import explaining
from appliance.ledger.reads.explaining import Explained
from appliance.ledger.values import Amount, RecordId
from tests.support.two_villages import HILL, RIVER
from tests.support.valley import Valley
from tests.support.village import Village

DAY = 20_605
"""2026-06-01, counted from 1970."""


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    made = Valley(tmp_path)
    yield made
    made.close()


def explained(river: Village, record: bytes) -> Explained:
    with river.hub.reading() as tx:
        found = explaining.explain(tx, record)
    assert found is not None
    return found


def found(river: Village, text: str) -> RecordId | None:
    with river.hub.reading() as tx:
        return explaining.find(tx, text)


def said(river: Village, *words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words, "--data", str(river.hub.data)])


class TestFinding:
    def test_by_what_people_have_at_hand(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150)
        asked = river.request("Bob", "Alice", 50)
        digits = paid.record.hex()
        for text in (
            digits,
            digits[:6],
            digits[:7].upper(),
            f"/t/{digits}",
            f"http://river/t/{digits}/",
            str(paid.entry),
        ):
            assert found(river, text) == paid.record, text
        assert found(river, str(asked.outcome["code"])) == asked.record
        for text in ("", "x", digits[:5], "f" * 33, "999999", "0" * 32):
            assert found(river, text) is None, text

    def test_by_the_beginning_of_an_id_that_looks_like_a_line_of_the_book(self, river: Village) -> None:
        """About one id in seventeen begins with six plain digits; it is found all the same."""
        for _ in range(600):
            paid = river.pay("Alice", "Bob", 1, again=True)
            river.pay("Bob", "Alice", 1, again=True)
            if (digits := paid.record.hex()[:6]).isdecimal() and not digits.startswith("000"):
                break
        assert digits.isdecimal()
        assert found(river, digits) == paid.record


class TestOneTransfer:
    def test_a_payment_says_who_signed_it_with_which_key_and_what_it_moved(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150, note="for eggs")
        why = explained(river, paid.record)
        assert why.holds
        assert [(m.account, m.before, m.amount, m.after, m.then) for m in why.moved] == [
            (river.numbers["Alice"], 0, -150, -150, True),
            (river.numbers["Bob"], 0, 150, 150, True),
        ]
        (part,) = why.parts
        assert (part.entry, part.why, part.kind) == (paid.entry, "opened", "pay")
        assert part.key == river.signers["Alice"].public
        assert part.hash == paid.hash
        assert part.since < paid.entry

    def test_the_key_is_the_one_of_then_not_of_now(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150)
        before = river.signers["Alice"].public
        assert isinstance(river.hub.reset_pin(river.numbers["Alice"], "7415", river.signers["Kira"]), Receipt)
        (part,) = explained(river, paid.record).parts
        assert part.key == before
        assert part.signed

    def test_limits_set_since_are_not_taken_for_those_of_then(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150)
        river.do("Kira", SetLimits(river.numbers["Bob"], -100, 900, "as agreed"))
        alice, bob = explained(river, paid.record).moved
        assert (alice.then, bob.then) == (True, False)

    def test_levy_reversal_and_contest_are_told(self, river: Village) -> None:
        river.do("Kira", ChangeRules("credit", {"levy_rate": 20}, "the assembly"))
        paid = river.pay("Alice", "Bob", 1000)
        river.do("Alice", Dispute(paid.record, "it never came"))
        back = river.do("Bob", Reverse(paid.record))
        why = explained(river, paid.record)
        assert why.levy == 20
        assert why.links["given_back_by"] == back.record
        assert why.links["contested"]["by"] == river.numbers["Alice"]
        assert [p.why for p in why.parts] == ["opened", "contested", "contest_ended"]
        assert explained(river, back.record).links["gives_back"] == paid.record
        assert why.holds

    def test_care_names_claim_co_signers_and_the_rule_that_paid(self, river: Village) -> None:
        n = river.numbers
        claim = river.do(
            "Alice", ClaimCare(n["Alice"], "elder", 60, DAY, "Old Tom", "", (n["Bob"], n["Dina"]))
        )
        with river.hub.reading() as tx:
            (terms,) = tx.first("SELECT terms FROM claim") or (b"",)
        for name in ("Bob", "Dina"):
            river.do(name, Cosign(claim.record, bytes(terms)))
        with river.hub.reading() as tx:
            (record,) = tx.first("SELECT id FROM transfer WHERE kind = 'care'") or (b"",)
        why = explained(river, bytes(record))
        assert why.links["care"]["signed"] == [n["Bob"], n["Dina"]]
        assert [p.why for p in why.parts] == ["claimed", "cosigned", "cosigned", "opened"]
        assert why.parts[-1].rule == "quorum"
        assert why.holds

    def test_a_payment_to_another_hub_names_record_and_frame(self, valley: Valley) -> None:
        sent = valley.send(RIVER, 2, HILL, 3, 150, "bread")
        valley.carry()
        with valley.hubs[RIVER].reading() as tx:
            why = explaining.explain(tx, sent.record)
            assert why is not None
            cross = why.links["crossing"]
            frame = tx.first("SELECT 1 FROM frame WHERE hub = ? AND digest = ?", RIVER, cross["frame"])
        assert (cross["hub"], cross["outgoing"], cross["state"]) == (HILL, True, "arrived")
        assert frame is not None
        assert why.holds


class TestTheCommand:
    def test_says_it_in_sentences_without_personal_words(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150, note="for quinces")
        told = said(river, paid.record.hex())
        assert told.exit_code == 0, told.output
        assert "payment, 1.50 h from account 2 to account 3." in told.output
        assert (
            "Account 2: 0.00 before, -1.50, -1.50 after; limits as they were then: down to -12.00"
            in told.output
        )
        assert (
            f"Entry {paid.entry} of {paid.entry}, 2026-06-01 12:00:00 UTC by a sure clock: member 2 began it (pay)."
            in told.output
        )
        assert "Every signature and link holds." in told.output
        assert "Alice" not in told.output
        assert "quince" not in told.output
        words = said(river, str(paid.entry), "--words").output
        assert "Alice" in words
        assert "for quinces" in words

    def test_for_tools_as_json(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150, note="for quinces")
        told = json.loads(said(river, f"/t/{paid.record.hex()}", "--json").output)
        assert told["holds"] is True
        assert told["id"] == paid.record.hex()
        assert told["parts"][0]["key"] == river.signers["Alice"].public.hex()
        assert told["words"] == {}

    def test_nobodys_transfer_is_one_line(self, river: Village) -> None:
        told = said(river, "ffffffffff")
        assert told.exit_code == 2
        assert "no transfer of this hub" in told.output

    def test_paper_is_named_by_its_slip_and_pile(self, river: Village) -> None:
        n = river.numbers
        slip = river.do("Kira", EnterSlip(b"\x0a" * 16, 1, n["Alice"], n["Bob"], Amount(7), DAY - 1, "food"))
        told = said(river, slip.record.hex())
        assert f"slip 1 of pile 0a0a0a0a, typed in by keeper {n['Kira']}" in told.output

    def test_a_signature_that_was_changed_is_seen(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 150)
        river.pay("Bob", "Alice", 20)
        with sqlite3.connect(river.hub.store.path) as db:
            (body,) = db.execute("SELECT body FROM entry WHERE number = ?", (paid.entry,)).fetchone()
            body = body[:-1] + bytes([body[-1] ^ 1])  # the signature comes last
            db.execute("UPDATE entry SET body = ? WHERE number = ?", (body, paid.entry))
        db.close()
        told = said(river, paid.record.hex())
        assert told.exit_code == 1
        assert "THE SIGNATURE DOES NOT FIT" in told.output
        assert "THE CHAIN IS BROKEN HERE" in told.output
