"""``kill -9`` at random moments under twenty concurrent payers: what was acknowledged is there, once.

The village's PIN rule is *not below a large amount*, so that the payers pay as fast as the
hub answers: the portal is killed in the middle of commits, not of key derivations.
"""

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.ledger.book.chain import by_key
from appliance.ledger.book.schema import Posting, Transfer
from appliance.ledger.book.verify import verify
from appliance.ledger.hub import Hub
from appliance.ledger.people.members import Approve
from tests.support.phone import LOST, Phone
from tests.support.portal import Portal
from tests.support.village import a_village

PAYERS = 20
ROUNDS = int(os.environ.get("HUB_KILLS", "8"))
"""Kills in one run. CI makes a few; ``HUB_KILLS=50`` is the figure in the documents."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass
class Payer:
    """One phone that pays its neighbour in the ring one hundredth after the other."""

    phone: Phone
    payee: str
    member: int
    sent: list[bytes] = field(default_factory=list)
    acknowledged: dict[bytes, str] = field(default_factory=dict)
    other: Counter[str] = field(default_factory=Counter)

    def run(self, stop: threading.Event) -> None:
        """Pay until told to stop or until nobody answers."""
        try:
            self.phone.sign_in()
            while not stop.is_set():
                self._pay()
        except LOST:
            self.other["cut off"] += 1
        finally:
            self.phone.hang_up()

    def _pay(self) -> None:
        form = self.phone.fill_in(self.payee, "0.01")
        key = bytes.fromhex(form["key"])
        self.sent.append(key)
        page = self.phone.send(form)
        if page.status == 302 and page.where.startswith("/t/"):
            self.acknowledged[key] = page.where.removeprefix("/t/")
        else:
            self.other[f"{page.status} {page.words}"] += 1


def test_killed_at_random_under_twenty_payers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(20261122)
    with a_village(
        tmp_path / "river", credit={"pin_above": 100_000, "low": -100_000, "high": 100_000}
    ) as river:
        names = [f"Payer {n}" for n in range(PAYERS)]
        for name in names:
            river.do("Kira", Approve(river.join(name)))
        accounts = [river.account(name) for name in names]
    portal = Portal(tmp_path / "river")
    payers = [
        Payer(Phone(portal.port, account.short), accounts[(n + 1) % PAYERS].compact, account.number)
        for n, account in enumerate(accounts)
    ]
    in_flight = 0
    for _ in range(ROUNDS):
        before = sum(len(p.acknowledged) for p in payers)
        portal.start()
        stop = threading.Event()
        threads = [threading.Thread(target=payer.run, args=(stop,)) for payer in payers]
        for thread in threads:
            thread.start()
        # The first payments of everybody, then a random moment.
        deadline = time.monotonic() + 60
        while sum(len(p.acknowledged) for p in payers) - before < PAYERS and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.4))
        portal.kill()
        stop.set()
        for thread in threads:
            thread.join()
    unexpected = Counter(k for p in payers for k in p.other.elements() if k != "cut off")
    assert not unexpected, unexpected

    hub = Hub.open(tmp_path / "river")
    try:
        report = verify(hub.store)
        with hub.reading() as tx:
            for payer in payers:
                for key in payer.sent:
                    entry = by_key(tx, f"member:{payer.member}", key)
                    if key in payer.acknowledged:
                        assert entry is not None, "an acknowledged payment is not in the book"
                        assert entry[0].record.hex() == payer.acknowledged[key]
                    in_flight += key not in payer.acknowledged and entry is not None
            transfers = {bytes(row.id): row for row in tx.rows(Transfer.select())}
            lines = Counter(bytes(row.transfer) for row in tx.rows(Posting.select()))
        acknowledged = [record for p in payers for record in p.acknowledged.values()]
        assert len(set(acknowledged)) == len(acknowledged), "one payment was acknowledged under two keys"
        assert all(lines[bytes.fromhex(record)] == 2 for record in acknowledged)
        assert set(lines) == set(transfers), "a half-done payment"
        assert set(lines.values()) == {2}
        sent = sum(len(p.sent) for p in payers)
        assert len(transfers) == len(acknowledged) + in_flight
    finally:
        hub.close()
    with capsys.disabled():
        cut = sum(p.other["cut off"] for p in payers)
        print(
            f"\n{ROUNDS} kills, {PAYERS} payers: {sent} payments sent, {len(acknowledged)} acknowledged and each there once,"
            f" {in_flight} committed without an answer, {cut} connections cut, {report.head.number} entries verified"
        )
    assert in_flight <= cut
