"""A small village to test in: the hub River with Alice, Bob, Chandra and Dina, and the keeper Kira.

Everybody's PIN is 2580. Keys cost little to open, so that tests are quick; everything else is
the real thing in a real file.
"""

import atexit
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.book.subject import Command
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import Refusal
from appliance.ledger.hub import Hub, Papers
from appliance.ledger.keys import KdfCost, KeySigner, RootPaper
from appliance.ledger.money.requests import Accept, Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.reads import member as member_reads
from appliance.ledger.values import Account, AccountNumber, Amount

PIN = "2580"
CHEAP = KdfCost(1, 8 * 1024)
MONDAY_NOON = 1_780_315_200_000
"""2026-06-01 12:00 UTC, a Monday."""

PEOPLE = ("Kira", "Alice", "Bob", "Chandra", "Dina")
"""In the order of their numbers, from 1."""


@dataclass
class Village:
    """A founded hub with its people. ``signers`` hold everybody's open key."""

    hub: Hub
    papers: Papers
    clock: ManualClock
    numbers: dict[str, AccountNumber] = field(default_factory=dict)
    signers: dict[str, KeySigner] = field(default_factory=dict)

    @property
    def founders(self) -> RootPaper:
        """The community's root paper, which the first hub of a community is founded with."""
        assert self.papers.community is not None
        return self.papers.community

    def account(self, name: str) -> Account:
        """The account that ``name`` carries on the card."""
        return Account(self.hub.number, self.numbers[name])

    def do(self, name: str, command: Command, key: bytes | None = None) -> Receipt:
        """Let ``name`` do something that must succeed."""
        result = self.ask(name, command, key)
        assert isinstance(result, Receipt), result
        return result

    def ask(self, name: str, command: Command, key: bytes | None = None) -> Receipt | Refusal:
        """Let ``name`` try something."""
        return self.hub.submit(command, self.signers[name], key)

    def root(self, command: Command) -> Receipt:
        """Do something by the hub's root paper."""
        result = self.hub.submit(command, KeySigner("root:setup", self.papers.hub.seed))
        assert isinstance(result, Receipt), result
        return result

    def pay(self, payer: str, payee: str, amount: int, **also: Any) -> Receipt:
        """``payer`` pays ``amount`` hundredths."""
        return self.do(payer, Pay(self.numbers[payer], self.numbers[payee], Amount(amount), **also))

    def request(self, payee: str, payer: str | None, amount: int, **also: Any) -> Receipt:
        """``payee`` asks for ``amount`` hundredths; of anybody when ``payer`` is None."""
        asked = None if payer is None else self.numbers[payer]
        return self.do(payee, Request(self.numbers[payee], asked, Amount(amount), **also))

    def accept(self, payer: str, request: Receipt, payee: str, amount: int) -> Receipt:
        """``payer`` pays what was asked for."""
        return self.do(
            payer, Accept(request.record, self.numbers[payer], self.numbers[payee], Amount(amount))
        )

    def balance(self, name: str) -> int:
        """The balance in hundredths."""
        with self.hub.reading() as tx:
            found = member_reads.balance(tx, self.numbers[name])
        assert found is not None
        return found

    def join(self, name: str, pin: str = PIN) -> AccountNumber:
        """``name`` asks to become a member; a keeper has still to say yes."""
        result = self.hub.join(name, pin)
        assert isinstance(result, Receipt), result
        number = AccountNumber(int(str(result.outcome["number"])))
        signer = self.hub.unlock(number, pin)
        assert isinstance(signer, KeySigner), signer
        self.numbers[name], self.signers[name] = number, signer
        return number


def river(**rules: Any) -> Rules:
    """The rules of River: counted in hours. ``credit`` and ``care`` may be given as maps."""
    community = Community("Valley", "River", 101, "hour", "h", 2)
    return Rules(community, Credit(**rules.get("credit", {})), Care(**rules.get("care", {})))


def make_village(path: Path, **rules: Any) -> Village:
    """Found River in ``path`` and let everybody in. Close its hub afterwards.

    Args:
        path: an empty or missing directory.
        rules: maps ``credit`` and ``care`` with what differs from the defaults.
    """
    clock = ManualClock(MONDAY_NOON)
    hub, papers = Hub.found(path, river(**rules), clock, CHEAP)
    village = Village(hub, papers, clock)
    kira = village.join("Kira")
    village.root(Approve(kira))
    village.root(AppointKeeper(kira))
    for name in PEOPLE[1:]:
        village.do("Kira", Approve(village.join(name)))
    return village


@contextmanager
def a_village(path: Path, **rules: Any) -> Iterator[Village]:
    """``make_village``, closed at the end."""
    village = make_village(path, **rules)
    try:
        yield village
    finally:
        village.hub.close()


@cache
def _founded_once(rules: str) -> tuple[Path, Village]:
    """A village under ``rules`` (JSON), closed: founding takes longer than most tests."""
    room = Path(tempfile.mkdtemp(prefix="river-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    made = make_village(room / "river", **json.loads(rules))
    made.hub.close()
    return room / "river", made


def copied_village(path: Path, **rules: Any) -> Village:
    """As `make_village`, much quicker: a copy of one that was founded once under the same rules.

    Its keys are the same in every test of a process, so two of them are one and the same hub. Close its hub afterwards.
    """
    made_in, made = _founded_once(json.dumps(rules, sort_keys=True))
    shutil.copytree(made_in, path)
    clock = ManualClock(MONDAY_NOON)
    # A test may close a key that it is done with; the next one needs it.
    signers = {name: KeySigner(key.authority, key.seed()) for name, key in made.signers.items()}
    return Village(Hub.open(path, clock), made.papers, clock, dict(made.numbers), signers)


@contextmanager
def a_copied_village(path: Path, **rules: Any) -> Iterator[Village]:
    """``copied_village``, closed at the end."""
    village = copied_village(path, **rules)
    try:
        yield village
    finally:
        village.hub.close()
