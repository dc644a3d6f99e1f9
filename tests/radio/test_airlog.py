"""What a hub remembers of its air: fixed in size, and honest about what it cannot say."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio.airlog import HOURS, Hours, Losses

HILL, LAKE = 102, 103
HOUR_MS = 3_600_000


class TestLosses:
    def test_who_is_heard_whole_loses_nothing(self) -> None:
        losses = Losses()
        for beat in range(5000, 5200):
            losses.heard(HILL, beat)
        assert losses.shares() == {HILL: 0.0}

    def test_of_a_few_nothing_is_said(self) -> None:
        losses = Losses()
        for beat in range(1, 10):
            losses.heard(HILL, beat)
        assert losses.shares() == {}

    @pytest.mark.parametrize("lost", [0.1, 0.3, 0.5])
    def test_what_is_lost_is_told_as_it_is_now(self, lost: float) -> None:
        losses, dice = Losses(), Random(3)
        for beat in range(1, 3000):
            if dice.random() >= lost:
                losses.heard(HILL, beat)
            losses.heard(LAKE, beat)
        assert losses.shares()[HILL] == pytest.approx(lost, abs=0.12)
        assert losses.shares()[LAKE] == 0.0
        for beat in range(3000, 3400):
            losses.heard(HILL, beat)
        assert losses.shares()[HILL] < lost / 3

    def test_a_new_start_or_a_forged_beat_is_no_loss(self) -> None:
        losses = Losses()
        for beat in [*range(1, 60), *range(1 << 20, (1 << 20) + 60), 1 << 39, *range(70, 130)]:
            losses.heard(HILL, beat)
        assert losses.shares() == {HILL: 0.0}


class TestHours:
    def test_the_mean_of_an_hour(self) -> None:
        hours = Hours()
        for tick in range(0, 3600, 10):
            hours.sample(tick, tick * 1000, 0.2 if tick < 1800 else 0.1)
        assert hours.kept() == ((0, 150),)

    def test_a_busy_loop_is_sampled_every_ten_seconds(self) -> None:
        hours = Hours()
        hours.sample(0.0, 0, 0.0)
        for tick in range(999):
            hours.sample(tick / 100, 0, 1.0)
        assert hours.kept() == ((0, 0),)

    def test_the_next_process_goes_on(self) -> None:
        hours = Hours(((7, 400), (8, 100)))
        hours.sample(0.0, 9 * HOUR_MS, 0.3)
        assert hours.kept() == ((7, 400), (8, 100), (9, 300))

    @given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 5)), max_size=80))
    def test_it_never_grows_and_never_passes_the_whole(self, samples: list[tuple[int, float]]) -> None:
        """Whatever the hub's clock does, forward or back."""
        hours = Hours()
        for place, (hour, use) in enumerate(samples):
            hours.sample(10.0 * place, hour * HOUR_MS, use)
            kept = hours.kept()
            assert len(kept) <= HOURS
            assert all(0 <= per_mille <= 1000 for _, per_mille in kept)
            assert kept[-1][0] == hour
