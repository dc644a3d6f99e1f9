"""``verify`` finds what a burglar, a bad card or a mistake of ours did to the book."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.ledger.book import chain
from appliance.ledger.book.chain import Head
from appliance.ledger.book.store import Store
from appliance.ledger.book.verify import Report, verify
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.signing import Cosign
from appliance.ledger.care.states import DAY_MS
from appliance.ledger.errors import BookDamaged
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, new_seed
from appliance.ledger.market.listings import OpenListing
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.values import EntryNumber
from tests.ledger.book import tampering
from tests.support.village import PIN, a_village


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Head, bytes]:
    """River after a busy day: its data directory, its head, the root's public key."""
    data = tmp_path_factory.mktemp("river") / "data"
    with a_village(data) as river:
        paid = river.pay("Alice", "Bob", 250, note="two loaves")
        river.accept("Alice", river.request("Chandra", "Alice", 75), "Chandra", 75)
        river.do("Bob", Reverse(paid.record))
        river.pay("Bob", "Dina", 40)
        river.request("Dina", None, 30)
        river.do("Bob", OpenListing(river.numbers["Bob"], "offer", "food", "Bread on Fridays"))
        day = river.clock.now().ms // DAY_MS
        claim = river.do("Dina", ClaimCare(river.numbers["Dina"], "elder", 90, day, "Old Tom"))
        for witness in ("Alice", "Bob"):
            river.do(witness, Cosign(claim.record, claim.outcome["terms"]))
        return data, river.hub.head(), river.papers.hub.public


@pytest.fixture
def river(lived_in: tuple[Path, Head, bytes], tmp_path: Path) -> Path:
    """A copy of River's ledger file to break."""
    shutil.copytree(lived_in[0], tmp_path / "data")
    return tmp_path / "data" / "ledger.db"


MAY_NOT = "may not"
FIELDS = "its fields are not those of"


def check(path: Path, *kept: Head, root: bytes | None = None) -> Report:
    store = Store.open(path)
    try:
        return verify(store, kept, root)
    finally:
        store.close()


def found(path: Path, *kept: Head) -> str:
    """What verify says of a book that is not whole."""
    with pytest.raises(BookDamaged) as caught:
        check(path, *kept)
    return str(caught.value)


def test_a_whole_book_is_counted(river: Path, lived_in: tuple[Path, Head, bytes]) -> None:
    _, head, root = lived_in
    report = check(river, head, root=root)
    assert report.head == head
    assert report.signatures == head.number
    # Pay, accept, reversal, pay, care: two lines each.
    assert report.postings == 10
    assert report.root_key == root


def test_verifying_changes_nothing(river: Path) -> None:
    before = river.read_bytes()
    check(river)
    assert river.read_bytes() == before


def test_a_changed_amount_breaks_its_hash(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "pay")[0]
        richer = tampering.with_payload(tampering.entry_of(db, number), amount=2500)
        db.execute("UPDATE entry SET body = ? WHERE number = ?", (richer.body(), number))
    assert f"entry {number}: its hash does not fit its bytes" in found(river)


def test_a_changed_amount_with_all_hashes_mended_breaks_its_signature(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "pay")[0]
        tampering.store(db, tampering.with_payload(tampering.entry_of(db, number), amount=2500))
        tampering.rechain(db, number)
    assert f"entry {number}: is not signed by member:2" in found(river)


def test_swapped_entries_are_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        first = tampering.numbers_of(db, "pay")[1]
        db.execute("UPDATE entry SET number = -1 WHERE number = ?", (first,))
        db.execute("UPDATE entry SET number = ? WHERE number = ?", (first, first + 1))
        db.execute("UPDATE entry SET number = ? WHERE number = -1", (first + 1,))
    assert f"entry {first}: its bytes say it is entry {first + 1}" in found(river)


def test_swapped_entries_with_all_hashes_mended_change_the_state(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        tampering.swap(db, tampering.numbers_of(db, "pay")[1])
    assert "table transfer: row" in found(river)


def test_a_broken_link_is_found_even_when_both_its_ends_fit_their_hashes(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "reverse")[0]
        tampering.store(db, replace(tampering.entry_of(db, number), previous=bytes(32)))
        tampering.rechain(db, number)
    assert f"entry {number}: does not follow the entry before it" in found(river)


def test_a_removed_entry_leaves_a_gap(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        db.execute("DELETE FROM entry WHERE number = 8")
    assert "entry 8: missing; the next one is 9" in found(river)


def test_a_removed_last_entry_is_missed_by_the_state(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        db.execute("DELETE FROM entry WHERE number = (SELECT MAX(number) FROM entry)")
    assert "table" in found(river)


def test_an_older_copy_is_whole_in_itself_but_not_against_a_kept_head(tmp_path: Path) -> None:
    """Somebody puts yesterday's card back: book and state agree. Only who noted the head knows."""
    with a_village(tmp_path / "data") as river:
        yesterday = river.hub.head()
        river.hub.close()
        shutil.copytree(tmp_path / "data", tmp_path / "yesterday")
        river.pay("Alice", "Bob", 100)
        today = river.hub.head()
    old = tmp_path / "yesterday" / "ledger.db"
    assert check(old).head == yesterday
    assert f"the book ends at entry {yesterday.number}" in found(old, today)


def test_another_history_under_a_kept_number_is_found(
    river: Path, lived_in: tuple[Path, Head, bytes]
) -> None:
    head = Head(lived_in[1].number, bytes(32))
    assert "is not the entry that was seen under this number before" in found(river, head)


def test_a_forged_member_signature_is_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "pay")[0]
        entry = tampering.entry_of(db, number)
        forger = KeySigner("member:2", new_seed())
        tampering.store(db, replace(entry, signature=forger.sign(entry.act.form())))
        tampering.rechain(db, number)
    assert f"entry {number}: is not signed by member:2" in found(river)


def test_an_entry_moved_to_another_member_is_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "pay")[0]
        entry = tampering.entry_of(db, number)
        tampering.store(db, replace(entry, act=replace(entry.act, authority="member:3")))
        tampering.rechain(db, number)
    assert f"entry {number}: is not signed by member:3" in found(river)


@pytest.mark.parametrize("outcome", [{"amount": 9000}, {"quorum": 1}])
def test_what_the_hub_decided_cannot_be_changed_either(river: Path, outcome: dict[str, int]) -> None:
    """What care is paid follows from the rules in force when it was claimed."""
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "claim_care")[0]
        entry = tampering.entry_of(db, number)
        tampering.store(db, replace(entry, outcome=entry.outcome | outcome))
        tampering.rechain(db, number)
    assert f"entry {number}: member:5 may not claim_care this" in found(river)


def test_a_newcomers_number_cannot_be_given_to_another(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        number = tampering.numbers_of(db, "join")[-1]
        entry = tampering.entry_of(db, number)
        tampering.store(db, replace(entry, outcome={"number": 77}))
        tampering.rechain(db, number)
    assert "is not signed by member:5" in found(river)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE account SET balance = balance + 100 WHERE number = 2", "table account: row 2: balance"),
        ("UPDATE account SET low = -99999 WHERE number = 2", "table account: row 2: low"),
        ("UPDATE transfer SET amount = 1 WHERE amount = 75", "table transfer: row"),
        ("UPDATE posting SET amount = -amount", "table posting: row"),
        ("DELETE FROM posting WHERE amount = 40", "of the book is missing from the state"),
        ("INSERT INTO posting VALUES (x'00', 2, 5, 5, 1)", "of the state is not in the book"),
        ("UPDATE member SET keeper = 1 WHERE number = 2", "table member: row 2: keeper"),
        ("UPDATE claim SET quorum = 1", "table claim: row"),
        ("UPDATE listing SET owner = 1", "table listing: row"),
        ("UPDATE witness SET state = 'asked'", "table witness: row"),
        ("UPDATE member_key SET public = x'00' WHERE member = 1", "table member_key: row 1 1: public"),
        ("UPDATE setting SET entry = 2", "table setting: row"),
    ],
)
def test_a_row_edited_only_in_the_state_is_found(river: Path, change: str, says: str) -> None:
    with tampering.card_in_hand(river) as db:
        assert db.execute(change).rowcount
    assert says in found(river)


def test_a_changed_note_is_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        db.execute("UPDATE private_text SET text = 'ten loaves' WHERE text = 'two loaves'")
    assert "its personal text is not what was written" in found(river)


def test_a_note_that_was_never_written_is_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        db.execute("INSERT INTO private_text VALUES (1, 'note', 'by the founders')")
    assert "entry 1: has personal text that the book does not know of" in found(river)


def test_a_note_that_is_missing_and_was_not_erased_is_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        (entry,) = db.execute("SELECT entry FROM private_text WHERE text = 'two loaves'").fetchone()
        db.execute("DELETE FROM private_text WHERE entry = ?", (entry,))
        db.execute("DELETE FROM private_salt WHERE entry = ?", (entry,))
    assert f"entry {entry}: its personal text is missing, and no entry erased it" in found(river)


def test_a_kind_that_nobody_knows_is_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        last = db.execute("SELECT MAX(number) FROM entry").fetchone()[0]
        entry = tampering.entry_of(db, last)
        hub_key = Hub.open(river.parent)
        try:
            signer = KeySigner("hub:quorum", hub_key.book._hub_key)
        finally:
            hub_key.close()
        act = replace(entry.act, kind="print_money")
        tampering.store(db, replace(entry, act=act, signature=signer.sign(act.form())))
    assert f"entry {last}: kind 'print_money' version {entry.act.version} is not known here" in found(river)


@pytest.mark.parametrize(
    ("kind", "payload", "says"),
    [
        ("pay", {"payer": 3, "payee": 5, "amount": 100, "category": "other"}, MAY_NOT),
        ("pay", {"payer": 5, "payee": 2, "amount": -9000, "category": "other"}, FIELDS),
        ("pay", {"payer": 5, "payee": 2, "amount": True, "category": "other"}, FIELDS),
        ("pay", {"payer": 5, "payee": 2, "amount": 10**9, "category": "other"}, MAY_NOT),
        ("pay", {"payer": 5, "payee": 2, "amount": 1, "category": "other", "more": 1}, FIELDS),
        ("pay", {"payer": 5, "payee": 2}, FIELDS),
        ("pay", {"payer": 5, "payee": 5, "amount": 1, "category": "other"}, "account twice"),
        ("request", {"payer": None, "payee": 3, "amount": 100, "category": "other"}, MAY_NOT),
        ("request", {"payer": None, "payee": 5, "amount": -100, "category": "other"}, FIELDS),
        ("request", {"payer": None, "payee": 5, "amount": 10**9, "category": "other"}, MAY_NOT),
        ("set_limits", {"account": 5, "low": -(10**9), "high": None}, MAY_NOT),
        ("approve", {"member": 5}, MAY_NOT),
        ("appoint_keeper", {"member": 5}, MAY_NOT),
        ("replace_key", {"member": 2, "key": bytes(32)}, MAY_NOT),
        ("change_rules", {"group": "credit", "changes": {"low": -(10**9)}}, MAY_NOT),
        ("settle", {"claim": bytes(16)}, MAY_NOT),
        ("open_listing", {"owner": 2, "kind": "offer", "category": "food", "price": None}, MAY_NOT),
        ("open_listing", {"owner": 5, "kind": "offer", "category": "food", "price": -1}, FIELDS),
        ("claim_care", {"carer": 2, "category": "elder", "minutes": 60, "day": 1, "witnesses": []}, MAY_NOT),
        ("claim_care", {"carer": 5, "category": "elder", "minutes": 9999, "day": 1, "witnesses": []}, FIELDS),
        ("join", {"key": bytes(32)}, "join"),
    ],
)
def test_a_member_with_the_card_in_hand_signs_what_cannot_be(
    river: Path, kind: str, payload: dict[str, object], says: str
) -> None:
    """Dina (5) opens her own key and writes past the write path: signature and chain are good."""
    hub = Hub.open(river.parent)
    dina = hub.unlock(5, PIN)
    hub.close()
    assert isinstance(dina, KeySigner)
    with tampering.card_in_hand(river) as db:
        number = tampering.append_signed(db, kind, payload, dina)
    report = found(river)
    assert f"entry {number}: " in report
    assert says in report


@pytest.mark.parametrize("disguise", ["DROP INDEX entry_authority_key", None])
def test_an_old_act_cannot_be_done_again(river: Path, disguise: str | None) -> None:
    """Bob's signed payment is copied to the end: his signature is good, his will it is not."""
    with tampering.card_in_hand(river) as db:
        old = tampering.entry_of(db, tampering.numbers_of(db, "pay")[1])
        last = tampering.entry_of(db, db.execute("SELECT MAX(number) FROM entry").fetchone()[0])
        again = replace(old, number=EntryNumber(last.number + 1), previous=last.hash())
        if disguise:
            db.execute(disguise)
        authority: str | bytes = again.act.authority if disguise else again.act.authority.encode()
        row = (again.number, again.hash(), again.body(), authority, again.act.key, again.act.kind)
        db.execute(
            "INSERT INTO entry (number, hash, body, authority, key, kind) VALUES (?, ?, ?, ?, ?, ?)", row
        )
    report = found(river)
    assert f"entry {again.number}: " in report
    assert ("entry.authority" if disguise else "its columns differ") in report


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "UPDATE entry SET authority = CAST(authority AS BLOB) WHERE number = 5",
            "entry 5: its columns differ",
        ),
        ("UPDATE entry SET hash = hex(hash) WHERE number = 5", "entry 5: its hash"),
        ("UPDATE entry SET body = 'text' WHERE number = 5", "entry 5: "),
        ("UPDATE account SET low = low - 0.5 WHERE number = 2", "table account: row 2: low"),
        ("UPDATE member SET status = CAST(status AS BLOB)", "table member: row 1: status"),
        ("UPDATE transfer SET state = CAST(state AS BLOB)", "table transfer: row"),
        ("UPDATE transfer SET id = hex(id)", "table transfer: row"),
        ("DELETE FROM sealed_key WHERE member = 2", "table sealed_key: member 2"),
        (
            "UPDATE sealed_key SET public = (SELECT public FROM sealed_key WHERE member = 5) WHERE member = 2",
            "member 2",
        ),
        ("INSERT INTO private_text VALUES (9999, 'note', 'x')", "table private_text: a row of entry 9999"),
        ("INSERT INTO private_salt VALUES (0, x'00')", "table private_salt: a row of entry 0"),
        ("CREATE TRIGGER t AFTER INSERT ON posting BEGIN UPDATE account SET balance = 0; END", "trigger t"),
        ("DROP INDEX posting_account_entry", "index posting_account_entry"),
        ("ALTER TABLE listing ADD COLUMN more", "table listing of the file"),
    ],
)
def test_what_only_sqlite_can_see_is_found(river: Path, change: str, says: str) -> None:
    with tampering.card_in_hand(river) as db:
        db.execute(change)
    assert says in found(river)


def test_another_root_than_the_one_on_paper_is_found(river: Path) -> None:
    with pytest.raises(BookDamaged, match="not signed by the root that was named"):
        check(river, root=bytes(32))


def test_an_empty_book_is_not_whole(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "ledger.db")
    try:
        with pytest.raises(BookDamaged, match="empty"):
            verify(store)
    finally:
        store.close()


def test_bytes_that_are_no_entry_are_found(river: Path) -> None:
    with tampering.card_in_hand(river) as db:
        db.execute(
            "UPDATE entry SET body = ?, hash = ? WHERE number = 9", (b"\x00", chain.entry_hash(b"\x00"))
        )
    assert "entry 9: not an entry" in found(river)
