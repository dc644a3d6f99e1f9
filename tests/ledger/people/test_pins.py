"""PINs: which are too weak, how wrong ones are counted, how long one waits; nobody locks another out."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from appliance.ledger import keys
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.local import Attempt, Device
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.hub import Hub, new_key
from appliance.ledger.keys import KeySigner
from appliance.ledger.people import pins
from tests.support.village import PIN, Village

WRONG = "9753"
PHONE = b"Alice's own phone"
SECOND = 1000


def code(result: object) -> Code | None:
    """The refusal's code; None when the key was opened. Closes what it opened."""
    if isinstance(result, KeySigner):
        result.close()
        return None
    assert isinstance(result, Refusal)
    return result.code


def wrong(village: Village, times: int, device: bytes = b"") -> list[Code | None]:
    return [code(village.hub.unlock(village.numbers["Alice"], WRONG, device)) for _ in range(times)]


def right(village: Village, device: bytes = b"") -> Code | None:
    return code(village.hub.unlock(village.numbers["Alice"], PIN, device))


def failures(hub: Hub, member: int) -> int:
    with hub.reading() as tx:
        row = tx.get(Attempt, member=member, device=b"")
        return row.failures if row else 0


# ------------------------------------------------------------------------------------------------ which


@pytest.mark.parametrize(
    "pin",
    [
        "",
        "258",
        "258025802",
        "1111",
        "00000000",
        "1234",
        "0123",
        "23456789",
        "4321",
        "98765432",
        "abcd",
        "25a0",
        "25-80",
        "+2580",
        "²²²²",
        "²⁵⁸⁰",
        "①②③④",
        "½½½½",
        "٤٤٤٤",
        "१२३४",
        "\ud800\ud800\ud800\ud800",
    ],
)
def test_a_weak_pin_is_refused(pin: str) -> None:
    refusal = pins.refuse_weak(pin)
    assert refusal == Refusal(Code.PIN_WEAK, {"shortest": 4, "longest": 8}, (Action.TRY_AGAIN,))


@pytest.mark.parametrize(
    "pin", ["2580", "1122", "1235", "9012", "25802580", "2 5 8 0", " 2580 ", "٢٥٨٠", "२५८०"]
)
def test_a_pin_that_is_not_among_the_first_tried_is_taken(pin: str) -> None:
    assert pins.refuse_weak(pin) is None


def test_a_pin_is_the_same_in_every_script(river: Village) -> None:
    for typed in ("٢٥٨٠", "२५८०", " 25 80 "):
        assert code(river.hub.unlock(river.numbers["Alice"], typed)) is None


# ------------------------------------------------------------------------------------------------ counting


def test_a_wrong_pin_tells_how_many_tries_are_left(river: Village) -> None:
    said = [river.hub.unlock(river.numbers["Alice"], WRONG) for _ in range(3)]
    assert said == [
        Refusal(Code.PIN_WRONG, {"tries_left": 2, "seconds": 0}, (Action.TRY_AGAIN, Action.ASK_KEEPER)),
        Refusal(Code.PIN_WRONG, {"tries_left": 1, "seconds": 0}, (Action.TRY_AGAIN, Action.ASK_KEEPER)),
        Refusal(Code.PIN_WRONG, {"tries_left": 0, "seconds": 30}, (Action.WAIT, Action.ASK_KEEPER)),
    ]


def test_pulling_the_plug_during_the_check_gives_no_further_try(
    river: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Plug(Exception):
        pass

    def pulled(*args: object) -> bytes:
        raise Plug

    alice = river.numbers["Alice"]
    with monkeypatch.context() as cut:
        cut.setattr(keys, "unseal", pulled)
        for _ in range(3):
            with pytest.raises(Plug):
                river.hub.unlock(alice, WRONG)
    again = Hub.open(river.hub.data, river.clock)
    try:
        assert failures(again, alice) == 3
        assert code(again.unlock(alice, PIN)) is Code.PIN_WAIT
    finally:
        again.close()


def test_the_right_pin_clears_the_count(river: Village) -> None:
    assert wrong(river, 2) == [Code.PIN_WRONG] * 2
    assert right(river) is None
    assert failures(river.hub, river.numbers["Alice"]) == 0
    assert wrong(river, 3) == [Code.PIN_WRONG] * 3


def test_an_unknown_number_looks_like_a_wrong_pin_and_is_counted(river: Village) -> None:
    nobody = [river.hub.unlock(4711, PIN) for _ in range(4)]
    alice = [river.hub.unlock(river.numbers["Alice"], WRONG) for _ in range(4)]
    assert nobody == alice
    assert (failures(river.hub, 4711), failures(river.hub, pins.NOBODY)) == (0, 3)


def test_made_up_numbers_share_one_count_and_leave_no_rows(river: Village) -> None:
    made_up = [4711, 4712, 2**63, 2**70, 0, -1, 10**30]
    said = [code(river.hub.unlock(number, PIN)) for number in made_up]
    assert said == [Code.PIN_WRONG] * 3 + [Code.PIN_WAIT] * 4
    with river.hub.reading() as tx:
        assert [(row.member, bytes(row.device)) for row in tx.rows(Attempt.select())] == [(pins.NOBODY, b"")]
    assert right(river) is None


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**70, -(2**70)])
def test_a_number_too_long_for_the_database_is_nobodys(river: Village, number: int) -> None:
    assert river.hub.unlock(number, PIN, PHONE, "10.0.0.7") == Refusal(
        Code.PIN_WRONG, {"tries_left": 2, "seconds": 0}, (Action.TRY_AGAIN, Action.ASK_KEEPER)
    )


@pytest.mark.parametrize("pin", ["", "x" * 2000, "\x00", "²²²²", "\ud800"])
def test_what_is_no_pin_is_a_wrong_pin(river: Village, pin: str) -> None:
    assert code(river.hub.unlock(river.numbers["Alice"], pin)) is Code.PIN_WRONG


# ------------------------------------------------------------------------------------------------ waiting


def test_waits_grow_and_a_try_during_a_wait_is_none(river: Village) -> None:
    wrong(river, 3)
    for seconds in (30, 120, 600, 3600, 3600):
        assert river.hub.unlock(river.numbers["Alice"], PIN) == Refusal(
            Code.PIN_WAIT, {"seconds": seconds}, (Action.WAIT, Action.ASK_KEEPER)
        )
        river.clock.advance(seconds * SECOND - 1)
        assert wrong(river, 2) == [Code.PIN_WAIT] * 2
        river.clock.advance(1)
        assert wrong(river, 1) == [Code.PIN_WRONG]
    river.clock.advance(3600 * SECOND)
    assert right(river) is None


def test_a_reboot_begins_the_wait_again_in_full(river: Village) -> None:
    wrong(river, 3)
    for boot in ("boot-2", "boot-3"):
        river.clock.advance(29 * SECOND)
        river.clock.reboot(boot)
        refusal = river.hub.unlock(river.numbers["Alice"], PIN)
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.numbers) == (Code.PIN_WAIT, {"seconds": 30})
    river.clock.advance(30 * SECOND)
    assert right(river) is None


def test_a_reboot_does_not_forget_the_count(river: Village) -> None:
    wrong(river, 2)
    river.clock.reboot("boot-2")
    assert wrong(river, 1) == [Code.PIN_WRONG]
    assert right(river) is Code.PIN_WAIT


def test_setting_the_clock_shortens_and_lengthens_nothing(river: Village) -> None:
    wrong(river, 3)
    now = river.clock.now().ms
    for wall in (now + 10**10, now - 10**10, 0):
        river.clock.set(wall)
        refusal = river.hub.unlock(river.numbers["Alice"], PIN)
        assert isinstance(refusal, Refusal)
        assert refusal.numbers == {"seconds": 30}


# ------------------------------------------------------------------------------------------------ devices


def test_strangers_do_not_lock_a_member_out_of_the_own_phone(river: Village) -> None:
    assert right(river, PHONE) is None
    wrong(river, 3)
    assert right(river) is Code.PIN_WAIT
    assert right(river, b"some other phone") is Code.PIN_WAIT
    assert right(river, PHONE) is None
    # The success at home does not let the strangers go on.
    assert right(river) is Code.PIN_WAIT


def test_wrong_pins_on_the_own_phone_make_that_phone_wait(river: Village) -> None:
    assert right(river, PHONE) is None
    assert wrong(river, 3, PHONE) == [Code.PIN_WRONG] * 3
    assert right(river, PHONE) is Code.PIN_WAIT
    assert right(river) is None


def test_a_phone_becomes_known_by_the_right_pin_only_and_to_its_member_only(river: Village) -> None:
    wrong(river, 2, PHONE)
    wrong(river, 1, b"another")
    assert right(river, PHONE) is Code.PIN_WAIT
    assert code(river.hub.unlock(river.numbers["Bob"], PIN, PHONE)) is None
    assert right(river, PHONE) is Code.PIN_WAIT


def test_everybody_is_counted_alone(river: Village) -> None:
    wrong(river, 3)
    assert code(river.hub.unlock(river.numbers["Bob"], PIN)) is None


def phones(count: int) -> list[bytes]:
    return [f"phone {number}".encode() for number in range(count)]


def known(village: Village) -> list[bytes]:
    with village.hub.reading() as tx:
        rows = tx.rows(Device.select().where(Device.member == village.numbers["Alice"]).order_by(Device.seq))
        return [bytes(row.device) for row in rows]


def test_only_the_phones_used_last_stay_known(river: Village) -> None:
    for phone in phones(8):
        assert right(river, phone) is None
    assert right(river, b"phone 0") is None
    for phone in (b"new 1", b"new 2"):
        assert right(river, phone) is None
    assert known(river) == [*phones(8)[3:], b"phone 0", b"new 1", b"new 2"]
    wrong(river, 3)
    assert right(river, b"phone 1") is Code.PIN_WAIT
    assert right(river, b"phone 0") is None


def test_a_new_pin_is_known_to_the_phone_that_chose_it_only(river: Village) -> None:
    alice = river.numbers["Alice"]
    for phone in (PHONE, b"another"):
        assert right(river, phone) is None
    wrong(river, 3)
    wrong(river, 2, b"another")
    assert isinstance(river.hub.change_pin(alice, PIN, "9641", PHONE), Receipt)
    assert known(river) == [PHONE]
    with river.hub.reading() as tx:
        assert tx.rows(Attempt.select()) == []


def test_a_pin_given_by_a_keeper_is_known_to_no_phone(river: Village) -> None:
    assert right(river, PHONE) is None
    assert isinstance(river.hub.reset_pin(river.numbers["Alice"], "9641", river.signers["Kira"]), Receipt)
    assert known(river) == []


def guess_on(village: Village, devices: list[bytes]) -> int:
    """Wrong PINs from every phone in turn, until each of them has to wait; how many were checked."""
    return sum(code is Code.PIN_WRONG for phone in devices for code in wrong(village, 4, phone))


def test_many_known_phones_do_not_give_many_times_the_tries(river: Village) -> None:
    for phone in phones(8):
        assert right(river, phone) is None
    assert guess_on(river, phones(8)) == pins.FREE_TRIES_OF_ALL
    refusal = river.hub.unlock(river.numbers["Alice"], PIN, b"phone 7")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.numbers) == (Code.PIN_WAIT, {"seconds": 30})
    # One more from any of them, and all wait longer.
    river.clock.advance(30 * SECOND)
    assert guess_on(river, phones(8)) == 1
    river.clock.advance(119 * SECOND)
    assert right(river, b"phone 7") is Code.PIN_WAIT
    # From elsewhere the right PIN opens, and ends it for all.
    assert right(river) is None
    assert right(river, b"phone 7") is None


def test_strangers_do_not_use_up_the_tries_of_known_phones(river: Village) -> None:
    assert right(river, PHONE) is None
    for _ in range(30):
        wrong(river, 1)
        river.clock.advance(3600 * SECOND)
    assert right(river, PHONE) is None


# ------------------------------------------------------------------------------------------------ a new PIN, again


def test_a_pin_change_sent_again_with_another_pin_is_no_success(river: Village) -> None:
    alice, key = river.numbers["Alice"], new_key()
    first = river.hub.change_pin(alice, PIN, "9641", PHONE, key)
    again = river.hub.change_pin(alice, PIN, "9641", PHONE, key)
    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (again.hash, again.replayed) == (first.hash, True)
    assert code(river.hub.change_pin(alice, PIN, "8520", PHONE, key)) is Code.KEY_REUSED
    assert code(river.hub.unlock(alice, "9641")) is None


def test_a_reset_sent_again_with_another_pin_is_no_success(river: Village) -> None:
    alice, kira, key = river.numbers["Alice"], river.signers["Kira"], new_key()
    assert isinstance(river.hub.reset_pin(alice, "9641", kira, key), Receipt)
    assert code(river.hub.reset_pin(alice, "8520", kira, key)) is Code.KEY_REUSED
    assert code(river.hub.unlock(alice, "9641")) is None
    assert isinstance(river.hub.reset_pin(alice, "9641", kira, key), Receipt)


def test_sending_a_form_again_is_no_way_to_guess_a_pin(river: Village) -> None:
    alice, kira, key = river.numbers["Alice"], river.signers["Kira"], new_key()
    assert isinstance(river.hub.reset_pin(alice, "9641", kira, key), Receipt)
    said = [code(river.hub.reset_pin(alice, guess, kira, key)) for guess in ("8520", "8521", "8523", "9641")]
    assert said == [Code.KEY_REUSED] * 3 + [Code.PIN_WAIT]


# ------------------------------------------------------------------------------------------------ at once


def at_once(count: int, what: Callable[[], object]) -> list[Code | None]:
    with ThreadPoolExecutor(count) as pool:
        return [code(done.result()) for done in [pool.submit(what) for _ in range(count)]]


def test_wrong_pins_at_once_are_all_counted(river: Village) -> None:
    alice = river.numbers["Alice"]
    said = at_once(5, lambda: river.hub.unlock(alice, WRONG))
    assert sorted(str(c) for c in said) == ["pin_wait"] * 2 + ["pin_wrong"] * 3
    assert failures(river.hub, alice) == 3


def test_two_programs_on_one_box_share_one_count(river: Village) -> None:
    other = Hub.open(river.hub.data, river.clock)
    try:
        alice = river.numbers["Alice"]
        hubs = iter([river.hub, other, river.hub, other])
        said = at_once(4, lambda: next(hubs).unlock(alice, WRONG))
        assert sorted(str(c) for c in said) == ["pin_wait"] + ["pin_wrong"] * 3
    finally:
        other.close()


def test_who_comes_sixth_is_told_to_try_again_and_is_not_counted(
    river: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, opened, running = river.numbers["Alice"], threading.Event(), threading.Event()
    unseal = keys.unseal
    most: list[int] = []
    inside = 0

    def slow(*args: Any) -> bytes | None:
        nonlocal inside
        inside += 1
        most.append(inside)
        running.set()
        assert opened.wait(20)
        inside -= 1
        return unseal(*args)

    monkeypatch.setattr(keys, "unseal", slow)
    waiting_line = river.hub._queue._waiting
    with ThreadPoolExecutor(5) as pool:
        try:
            waiting = [pool.submit(river.hub.unlock, alice, PIN) for _ in range(1 + pins.MOST_WAITING)]
            assert running.wait(20)
            for _ in range(2000):
                if len(waiting_line) == 1 + pins.MOST_WAITING:
                    break
                threading.Event().wait(0.005)
            before = failures(river.hub, alice)
            refused = river.hub.unlock(alice, PIN)
            assert refused == Refusal(Code.BUSY, {}, (Action.TRY_AGAIN,))
            assert failures(river.hub, alice) == before
        finally:
            opened.set()
        assert [code(done.result()) for done in waiting] == [None] * 5
    assert max(most) == 1  # one derivation at a time: it takes 64 MiB
    assert right(river) is None


def test_bob_gets_in_while_one_device_tries_made_up_numbers(river: Village) -> None:
    flooded = threading.Event()
    number = iter(range(5000, 10**9))

    def flood() -> list[Code | None]:
        said = []
        while not flooded.is_set():
            # A new cookie each time costs nothing; the address is the same.
            made_up = next(number)
            said.append(code(river.hub.unlock(made_up, WRONG, str(made_up).encode(), "10.0.0.66")))
        return said

    with ThreadPoolExecutor(16) as pool:
        floods = [pool.submit(flood) for _ in range(16)]
        try:
            bob = [code(river.hub.unlock(river.numbers["Bob"], PIN, b"", "10.0.0.2")) for _ in range(10)]
        finally:
            flooded.set()
        tried = [said for done in floods for said in done.result()]
    assert bob.count(None) >= 9
    assert tried.count(Code.PIN_WRONG) <= pins.FREE_TRIES
    assert set(tried) <= {Code.PIN_WRONG, Code.PIN_WAIT, Code.BUSY}


def test_one_address_takes_one_place_of_the_queue(river: Village) -> None:
    queue, opened, inside = pins.KdfQueue(), threading.Event(), threading.Event()

    def derive(caller: str) -> bool:
        with queue.place(caller) as turn:
            if turn:
                inside.set()
                assert opened.wait(20)
            return turn

    with ThreadPoolExecutor(16) as pool:
        try:
            flood = [pool.submit(derive, "10.0.0.66") for _ in range(8)]
            assert inside.wait(20)
            others = [pool.submit(derive, f"10.0.0.{number}") for number in range(pins.MOST_WAITING)]
        finally:
            opened.set()
        assert all(done.result() for done in others)
        assert [done.result() for done in flood].count(True) >= 1
    assert not queue._lanes


def test_a_known_phone_gets_in_while_others_at_its_address_flood(river: Village) -> None:
    assert right(river, PHONE) is None
    opened, inside = threading.Event(), threading.Event()

    def stay() -> None:
        with river.hub._queue.place("10.0.0.66") as turn:
            if turn:
                inside.set()
                assert opened.wait(20)

    with ThreadPoolExecutor(8) as pool:
        flood = [pool.submit(stay) for _ in range(pins.MOST_OF_ONE)]
        try:
            assert inside.wait(20)
            alice = pool.submit(river.hub.unlock, river.numbers["Alice"], PIN, PHONE, "10.0.0.66")
            for _ in range(2000):
                if len(river.hub._queue._waiting) == 2:
                    break
                threading.Event().wait(0.005)
            assert len(river.hub._queue._waiting) == 2
        finally:
            opened.set()
        assert code(alice.result()) is None
        for done in flood:
            done.result()
