"""Limits: of each kind of account, set by a keeper for good or for a while, and followed."""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.limits import LapseLimits, MoveGroup
from appliance.ledger.people.further import OpenAccount
from appliance.ledger.people.life import Register
from appliance.ledger.people.members import Approve
from appliance.ledger.values import AccountNumber
from tests.ledger.book.machine.base import DAY_MS, ODDLY, PICK, Base

GROUPS = ("person", "household", "business", "organisation")
GROUP = st.sampled_from(GROUPS)
OF_GROUPS = {
    "person": (-1200, 2400),
    "household": (-2400, 4800),
    "business": (-5000, 10000),
    "organisation": (-5000, 10000),
}


class Limits(Base):
    """Keepers give somebody more room, or less; the assembly gives it to all of one kind."""

    BEYOND_LIMITS: ClassVar[tuple[str, ...]] = ("set_limits", "move_group")

    def _begin(self) -> None:
        super()._begin()
        self.of_groups = dict(OF_GROUPS)
        self.groups: dict[int, str] = {}
        self.until: dict[int, int | None] = {}

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        super()._model(command, signer, receipt)
        match command:
            case SetLimits(account, low, high, _, until):
                self.limits[account], self.until[account] = (low, high), until
            case MoveGroup(account, group):
                self._usual(account, group)
            case LapseLimits(account):
                assert self.until[account] is not None
                self._usual(account, self.groups[account])
            case Approve(member, group):
                self._usual(member, group)
            case Register(_, _, group) if "low" in receipt.outcome:
                self._usual(receipt.outcome["number"], group)
            case OpenAccount(_, group):
                self._usual(receipt.outcome["number"], group)

    def _new_rules(self, changes: dict[str, int]) -> None:
        super()._new_rules(changes)
        self._follow(changes)

    def _usual(self, account: int, group: str) -> None:
        self.groups[account], self.until[account] = group, None
        self.limits[account] = self.of_groups[group]

    def _follow(self, changes: dict[str, int]) -> None:
        """Who has the usual limits for good gets the new ones; who has others keeps them."""
        for group, (low, high) in self.of_groups.items():
            end = "" if group == "person" else f"_{group}"
            new = (changes.get(f"low{end}", low), changes.get(f"high{end}", high))
            for account, limits in self.limits.items():
                usual = account in self.groups and self.until[account] is None and limits == (low, high)
                if usual and self.groups[account] == group:
                    self.limits[account] = new
            self.of_groups[group] = new

    @invariant()
    def the_terms_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            rows = tx.select("SELECT account, grp, until_ms FROM terms")
        assert {n: (group, until) for n, group, until in rows} == {
            n: (self.groups[n], self.until[n]) for n in self.groups
        }

    @rule(pick=PICK, other=PICK, oddly=ODDLY, low=st.integers(-3000, 0), high=st.integers(0, 3000))
    def set_limits(self, pick: int, other: int, oddly: bool, low: int, high: int) -> None:
        account = self._anybody(pick, oddly)
        keeper = self._keeper(other, oddly, account)
        self._ask(SetLimits(AccountNumber(account), 5 if oddly else low, high, "agreed"), keeper)

    @rule(pick=PICK, other=PICK, oddly=ODDLY, low=st.integers(-3000, 0), days=st.integers(1, 30))
    def set_limits_for_a_while(self, pick: int, other: int, oddly: bool, low: int, days: int) -> None:
        account = self._anybody(pick, oddly)
        until = self.clock.now().ms + (-days if oddly and other % 2 else days) * DAY_MS
        high = None if oddly else 2400  # what no kind of account has takes two keepers
        command = SetLimits(AccountNumber(account), low, high, "a new roof", until)
        self._ask(command, self._keeper(other, oddly, account))

    @precondition(lambda self: any(until is not None for until in self.until.values()))
    @rule(pick=PICK, oddly=ODDLY)
    def their_time_is_over(self, pick: int, oddly: bool) -> None:
        for_a_while = [n for n, until in self.until.items() if until is not None]
        account = for_a_while[pick % len(for_a_while)]
        ended = (self.until[account] or 0) <= self.clock.now().ms
        assert self._by_rule(LapseLimits(AccountNumber(account)), "lapse", 0 if oddly else 31) == (
            ended or not oddly
        )

    @rule(pick=PICK, other=PICK, oddly=ODDLY, group=GROUP)
    def move_group(self, pick: int, other: int, oddly: bool, group: str) -> None:
        account = self._anybody(pick, oddly)
        why = "" if oddly and pick % 2 else "they opened a shop"
        self._ask(MoveGroup(AccountNumber(account), group, why), self._keeper(other, oddly, account))

    @rule(pick=PICK, oddly=ODDLY, group=GROUP, low=st.integers(-4000, -400), high=st.integers(800, 8000))
    def change_usual_limits(self, pick: int, oddly: bool, group: str, low: int, high: int) -> None:
        end = "" if group == "person" else f"_{group}"
        changes = {f"low{end}": 7 if oddly and pick % 2 else low, f"high{end}": high}
        self._assembly(changes, pick, oddly)
