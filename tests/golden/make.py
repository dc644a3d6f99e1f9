"""Makes a golden book out of every kind of command: ``python -m tests.golden.make NAME``."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from appliance.ledger import codec
from appliance.ledger.book.schema import TRUTH_TABLES, primary_key
from appliance.ledger.book.schema import Entry as EntryRow
from appliance.ledger.book.store import Tx
from appliance.ledger.care.claims import DAY_MS, ClaimCare, Cosign, DeclineCosign, WithdrawClaim
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.transfers import Cancel, Decline, Reverse
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.members import TurnAway
from appliance.ledger.values import RecordId
from tests.support.village import PIN, Village, a_village

HERE = Path(__file__).parent


def state_of(tx: Tx) -> dict[str, list[list[Any]]]:
    """All rows of the truth, in the order of their keys, bytes as hexadecimal text."""
    state = {}
    for model in TRUTH_TABLES:
        order = [getattr(model, name) for name in primary_key(model)]
        rows = tx.rows(model.select().order_by(*order).tuples())
        state[model._meta.table_name] = [
            [bytes(v).hex() if isinstance(v, (bytes, memoryview)) else v for v in row] for row in rows
        ]
    return state


def live(river: Village) -> None:
    """Everything that can happen in a village, once at least."""
    n = river.numbers
    paid = river.pay("Alice", "Bob", 250, note="two loaves", category="food")
    asked = [river.request("Chandra", who, 75, note="mending") for who in ("Alice", "Alice", "Bob", None)]
    river.accept("Alice", asked[0], "Chandra", 75)
    river.do("Alice", Decline(asked[1].record, n["Alice"]))
    river.do("Chandra", Cancel(asked[2].record))
    river.clock.advance(3_600_000)
    river.accept("Dina", asked[3], "Chandra", 75)
    river.do("Bob", Reverse(paid.record))
    river.do("Kira", Reverse(asked[0].record, "paid the wrong person"))
    river.do("Kira", SetLimits(n["Bob"], -5000, None, "runs the bakery"))
    river.do("Kira", ChangeRules("credit", {"commons_low": -5000, "low": -600}, "assembly of May"))
    river.do("Kira", ChangeRules("care", {"quorum": 2}, "assembly of May"))
    listing = river.do("Bob", OpenListing(n["Bob"], "offer", "food", "Bread on Fridays", "Rye and wheat"))
    river.do("Alice", OpenListing(n["Alice"], "want", "repair", "Roof mended", price=None))
    river.do("Bob", CloseListing(RecordId(listing.record)))
    day = river.clock.now().ms // DAY_MS
    asked_to_sign = (n["Alice"], n["Bob"])
    claim = river.do(
        "Dina", ClaimCare(n["Dina"], "elder", 95, day, "Old Tom", "Washed, cooked", asked_to_sign)
    )
    river.do("Alice", DeclineCosign(RecordId(claim.record)))
    for witness in ("Bob", "Chandra"):
        river.do(witness, Cosign(RecordId(claim.record), claim.outcome["terms"]))
    other = river.do("Dina", ClaimCare(n["Dina"], "child", 30, day, "Mia"))
    river.do("Dina", WithdrawClaim(RecordId(other.record)))
    river.join("Emeka")
    river.do("Kira", TurnAway(river.numbers["Emeka"], "is a member of Hill"))
    river.hub.change_pin(n["Alice"], PIN, "9753")
    river.hub.reset_pin(n["Bob"], "8642", river.signers["Kira"])


def main(name: str) -> None:
    """Write the two files."""
    if (HERE / f"{name}.book").exists():
        raise SystemExit(f"{name} exists: a golden book is never made anew")
    with tempfile.TemporaryDirectory() as room, a_village(Path(room) / "river") as river:
        live(river)
        with river.hub.reading() as tx:
            bodies = [bytes(row.body) for row in tx.rows(EntryRow.select().order_by(EntryRow.number))]
            state = state_of(tx)
    (HERE / f"{name}.book").write_bytes(codec.encode(bodies))
    rows = json.dumps(state, ensure_ascii=False).replace("]], ", "]],\n").replace("], [", "],\n[")
    (HERE / f"{name}.state.json").write_text(rows + "\n", "utf-8")
    print(f"{name}: {len(bodies)} entries")


if __name__ == "__main__":
    main(sys.argv[1])
