"""River pays, closes its year, and pays on: as one process runs it under the file layer.

``python -m tests.faults.closing_story ROOM LOG DEFECT``: the hub is ROOM/river; what the world is told goes into the log.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final
from unittest import mock

from appliance.ledger import yearly
from appliance.ledger.book import archive_make
from appliance.ledger.book.command import Receipt
from appliance.ledger.clock import ManualClock
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, member_authority
from appliance.ledger.money.transfers import Pay
from appliance.ledger.values import AccountNumber, Amount
from tests.faults.layer import Marks
from tests.support.village import MONDAY_NOON

NAME: Final = "river"
KIRA, ALICE, BOB = 1, 2, 3
LATER: Final = MONDAY_NOON + 86_400_000
NONE, UNSYNCED, EARLY = "none", "archive-not-synced", "moved-before-commit"
"""Defects that can be planted."""


def signer(member: int, seeds: dict[str, str]) -> KeySigner:
    """A member's open key."""
    return KeySigner(member_authority(member), bytes.fromhex(seeds[str(member)]))


def pay(hub: Hub, marks: Marks, number: int, seeds: dict[str, str]) -> None:
    """Alice pays Bob, and is given a receipt."""
    command = Pay(AccountNumber(ALICE), AccountNumber(BOB), Amount(number + 1), note=f"eggs {number}")
    result = hub.submit(command, signer(ALICE, seeds), number.to_bytes(16, "big"))
    assert isinstance(result, Receipt), result
    marks.add(paid=result.entry, hash=result.hash.hex())


def tell(room: Path, log: Path, defect: str, seeds: dict[str, str]) -> None:
    """Run it: some payments, a closing, some more, a second closing, one more payment."""
    marks = Marks(log)
    hub = Hub.open(room / NAME, ManualClock(LATER))
    number = 0
    for _ in range(2):
        for _ in range(3):
            pay(hub, marks, number, seeds)
            number += 1
        marks.add(closing=hub.head().number)
        closed = yearly.close(hub, signer(KIRA, seeds))
        assert isinstance(closed, yearly.Closed), closed
        marks.add(closed=closed.upto)
    pay(hub, marks, number, seeds)
    hub.close()


def main() -> None:
    """Run it as the command line says."""
    room, log, defect = sys.argv[1:4]
    seeds: dict[str, Any] = json.loads(os.environ["FAULTS_STORY"])
    if defect == UNSYNCED:
        with mock.patch.object(archive_make, "sync"):
            tell(Path(room), Path(log), defect, seeds)
    elif defect == EARLY:
        real = Hub.submit

        def hasty(hub: Hub, asked: Any, *also: Any) -> Any:
            if asked.KIND == "close_year":
                with hub.store.write() as tx:
                    archive_make.empty(tx, 1, asked.upto)
            return real(hub, asked, *also)

        with mock.patch.object(Hub, "submit", hasty):
            tell(Path(room), Path(log), defect, seeds)
    else:
        tell(Path(room), Path(log), defect, seeds)


if __name__ == "__main__":
    main()
