"""The hub's time, in words: where it is from, and how it was set or put right. Part of ``acts.py``."""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.people import timing
from appliance.ledger.reads.desk import LogLine
from appliance.web.ground.here import the_hub
from appliance.web.wording.amounts import duration, name_of, when


def _moved(line: LogLine) -> tuple[str, str]:
    """From when to when."""
    return when(line.at), when(Instant(Millis(line.at.ms + line.payload["shift_ms"]), line.at.quality))


def _set(_tx: Tx, line: LogLine) -> str:
    before, after = _moved(line)
    return _(
        "%(who)s set the hub's clock from %(before)s to %(after)s.",
        who=name_of(line.who),
        before=before,
        after=after,
    )


def _correct(_tx: Tx, line: LogLine) -> str:
    before, after = _moved(line)
    if line.payload["quality"] == Quality.NTP:
        return _(
            "The hub's clock was wrong. The time of the internet put it right: from %(before)s to %(after)s.",
            before=before,
            after=after,
        )
    return _(
        "The hub's clock was wrong. A better clock put it right: from %(before)s to %(after)s.",
        before=before,
        after=after,
    )


SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {
    "set_time": _set,
    "correct_time": _correct,
}


def shift_words(shift_ms: int) -> str:
    """What two keepers agree on, as it follows *Kira proposes to*."""
    time = duration(abs(shift_ms) // 1000)
    if shift_ms < 0:
        return _("set the hub's clock back by %(time)s", time=time)
    return _("set the hub's clock forward by %(time)s", time=time)


def then(shift_ms: int) -> str:
    """What the hub's clock would say if it were moved now."""
    now = the_hub().clock.now()
    return when(Instant(Millis(now.ms + shift_ms), now.quality))


_SOURCES: Final[Mapping[str, Callable[[], str]]] = {
    timing.MESH: lambda: _("The radio says so. It may be wrong, so the hub is not sure."),
    timing.PHONE: lambda: _("A keeper set it."),
    timing.KEEPERS: lambda: _("Keepers set it."),
    timing.RTC: lambda: _("The hub's own clock with a battery says so."),
    timing.MACHINE: lambda: _("The clock of this computer says so."),
    timing.NTP: lambda: _("The internet says so."),
}


def source_words(source: str, now: Instant) -> str:
    """Where the hub has its time from, and how sure it is."""
    known = _SOURCES.get(source)
    if known is not None:
        return known()
    if now.quality < Quality.KEEPER:
        return _("Nobody has set it since the hub was switched on, so it is probably wrong.")
    return _("The hub is sure of it.")
