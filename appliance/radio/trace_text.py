"""A trace for people to read: which lines, each in one line of words, and what it came to in the end."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from appliance.ledger.values import Unit

FRAMES: Final = ("data", "summary", "ask", "certificate", "coded", "proof_ask", "proof_part", "stranger")
"""Kinds of frames; ``stranger``: none of this community's."""

EVENTS: Final = ("refused", "lost", "link", "trouble")
"""What else a trace tells."""

KINDS: Final = (*FRAMES, *EVENTS)

_RECORDS: Final[Mapping[str, str]] = {
    "sent": "payment",
    "accepted": "payment arrived",
    "returned": "payment comes back",
    "recall": "asks for a payment back",
    "person": "name",
    "listing": "listing",
    "unlisting": "listing ended",
    "checkpoint": "where the book stands",
    "seen": "how far it had read",
    "fork": "proof of two stories",
    "care_ask": "asks for co-signers",
    "care_key": "co-signer's key",
    "care_sign": "co-signature",
    "care_no": "no co-signature",
    "care_told": "what became of care",
    "loop": "trade loop",
    "loop_answer": "answer to a trade loop",
    "loop_end": "end of a trade loop",
    "message": "message",
    "about": "what a message is about",
    "unmessage": "message taken back",
    "match": "word on a match",
}
"""By the names of ``show.kind_name``."""

_WHY: Final[Mapping[str, str]] = {
    "known": "known already",
    "echo": "our own, sent on by a node",
    "old_beat": "said before, played again",
    "for_another": "for another hub",
    "book_trouble": "the book could not take it; it comes again",
}


def kind_of(line: Mapping[str, Any]) -> str:
    """Which of ``KINDS`` a line is of."""
    if line["direction"] in EVENTS:
        return str(line["direction"])
    return str(line.get("type", "stranger"))


def concerns(line: Mapping[str, Any], hub: int) -> bool:
    """Whether a line has to do with a hub: its frames, those for it, and those about its feed."""
    named = {line.get("from"), line.get("to")}
    for part, about in (("records", "to"), ("holds", "hub"), ("wants", "hub"), ("mends", "hub")):
        # A summary names all hubs: what it says of its sender alone is no news.
        if part != "holds":
            named |= {one[about] for one in line.get(part, ())}
    return hub in named


def chosen(line: Mapping[str, Any], hubs: Collection[int], kinds: Collection[str]) -> bool:
    """Whether somebody who asked for these hubs and kinds (empty: all) wants to see a line."""
    return (not kinds or kind_of(line) in kinds) and (not hubs or any(concerns(line, hub) for hub in hubs))


@dataclass
class Words:
    """Says lines of a trace. ``names``: of the hubs, by number. ``unit``: what the village counts in."""

    unit: Unit
    names: Mapping[int, str]

    def hub(self, number: object) -> str:
        """A hub by its name, with its number where two have one name; ``everyone`` stays what it is."""
        name = self.names.get(number, "") if isinstance(number, int) else ""
        if not name:
            return str(number)
        return name if list(self.names.values()).count(name) == 1 else f"{name} ({number})"

    def line(self, line: Mapping[str, Any]) -> str:
        """One line: when, which way, bytes, time on the air, what it says, and how it was received."""
        seconds = line["at_ms"] // 1000 % 86_400
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d} UTC"
        direction = line["direction"]
        if direction in EVENTS and direction != "refused":
            return f"{clock} !  {'':15}  {self._event(line)}"
        arrow = {"sent": ">", "heard": "<", "refused": "x"}[direction]
        rides = "+" if line.get("part", 1) > 1 else " "
        size = f"{line['bytes']:>3} B {line['seconds']:5.2f} s"
        return f"{clock} {arrow}{rides} {size:15}  {self._said(line)}{_around(line)}"

    def _event(self, line: Mapping[str, Any]) -> str:
        match line:
            case {"direction": "lost", "from": hub, "packets": packets}:
                return f"lost: {packets} of what {self.hub(hub)} said before this"
            case {"direction": "link", "state": state, "reason": reason}:
                return f"the radio is {state}" + (f" ({reason})" if reason else "")
        return f"{line['direction']} ({line.get('reason', '')})"

    def _said(self, line: Mapping[str, Any]) -> str:
        """What a frame says, with the words of ``show.describe``."""
        match line:
            case {"refused": reason}:
                return f"no frame of ours: {reason}"
            case {"type": "data", "from": hub, "first": first, "last": last, "records": records}:
                named = "; ".join(self._record(one) for one in records)
                again = " again" if line.get("sending") == "repair" else ""
                numbers = f"record{'s' * (first != last)} {_span(first, last)}"
                return f"data{again} of {self.hub(hub)}, {numbers}: {named}"
            case {"type": "summary", "from": hub, "holds": holds}:
                other = "" if line["same_roster"] else "; another roster than ours"
                named = ", ".join(f"{self.hub(one['hub'])} up to {one['number']}" for one in holds)
                return f"summary of {self.hub(hub)}: holds {named}{other}"
            case {"type": "ask", "from": hub, "wants": wants}:
                named = ", ".join(
                    f"{self.hub(one['hub'])} {_span(one['first'], one['last'])}" for one in wants
                )
                return f"ask of {self.hub(hub)}: wants {named}"
            case {"type": "coded", "from": hub, "mends": mends}:
                named = " and ".join(
                    f"{self.hub(one['hub'])} {_span(one['first'], one['last'])}" for one in mends
                )
                return f"coded repair of {self.hub(hub)}: mends {named}"
            case {"type": "certificate", "from": hub, "incarnation": life, "closed": closed}:
                return (
                    f"certificate: {self.hub(hub)} goes on in life {life}, the one before ended at {closed}"
                )
            case {"type": "proof_ask", "from": hub, "to": to}:
                return f"{self.hub(hub)} asks {self.hub(to)} for a proof of care"
            case {"type": "proof_part", "from": hub, "to": to}:
                return f"{self.hub(hub)} gives {self.hub(to)} a part of a proof of care"
        return f"something that only a later release knows: {line.get('type')}"

    def _record(self, one: Mapping[str, Any]) -> str:
        what = _RECORDS.get(one["kind"], one["kind"])
        amount = f" {self.unit.plain(one['amount'])} {self.unit.symbol}" if one["amount"] else ""
        return f"{one['number']} {what}{amount}, for {self.hub(one['to'])}"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _around(line: Mapping[str, Any]) -> str:
    """How it was received, and what became of it."""
    found = []
    if line["direction"] == "refused":
        wait = f", not before {line['wait']:g} s" if line.get("wait") else ""
        found.append(f"the radio did not take it ({line['reason']}){wait}")
    ignored = line.get("ignored")
    if ignored and "refused" not in line:
        found.append(_WHY.get(ignored, ignored))
    if "snr" in line:
        found.append(f"snr {line['snr']:g}")
    if line.get("hops"):
        found.append(f"hops {line['hops']}")
    return "".join(f"  {one}" for one in found)


@dataclass
class Totals:
    """What was shown so far, for the end of a trace."""

    frames: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    lost: int = 0
    refused: int = 0

    def add(self, line: Mapping[str, Any]) -> None:
        """Count a line."""
        direction = line["direction"]
        if direction in ("sent", "heard"):
            self.frames[direction, kind_of(line)] += 1
            self.seconds[direction] += line["seconds"]
        self.lost += line["packets"] if direction == "lost" else 0
        self.refused += direction == "refused" and line.get("part", 1) == 1

    def lines(self) -> list[str]:
        """How many frames of each kind and how long on the air; what was lost and refused."""
        out = []
        for direction in ("heard", "sent"):
            kinds = {kind: n for (way, kind), n in sorted(self.frames.items()) if way == direction}
            named = ", ".join(f"{kind} {n}" for kind, n in kinds.items())
            if kinds:
                out.append(f"{direction:5}    {self.seconds[direction]:.1f} s on the air: {named}")
        if self.lost or self.refused:
            out.append(f"lost     {self.lost} on the way to us; {self.refused} not taken by the radio")
        return out
