"""Care that is put right, doubted and forgotten, and sheets that are kept at home, for the golden books: once at least."""

from appliance.ledger import reentry
from appliance.ledger.book.command import Receipt
from appliance.ledger.care.objections import EndObjection, ObjectClaim
from appliance.ledger.care.settling import ExpireClaim
from appliance.ledger.care.states import DAY_MS, DISMISSED
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.sheets import AllowReentry, StopReentry
from appliance.ledger.values import RecordId
from tests.ledger.care.caring import claim, cosign, edit, objection
from tests.support.village import Village


def doubted_care(river: Village) -> None:
    """Dina puts one claim right and nobody confirms it; Chandra doubts another one, that Kira finds to be right."""
    river.do("Kira", ChangeRules("care", {"expire_days": 7, "object_days": 14}, "assembly of May"))
    late = claim(river, "Dina", 30, cared_for="Ana")
    river.do("Dina", edit(river, late, 45, cared_for="Ana"))
    made = claim(river, "Dina", 60)
    for witness in ("Alice", "Bob"):
        cosign(river, made, witness)
    river.do("Chandra", ObjectClaim(RecordId(made.record), "was she there at all?"))
    found = RecordId(bytes(objection(river, made).id))
    river.do("Kira", EndObjection(found, DISMISSED, "Tom says so himself"))
    river.clock.advance(7 * DAY_MS)
    done = river.hub.by_rule(ExpireClaim(RecordId(late.record)), "expire")
    assert isinstance(done, Receipt), done


def sheets(river: Village) -> None:
    """Chandra comes in again with the sheet: once stopped, once allowed by a keeper."""
    chandra = river.numbers["Chandra"]
    letters = ""
    for key, keeper in ((b"a" * 16, False), (b"b" * 16, True)):
        made = reentry.make(river.hub, river.signers["Chandra"])  # one that was stopped opens nothing more
        assert isinstance(made, reentry.Printed), made
        letters = made.letters
        wish = reentry.ask(river.hub, chandra, letters, key)
        assert isinstance(wish, Receipt), wish
        if keeper:
            river.do("Kira", AllowReentry(RecordId(wish.record), chandra))
        else:
            river.do("Chandra", StopReentry(RecordId(wish.record), chandra))
    done = reentry.choose_pin(river.hub, chandra, letters, "7415", b"phone", "")
    assert isinstance(done, Receipt), done
