"""A village whose box has no good clock: 1970, 2040, stepped both ways while people act.

The first stories run on a machine whose clocks a test moves by hand, with two processes on one book. The last
is the real portal, with the clocks of its machine moved under it.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from appliance.ledger import settings
from appliance.ledger.book import chain
from appliance.ledger.book.schema_clock import ClockChange
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import TRIAL, LinuxMachine, ManualClock, Quality
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.money import commons
from appliance.ledger.money.commons import PayFromCommons
from appliance.ledger.money.shares import AskSplit
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people import seconds, timing
from appliance.ledger.people.members import AppointKeeper
from appliance.ledger.people.seconds import Agree, Propose
from appliance.ledger.people.timing import DAY_MS, SetTime
from appliance.ledger.reads import member as reads
from appliance.ledger.tend import tend
from appliance.ledger.timekeeper import LOOK_MS, TICK_MS
from appliance.ledger.values import Amount, RecordId
from tests.support.clocks import IN_1970, IN_2040, MONDAY_NOON, HandMachine, live_on, process
from tests.support.phone import TOKEN, Page, Phone
from tests.support.portal import Portal
from tests.support.village import PIN, Village, a_village

NOW: Final = MONDAY_NOON + 30 * DAY_MS
HOUR_MS: Final = 3_600_000


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_village(tmp_path / "river", credit={"again_minutes": 10}) as made:
        made.root(AppointKeeper(made.numbers["Bob"]))
        yield made


def state(river: Village, record: RecordId) -> str:
    with river.hub.reading() as tx:
        found = reads.transfer(tx, record, river.numbers["Chandra"])
    assert found is not None
    return found.state


def in_order(river: Village) -> list[int]:
    """The times of all entries, in the book's order, which the fold has checked."""
    with river.hub.reading() as tx:
        return [entry.act.at.ms for entry, _ in chain.entries(tx)]


def changes(river: Village) -> list[tuple[int, int]]:
    with river.hub.reading() as tx:
        rows = tx.rows(ClockChange.select().order_by(ClockChange.entry))
    return [(row.from_ms, row.to_ms) for row in rows]


def ask_all(river: Village) -> tuple[RecordId, RecordId, RecordId]:
    """A request, a split and a proposal, each of fourteen days."""
    request = river.request("Chandra", "Alice", 75).record
    parts = ((river.numbers["Alice"], Amount(50)), (river.numbers["Bob"], Amount(50)))
    split = river.do("Chandra", AskSplit(river.numbers["Chandra"], parts)).record
    terms = {"payee": river.numbers["Alice"], "amount": 500, "category": "other"}
    return request, split, river.do("Kira", Propose(seconds.PAY, terms, "seed for the field")).record


def set_by_two(river: Village, ms: int) -> None:
    with river.hub.reading() as tx:
        row = timing.row(tx)
    assert row is not None
    terms = {"boot": row.boot, "zero_ms": row.zero_ms, "shift_ms": ms - river.hub.clock.now().ms}
    asked = river.do("Kira", Propose(seconds.TIME, terms, "the radio's news said so"))
    river.do("Bob", Agree(asked.record))


@pytest.mark.parametrize("wall", [IN_1970, IN_2040])
def test_a_wall_clock_nobody_keeps_right_changes_nothing_however_it_steps(river: Village, wall: int) -> None:
    machine = HandMachine(wall)
    clock = live_on(river, machine)
    radio = process(river, machine)
    try:
        request, split, _ = ask_all(river)
        for step in (IN_2040, IN_1970, NOW, IN_2040 + 400 * DAY_MS, IN_1970):
            machine.step(step)
            machine.pass_ms(HOUR_MS)
            clock.look()
            radio.clock.look()
            river.pay("Alice", "Bob", 10)
            assert not isinstance(
                radio.submit(
                    Pay(river.numbers["Bob"], river.numbers["Alice"], Amount(10)), river.signers["Bob"]
                ),
                Refusal,
            )
            assert tend(river.hub) == tend(radio) == 0
            assert clock.now() == radio.clock.now()
    finally:
        radio.close()
    times = in_order(river)
    assert times == sorted(times)
    assert times[-1] == MONDAY_NOON + 5 * HOUR_MS
    assert (state(river, request), state(river, split)) == ("pending", "pending")
    assert changes(river) == []
    verify(river.hub.store)


def test_a_wrong_rtc_of_2040_raises_the_floor_and_the_internet_puts_it_right(river: Village) -> None:
    machine = HandMachine(IN_2040)
    machine.set_rtc(IN_2040)
    clock = live_on(river, machine)
    assert clock.now().quality is Quality.RTC
    request, split, proposal = ask_all(river)
    river.pay("Alice", "Bob", 10)
    machine.reboot(wall_ms=IN_1970)
    machine.set_rtc(None)  # its battery is dead, and the book still says 2040
    clock = live_on(river, machine)
    assert clock.now().ms >= IN_2040 - 1000
    assert clock.now().quality is Quality.FLOOR
    river.pay("Bob", "Alice", 10)
    machine.step(NOW, kept=True)
    clock.look(at_once=True)
    assert (clock.now().ms, clock.now().quality) == (NOW, Quality.NTP)
    assert [to for _, to in changes(river)] == [NOW]
    with river.hub.reading() as tx:
        assert timing.floor(tx) == NOW
    river.pay("Alice", "Bob", 10, again=True)
    assert in_order(river)[-1] == NOW
    # What was asked in "2040" waits its fourteen days from here, no less and no fourteen years more.
    machine.pass_ms(13 * DAY_MS)
    clock.look()
    assert tend(river.hub) == 0
    machine.pass_ms(DAY_MS)
    clock.look()
    assert tend(river.hub) == 3
    assert (state(river, request), state(river, split)) == ("expired", "expired")
    refused = river.ask("Bob", Agree(proposal))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.PROPOSAL_CLOSED
    machine.reboot(off_ms=HOUR_MS)
    assert NOW + 14 * DAY_MS <= live_on(river, machine).now().ms < IN_2040
    verify(river.hub.store)


def test_two_keepers_put_a_wrong_floor_right_and_one_does_not(river: Village) -> None:
    machine = HandMachine(IN_2040)
    machine.set_rtc(IN_2040)
    live_on(river, machine)
    river.pay("Alice", "Bob", 10)
    with river.hub.reading() as tx:
        row = timing.row(tx)
    assert row is not None
    alone = SetTime(row.boot, row.zero_ms, NOW - river.hub.clock.now().ms, "I know it")
    refused = river.ask("Kira", alone)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CLOCK_FAR
    set_by_two(river, NOW)
    clock = river.hub.clock
    assert (clock.now().ms, clock.now().quality) == (NOW, Quality.KEEPER)
    machine.pass_ms(TICK_MS)
    clock.look()  # the RTC still says 2040: two people know better
    assert clock.now().ms == NOW + TICK_MS
    with river.hub.reading() as tx:
        assert timing.floor(tx) == NOW
    verify(river.hub.store)


def test_a_proposal_of_a_time_is_nothing_after_a_power_cut(river: Village) -> None:
    machine = HandMachine()
    live_on(river, machine)
    with river.hub.reading() as tx:
        row = timing.row(tx)
    assert row is not None
    terms = {"boot": row.boot, "zero_ms": row.zero_ms, "shift_ms": 30 * DAY_MS}
    asked = river.do("Kira", Propose(seconds.TIME, terms, "off for a month"))
    machine.reboot()
    live_on(river, machine)
    refused = river.ask("Bob", Agree(asked.record))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.CLOCK_MOVED
    assert changes(river) == []


def test_one_keeper_leads_a_day_and_not_a_day_each_time(river: Village) -> None:
    machine = HandMachine()
    clock = live_on(river, machine)

    def forward(ms: int) -> Refusal | None:
        with river.hub.reading() as tx:
            row = timing.row(tx)
        assert row is not None
        answer = river.ask("Kira", SetTime(row.boot, row.zero_ms, ms))
        return answer if isinstance(answer, Refusal) else None

    assert forward(20 * HOUR_MS) is None
    assert clock.now().quality is Quality.KEEPER
    refused = forward(5 * HOUR_MS)
    assert refused is not None
    assert refused.code is Code.CLOCK_FAR
    assert forward(-10 * HOUR_MS) is None
    assert len(changes(river)) == 2
    verify(river.hub.store)


def test_setting_the_clock_after_a_month_without_power_ends_only_what_was_over(river: Village) -> None:
    machine = HandMachine()
    machine.step(MONDAY_NOON, kept=True)
    clock = live_on(river, machine)
    certain = river.request("Chandra", "Alice", 75).record
    machine.reboot(off_ms=30 * DAY_MS)
    clock = live_on(river, machine)
    doubtful = river.request("Chandra", "Bob", 75).record
    assert tend(river.hub) == 0
    set_by_two(river, MONDAY_NOON + 30 * DAY_MS)
    river.pay("Alice", "Bob", 10)
    assert tend(river.hub) == 1
    assert (state(river, certain), state(river, doubtful)) == ("expired", "pending")
    machine.pass_ms(14 * DAY_MS)
    clock.look()
    assert tend(river.hub) == 1
    assert state(river, doubtful) == "expired"
    verify(river.hub.store)


def test_what_was_asked_by_a_doubtful_clock_counts_from_when_it_was_put_right(river: Village) -> None:
    """Though nobody pays anything then: the entry that set the time vouches for it, too."""
    machine = HandMachine()
    clock = live_on(river, machine)
    doubtful = river.request("Chandra", "Bob", 75).record
    set_by_two(river, MONDAY_NOON + 30 * DAY_MS)
    machine.pass_ms(14 * DAY_MS - HOUR_MS)
    clock.look()
    assert tend(river.hub) == 0
    machine.pass_ms(HOUR_MS)
    clock.look()
    assert tend(river.hub) == 1
    assert state(river, doubtful) == "expired"
    verify(river.hub.store)


def test_what_was_asked_by_a_clock_that_was_ahead_waits_its_time_and_no_longer(river: Village) -> None:
    machine = HandMachine()
    machine.step(MONDAY_NOON + 40 * DAY_MS, kept=True)
    clock = live_on(river, machine)
    asked = river.request("Chandra", "Bob", 75).record
    machine.pass_ms(DAY_MS)
    machine.step(MONDAY_NOON + DAY_MS, kept=True)
    clock.look(at_once=True)
    assert len(changes(river)) == 1
    machine.pass_ms(13 * DAY_MS - HOUR_MS)
    clock.look()
    assert tend(river.hub) == 0
    machine.pass_ms(HOUR_MS)
    clock.look()
    assert tend(river.hub) == 1
    assert state(river, asked) == "expired"
    verify(river.hub.store)


def test_the_same_again_is_asked_across_a_step(river: Village) -> None:
    machine = HandMachine(IN_2040)
    machine.set_rtc(IN_2040)
    clock = live_on(river, machine)
    river.pay("Alice", "Bob", 10)
    machine.pass_ms(60_000)
    machine.step(NOW, kept=True)
    clock.look(at_once=True)
    machine.pass_ms(60_000)
    again = river.ask("Alice", Pay(river.numbers["Alice"], river.numbers["Bob"], Amount(10)))
    assert isinstance(again, Refusal)
    assert again.code is Code.SAME_AGAIN
    assert again.numbers["seconds"] == 120
    machine.pass_ms(9 * 60_000)
    river.pay("Alice", "Bob", 10)


def test_what_one_keeper_pays_alone_counts_all_while_the_time_is_doubtful(river: Village) -> None:
    machine = HandMachine()
    live_on(river, machine)
    river.do("Kira", PayFromCommons(river.numbers["Alice"], Amount(400), "other", "bread"))
    machine.reboot()
    live_on(river, machine)
    with river.hub.reading() as tx:
        left = commons.alone_left(tx, river.numbers["Kira"], river.hub.clock.now())
        all_of_it = river.hub.rules().credit.commons_two
    assert left == all_of_it - 400


def test_the_portal_under_a_clock_that_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real process: sign-ins and forms stay, wrong PINs wait as long as they must, the book is in order."""
    clocks = tmp_path / "clocks.json"

    def machine(shift_ms: int, kept: bool, rtc: int | None = None) -> None:
        said = {"shift_ms": shift_ms, "synchronised": kept, "rtc_shift_ms": rtc}
        written = clocks.with_suffix(".new")
        written.write_text(json.dumps(said), "utf-8")
        written.replace(clocks)

    monkeypatch.setenv(TRIAL, str(clocks))
    machine(-1_700_000_000_000, kept=False)
    with a_village(tmp_path / "river", credit={"pin_above": 1000}) as made:
        data, alice, bob = made.hub.data, made.account("Alice").full, made.account("Bob").full
        dina = made.account("Dina")
        settings.write(data, "# its own clock\n")
        made.hub.close()
        jumps = (
            (0, True),  # the internet comes
            (14 * 365 * DAY_MS, True),  # and is wrong: 2040
            (-1_700_000_000_000, False),  # date -s to 1970
            (0, True),  # and the right time again
        )
        with Portal(data) as portal:
            phone = Phone(portal.port, alice)
            phone.sign_in()
            form = phone.fill_in(bob.replace("-", ""), "0.10")  # filled in under the first clock ...
            stranger = Phone(portal.port, dina.full)
            for _ in range(6):
                page = _wrong_pin(stranger, dina.short)
            assert "Too many wrong PINs" in page.words, page.words
            for shift, kept in jumps:
                machine(shift, kept)
                time.sleep(LOOK_MS / 1000)  # it looks once a second
                assert phone.ask("GET", "/me").status == 200  # still signed in
                page = _wrong_pin(stranger, dina.short, PIN)  # the right one, and it still waits
                assert "Too many wrong PINs" in page.words, page.words
            sent = phone.send(form)  # ... and sent under the last
            assert sent.status == 302, sent.words
            phone.hang_up()
            stranger.hang_up()
            portal.stop()
            log = portal.log.read_text("utf-8")
        assert "Traceback" not in log
        assert log.count("clock=machine_stepped") == len(jumps)
        again = Hub.open(data, ManualClock(MONDAY_NOON))
        try:
            verify(again.store)
            with again.reading() as tx:
                rows = tx.rows(ClockChange.select())
                assert [row.to_ms < row.from_ms for row in rows] == [False, True]
                last = chain.by_number(tx, chain.head(tx).number)
            assert last is not None
            assert last.act.kind == "pay"
            assert last.act.at.quality is Quality.NTP
            assert abs(last.act.at.ms - _real_ms()) < HOUR_MS
        finally:
            again.close()


def _real_ms() -> int:
    return LinuxMachine().wall_ms()


def _wrong_pin(phone: Phone, number: str, pin: str = "0000") -> Page:
    page = phone.ask("GET", "/signin")
    token = TOKEN.search(page.text)
    assert token is not None, page.text
    sent = {"csrf_token": token[1], "number": number, "pin": pin}
    return phone.ask("POST", "/signin", sent)
