"""The one write path: what was asked is done once, whoever sends it again, and a refusal leaves nothing."""

from pathlib import Path

import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.command import HANDLERS, Receipt
from appliance.ledger.book.private import PrivateSalt, PrivateText, private_digest
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.hub import Hub, new_key
from appliance.ledger.keys import KeySigner, new_seed
from appliance.ledger.market.listings import OFFER, OpenListing
from appliance.ledger.money.requests import Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount
from tests.support.village import Village

KEY = bytes(range(16))
REUSED = Refusal(Code.KEY_REUSED, {}, (Action.HOME,))


def pay(village: Village, amount: int = 100, note: str = "bread", payer: str = "Alice", **also: bool) -> Pay:
    return Pay(village.numbers[payer], village.numbers["Bob"], Amount(amount), "food", note, **also)


# ------------------------------------------------------------------------------------------------ keys


def test_the_same_key_and_content_give_the_first_receipt(river: Village) -> None:
    first = river.do("Alice", pay(river), KEY)
    river.clock.advance(3_600_000)
    again = river.do("Alice", pay(river), KEY)
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.entry, again.hash, again.record, again.at, again.outcome) == (
        first.entry,
        first.hash,
        first.record,
        first.at,
        first.outcome,
    )
    assert (river.balance("Bob"), river.hub.head().number) == (100, first.entry)


def test_the_receipt_is_the_same_after_the_box_was_started_again(river: Village) -> None:
    first = river.do("Alice", pay(river), KEY)
    again = Hub.open(river.hub.data, river.clock)
    try:
        said = again.submit(pay(river), river.signers["Alice"], KEY)
    finally:
        again.close()
    assert isinstance(said, Receipt)
    assert (said.replayed, said.hash) == (True, first.hash)


def test_other_content_under_the_same_key_is_refused(river: Village) -> None:
    river.do("Alice", pay(river), KEY)
    for other in (pay(river, amount=101), pay(river, note="cake"), pay(river, note="")):
        assert river.ask("Alice", other, KEY) == REUSED
    request = Request(river.numbers["Alice"], river.numbers["Bob"], Amount(100), "food", "bread")
    listing = OpenListing(river.numbers["Alice"], OFFER, "food", "Bread")
    assert river.ask("Alice", request, KEY) == REUSED
    assert river.ask("Alice", listing, KEY) == REUSED
    assert river.balance("Bob") == 100


def test_spaces_around_the_words_are_no_other_content(river: Village) -> None:
    river.do("Alice", pay(river), KEY)
    assert river.do("Alice", pay(river, note=" bread "), KEY).replayed


def test_the_answer_to_again_may_carry_the_same_key(river: Village) -> None:
    """'Again?' was a refusal, so its key is free for the answer yes; a resent yes is one payment."""
    river.do("Alice", pay(river))
    asked = river.ask("Alice", pay(river), KEY)
    assert isinstance(asked, Refusal)
    assert asked.code is Code.SAME_AGAIN
    assert not river.do("Alice", pay(river, again=True), KEY).replayed
    assert river.do("Alice", pay(river, again=True), KEY).replayed
    assert river.do("Alice", pay(river), KEY).replayed
    assert river.balance("Bob") == 200


def test_a_key_belongs_to_its_actor(river: Village) -> None:
    """Chandra happens on Alice's key: she reads nothing of hers, and pays."""
    river.do("Alice", pay(river), KEY)
    assert not river.do("Chandra", pay(river, payer="Chandra"), KEY).replayed
    assert river.balance("Bob") == 200


def test_a_refused_command_does_not_use_up_its_key(river: Village) -> None:
    refused = river.ask("Alice", pay(river, amount=5000), KEY)
    assert isinstance(refused, Refusal)
    assert not river.do("Alice", pay(river, amount=100), KEY).replayed


def test_two_payments_without_a_key_are_two(river: Village) -> None:
    first, second = river.do("Alice", pay(river)), river.do("Alice", pay(river, again=True))
    assert first.record != second.record
    assert river.balance("Bob") == 200


@pytest.mark.parametrize("key", [b"x", bytes(15), bytes(17)])
def test_a_key_of_another_length_is_our_mistake(river: Village, key: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        river.ask("Alice", pay(river), key)


def test_every_fresh_key_is_another() -> None:
    assert len({new_key() for _ in range(100)}) == 100


# ------------------------------------------------------------------------------------------------ who


def test_a_key_that_is_not_the_members_moves_nothing(river: Village) -> None:
    mallory = KeySigner("member:2", new_seed())
    said = river.hub.submit(pay(river), mallory)
    assert said == Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    for name in ("member:99", "member:0"):
        said = river.hub.submit(pay(river), KeySigner(name, mallory.seed()))
        assert said == Refusal(Code.NOT_ACTIVE, {}, (Action.ASK_KEEPER,))
    for name in ("newcomer", "root:button", "hub:quorum", "nobody", ""):
        said = river.hub.submit(pay(river), KeySigner(name, river.papers.hub.seed))
        assert said == Refusal(Code.NOT_YOURS, {}, (Action.HOME,))


def test_every_command_names_who_may_ask(river: Village) -> None:
    assert {
        kind: handler.authorities for kind, handler in HANDLERS.items() if handler.authorities != ("member",)
    } == {
        "found": ("root",),
        "join": ("newcomer",),
        "approve": ("member", "root"),
        "appoint_keeper": ("root",),
        "dismiss_keeper": ("root",),
        "expire_request": ("hub",),
        "expire_split": ("hub",),
        "lapse_limits": ("hub",),
        "lapse_proposal": ("hub",),
        "close_moved": ("hub",),
        "settle": ("hub",),
        "expire_claim": ("hub",),
        "expire_listing": ("hub",),
        "date_listing": ("hub",),
        "propose_loop": ("hub",),
        "lapse_loop": ("hub",),
        "tell_match": ("hub",),
        "arrive_match": ("hub",),
        "arrive_loop": ("hub",),
        "arrive_loop_answer": ("hub",),
        "arrive_loop_end": ("hub",),
        "carry_message": ("hub",),
        "unsay_message": ("hub",),
        "admit_hub": ("hub",),
        "find_fork": ("hub",),
        "rule_fork": ("hub",),
        "renew": ("root",),
        "see_renewal": ("hub",),
        "find_rival": ("hub",),
        "correct_time": ("hub",),
        "publish": ("hub",),
        "tell_position": ("hub",),
        "arrive_sent": ("hub",),
        "arrive_recall": ("hub",),
        "arrive_answer": ("hub",),
        "arrive_care_ask": ("hub",),
        "arrive_care_key": ("hub",),
        "arrive_care_sign": ("hub",),
        "arrive_care_no": ("hub",),
        "arrive_care_told": ("hub",),
        "arrive_checkpoint": ("hub",),
        "erase_now": ("hub",),
        "forget_ask": ("hub",),
        "unask_far": ("hub",),
        "arrive_seen": ("hub",),
        "recover_sent": ("hub",),
        "recover_received": ("hub",),
        "take_held": ("hub",),
        "send_back": ("member", "hub"),
    }


# ------------------------------------------------------------------------------------------------ what is kept


def test_the_words_are_beside_the_book_and_their_digest_in_it(river: Village) -> None:
    receipt = river.do("Alice", pay(river, note="for the midwife"))
    with river.hub.reading() as tx:
        entry = chain.by_number(tx, receipt.entry)
        salt = tx.get(PrivateSalt, entry=receipt.entry)
        words = {
            row.field: row.text
            for row in tx.rows(PrivateText.select().where(PrivateText.entry == receipt.entry))
        }
    assert entry is not None
    assert salt is not None
    assert b"midwife" not in entry.body()
    assert words == {"note": "for the midwife"}
    assert entry.act.private_digest == private_digest(bytes(salt.salt), words)


def test_without_words_there_is_no_digest(river: Village) -> None:
    receipt = river.do("Alice", pay(river, note=""))
    with river.hub.reading() as tx:
        entry = chain.by_number(tx, receipt.entry)
        assert tx.get(PrivateSalt, entry=receipt.entry) is None
    assert entry is not None
    assert entry.act.private_digest is None


def test_the_record_is_named_by_what_was_signed(river: Village) -> None:
    receipt = river.do("Alice", pay(river))
    with river.hub.reading() as tx:
        entry = chain.by_number(tx, receipt.entry)
    assert entry is not None
    assert (entry.record, entry.act.authority, entry.hash()) == (receipt.record, "member:2", receipt.hash)


def test_a_fold_that_fails_takes_everything_back(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry, postings and words stand or fall together."""
    before = river.hub.head()

    class Plug(Exception):
        pass

    def pulled(*args: object) -> None:
        raise Plug

    monkeypatch.setattr("appliance.ledger.book.command._keep_private", pulled)
    with pytest.raises(Plug):
        river.ask("Alice", pay(river), KEY)
    monkeypatch.undo()
    assert (river.hub.head(), river.balance("Bob")) == (before, 0)
    assert not river.do("Alice", pay(river), KEY).replayed


def test_a_writer_who_does_not_get_the_lock_is_told_to_try_again(
    river: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.ledger.book.store._LOCK_SECONDS", 0.05)
    other = Hub.open(river.hub.data, river.clock)
    try:
        with river.hub.store.write():
            said = other.submit(pay(river), river.signers["Alice"], KEY)
    finally:
        other.close()
    assert said == Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
    assert not river.do("Alice", pay(river), KEY).replayed


def test_numbers_that_are_nobodys_do_not_stop_the_hub(river: Village) -> None:
    for payee in (AccountNumber(10**14), AccountNumber(-101)):
        said = river.ask("Alice", Pay(river.numbers["Alice"], payee, Amount(1)))
        assert isinstance(said, Refusal)
        assert said.code is Code.UNKNOWN_ACCOUNT
