"""The year is closed: old entries go to the archive, and the book is checked from there as strictly as before."""

import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger import archived, yearly
from appliance.ledger.book import archive_make, chain
from appliance.ledger.book.archive import Seal
from appliance.ledger.book.store import Store, Tx
from appliance.ledger.book.verify import Report, verify
from appliance.ledger.clock import Quality
from appliance.ledger.errors import (
    ArchiveMissing,
    BookDamaged,
    CannotWrite,
    Code,
    DataDirectoryError,
    Refusal,
)
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.closing import CloseYear
from appliance.ledger.people.erasing import AskErase, Erase
from appliance.ledger.people.life import Freeze, Unfreeze
from appliance.ledger.reads.explaining import explain
from appliance.ledger.reads.people import text_of
from appliance.ledger.tend import tend
from appliance.ledger.values import Amount
from tests.ledger.book import tampering
from tests.support.village import Village, a_village


def live(river: Village, days: int = 3) -> None:
    """Some days of River: payments with words, one undone, requests, somebody's key replaced."""
    for day in range(days):
        paid = river.pay("Alice", "Bob", 30 + day, note=f"eggs of day {day}")
        river.do("Bob", Reverse(paid.record))
        river.accept("Bob", river.request("Chandra", "Bob", 15 + day, note="mending"), "Chandra", 15 + day)
        river.do("Kira", Freeze(river.numbers["Dina"], "the phone was stolen"))
        river.do("Kira", Unfreeze(river.numbers["Dina"], "found again"))
        river.clock.advance(3_600_000)


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_village(tmp_path / "data") as village:
        live(village)
        yield village


def _paid(tx: Tx) -> bytes:
    found = tx.first("SELECT id FROM transfer ORDER BY opened_entry LIMIT 1")
    assert found is not None
    return bytes(found[0])


def close_year(river: Village) -> yearly.Closed:
    closed = yearly.close(river.hub, river.signers["Kira"])
    assert isinstance(closed, yearly.Closed), closed
    return closed


def files(river: Village) -> list[str]:
    return sorted(path.name for path in (river.hub.data / "archive").iterdir())


def left_in_the_book(river: Village) -> list[int]:
    """The entries whose bytes are still in ledger.db."""
    with river.hub.reading() as tx:
        return [n for (n,) in tx.select("SELECT number FROM entry WHERE length(body) > 0 ORDER BY number")]


def both(river: Village) -> tuple[Report, Report]:
    return verify(river.hub.store), verify(river.hub.store, quick=True)


class TestClosing:
    def test_moves_entries_and_loses_none(self, river: Village) -> None:
        last = river.hub.head()
        with river.hub.reading() as tx:
            before = [entry for entry, _ in chain.entries(tx)]
        closed = close_year(river)
        assert (closed.upto, closed.receipt.entry) == (last.number, last.number + 1)
        assert left_in_the_book(river) == [1, closed.receipt.entry], "the founding says whose book it is"
        assert files(river) == [f"0001-entries-to-{last.number}.db", f"0001-state-at-{last.number}.db.gz"]
        with river.hub.reading() as tx:
            assert [entry for entry, _ in chain.entries(tx)][:-1] == before
            assert chain.by_number(tx, 3) == before[2]
            alice = f"member:{river.numbers['Alice']}"
            assert list(chain.acts_of(tx, alice)) == [e for e in before if e.act.authority == alice]
            explained = explain(tx, _paid(tx))
            assert explained is not None
            assert explained.holds

    def test_full_and_quick_checks_find_the_same_and_quick_begins_there(self, river: Village) -> None:
        closed = close_year(river)
        live(river, 1)
        full, quick = both(river)
        assert (full.closing, quick.closing) == (0, closed.upto)
        assert full.signatures == full.head.number
        assert quick.signatures == full.head.number - closed.upto
        assert (quick.rows, quick.postings, quick.head) == (full.rows, full.postings, full.head)
        assert quick.root_key == river.papers.hub.public

    def test_a_second_and_third_follow_and_only_the_newest_state_is_kept(self, river: Village) -> None:
        first = close_year(river)
        live(river, 1)
        second = close_year(river)
        live(river, 1)
        third = close_year(river)
        assert files(river) == [
            f"0001-entries-to-{first.upto}.db",
            f"0002-entries-to-{second.upto}.db",
            f"0003-entries-to-{third.upto}.db",
            f"0003-state-at-{third.upto}.db.gz",
        ]
        full, quick = both(river)
        assert (full.signatures, quick.closing) == (full.head.number, third.upto)
        assert len(archived.check(river.hub, None, lambda *_: None)) == 4

    def test_the_key_of_an_archived_payment_gives_its_receipt_again(self, river: Village) -> None:
        key, command = (
            bytes(range(16)),
            Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(70), note="hens"),
        )
        first = river.do("Alice", command, key)
        close_year(river)
        again = river.do("Alice", command, key)
        assert again.replayed
        assert (again.record, again.entry, again.hash) == (first.record, first.entry, first.hash)
        other = river.ask("Alice", Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(71)), key)
        assert isinstance(other, Refusal)
        assert other.code is Code.KEY_REUSED

    def test_words_of_an_archived_entry_can_still_be_erased(self, river: Village) -> None:
        paid = river.pay("Alice", "Bob", 60, note="for the midwife")
        close_year(river)
        assert b"midwife" not in b"".join(p.read_bytes() for p in (river.hub.data / "archive").iterdir())
        river.do("Alice", AskErase(river.numbers["Alice"], paid.entry))
        river.do("Kira", Erase(river.numbers["Alice"], "it names a patient", paid.entry))
        river.clock.advance(8 * 86_400_000)
        tend(river.hub)
        with river.hub.reading() as tx:
            assert text_of(tx, paid.entry, "note") == ""
        full, quick = both(river)
        assert (full.erased, quick.erased) == (1, 1)
        assert b"midwife" not in (river.hub.data / "ledger.db").read_bytes()

    def test_is_a_keepers_and_a_refused_one_leaves_nothing(self, river: Village) -> None:
        before = river.hub.head()
        refused = yearly.close(river.hub, river.signers["Alice"])
        assert isinstance(refused, Refusal)
        assert refused.code is Code.NOT_KEEPER
        assert river.hub.head() == before
        assert not (river.hub.data / "archive").exists()

    def test_people_trade_while_it_is_prepared_and_a_keeper_who_is_frozen_meanwhile_closes_nothing(
        self, river: Village
    ) -> None:
        upto = river.hub.head().number

        def meanwhile(what: str, done: int, total: int) -> None:
            if what == archive_make.WRITING and done == total:
                river.pay("Chandra", "Alice", 5)

        closed = yearly.close(river.hub, river.signers["Kira"], meanwhile)
        assert isinstance(closed, yearly.Closed)
        assert (closed.upto, closed.receipt.entry) == (upto, upto + 2)
        both(river)

        def dismissed(what: str, _done: int, _total: int) -> None:
            if what == archive_make.WRITING:
                with river.hub.store.write() as tx:
                    tx.select("UPDATE member SET keeper = 0 WHERE number = ?", river.numbers["Kira"])

        live(river, 1)
        refused = yearly.close(river.hub, river.signers["Kira"], dismissed)
        assert isinstance(refused, Refusal)
        assert len(files(river)) == 2, "what was written for it is gone again"

    def test_a_book_that_does_not_hold_is_not_closed(self, river: Village) -> None:
        with tampering.card_in_hand(river.hub.store.path) as db:
            db.execute("UPDATE account SET balance = balance + 5 WHERE number = 2")
        with pytest.raises(BookDamaged, match="account"):
            close_year(river)
        assert not (river.hub.data / "archive").exists()

    def test_without_room_it_says_so_before_it_begins(
        self, river: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
        with pytest.raises(CannotWrite, match="needs"):
            close_year(river)

    def test_an_entry_in_an_archive_that_is_gone_is_named_and_people_trade_on(self, river: Village) -> None:
        close_year(river)
        shutil.move(river.hub.data / "archive", river.hub.data / "elsewhere")
        river.hub.close()
        river.hub = Hub.open(river.hub.data, river.clock)
        river.pay("Alice", "Bob", 5)
        for ask in (lambda: verify(river.hub.store), lambda: verify(river.hub.store, quick=True)):
            with pytest.raises(ArchiveMissing, match="bring it back from a backup"):
                ask()
        with river.hub.reading() as tx, pytest.raises(ArchiveMissing, match="entry 3 is in an archive"):
            chain.by_number(tx, 3)
        assert archived.shelf(river.hub).missing
        shutil.move(river.hub.data / "elsewhere", river.hub.data / "archive")
        both(river)


class TestACutInTheMiddle:
    """A power cut by raising at a step; ``tests/faults/test_closing_cut.py`` cuts at every write."""

    def test_before_the_commit_leaves_files_that_the_next_closing_removes(
        self, river: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as cut:
            cut.setattr(Hub, "submit", gone)
            with pytest.raises(KeyboardInterrupt):
                close_year(river)
        stray = files(river)
        assert len(stray) == 2
        live(river, 1)
        both(river)
        tend(river.hub)
        assert files(river) == []
        close_year(river)
        assert not set(stray) & set(files(river))
        both(river)

    def test_after_the_commit_the_rest_is_done_later(
        self, river: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, calls = archive_make.empty, []

        def dies(*args: object) -> None:
            calls.append(args)
            if len(calls) == 4:
                raise KeyboardInterrupt
            real(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(yearly, "_AT_ONCE", 4)
        # The first calls empty the replay that becomes the snapshot; entries leave the book after that.
        monkeypatch.setattr(archive_make, "empty", dies)
        with pytest.raises(KeyboardInterrupt):
            close_year(river)
        monkeypatch.setattr(archive_make, "empty", real)
        left = left_in_the_book(river)
        assert len(left) > 2, "some are moved, some are not"
        assert left[1] > 2
        both(river)
        assert yearly.outlook(river.hub).unfinished
        tend(river.hub)
        assert len(left_in_the_book(river)) == 2
        assert not yearly.outlook(river.hub).unfinished
        both(river)

    def test_nothing_leaves_the_book_when_the_file_is_not_what_was_committed_to(
        self, river: Village, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as cut:
            cut.setattr(yearly, "_finish", lambda *_: None)
            close_year(river)
        path = next((river.hub.data / "archive").glob("*entries*"))
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(BookDamaged, match="commits to"):
            yearly.finish(river.hub)
        tend(river.hub)
        assert len(left_in_the_book(river)) == river.hub.head().number
        path.write_bytes(whole)
        tend(river.hub)
        both(river)


def _sql(statement: str) -> Callable[[Path], None]:
    def break_it(data: Path) -> None:
        with sqlite3.connect(data / "ledger.db") as db:
            assert db.execute(statement).rowcount > 0, statement
        db.close()

    return break_it


def _other_state(data: Path) -> None:
    """Another state in the snapshot, packed as it should be."""
    path = next((data / "archive").glob("*state*"))
    plain = data / "plain.db"
    plain.write_bytes(zlib.decompress(path.read_bytes(), wbits=31))
    with sqlite3.connect(plain) as db:
        db.execute("UPDATE account SET balance = balance + 5 WHERE number = 2")
    db.close()
    packed = zlib.compressobj(6, wbits=31)
    path.write_bytes(packed.compress(plain.read_bytes()) + packed.flush())


BREAKS: dict[str, Callable[[Path], None]] = {
    "a balance": _sql("UPDATE account SET balance = balance + 5 WHERE number = 2"),
    "an old posting": _sql(
        "UPDATE posting SET balance_after = 1 WHERE entry = (SELECT MIN(entry) FROM posting)"
    ),
    "an old transfer's time": _sql(
        "UPDATE transfer SET closed_ms = 5 WHERE opened_entry = (SELECT MIN(opened_entry) FROM transfer)"
    ),
    "an old note": _sql(
        "UPDATE private_text SET text = 'geese' WHERE entry = (SELECT MIN(entry) FROM private_text)"
    ),
    "an old note gone": _sql("DELETE FROM private_text WHERE entry = (SELECT MIN(entry) FROM private_text)"),
    "an old salt gone": _sql("DELETE FROM private_salt WHERE entry = (SELECT MIN(entry) FROM private_text)"),
    "words of an entry that had none": _sql("INSERT INTO private_text VALUES (1, 'note', 'gold')"),
    "an old hash": _sql("UPDATE entry SET hash = zeroblob(32) WHERE number = 4"),
    "an old key": _sql("UPDATE entry SET key = zeroblob(16) WHERE number = 4"),
    "an old kind": _sql("UPDATE entry SET kind = 'pay' WHERE number = 4"),
    "an old authority": _sql("UPDATE entry SET authority = 'member:2' WHERE number = 4"),
    "bytes where there should be none": _sql("UPDATE entry SET body = x'00' WHERE number = 4"),
    "text where there should be nothing": _sql("UPDATE entry SET body = '' WHERE number = 4"),
    "an old entry gone": _sql("DELETE FROM entry WHERE number = 4"),
    "the newest entry gone": _sql("DELETE FROM entry WHERE number = (SELECT MAX(number) FROM entry)"),
    "a new entry's bytes": _sql(
        "UPDATE entry SET body = x'00' WHERE number = (SELECT MAX(number) FROM entry)"
    ),
    "what the closing says": _sql("UPDATE closing SET state = zeroblob(32)"),
    "no closing": _sql("DELETE FROM closing"),
    "another state in the snapshot": _other_state,
}


@pytest.fixture(scope="module")
def closed_year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """River's data directory: closed once, and lived in after that."""
    data = tmp_path_factory.mktemp("river") / "data"
    with a_village(data) as village:
        live(village)
        close_year(village)
        live(village, 1)
    return data


def checked(data: Path, quick: bool) -> Report:
    store = Store.open(data / "ledger.db")
    try:
        return verify(store, quick=quick)
    finally:
        store.close()


@pytest.mark.parametrize("what", BREAKS)
@pytest.mark.parametrize("quick", [False, True], ids=["full", "quick"])
def test_both_checks_find_it(closed_year: Path, tmp_path: Path, what: str, quick: bool) -> None:
    data = tmp_path / "data"
    shutil.copytree(closed_year, data)
    checked(data, quick)
    BREAKS[what](data)
    with pytest.raises(BookDamaged):
        checked(data, quick)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    which=st.sampled_from(["entries", "state"]),
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
def test_any_bit_that_flips_in_the_archive_is_found(
    closed_year: Path, tmp_path_factory: pytest.TempPathFactory, which: str, where: float, bit: int
) -> None:
    data = tmp_path_factory.mktemp("flipped") / "data"
    shutil.copytree(closed_year, data)
    path = next((data / "archive").glob(f"*{which}*"))
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    path.write_bytes(content)
    for quick in (False, True):
        with pytest.raises(BookDamaged):
            checked(data, quick)
    shutil.rmtree(data)


@pytest.mark.parametrize("wrong", ["digest", "rows", "columns", "table", "entries", "snapshot"])
def test_a_closing_that_commits_to_something_else_is_refused_by_replay(river: Village, wrong: str) -> None:
    """A keeper who writes the entry by hand: signed as it should be, and not true."""
    real: list[CloseYear] = []

    def kept(_hub: Hub, asked: CloseYear, _signer: KeySigner) -> Refusal:
        real.append(asked)
        return Refusal(Code.BUSY, {}, ())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Hub, "submit", kept)
        patch.setattr(yearly, "_sweep", lambda _store: None)
        yearly.close(river.hub, river.signers["Kira"])
    true = real[0]
    tables = {name: dict(table) for name, table in true.tables.items()}
    entries, snapshot = true.entries, true.snapshot
    if wrong == "digest":
        tables["account"]["digest"] = bytes(32)
    elif wrong == "rows":
        tables["account"]["rows"] += 1
    elif wrong == "columns":
        tables["account"]["columns"] = ["number", "gold"]
    elif wrong == "table":
        tables["treasure"] = tables["account"]
    elif wrong == "entries":
        entries = Seal(entries.size, bytes(32))
    else:
        snapshot = Seal(snapshot.size, bytes(32))
    river.do("Kira", CloseYear(true.upto, true.link, tables, entries, snapshot))
    for quick in (False, True):
        with pytest.raises(BookDamaged):
            verify(river.hub.store, quick=quick)


@pytest.mark.parametrize("at", ["the head's hash", "beyond the head", "before the last closing"])
def test_a_closing_of_what_is_not_there_is_refused(river: Village, at: str) -> None:
    head = river.hub.head()
    upto, link = head.number, head.hash
    if at == "the head's hash":
        link = bytes(32)
    elif at == "beyond the head":
        upto += 5
    else:
        close_year(river)
    seal = Seal(1, bytes(32))
    refused = river.ask("Kira", CloseYear(upto, link, {}, seal, seal))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.WRONG_STATUS


class TestAYearHasPassed:
    def test_and_enough_was_written(self, river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        def due() -> bool:
            with river.hub.reading() as tx:
                return yearly.due(tx, river.hub.clock.now())

        monkeypatch.setattr(yearly, "FEW", 10)
        assert not due()
        river.clock.advance(yearly.YEAR_MS)
        assert due()
        monkeypatch.setattr(yearly, "FEW", 1000)
        assert not due(), "hardly anything was written"
        monkeypatch.setattr(yearly, "FEW", 10)
        river.clock.set(river.clock.now().ms, Quality.FLOOR)
        assert not due(), "nobody vouches for the clock"
        river.clock.set(river.clock.now().ms, Quality.NTP)
        close_year(river)
        live(river)
        assert not due()
        river.clock.advance(yearly.YEAR_MS)
        assert due()


def test_two_do_not_close_at_once(river: Village) -> None:
    def another(what: str, _done: int, _total: int) -> None:
        if what == archive_make.WRITING:
            with pytest.raises(DataDirectoryError, match="already"):
                yearly.close(river.hub, river.signers["Kira"])

    assert isinstance(yearly.close(river.hub, river.signers["Kira"], another), yearly.Closed)
