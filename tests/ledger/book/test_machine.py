"""A village that does anything, in any order: what must hold holds all the same.

A Hypothesis state machine drives every command through ``Hub.submit`` against a real SQLite
file, beside a model of its own that knows nothing of the ledger's code. After each step it
compares, and at the end the whole book is verified. Half of the choices are sensible ones, so
that commands of each kind are accepted often enough to matter; the distribution is printed.
``tests/ledger/book/machine/`` has a module per subject, and tells how to add one.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from appliance.ledger.book.command import HANDLERS
from tests.ledger.book.machine.base import TALLY
from tests.ledger.book.machine.care import Care
from tests.ledger.book.machine.limits import Limits
from tests.ledger.book.machine.market import Market
from tests.ledger.book.machine.money import Money
from tests.ledger.book.machine.people import People
from tests.ledger.book.machine.rules import Rules
from tests.ledger.book.machine.trouble import Trouble

BETWEEN_HUBS = {
    *("admit_hub", "show_name", "publish", "set_trunk", "tell_position", "send", "recall"),
    *("arrive_sent", "arrive_recall", "arrive_answer", "arrive_checkpoint", "take_held", "send_back"),
    *("move", "stay", "close_moved"),
}
"""What one village alone cannot do; ``tests/radio/test_three_hubs.py`` has a machine for them."""

VILLAGES = int(os.environ.get("HUB_VILLAGES", "70"))


class Village(
    Rules,
    Limits,
    Care,
    Market,
    Trouble,
    Money,
    People,
):
    """Everything there is; people come last, because what the others set out needs them."""


@pytest.mark.timeout(600)
def test_a_village_that_does_anything_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    # The same examples every time: the shares below are figures of this test, not of a day.
    # HUB_EXPLORE=1 tries others.
    always_the_same = "HUB_EXPLORE" not in os.environ
    run_state_machine_as_test(
        Village,
        settings=settings(
            max_examples=VILLAGES,
            stateful_step_count=80,
            deadline=None,
            derandomize=always_the_same,
            suppress_health_check=list(HealthCheck),
        ),
    )
    shares = {kind: TALLY[kind, True] / (TALLY[kind, True] + TALLY[kind, False]) for kind, _ in TALLY}
    with capsys.disabled():
        print()
        for kind, share in sorted(shares.items()):
            print(f"{kind:16} accepted {TALLY[kind, True]:5}, refused {TALLY[kind, False]:5}: {share:4.0%}")
    assert {*shares, "found"} == set(HANDLERS) - BETWEEN_HUBS
    if always_the_same:
        rare = [kind for kind, share in shares.items() if share < 0.3]
        assert not rare, f"too few of these are accepted to tell anything: {rare}"
