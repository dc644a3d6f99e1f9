"""A village that does anything, in any order: what must hold holds all the same.

A Hypothesis state machine drives every command through ``Hub.submit`` against a real SQLite
file, beside a model of its own that knows nothing of the ledger's code. After each step it
compares, and at the end the whole book is verified. Half of the choices are sensible ones, so
that commands of each kind are accepted often enough to matter; the distribution is printed.
``tests/ledger/book/machine/`` has a module per subject, and tells how to add one.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from appliance.ledger.book.command import HANDLERS
from tests.ledger.book.machine.base import BATCHES, BROKEN, TALLY
from tests.ledger.book.machine.care import Care
from tests.ledger.book.machine.closing import Closing
from tests.ledger.book.machine.files import Files
from tests.ledger.book.machine.grants import Grants
from tests.ledger.book.machine.life import Life
from tests.ledger.book.machine.limits import Limits
from tests.ledger.book.machine.market import Market
from tests.ledger.book.machine.money import Money
from tests.ledger.book.machine.moving import Moving
from tests.ledger.book.machine.people import People
from tests.ledger.book.machine.rules import Rules
from tests.ledger.book.machine.slips import Slips
from tests.ledger.book.machine.splits import Splits
from tests.ledger.book.machine.trouble import Trouble
from tests.ledger.book.machine.two import Two

BETWEEN_HUBS = {
    "find_fork",
    *("name_risk", "open_sign_in", "arrive_seen", "recover_sent", "recover_received", "claim_unresolved"),
    "rule_fork",
    "renew",
    "speak",
    "find_rival",
    "see_renewal",
    *("admit_hub", "show_name", "publish", "set_trunk", "tell_position", "send", "recall"),
    *("arrive_sent", "arrive_recall", "arrive_answer", "arrive_checkpoint", "take_held", "send_back"),
    *("arrive_loop", "arrive_loop_answer", "arrive_loop_end"),  # tests/ledger/market/test_loops.py
    *(
        "tell_match",
        "arrive_match",
    ),  # tests/ledger/market/test_matches_far.py; tests/radio/test_three_hubs.py
    "set_distance",  # tests/ledger/market/test_distances.py
    *("carry_message", "unsay_message"),  # tests/ledger/market/test_talks_far.py
    *("ask_far", "sign_far", "decline_far"),  # tests/radio/test_three_hubs_care.py
    *("forget_ask", "unask_far"),  # there, and tests/ledger/care/test_forgetting.py
    *("arrive_care_ask", "arrive_care_key", "arrive_care_sign", "arrive_care_no", "arrive_care_told"),
}
"""What one village alone cannot do; ``tests/radio/test_three_hubs.py`` and ``test_three_hubs_care.py`` have machines for them."""

TOLD_ELSEWHERE = {
    *("set_time", "correct_time"),  # a state test of the clock: tests/ledger/test_timekeeper.py
    "answer_complaint",  # rests on messages, which are beside the book: tests/ledger/market/test_complaints.py
    *("ask_erase", "erase", "keep_texts", "erase_now"),  # tests/ledger/people/test_erasing.py
    *("edit_listing", "renew_listing", "expire_listing", "date_listing", "hide_listing", "show_listing"),
    *("move_listing", "merge_listing", "set_category", "merge_category", "set_photo", "drop_photo"),
    # ... a machine of the market alone: tests/ledger/market/test_machine.py
    *("answer_match", "allow_match", "propose_loop", "answer_loop", "pay_leg", "lapse_loop"),
    # ... tests/ledger/market/test_matches.py, test_loops.py
    *(
        "make_sheet",
        "ask_reentry",
        "allow_reentry",
        "stop_reentry",
        "reenter",
    ),  # tests/ledger/test_reentry.py
}
"""What needs days of trusted time, or a clock that is wrong, which this machine has not."""

VILLAGES = int(os.environ.get("HUB_VILLAGES", "56"))


class Village(
    Closing,
    Grants,
    Files,
    Splits,
    Moving,
    Life,
    Rules,
    Limits,
    Trouble,
    Care,
    Market,
    Slips,
    Two,
    Money,
    People,
):
    """Everything there is; people come last, because what the others set out needs them."""


ALWAYS_THE_SAME = "HUB_EXPLORE" not in os.environ
"""The same examples every time: the shares below are figures of this test, not of a day."""

ALIKE = settings(
    deadline=None,
    derandomize=ALWAYS_THE_SAME,
    database=None,
    phases=(Phase.generate, Phase.shrink) if "HUB_SHRINK" in os.environ else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@settings(ALIKE, max_examples=VILLAGES // 2)
@given(st.data())
def in_turn(data: st.DataObject) -> None:
    """Every rule once, in some order: so that none depends on being drawn among so many."""
    village = Village()
    try:
        village.found()
        for rule in data.draw(st.permutations(village.rules)):
            if all(holds(village) for holds in rule.preconditions):
                rule.function(village, **{name: data.draw(what) for name, what in rule.arguments.items()})
                for invariant in village.invariants:
                    invariant.function(village)
    finally:
        village.teardown()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_village_that_does_anything_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    run_state_machine_as_test(
        Village, settings=settings(ALIKE, max_examples=VILLAGES, stateful_step_count=60)
    )
    in_turn()
    shares = {kind: TALLY[kind, True] / (TALLY[kind, True] + TALLY[kind, False]) for kind, _ in TALLY}
    with capsys.disabled():
        print()
        for kind, share in sorted(shares.items()):
            print(f"{kind:16} accepted {TALLY[kind, True]:5}, refused {TALLY[kind, False]:5}: {share:4.0%}")
        for kind in ("claim_care", "cosign"):
            print(f"weeks: {kind:9} accepted {BATCHES[kind, True]:5}, refused {BATCHES[kind, False]:5}")
        print(f"in {len(BROKEN)} villages a link was broken, and seen")
    assert {*shares, "found"} == set(HANDLERS) - BETWEEN_HUBS - TOLD_ELSEWHERE
    if ALWAYS_THE_SAME and "HUB_VILLAGES" not in os.environ:
        rare = [kind for kind, share in shares.items() if share < 0.2]
        assert not rare, f"too few of these are accepted to tell anything: {rare}"
        assert len(BROKEN) >= 5
        for kind in ("claim_care", "cosign"):
            yes, no = BATCHES[kind, True], BATCHES[kind, False]
            assert yes >= 20, f"too few weeks to tell anything: {kind}"
            assert no, f"no week was refused: {kind}"
            assert yes / (yes + no) >= 0.2, kind
