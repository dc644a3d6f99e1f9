"""What three hubs owe each other, in plain integers: a model that knows nothing of the ledger's code.

It is told what was asked and accepted, and which records have reached whom; what follows from
that it works out by itself, record by record.
"""

from dataclasses import dataclass, field

SENT, ACCEPTED, RETURNED, RECALL = range(4)
DAY_MS = 86_400_000
HELD_DAYS = 2


@dataclass(eq=False)
class Crossing:
    """A payment between two hubs. ``here`` is how its payer's hub has it, ``there`` the payee's."""

    origin: int
    number: int
    payer: int
    to: int
    payee: int
    amount: int
    here: str = "on_way"
    there: str = ""
    why: str | None = None
    recalled: bool = False
    came_ms: int = 0
    came: int = 0

    @property
    def in_transit(self) -> bool:
        """Whether it has left the payer, and is neither the payee's nor the payer's again."""
        return self.here != "returned" and self.there != "arrived"


@dataclass
class Said:
    """A record on a feed, and the payment that it is about."""

    kind: int
    to: int
    amount: int = 0
    about: Crossing | None = None


@dataclass
class Side:
    """One hub. Accounts by number; the trunk toward another hub is the account of minus its number."""

    balance: dict[int, int] = field(default_factory=dict)
    limits: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    got: dict[int, set[int]] = field(default_factory=dict)
    read: dict[int, int] = field(default_factory=dict)
    held: dict[int, list[Crossing]] = field(default_factory=dict)

    def can_give(self, account: int) -> int:
        low = self.limits[account][0]
        return 10**15 if low is None else max(0, self.balance[account] - low)

    def can_receive(self, account: int) -> int:
        high = self.limits[account][1]
        return 10**15 if high is None else max(0, high - self.balance[account])


class Model:
    """All hubs, and every payment between them."""

    def __init__(
        self, hubs: list[int], member: tuple[int, int], trunk: tuple[int, int], commons: int
    ) -> None:
        self.member = member
        self.crossings: list[Crossing] = []
        self.sides = {hub: Side() for hub in hubs}
        self.came = 0
        for hub, side in self.sides.items():
            side.balance[0], side.limits[0] = 0, (commons, None)
            for other in self.others(hub):
                side.balance[-other], side.limits[-other] = 0, trunk
                side.got[other], side.read[other], side.held[other] = set(), 0, []

    def others(self, hub: int) -> list[int]:
        return [other for other in self.sides if other != hub]

    def approve(self, hub: int, account: int) -> None:
        self.sides[hub].balance[account], self.sides[hub].limits[account] = 0, self.member
        # A newcomer's account may be the one that a payment waits for; it does not take it up.

    def _move(self, hub: int, payer: int, payee: int, amount: int) -> None:
        self.sides[hub].balance[payer] -= amount
        self.sides[hub].balance[payee] += amount

    # ------------------------------------------------------------------------------ what is asked

    def may_pay(self, hub: int, payer: int, payee: int, amount: int) -> bool:
        side = self.sides[hub]
        known = payee in side.balance and payee >= 0 and payer != payee
        return known and 0 < amount <= side.can_give(payer) and amount <= side.can_receive(payee)

    def pay(self, hub: int, payer: int, payee: int, amount: int) -> None:
        self._move(hub, payer, payee, amount)
        self.take_held(hub)

    def may_send(self, hub: int, payer: int, to: int, amount: int) -> bool:
        side = self.sides[hub]
        return to in self.others(hub) and 0 < amount <= min(side.can_give(payer), side.can_receive(-to))

    def send(self, hub: int, payer: int, to: int, payee: int, amount: int) -> None:
        self._move(hub, payer, -to, amount)
        self.crossings.append(Crossing(hub, self._say(hub, SENT, to, amount), payer, to, payee, amount))
        self.sides[hub].said[-1].about = self.crossings[-1]
        self.take_held(hub)

    def _say(self, hub: int, kind: int, to: int, amount: int = 0, about: Crossing | None = None) -> int:
        said = self.sides[hub].said
        said.append(Said(kind, to, amount, about))
        return len(said)

    def learn(self, hub: int, kind: int, to: int) -> None:
        """The hub has said something that moves nothing."""
        self._say(hub, kind, to)

    def recall(self, crossing: Crossing) -> None:
        crossing.recalled = True
        self._say(crossing.origin, RECALL, crossing.to, about=crossing)

    def set_trunk(self, hub: int, other: int, low: int, high: int) -> None:
        self.sides[hub].limits[-other] = (low, high)
        self.take_held(hub)

    def send_back(self, crossing: Crossing, why: str) -> None:
        self._return(crossing, why)
        self.take_held(crossing.to)

    def overdue(self, hub: int, now: int) -> list[Crossing]:
        """What the hub has held for too long, in the order in which it came."""
        held = [c for waiting in self.sides[hub].held.values() for c in waiting]
        return sorted((c for c in held if c.came_ms < now - HELD_DAYS * DAY_MS), key=lambda c: c.came)

    def expire(self, hub: int, now: int) -> int:
        """How many go back."""
        count = 0
        for crossing in self.overdue(hub, now):
            if crossing.there == "held":
                self.send_back(crossing, "expired")
                count += 1
        return count

    # ---------------------------------------------------------------------------- what comes over

    def take(self, hub: int, origin: int, first: int, last: int) -> None:
        """Some records of ``origin`` lie at ``hub``, not yet read."""
        self.sides[hub].got[origin].update(range(first, last + 1))

    def settle(self, hub: int, now: int) -> int:
        """The hub reads what lies there, as far as there are no gaps; how many records."""
        side, count = self.sides[hub], 0
        for origin in self.others(hub):
            while side.read[origin] + 1 in side.got[origin]:
                side.read[origin] += 1
                count += 1
                said = self.sides[origin].said[side.read[origin] - 1]
                if said.to == hub and said.about is not None:
                    self._comes(hub, said, said.about, now)
                    self.take_held(hub)
        return count

    def _comes(self, hub: int, said: Said, about: Crossing, now: int) -> None:
        side = self.sides[hub]
        if said.kind == SENT:
            self.came += 1
            about.came_ms, about.came, about.there = now, self.came, "held"
            behind = bool(side.held[about.origin])
            side.held[about.origin].append(about)
            if not behind:
                self._verdict(about)
        elif said.kind == RECALL and about.there == "held":
            self._return(about, "recalled")
        elif said.kind == ACCEPTED:
            about.here = "arrived"
        elif said.kind == RETURNED:
            about.here = "returned"
            self._move(hub, -about.to, about.payer, about.amount)

    def _verdict(self, c: Crossing) -> bool:
        """End what is first in line, if the trunk has room; whether it has."""
        side = self.sides[c.to]
        if c.amount > side.can_give(-c.origin):
            return False
        if c.payee not in side.balance:
            self._return(c, "unknown_account")
        elif c.amount > side.can_receive(c.payee):
            self._return(c, "payee_limit")
        else:
            self._end(c, "arrived", None)
            self._move(c.to, -c.origin, c.payee, c.amount)
            self._say(c.to, ACCEPTED, c.origin, about=c)
        return True

    def _return(self, c: Crossing, why: str) -> None:
        self._end(c, "returned", why)
        self._say(c.to, RETURNED, c.origin, about=c)

    def _end(self, c: Crossing, state: str, why: str | None) -> None:
        self.sides[c.to].held[c.origin].remove(c)
        c.there, c.why = state, why

    def take_held(self, hub: int) -> None:
        """Whatever was first in line and has room now."""
        waiting = self.sides[hub].held
        while any(waiting[origin] and self._verdict(waiting[origin][0]) for origin in sorted(waiting)):
            pass

    # ------------------------------------------------------------------------------ what must hold

    def in_transit(self, one: int, other: int) -> int:
        """Credit between two hubs, both ways."""
        pair = {one, other}
        return sum(c.amount for c in self.crossings if {c.origin, c.to} == pair and c.in_transit)
