"""The hub's own time: sources on the ladder, boots, steps of the machine's clock, and what it never does."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from appliance.ledger.book.clock_changes import last_change
from appliance.ledger.book.schema_clock import ClockChange
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import BUILT, LinuxMachine, ManualClock, Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.people import timing
from appliance.ledger.people.timing import DAY_MS, SetTime
from appliance.ledger.timekeeper import HOLD_MS, LOOK_MS, SAVE_MS, TICK_MS
from tests.support.clocks import IN_1970, IN_2040, MONDAY_NOON, HandMachine, live_on, process
from tests.support.village import Village, make_village

HOUR_MS: Final = 3_600_000
NOW: Final = MONDAY_NOON + 90 * DAY_MS
"""What a good clock says in these stories: the book's last entry is ninety days old."""


def test_without_any_source_it_goes_on_from_the_book(river: Village) -> None:
    clock = live_on(river, HandMachine(IN_1970))
    assert clock.now().ms == MONDAY_NOON
    assert clock.now().quality is Quality.FLOOR
    river.pay("Alice", "Bob", 10)


@pytest.mark.parametrize("wall", [IN_1970, IN_2040, NOW])
def test_a_wall_clock_that_nobody_keeps_right_says_nothing(river: Village, wall: int) -> None:
    machine = HandMachine(wall)
    clock = live_on(river, machine)
    for _ in range(3):
        machine.pass_ms(HOUR_MS)
        clock.look()
    assert clock.now().ms == MONDAY_NOON + 3 * HOUR_MS
    assert clock.now().quality is Quality.FLOOR


def test_the_internet_is_believed_at_once_and_stays_known_when_it_goes(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)
    machine.step(NOW, kept=True)
    machine.pass_ms(LOOK_MS)
    clock.look()
    assert clock.now().quality is Quality.NTP
    assert clock.now().ms == NOW + LOOK_MS
    machine.step(IN_1970)  # date -s: the kernel knows that nobody keeps it right any more
    machine.pass_ms(HOUR_MS)
    clock.look()
    assert clock.now().ms == NOW + LOOK_MS + HOUR_MS
    assert clock.now().quality is Quality.NTP


def test_an_rtc_is_believed_once_it_is_seen_to_tick(river: Village) -> None:
    machine = HandMachine()
    machine.set_rtc(NOW)
    clock = live_on(river, machine)
    assert clock.now().quality is Quality.FLOOR
    machine.pass_ms(TICK_MS)
    clock.look()
    assert clock.now().quality is Quality.RTC
    assert abs(clock.now().ms - NOW - TICK_MS) <= 1000


def test_an_rtc_that_stands_still_is_none(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)
    for _ in range(5):
        machine.set_rtc(NOW)
        machine.pass_ms(TICK_MS)
        machine.set_rtc(NOW)
        clock.look()
    assert clock.now().quality is Quality.FLOOR


def test_an_rtc_that_set_the_wall_clock_at_boot_has_ticked_since(river: Village) -> None:
    machine = HandMachine(NOW)
    machine.set_rtc(NOW)
    assert live_on(river, machine).now().quality is Quality.RTC


@pytest.mark.parametrize("said", [0, 946_684_800_000, MONDAY_NOON - DAY_MS])
def test_an_rtc_before_the_floor_has_lost_the_time(river: Village, said: int) -> None:
    machine = HandMachine(said)
    machine.set_rtc(said)
    assert live_on(river, machine).now().quality is Quality.FLOOR


def test_what_the_kernel_shows_of_an_rtc(tmp_path: Path) -> None:
    machine = LinuxMachine(tmp_path)
    assert machine.rtc_ms() is None
    (tmp_path / "since_epoch").write_text("1795651200\n", "ascii")
    assert machine.rtc_ms() == 1_795_651_200_000
    (tmp_path / "battery_voltage").write_text("3012000\n", "ascii")
    assert machine.rtc_ms() == 1_795_651_200_000
    (tmp_path / "battery_voltage").write_text("0\n", "ascii")
    assert machine.rtc_ms() is None, "a Pi 5 without its battery"
    (tmp_path / "battery_voltage").unlink()
    (tmp_path / "since_epoch").write_text("", "ascii")
    assert machine.rtc_ms() is None


def test_the_mesh_leads_a_day_and_no_further_however_often_it_is_asked(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)
    clock.mesh(MONDAY_NOON + 30 * DAY_MS)
    assert clock.now().quality is Quality.FLOOR
    clock.mesh(MONDAY_NOON + 20 * HOUR_MS)
    assert clock.now().quality is Quality.MESH
    for hours in range(21, 200, 3):
        clock.mesh(MONDAY_NOON + hours * HOUR_MS)
    assert clock.now().ms <= MONDAY_NOON + DAY_MS
    clock.mesh(MONDAY_NOON - DAY_MS)
    assert clock.now().ms > MONDAY_NOON + 20 * HOUR_MS


def test_the_floor_takes_only_what_is_certain(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)
    clock.mesh(MONDAY_NOON + 20 * HOUR_MS)
    river.pay("Alice", "Bob", 10)
    with river.hub.reading() as tx:
        assert timing.floor(tx) == timing.kept_floor(tx) == MONDAY_NOON
    machine.step(NOW, kept=True)
    clock.look(at_once=True)
    river.pay("Bob", "Alice", 10)
    with river.hub.reading() as tx:
        assert timing.floor(tx) == timing.kept_floor(tx) == NOW


def test_the_next_boot_begins_where_the_last_one_was_seen(river: Village) -> None:
    machine = HandMachine()
    live_on(river, machine)
    machine.pass_ms(5 * HOUR_MS)
    river.pay("Alice", "Bob", 10)
    machine.pass_ms(HOUR_MS // 2)
    machine.reboot(off_ms=3 * DAY_MS)
    assert live_on(river, machine).now().ms == MONDAY_NOON + 5 * HOUR_MS


def test_time_that_passes_without_an_entry_is_written_down_once_an_hour(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)
    for _ in range(4 * 60):
        machine.pass_ms(SAVE_MS // 60)
        clock.look()
    machine.reboot()
    again = live_on(river, machine).now().ms
    assert MONDAY_NOON + 3 * HOUR_MS <= again <= MONDAY_NOON + 4 * HOUR_MS


def test_a_wrong_rtc_is_put_right_by_the_internet_and_not_believed_again(river: Village) -> None:
    machine = HandMachine(IN_2040)
    machine.set_rtc(IN_2040)
    clock = live_on(river, machine)
    assert clock.now().quality is Quality.RTC
    wrong = river.pay("Alice", "Bob", 10)
    with river.hub.reading() as tx:
        assert timing.floor(tx) >= IN_2040 - 1000
    machine.step(NOW, kept=True)
    clock.look(at_once=True)
    assert clock.now().ms == NOW
    with river.hub.reading() as tx:
        change = last_change(tx)
        assert change is not None
        assert (change.to_ms, change.quality) == (NOW, Quality.NTP)
        assert timing.floor(tx) == timing.kept_floor(tx) == NOW
    right = river.pay("Bob", "Alice", 10)
    assert right.entry > wrong.entry
    assert right.at.ms < wrong.at.ms
    machine.pass_ms(TICK_MS)
    clock.look()  # the RTC still says 2040, and is remembered as wrong
    machine.reboot(off_ms=DAY_MS, wall_ms=IN_2040 + DAY_MS)
    clock = live_on(river, machine)
    machine.pass_ms(TICK_MS)
    clock.look()
    assert (clock.now().ms, clock.now().quality) == (NOW + TICK_MS, Quality.FLOOR)
    machine.set_rtc(NOW + 2 * DAY_MS)  # a keeper sets it right
    machine.pass_ms(TICK_MS)
    clock.look()
    machine.pass_ms(TICK_MS)
    clock.look()
    assert clock.now().quality is Quality.RTC
    verify(river.hub.store)


def test_little_is_never_set_back(river: Village) -> None:
    machine = HandMachine(NOW)
    machine.step(NOW, kept=True)
    clock = live_on(river, machine)
    machine.step(NOW - HOLD_MS, kept=True)
    clock.look(at_once=True)
    assert clock.now().ms == NOW
    with river.hub.reading() as tx:
        assert last_change(tx) is None
    machine.step(NOW - HOLD_MS - 1, kept=True)
    clock.look(at_once=True)
    assert clock.now().ms == NOW - HOLD_MS - 1
    with river.hub.reading() as tx:
        assert last_change(tx) is not None


def set_time(village: Village, ms: int, name: str = "Kira", reason: str = "") -> object:
    """``name`` reads ``ms`` off a phone."""
    with village.hub.reading() as tx:
        row = timing.row(tx)
    assert row is not None
    shift = ms - village.hub.clock.now().ms
    return village.ask(name, SetTime(row.boot, row.zero_ms, shift, reason))


def test_the_only_keeper_sets_it_far_with_a_reason_that_all_read(river: Village) -> None:
    clock = live_on(river, HandMachine())
    refused = set_time(river, NOW)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.TEXT_MISSING
    assert not isinstance(set_time(river, NOW, reason="off for the winter"), Refusal)
    assert (clock.now().ms, clock.now().quality) == (NOW, Quality.KEEPER)
    with river.hub.reading() as tx:
        assert timing.floor(tx) == MONDAY_NOON
    verify(river.hub.store)


@pytest.mark.parametrize("ms", [IN_1970, BUILT - 1, 5_000_000_000_000])
def test_nobody_sets_it_before_the_release_or_beyond_the_century(river: Village, ms: int) -> None:
    live_on(river, HandMachine())
    refused = set_time(river, ms, reason="as it is")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CLOCK_WRONG


def test_a_form_from_before_the_last_setting_says_so(river: Village) -> None:
    live_on(river, HandMachine())
    with river.hub.reading() as tx:
        row = timing.row(tx)
    assert row is not None
    old = SetTime(row.boot, row.zero_ms, HOUR_MS)
    river.do("Kira", old)
    refused = river.ask("Kira", old)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CLOCK_MOVED


def test_a_member_sets_nothing(river: Village) -> None:
    live_on(river, HandMachine())
    refused = set_time(river, MONDAY_NOON + HOUR_MS, "Alice")
    assert isinstance(refused, Refusal)
    assert refused.code is Code.NOT_KEEPER


def test_both_processes_agree_and_correct_once(river: Village) -> None:
    machine = HandMachine(IN_2040)
    machine.set_rtc(IN_2040)
    clock = live_on(river, machine)
    radio = process(river, machine)
    try:
        assert radio.clock.now() == clock.now()
        machine.step(NOW, kept=True)
        for one in (clock, radio.clock, clock, radio.clock):
            one.look(at_once=True)
        assert radio.clock.now() == clock.now()
        assert clock.now().ms == NOW
        with river.hub.reading() as tx:
            assert len(tx.rows(ClockChange.select())) == 1
    finally:
        radio.close()


def test_where_the_disk_is_full_the_time_goes_on(river: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.ledger.errors import DataDirectoryError

    machine = HandMachine()
    clock = live_on(river, machine)

    def full() -> None:
        raise DataDirectoryError("no space left on device")

    monkeypatch.setattr(river.hub.store, "write", full)
    machine.step(NOW, kept=True)
    clock.look(at_once=True)
    machine.pass_ms(HOUR_MS)
    assert clock.now().ms == MONDAY_NOON + HOUR_MS
    monkeypatch.undo()
    clock.look(at_once=True)
    assert clock.now().ms == NOW + HOUR_MS


# -- whatever the sources say ---------------------------------------------------------------------

_MADE: list[tuple[Path, Village]] = []


def _village() -> tuple[Path, Village]:
    if not _MADE:
        room = Path(tempfile.mkdtemp(prefix="clock-"))
        village = make_village(room / "river")
        village.hub.close()
        _MADE.append((room, village))
    return _MADE[0]


moments = st.one_of(
    st.sampled_from([0, IN_1970, IN_2040, BUILT - 1, MONDAY_NOON - DAY_MS, NOW, 4_102_444_800_001]),
    st.integers(MONDAY_NOON - 3 * DAY_MS, MONDAY_NOON + 400 * DAY_MS),
)


class TimeOfAHub(RuleBasedStateMachine):
    """Any readings, boots and steps: the hub's time goes back only by an entry, and claims no more than its source."""

    @initialize()
    def begin(self) -> None:
        room, made = _village()
        self.room = Path(tempfile.mkdtemp(prefix="clock-"))
        shutil.copytree(room / "river", self.room / "river")
        self.machine = HandMachine()
        self.best = Quality.FLOOR
        self.certain: set[int] = {MONDAY_NOON}
        self.village = Village(
            Hub.open(self.room / "river", made.clock), made.papers, made.clock, made.numbers, made.signers
        )
        self._start()
        self.saw = self.clock.now().ms
        self.changes = 0

    def teardown(self) -> None:
        if hasattr(self, "village"):
            verify(self.village.hub.store)
            self.village.hub.close()
            shutil.rmtree(self.room)

    def _start(self) -> None:
        self.clock = live_on(self.village, self.machine)

    def _count(self) -> int:
        with self.village.hub.reading() as tx:
            return len(tx.rows(ClockChange.select()))

    @rule(ms=st.sampled_from([1, LOOK_MS, TICK_MS, HOUR_MS, 3 * DAY_MS]))
    def time_passes(self, ms: int) -> None:
        self.machine.pass_ms(ms)
        self.clock.look(at_once=True)

    @rule(wall=moments, kept=st.booleans())
    def the_wall_clock_steps(self, wall: int, kept: bool) -> None:
        self.machine.step(wall, kept)
        self.best = max(self.best, Quality.NTP if kept else Quality.NONE)
        self.clock.look(at_once=True)

    @rule(said=st.none() | moments)
    def the_rtc_is_changed(self, said: int | None) -> None:
        self.machine.set_rtc(said)
        self.best = max(self.best, Quality.NONE if said is None else Quality.RTC)
        for _ in range(3):
            self.machine.pass_ms(TICK_MS)
            self.clock.look(at_once=True)

    @rule(said=moments)
    def the_node_says(self, said: int) -> None:
        self.best = max(self.best, Quality.MESH)
        self.clock.mesh(said)

    @rule(said=moments)
    def the_keeper_sets_it(self, said: int) -> None:
        before = self.clock.now()
        answer = set_time(self.village, said, reason="as my phone says")
        if not isinstance(answer, Refusal):
            assert self.clock.now().quality >= Quality.KEEPER
            self.best = max(self.best, Quality.KEEPER)
        else:
            assert self.clock.now().quality == before.quality

    @precondition(lambda self: self.machine.up_ms > TICK_MS)
    @rule(off=st.sampled_from([0, HOUR_MS, 40 * DAY_MS]), wall=moments)
    def the_power_is_cut(self, off: int, wall: int) -> None:
        self.village.pay("Alice", "Bob", 1, again=True)
        self._see_entry()
        self.saw = min(self.saw, self.clock.now().ms)
        self.machine.reboot(off, wall)
        self.best = Quality.FLOOR if self.machine.rtc_off is None else Quality.RTC
        self._start()

    @rule()
    def people_act(self) -> None:
        self.village.pay("Bob", "Alice", 1, again=True)
        self._see_entry()

    def _see_entry(self) -> None:
        now = self.clock.now()
        if now.quality >= Quality.RTC:
            self.certain.add(now.ms)

    @invariant()
    def it_goes_back_only_by_an_entry(self) -> None:
        if not hasattr(self, "clock"):
            return
        now, count = self.clock.now(), self._count()
        if now.ms < self.saw:
            assert count > self.changes, f"back by {self.saw - now.ms} without a word"
        self.saw, self.changes = now.ms, count
        assert now.quality <= self.best, "it claims more than any source said"
        assert now.ms >= BUILT

    @invariant()
    def the_floor_is_a_certain_entry_or_what_an_entry_set(self) -> None:
        if not hasattr(self, "clock"):
            return
        with self.village.hub.reading() as tx:
            floor = timing.floor(tx)
            assert floor == timing.kept_floor(tx)
            set_to = {row.floor_ms for row in tx.rows(ClockChange.select())}
        assert floor in self.certain | set_to


TimeOfAHub.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestTimeOfAHub = TimeOfAHub.TestCase


def test_a_check_of_the_book_is_dated_by_the_hub_and_not_by_the_machine(river: Village) -> None:
    machine = HandMachine(IN_1970)
    live_on(river, machine)
    beside = ManualClock(IN_1970, boot=machine.uptime().boot)
    beside.up = machine.uptime()
    with river.hub.reading() as tx:
        assert timing.now_ms(tx, beside) == MONDAY_NOON
    beside.reboot("another")
    with river.hub.reading() as tx:
        assert timing.now_ms(tx, beside) == IN_1970


def test_a_better_clock_that_is_a_little_behind_is_believed_and_sets_nothing_back(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)
    machine.step(MONDAY_NOON - HOLD_MS, kept=True)
    clock.look(at_once=True)
    assert (clock.now().ms, clock.now().quality) == (MONDAY_NOON, Quality.NTP)
