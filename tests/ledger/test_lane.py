"""The lane: one at a time, aside while waiting, and nobody waits in it for long."""

import threading

import pytest

from appliance.ledger.book import store as store_module
from appliance.ledger.book.store import Store
from appliance.ledger.lane import Lane

_LONG = 30.0
"""Seconds until a test gives up; none takes that long when all is well."""


def _begin(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _end(thread):
    thread.join(_LONG)
    assert not thread.is_alive()


def test_alice_and_bob_are_never_in_the_lane_at_the_same_time():
    lane, inside, most = Lane(patience=_LONG), [0], [0]

    def work():
        for _ in range(300):
            with lane.inside():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                threading.Event().wait(0.00001)  # lets the others run, if anything does
                inside[0] -= 1

    for thread in [_begin(work) for _ in range(4)]:
        _end(thread)
    assert most == [1]


def test_while_alice_waits_for_the_disk_bob_goes_on_and_alice_comes_back_in():
    lane, waits, bob_done = Lane(patience=_LONG), threading.Event(), threading.Event()
    seen = []

    def alice():
        with lane.inside():
            with lane.aside():
                waits.set()
                assert bob_done.wait(_LONG)
                seen.append(lane.held())
            seen.append(lane.held())
        seen.append(lane.held())

    def bob():
        assert waits.wait(_LONG)
        with lane.inside():
            bob_done.set()

    threads = [_begin(alice), _begin(bob)]
    for thread in threads:
        _end(thread)
    assert seen == [False, True, False]


def test_whoever_takes_long_is_left_behind_and_the_others_still_go_one_by_one():
    lane, in_it, finish = Lane(patience=0.02), threading.Event(), threading.Event()

    def report():
        with lane.inside():
            in_it.set()
            assert finish.wait(_LONG)

    slow = _begin(report)
    assert in_it.wait(_LONG)
    others = []

    def bob():
        with lane.inside():  # without patience this would wait for the report
            others.append(lane.held())

    for thread in [_begin(bob) for _ in range(3)]:
        _end(thread)
    assert others == [True] * 3
    finish.set()
    _end(slow)
    with lane.inside():  # and what the report let go of at last disturbs nobody
        assert lane.held()


def test_an_error_in_the_lane_or_beside_it_leaves_the_lane_free():
    lane = Lane(patience=_LONG)
    with pytest.raises(ZeroDivisionError), lane.inside():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), lane.inside(), lane.aside():
        raise ZeroDivisionError
    assert not lane.held()
    entered = []

    def bob():
        with lane.inside():
            entered.append(True)

    _end(_begin(bob))
    assert entered == [True]


def test_a_block_within_a_block_changes_nothing():
    lane = Lane(patience=_LONG)
    with lane.aside():
        assert not lane.held()
    with lane.inside():
        with lane.inside():
            assert lane.held()
        assert lane.held()
    assert not lane.held()


def test_who_waits_for_a_turn_in_the_book_lets_others_work(tmp_path, monkeypatch):
    lane, alice_begins, alice_wrote = Lane(patience=_LONG), threading.Event(), []
    monkeypatch.setattr(store_module, "THE_LANE", lane)
    store = Store.create(tmp_path / "ledger.db")

    def alice():
        with lane.inside():
            alice_begins.set()
            with store.write():
                alice_wrote.append(lane.held())

    def bob():
        with lane.inside():
            pass

    with store.write():
        writer = _begin(alice)
        assert alice_begins.wait(_LONG)
        _end(_begin(bob))
        assert alice_wrote == []
    _end(writer)
    assert alice_wrote == [True]  # and not WriteBusy
    store.close()


def _in_turn(lane, order, names):
    """Threads that stand in the queue one after another, each to write its name."""

    def work(name):
        with lane.inside():
            order.append(name)

    threads = []
    for place, name in enumerate(names):
        threads.append(_begin(lambda name=name: work(name)))
        for _ in range(10_000):
            if len(lane._queue) > place:
                break
            threading.Event().wait(0.001)
    return threads


def test_who_came_first_goes_first():
    lane = Lane(patience=_LONG)
    order: list[str] = []
    with lane.inside():
        threads = _in_turn(lane, order, "abcdefgh")
        assert order == []
    for thread in threads:
        _end(thread)
    assert order == list("abcdefgh")


def test_who_lets_pass_goes_on_after_those_who_waited():
    lane = Lane(patience=_LONG)
    order: list[str] = []
    with lane.inside():
        threads = _in_turn(lane, order, "abc")
        lane.let_pass()
        order.append("alice")
        assert lane.held()
        assert order == ["a", "b", "c", "alice"]
        lane.let_pass()  # nobody waits: nothing happens
        assert lane.held()
    for thread in threads:
        _end(thread)
    lane.let_pass()
    assert not lane.held()


def test_who_was_left_behind_takes_nothing_from_others_when_it_leaves():
    lane, in_it, finish = Lane(patience=0.02), threading.Event(), threading.Event()

    def report():
        with lane.inside():
            in_it.set()
            assert finish.wait(_LONG)

    slow = _begin(report)
    assert in_it.wait(_LONG)
    with lane.inside():  # the report was left behind
        finish.set()
        _end(slow)
        entered: list[bool] = []
        waits = _begin(lambda: _enter(lane, entered))
        waits.join(0.005)
        assert entered == [], "the report's leaving let nobody in"
    _end(waits)
    assert entered == [True]


def _enter(lane, entered):
    with lane.inside():
        entered.append(True)


def test_who_was_called_is_in_the_lane_again_after_those_who_came_before():
    lane, said = Lane(patience=_LONG), []
    waiting, called = threading.Event(), []

    def bob_waits():
        with lane.inside():
            call = lane.call()
            called.append(call)
            waiting.set()
            call.wait()
            said.append("bob" if lane.held() else "bob, out of the lane")

    def chandra_comes():
        with lane.inside():
            said.append("chandra")

    bob = _begin(bob_waits)
    assert waiting.wait(_LONG)
    with lane.inside():  # Bob has stepped out
        chandra = _begin(chandra_comes)
        while not lane._queue:
            threading.Event().wait(0.001)
        called[0].end()
        said.append("alice")
    _end(bob)
    _end(chandra)
    assert said == ["alice", "chandra", "bob"]


def test_a_call_that_comes_too_early_is_not_lost():
    lane = Lane(patience=_LONG)
    with lane.inside():
        call = lane.call()
        call.end()
        call.wait()
        assert lane.held()
    with lane.inside():
        assert lane.held()
    assert lane._holder is None


def test_who_is_not_in_the_lane_is_woken_all_the_same():
    lane = Lane(patience=_LONG)
    call = lane.call()
    thread = _begin(call.wait)
    call.end()
    _end(thread)
    assert lane._holder is None


def test_who_was_called_is_not_kept_waiting_by_somebody_slow():
    lane, went_on = Lane(patience=0.02), threading.Event()
    slow, called = threading.Event(), []

    def bob_waits():
        with lane.inside():
            called.append(lane.call())
            slow.set()
            called[0].wait()
            went_on.set()

    bob = _begin(bob_waits)
    assert slow.wait(_LONG)
    with lane.inside():
        called[0].end()
        assert went_on.wait(_LONG), "the lane's holder was left behind"
    _end(bob)


def test_who_is_called_into_an_empty_lane_goes_on_at_once():
    lane, called, out = Lane(patience=4 * _LONG), [], threading.Event()

    def bob_waits():
        with lane.inside():
            called.append(lane.call())
            out.set()
            called[0].wait()

    bob = _begin(bob_waits)
    assert out.wait(_LONG)
    while lane._holder is not None:
        threading.Event().wait(0.001)
    called[0].end()
    _end(bob)
    assert lane._holder is None
