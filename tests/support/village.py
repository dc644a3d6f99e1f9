"""The village of River as most tests need it: a real hub in a directory, four people and a keeper.

::

    with make_village(tmp_path / "river") as river:
        river.hub.submit(Pay(river.numbers["Alice"], river.numbers["Bob"], 250), river.signers["Alice"])
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.rules import Care, Community, Credit, Rules
from appliance.ledger.clock import ManualClock
from appliance.ledger.errors import Refusal
from appliance.ledger.hub import Hub, Papers
from appliance.ledger.keys import KdfCost, KeySigner
from appliance.ledger.people.members import AppointKeeper, Approve
from appliance.ledger.values import AccountNumber

PIN = "2580"
CHEAP = KdfCost(1, 8 * 1024 * 1024)
"""A key derivation of milliseconds; the real one takes a second on the smallest board."""

START_MS = 1_790_000_000_000
"""A morning in September 2026."""

PEOPLE = ("Alice", "Bob", "Chandra", "Dina", "Kira")
"""In the order of their numbers, from 1. Kira is the keeper."""


@dataclass
class Village:
    """A hub at work, with everybody's key open."""

    hub: Hub
    papers: Papers
    clock: ManualClock
    numbers: dict[str, AccountNumber]
    signers: dict[str, KeySigner]

    def close(self) -> None:
        """Close the hub and forget the keys."""
        for signer in self.signers.values():
            signer.close()
        self.hub.close()


def rules_of_river(**rules: Any) -> Rules:
    """The rules of River; ``rules`` are those of credit and of care that shall be others."""
    made = Rules(Community("Valley", "River", 101, "hours", "h", 2), Credit(), Care())
    credit = {name: value for name, value in rules.items() if hasattr(made.credit, name)}
    care = {name: value for name, value in rules.items() if hasattr(made.care, name)}
    community = {name: value for name, value in rules.items() if hasattr(made.community, name)}
    if unknown := set(rules) - set(credit) - set(care) - set(community):
        raise TypeError(f"no such rules: {', '.join(sorted(unknown))}")
    return Rules(
        replace(made.community, **community), replace(made.credit, **credit), replace(made.care, **care)
    )


def taken(result: Receipt | Refusal) -> Receipt:
    """The receipt of a command that must not have been refused."""
    assert isinstance(result, Receipt), result
    return result


def opened(result: KeySigner | Refusal) -> KeySigner:
    """The signer of an unlocking that must not have been refused."""
    assert isinstance(result, KeySigner), result
    return result


@contextmanager
def make_village(path: Path, **rules: Any) -> Iterator[Village]:
    """Found River in the missing or empty directory ``path``, let everybody in, open their keys."""
    clock = ManualClock(START_MS)
    hub, papers = Hub.found(path, rules_of_river(**rules), clock, CHEAP)
    village = Village(hub, papers, clock, {}, {})
    try:
        root = KeySigner("root:button", papers.hub.seed)
        for name in PEOPLE:
            number = AccountNumber(taken(hub.join(name, PIN)).outcome["number"])
            taken(hub.submit(Approve(number), root))
            village.numbers[name] = number
            village.signers[name] = opened(hub.unlock(number, PIN))
        taken(hub.submit(AppointKeeper(village.numbers["Kira"]), root))
        root.close()
        yield village
    finally:
        village.close()
