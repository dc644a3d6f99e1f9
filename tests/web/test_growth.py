"""What pages ask of the book does not grow with it: no query of theirs walks through a table that grows for ever.

Every query that a page runs is caught, and SQLite says how it would answer it (EXPLAIN QUERY PLAN). A walk
through a growing table is refused, unless it follows an index and stops at a LIMIT.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from appliance.ledger.book.tx import Tx
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

GROWING = (
    "entry",
    "transfer",
    "posting",
    "private_text",
    "private_salt",
    "share",
    "slip",
    "crossing",
    "outgoing",
    "record",
)
"""Tables that get rows for as long as people trade; others have as many as there are people, accounts or rules."""

MEMBERS = (
    "/",
    "/me",
    "/me/acts",
    "/statement",
    "/statements",
    "/pay",
    "/pay/amount?to=101-3",
    "/splits",
    "/waiting",
)
DESK = ("/desk", "/desk/log", "/desk/payments", "/desk/people")

Asked = dict[str, tuple[Any, ...]]


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """Each different query, as SQLite gets it, with one set of its values."""
    asked: Asked = {}
    real = Tx.__init__

    def listening(self: Tx, *args: Any, **also: Any) -> None:
        real(self, *args, **also)
        self._connection.set_trace_callback(lambda sql: asked.setdefault(sql, ()))

    with monkeypatch.context() as patch:
        patch.setattr(Tx, "__init__", listening)
        yield asked


def walks(db: sqlite3.Connection, sql: str) -> list[str]:
    """The growing tables through which the answer to ``sql`` would walk."""
    if not re.match(r"\s*(SELECT|WITH)", sql, re.IGNORECASE):
        return []
    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    bounded = re.search(r"\bLIMIT\s+\d+\s*$", sql.strip(), re.IGNORECASE) is not None
    counts = re.search(r"\b(COUNT|SUM|MAX|MIN)\(", sql, re.IGNORECASE) is not None
    sorts = any("USE TEMP B-TREE" in step for step in steps)
    aliases = {a or t: t for t, a in re.findall(r'(?:FROM|JOIN)\s+"?(\w+)"?(?:\s+AS\s+"?(\w+)"?)?', sql)}
    found = []
    for step in steps:
        scan = re.match(r"SCAN (?:TABLE )?(\w+)(.*)", step)
        if scan is None or aliases.get(scan[1], scan[1]) not in GROWING:
            continue
        if bounded and not sorts and not counts:
            continue
        found.append(step)
    return found


@pytest.fixture
def busy(village: Village) -> Village:
    """River after many kinds of days."""
    for amount in range(5, 45):
        village.pay("Alice", "Bob", amount, note="eggs")
        village.pay("Bob", "Alice", amount)
    village.request("Bob", "Alice", 20, note="bread")
    return village


@pytest.mark.parametrize(("who", "screen", "pages"), [("Alice", "", MEMBERS), ("Kira", OWN_SCREEN, DESK)])
def test_no_page_walks_through_a_growing_table(
    busy: Village,
    signed_in: Callable[..., Browser],
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    screen: str,
    pages: tuple[str, ...],
) -> None:
    browser = signed_in(who, screen) if screen else signed_in(who)
    bad: list[tuple[str, str, str]] = []
    seen = 0
    for page in pages:
        with overheard(monkeypatch) as asked:
            browser.get(page)
        seen += len(asked)
        with sqlite3.connect(busy.hub.data / "ledger.db") as db:
            bad += [(page, step, " ".join(sql.split())[:200]) for sql in asked for step in walks(db, sql)]
        db.close()
    assert seen > 20
    assert bad == []


def test_a_walk_is_seen(busy: Village) -> None:
    with sqlite3.connect(busy.hub.data / "ledger.db") as db:
        assert walks(db, "SELECT * FROM transfer WHERE amount = 5")
        assert walks(db, "SELECT COUNT(*) FROM entry")
        assert walks(db, "SELECT COUNT(1) FROM transfer WHERE state = 'pending' LIMIT 1")
        assert walks(db, 'SELECT * FROM "transfer" AS "t1" ORDER BY "t1"."amount" LIMIT 5')
        assert not walks(db, "SELECT number FROM entry ORDER BY number DESC LIMIT 1")
        assert not walks(db, "SELECT * FROM posting WHERE account = 2 ORDER BY entry DESC LIMIT 20")
    db.close()
