"""The engine as tables: what it may say and when, and the waiting times and bounds.

``python -m appliance.radio.states`` prints ``docs/engine.md``. Limits and waiting times in it are those of
the code (``governor``, ``pace``); that the turns are the engine's own, in its order, is tested. What it does about
what comes in is not written but observed: ``tests/radio/reactions.py``.
"""

from dataclasses import dataclass, fields
from typing import Final

from appliance.radio.events import Sending
from appliance.radio.governor import CHANNEL_LIMITS, OWN_SHARES
from appliance.radio.pace import Between, Pace


@dataclass(frozen=True, slots=True)
class Turn:
    """Something the engine may say: the method that makes it, as what the governor judges it, and when it is due."""

    maker: str
    sending: Sending | None
    what: str
    due: str


TURNS: Final = (
    Turn("again", None, "the packet that the radio did not take", "at once, when the radio's wait is over"),
    Turn(
        "certify",
        Sending.CERTIFICATE,
        "a certificate",
        "a summary named an older life of its hub (`renewals`)",
    ),
    Turn(
        "own",
        Sending.DATA,
        "own records, a new frame",
        "somebody waits, a frame is full, or they had company for some minutes (`company`)",
    ),
    Turn(
        "present",
        Sending.DATA,
        "a whole summary",
        "the first after a start, until somebody told what they hold of ours; an answer to one; after an hour in which nobody told (`presence`)",
    ),
    Turn(
        "summary", Sending.SUMMARY, "a whole summary", "the rest of one, or one that the radio did not take"
    ),
    Turn(
        "receipt",
        Sending.ASK,
        "a summary of few feeds",
        "records with one destination are owed, or a receipt is (`owed`)",
    ),
    Turn("ask", Sending.ASK, "an ask", "something is missing, and a drawn wait is over (`asking`)"),
    Turn(
        "answer",
        Sending.REPAIR,
        "an answer: a frame as it first was, or a sum of several",
        "an ask, or a summary that shows our own feed to be missing (`answering`, `mixing`)",
    ),
    Turn(
        "regular", Sending.SUMMARY, "a whole summary", "Trickle's moment, unless another said it (`trickle`)"
    ),
    Turn("prove", Sending.PROOF, "an ask for a proof of care, or a part of one", "`proving`"),
)
"""What the engine takes the first of that is due and allowed, in this order."""


def _limit(turn: Turn) -> str:
    if turn.sending is None:
        return "as it was | as it was"
    own = f"{OWN_SHARES[turn.sending]:.0%}"
    return f"{CHANNEL_LIMITS[turn.sending]:.0%} | {own}"


def _value(value: object) -> str:
    if isinstance(value, Between):
        return f"{value.low:g} to {value.high:g}"
    if isinstance(value, tuple):
        return ", ".join(f"{one:g}" for one in value)
    return f"{value:g}"


def page() -> str:
    """The text of ``docs/engine.md``."""
    out = [
        "# The sync engine in tables",
        "",
        "Made by `python -m appliance.radio.states > docs/engine.md`; a test holds it current. The rules in words stand at the head of each",
        "file of `appliance/radio/`; why they are so in the decisions [0009](decisions/0009-the-sync-engine.md),",
        "[0030](decisions/0030-near-the-airtime-bound.md), [0048](decisions/0048-after-a-long-absence.md),",
        "[0049](decisions/0049-coded-repairs.md), [0050](decisions/0050-who-waits-asks.md),",
        "[0052](decisions/0052-what-is-said-by-the-way.md), [0058](decisions/0058-who-misses-one-summary.md),",
        "[0063](decisions/0063-summaries-stop-as-asks-do.md) and [0064](decisions/0064-who-comes-back-is-answered.md).",
        "",
        "## What is said",
        "",
        "When the radio takes a packet, the first of these that is due and that the governor allows. *Channel*: of the last minute, the share",
        "in use above which it waits. *Own*: the share of half the regional duty cycle, in the last hour.",
        "",
        "| what | due when | channel | own |",
        "|---|---|---|---|",
        *(f"| {turn.what} | {turn.due} | {_limit(turn)} |" for turn in TURNS),
        "",
        "An answer, an ask and a summary ride along in the packet where there is room and each of them is allowed. What the engine does about",
        "what comes in, and when: [reactions.md](reactions.md), as it was seen to.",
        "",
        "## Waiting times and bounds",
        "",
        "In frame times (the airtime of the longest packet) unless the name says seconds; bounds are counts. Reasons: `appliance/radio/pace.py`.",
        "",
        "| name | value |",
        "|---|---|",
        *(f"| `{field.name}` | {_value(getattr(Pace(), field.name))} |" for field in fields(Pace)),
    ]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page itself
