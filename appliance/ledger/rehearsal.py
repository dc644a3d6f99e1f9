"""A backup tried out: opened with the root paper, replayed from its first entry, and thrown away.

A backup that nobody has opened is a hope. This proves that this file and this paper together bring the
hub back as it was, and changes nothing anywhere.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from appliance.ledger import boxfile, checkup
from appliance.ledger.book import backup, rules
from appliance.ledger.book.backup_form import Header, Progress
from appliance.ledger.book.chain import Place
from appliance.ledger.book.schema import AccountRow
from appliance.ledger.book.store import LEDGER_FILE, Store
from appliance.ledger.clock import Clock
from appliance.ledger.errors import BackupDamaged, BookDamaged
from appliance.ledger.keys import RootPaper
from appliance.ledger.values import COMMONS, UNRESOLVED, Account, AccountNumber, Unit

REPLAYING = "replaying"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a backup would bring back.

    Attributes:
        header: whose, up to where, and when it was made.
        members: how many people are members.
        total: the sum of all balances: zero.
        balances: of every account, by its number or name as people read it, in ``unit``'s minor unit.
        keys: whether the box's own keys are in it.
    """

    header: Header
    members: int
    unit: Unit
    total: int
    balances: tuple[tuple[str, int], ...]
    keys: bool


def rehearse(
    path: Path, paper: RootPaper, clock: Clock, place: Place | None = None, progress: Progress | None = None
) -> Rehearsed:
    """Open the backup ``path`` in a temporary directory, replay all of it, and remove it again.

    Args:
        place: the hub it should be of.

    Raises:
        BackupRefused, PaperDoesNotFit, DataDirectoryError: as ``backup.open_backup``.
        BackupOfAnother: it is not of ``place``.
        BackupDamaged: it opens, and its book or its state do not hold.
    """
    if place is not None:
        backup.check_whose(backup.read_header(path), place)
    with tempfile.TemporaryDirectory(prefix="hub-rehearse-") as room:
        into = Path(room) / "hub"
        header = backup.open_backup(path, paper, into, progress)

        def replaying(done: int, total: int) -> None:
            if progress is not None:
                progress(REPLAYING, done, total)

        try:
            checked = checkup.check(into, (header.head,), paper.public, clock, replaying)
        except BookDamaged as error:
            raise BackupDamaged(f"it opens, but its book does not hold: {error}") from error
        store = Store.open(into / LEDGER_FILE)
        try:
            with store.read() as tx:
                unit = rules.load(tx).community.counted_in
                rows = tx.rows(AccountRow.select().order_by(AccountRow.number))
                members = len(tx.select("SELECT 1 FROM member WHERE status NOT IN ('closed', 'applied')"))
        finally:
            store.close()
        keys = (into / boxfile.KEYS).is_dir()
    balances = tuple((_name(header.place.hub, row.number), int(row.balance)) for row in rows)
    return Rehearsed(header, members, unit, checked.total, balances, keys)


def _name(hub: int, number: int) -> str:
    """An account as people read it; those that are nobody's, by what they are."""
    if number > 0:
        return Account(hub, AccountNumber(number)).short
    return {COMMONS: "commons", UNRESOLVED: "unresolved"}.get(AccountNumber(number), f"hub {-number}")
