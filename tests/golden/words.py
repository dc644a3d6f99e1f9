"""Erasing and the hub's time for the golden books, once at least."""

from appliance.ledger.book.command import Receipt
from appliance.ledger.people import timing
from appliance.ledger.people.erasing import AskErase, Erase, EraseNow, KeepTexts
from appliance.ledger.people.timing import SetTime
from appliance.ledger.tend import tend
from appliance.ledger.values import RecordId
from tests.support.clocks import HandMachine, live_on
from tests.support.village import Village

WEEK_MS = 7 * 24 * 3_600_000


def erasing(river: Village) -> None:
    """Chandra has a note erased and keeps another; Emeka, who was turned away, goes wholly."""
    chandra, emeka = river.numbers["Chandra"], river.numbers["Emeka"]
    gone, kept = (
        river.pay("Chandra", "Dina", 3, note=note, again=True) for note in ("for Mia's cold", "plums")
    )
    river.do("Chandra", AskErase(chandra, gone.entry))
    river.do("Kira", Erase(chandra, "it names a child", gone.entry))
    begun = river.do("Kira", Erase(chandra, "not nice", kept.entry))
    river.do("Chandra", KeepTexts(chandra, RecordId(begun.record)))
    river.do("Kira", Erase(emeka, "was turned away"))
    river.clock.advance(WEEK_MS)
    assert tend(river.hub) >= 2, EraseNow.KIND


def the_time(river: Village) -> None:
    """A keeper sets the clock of a box that was switched off; then the internet puts it right, backwards."""
    machine = HandMachine()
    clock = live_on(river, machine)
    before = clock.now().ms
    with river.hub.reading() as tx:
        row = timing.row(tx)
    assert row is not None
    done = river.do("Kira", SetTime(row.boot, row.zero_ms, 20 * 3_600_000, "by the church clock"))
    assert isinstance(done, Receipt)
    river.pay("Chandra", "Dina", 1, again=True)
    machine.step(before + 3_600_000, kept=True)
    clock.look(at_once=True)
    assert clock.now().ms < before + 2 * 3_600_000
    river.pay("Chandra", "Dina", 2, again=True)
