"""How the radio is, told to keepers: what it does, and what to do when it does not.

The radio is another process. What is known here is what it left in the ledger's local tables,
whether it is alive at all (``reads.radio``), and which radio ``hub.toml`` names.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from appliance.ledger import settings
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import DataDirectoryError
from appliance.ledger.hub import Hub
from appliance.ledger.reads.radio import Air, NeighbourView, RadioState, radio_running, radio_state
from appliance.ledger.settings import NO_RADIO, SettingsWrong
from appliance.web.ground import svg

NONE: Final = "none"
UP: Final = "up"
DOWN: Final = "down"
CONNECTING: Final = "connecting"
QUIET: Final = "quiet"
TWIN: Final = "twin"
DUTY_CYCLE: Final = "duty_cycle"
"""Reasons why a radio that works says nothing of its own."""

STOPPED: Final = "stopped"
"""A radio is set up, and its process does not run."""

SETTING_WRONG: Final = "setting_wrong"


@dataclass(frozen=True, slots=True)
class RadioNow:
    """The radio at this moment.

    Attributes:
        state: none, connecting, up, down, or stopped: a radio is set up and its process is not alive.
        reason: why, in the radio's stable word; empty when there is nothing to say.
        setting: which radio, as in ``hub.toml``.
        since: since when, as far as its process wrote it.
        name, preset, region, firmware: what the radio said of itself.
    """

    state: str
    reason: str = ""
    setting: str = NO_RADIO
    since: Instant | None = None
    name: str = ""
    preset: str = ""
    region: str = ""
    firmware: str = ""

    @property
    def failed(self) -> bool:
        """Whether monitoring should ring: nothing can be sent before somebody does something."""
        return self.state == STOPPED


def radio_now(tx: Tx, hub: Hub) -> RadioNow:
    """The radio of ``hub`` now."""
    told, alive, reason = radio_state(tx), radio_running(hub.data), ""
    try:
        setting = settings.read(hub.data).radio
    except (SettingsWrong, DataDirectoryError):
        setting, reason = "?", SETTING_WRONG
    if not alive:
        return RadioNow(NONE) if setting == NO_RADIO else RadioNow(STOPPED, reason, setting)
    return RadioNow(CONNECTING, setting=setting) if told is None else _as_told(told)


def _as_told(told: RadioState) -> RadioNow:
    return RadioNow(
        told.state,
        told.reason,
        told.setting,
        Instant(Millis(told.since_ms), Quality(told.quality)),
        told.name,
        told.preset,
        told.region,
        told.firmware,
    )


_STATES: Final[Mapping[str, Callable[[], str]]] = {
    NONE: lambda: _("No radio is set up here."),
    UP: lambda: _("The radio works."),
    CONNECTING: lambda: _("The hub is looking for its radio."),
    DOWN: lambda: _("The radio cannot be reached."),
    STOPPED: lambda: _("The radio's program is not running."),
}

_TO_DO: Final[Mapping[str, Callable[[], str]]] = {
    NONE: lambda: _(
        "Name it in hub.toml in the hub's data directory, then start “hub radio run”. Until then post to and from "
        "other villages waits."
    ),
    CONNECTING: lambda: _("Wait a minute. Is it plugged in and lit?"),
    DOWN: lambda: _("Is it plugged in and lit? Unplug it, count to ten, plug it in again."),
    STOPPED: lambda: _("Start it with “hub radio run”. Until then payments to other villages wait here."),
}

REASONS: Final[Mapping[str, Callable[[], str]]] = {
    "unreachable": lambda: _(
        "Nothing answers at the place that hub.toml names. Check plug, cable and address."
    ),
    "port_busy": lambda: _("Another program uses the radio's port. Stop that program."),
    "no_handshake": lambda: _(
        "Something answers, but not as a Meshtastic radio does. Is it the right device?"
    ),
    "closed": lambda: _("The radio ended the connection. It may be starting anew; wait a minute."),
    "taken": lambda: _("Another program or phone keeps taking the radio. Disconnect it there."),
    "reset": lambda: _("The connection to the radio broke. The hub tries again by itself."),
    "unplugged": lambda: _("The radio was unplugged. Plug it in again."),
    "rebooted": lambda: _("The radio has just started anew. Wait a minute."),
    "silent": lambda: _("The radio says nothing any more. Unplug it, count to ten, plug it in again."),
    "stuck": lambda: _(
        "Too many connections hang. Stop the radio's program, then start it again with “hub radio run”."
    ),
    "failed": lambda: _(
        "Something unexpected went wrong; the hub's log has the words. It tries again by itself."
    ),
    "let_go": lambda: _("The radio's program let it go."),
    "region_unset": lambda: _(
        "The radio may not send before its region is set. Type “hub radio provision” once: it sets up all that is needed."
    ),
    "tx_disabled": lambda: _("Sending is switched off in the radio. “hub radio provision” switches it on."),
    DUTY_CYCLE: lambda: _(
        "The radio has been on the air as long as it may in an hour. It goes on by itself; what waits is not lost."
    ),
    "no_channel": lambda: _(
        "The channel that hub.toml names is switched off in the radio. “hub radio provision” switches it on; what"
        " waits is not lost."
    ),
    "refused": lambda: _(
        "The radio does not take what the hub gives it; the hub's log has the reason. Unplug it, count to ten, plug it"
        " in again. What waits is not lost."
    ),
    "stale": lambda: _(
        "This box has lost a part of what it told other villages, as after an old backup. It sends nothing"
        " of its own any more. Ask whoever helps you."
    ),
    QUIET: lambda: _(
        "This box lost its power, or its card is in another board. So that it says nothing twice, it first waits to"
        " hear a neighbour. Payments at home go on."
    ),
    TWIN: lambda: _(
        "Another box speaks in this hub's name: a copy of its card is running somewhere. Find it and switch it off."
    ),
    SETTING_WRONG: lambda: _("hub.toml cannot be understood. “hub radio status” says which line is wrong."),
}
"""What to do about a trouble, by the radio's stable word for it."""


_OLDEST, _NEWEST = (2, 7), (2, 8)
"""Releases of the firmware that this hub was made with."""


def firmware_warning(firmware: str) -> str:
    """What a keeper should know of a radio's firmware; empty when it is one that the hub was made with, or unknown."""
    found = re.match(r"(\d+)\.(\d+)\.", firmware)
    if found is None:
        return ""
    version = int(found[1]), int(found[2])
    if version < _OLDEST:
        return _(
            "The radio's firmware is older than this hub knows (2.7 and 2.8). Ask whoever helps you to update it."
        )
    if version > _NEWEST:
        return _(
            "The radio's firmware is newer than this hub knows (2.7 and 2.8). If post fails, that may be why."
        )
    return ""


def firmware_note(firmware: str) -> str:
    """What is different with a radio's firmware that the hub was made with; empty when nothing is."""
    if not firmware.startswith("2.8."):
        return ""
    return _(
        "Firmware 2.8 signs short packets by itself, so that they take up to twice as long on the air; the hub reckons"
        " with it. Leave the radio's signature policy at BALANCED: with STRICT it would drop longer post, and"
        " all post of radios with 2.7."
    )


FOR: Final[Mapping[str, Callable[[], str]]] = {
    "heard": lambda: _("Heard from all"),
    "sent_data": lambda: _("Our own news"),
    "sent_repair": lambda: _("Sent again for others"),
    "sent_ask": lambda: _("Asking for what is missing"),
    "sent_summary": lambda: _("Saying what we have"),
    "sent_proof": lambda: _("Proof of care"),
    "sent_certificate": lambda: _("News that a hub was restored"),
}
"""What the air was used for, in the order of the page."""


@dataclass(frozen=True, slots=True)
class AirShown:
    """The air for a keeper: a chart of the last 24 hours, the most in percent, and lines of what for and how long.

    ``hours``: the figures of the chart, the last hour first: when each began, and percent.
    """

    chart: Markup
    hours: tuple[tuple[Instant, int], ...]
    most: int
    lines: tuple[tuple[str, str], ...]


def air_shown(found: Air) -> AirShown | None:
    """How the air was; None when nothing was noted yet."""
    if not found.hours:
        return None
    last, uses = found.hours[-1][0], dict(found.hours)
    percents = [round(uses.get(hour, 0) / 10) for hour in range(last - 23, last + 1)]
    most = max(percents)
    drawn = [
        svg.Bar(percent, words=str(percent) if percent and percent == most else "") for percent in percents
    ]
    told = _("At most %(most)s %% in an hour.", most=most)
    chart = svg.bars("air", _("How full the air was in the last 24 hours"), told, drawn)
    lines = tuple((name(), _span(found.seconds[key])) for key, name in FOR.items() if found.seconds.get(key))
    began = (Instant(Millis(hour * 3_600_000), Quality.FLOOR) for hour in range(last - 23, last + 1))
    hours = tuple(zip(began, percents, strict=True))
    return AirShown(chart, hours[::-1], most, lines)


def _span(seconds: int) -> str:
    if seconds < 120:
        return ngettext("%(num)s second", "%(num)s seconds", seconds)
    return ngettext("%(num)s minute", "%(num)s minutes", round(seconds / 60))


def words(radio: RadioNow) -> str:
    """The state in a sentence."""
    if radio.state == UP and radio.reason == QUIET:
        return _("The radio works. The hub waits until it has heard a neighbour.")
    if radio.state == UP and radio.reason:
        return _("The radio is there, but cannot send.")
    return _STATES.get(radio.state, _STATES[DOWN])()


def to_do(radio: RadioNow) -> str:
    """What to do about it; empty when all is well."""
    if radio.reason in REASONS:
        return REASONS[radio.reason]()
    return _TO_DO[radio.state]() if radio.state in _TO_DO else ""


def nobody_yet(radio: RadioNow, neighbours: Collection[NeighbourView]) -> str:
    """What to look at when the radio works and no village was ever heard; empty when one was, or there is none."""
    if radio.state != UP or radio.reason or not neighbours or any(one.heard for one in neighbours):
        return ""
    return _(
        "No neighbour has been heard yet; that can take a quarter of an hour. If it lasts: do all hubs have the same"
        " preset, region and channel? “hub radio provision” sets all of them alike."
    )


def before_paying(radio: RadioNow) -> str:
    """What somebody who is about to pay to another village should know of our radio; empty when all is well."""
    if radio.state == NONE:
        return _("There is no radio here yet. The payment waits here until there is one.")
    if radio.state in (STOPPED, DOWN):
        return _("The radio is off at the moment. The payment waits here until it is back.")
    if radio.reason == QUIET:
        return _("The hub waits until it has heard a neighbour. The payment waits here until then.")
    if radio.state == UP and radio.reason:
        return _("The radio cannot send at the moment. The payment waits here; ask a keeper.")
    return ""


def as_json(radio: RadioNow) -> dict[str, Any]:
    """For ``/health``: stable words, nothing about people."""
    return {
        "state": radio.state,
        "reason": radio.reason,
        "setting": radio.setting,
        "since_ms": None if radio.since is None else radio.since.ms,
        "name": radio.name,
        "preset": radio.preset,
        "region": radio.region,
        "firmware": radio.firmware,
    }
