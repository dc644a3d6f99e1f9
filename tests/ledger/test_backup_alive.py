"""The backup half of a lost card: taken while people pay, and opened with nothing but the paper."""

import threading
from pathlib import Path

from appliance.ledger import boxfile, checkup
from appliance.ledger.backups import Backups
from appliance.ledger.book import backup
from appliance.ledger.book.command import Book
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.boxfile import Box
from appliance.ledger.errors import Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner, RootPaper, new_seed
from appliance.ledger.rehearsal import rehearse
from tests.support.village import PIN, Village


def test_backups_while_people_pay_hold_one_state_and_stop_nobody(river: Village, tmp_path: Path) -> None:
    ended = threading.Event()
    paid: list[int] = []

    def pay_on() -> None:
        while not ended.is_set():
            paid.append(river.pay("Alice", "Bob", 1, again=True).entry)
            paid.append(river.pay("Bob", "Alice", 1, again=True).entry)

    payer = threading.Thread(target=pay_on)
    backups = Backups(river.hub)
    payer.start()
    try:
        made = []
        for _ in range(6):
            before = river.hub.head().number
            made.append((before, backups.run(tmp_path), river.hub.head().number))
    finally:
        ended.set()
        payer.join()
    assert paid == sorted(paid)
    assert any(before < after for before, _, after in made), "nobody paid meanwhile"
    for before, copy, after in made:
        assert before <= copy.header.head.number <= after
        tried = rehearse(copy.path, river.papers.hub, river.clock, river.hub.book.place)
        assert tried.total == sum(balance for _, balance in tried.balances) == 0
    assert checkup.check(river.hub.data, (), river.papers.hub.public, river.clock).total == 0


def test_from_the_paper_alone_an_old_pin_opens_again(river: Village, tmp_path: Path) -> None:
    """A new card, a backup whose ``keys/`` nobody kept, and the words from the paper."""
    file = Backups(river.hub).run().path
    typed = " ".join(river.papers.hub.words("fr"))
    box = river.hub.box

    paper = RootPaper.parse(typed)
    header = backup.open_backup(file, paper, tmp_path / "new")
    for path in (tmp_path / "new" / "keys").iterdir():
        path.unlink()
    fresh = Box(header.place, new_seed(), paper.pepper, paper.public, KdfCost()).with_paper(paper)
    boxfile.write(tmp_path / "new", fresh)

    assert (fresh.pepper, fresh.root_public, fresh.box_key) == (box.pepper, box.root_public, box.box_key)
    assert fresh.backup_public == box.backup_public
    kept = boxfile.read(tmp_path / "new")
    store = Store.open(tmp_path / "new" / LEDGER_FILE)
    hub = Hub(tmp_path / "new", Book(store, header.place, kept.signing), river.clock, kept)
    try:
        for name in ("Alice", "Kira"):
            opened = hub.unlock(river.numbers[name], PIN)
            assert isinstance(opened, KeySigner)
            assert opened.public == river.signers[name].public
        assert isinstance(hub.unlock(river.numbers["Alice"], "1357"), Refusal)
    finally:
        hub.close()
