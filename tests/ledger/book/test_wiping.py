"""The bytes of what was deleted: overwritten, also where SQLite had copied them."""

import random
from pathlib import Path

from appliance.ledger.book import wiping
from appliance.ledger.book.private import PrivateText
from appliance.ledger.book.store import Store

ROWS = 300


def file_of(store: Store) -> bytes:
    assert store.truncate_log()
    return store.path.read_bytes()


def thinned(store: Store, dice: random.Random) -> tuple[list[int], list[int]]:
    """Many rows of which most were deleted, so that pages were balanced; the numbers of those kept and deleted."""
    with store.write() as tx:
        for i in range(ROWS):
            words = f"word{i:04} " + "x" * dice.randint(0, 500)
            tx.insert(PrivateText, entry=i + 1, field="note", text=words)
    gone = [i for i in range(ROWS) if dice.random() < 0.7]
    delete(store, gone)
    return [i for i in range(ROWS) if i not in gone], gone


def delete(store: Store, numbers: list[int]) -> None:
    with store.write() as tx:
        for i in numbers:
            tx.delete(PrivateText, PrivateText.entry == i + 1)


def test_copies_in_balanced_pages_go_when_the_tables_are_written_anew(tmp_path: Path) -> None:
    for seed in range(20):  # which pages are balanced how is SQLite's own affair
        store = Store.create(tmp_path / f"{seed}.db")
        try:
            kept, gone = thinned(store, random.Random(seed))
            twice = [i for i in kept if file_of(store).count(b"word%04d " % i) > 1]
            delete(store, twice)
            if not any(b"word%04d " % i in file_of(store) for i in twice):
                continue
            with store.write() as tx:
                wiping.due(tx)
            assert wiping.scrub(store)
            after = file_of(store)
            assert [i for i in (*twice, *gone) if b"word%04d " % i in after] == []
            assert all(b"word%04d " % i in after for i in kept if i not in twice)
            return
        finally:
            store.close()
    raise AssertionError("deleting was enough each time: then nothing needs to be written anew")
