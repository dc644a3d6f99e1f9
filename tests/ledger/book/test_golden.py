"""Books that older releases wrote replay to the very rows that those releases had."""

import json
from pathlib import Path

import pytest

from appliance.ledger import codec
from appliance.ledger.book import chain, fold
from appliance.ledger.book.authority import Keyring
from appliance.ledger.book.command import FOLDS
from appliance.ledger.book.store import Store
from tests import golden
from tests.golden.coming import COMING
from tests.golden.make import state_of

BOOKS = sorted(Path(golden.__file__).parent.glob("*.book"))


def bodies_of(book: Path) -> list[bytes]:
    bodies = codec.decode(book.read_bytes())
    assert isinstance(bodies, list)
    return bodies


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_an_old_book_replays_to_the_same_rows(book: Path, tmp_path: Path) -> None:
    store, keyring, previous = Store.create(tmp_path / "ledger.db"), Keyring(), chain.GENESIS
    try:
        with store.write() as tx:
            for body in bodies_of(book):
                entry = chain.parse(body)
                assert entry.body() == body, "this release writes the same entry in other bytes"
                assert entry.previous == previous
                previous = chain.append(tx, entry)
                keyring.check(entry)
                fold.apply(tx, entry, FOLDS)
            state = state_of(tx)
    finally:
        store.close()
    had = json.loads(book.with_suffix(".state.json").read_text("utf-8"))
    # Tables that came with a later release have nothing to say of an older book.
    assert {name: rows for name, rows in state.items() if rows or name in had} == had


def test_every_kind_and_version_stands_in_a_golden_book() -> None:
    kept = {(e.act.kind, e.act.version) for book in BOOKS for e in map(chain.parse, bodies_of(book))}
    assert not kept & COMING, "it stands in a golden book now: take it out of tests/golden/coming.py"
    assert kept | COMING == set(FOLDS), "a new kind or version needs a golden book of its own (tests/golden)"
