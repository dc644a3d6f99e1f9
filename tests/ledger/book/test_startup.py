"""How a box knows that it lost its power, or sits on another board."""

import json

import pytest

from appliance.ledger.book.local import Note
from appliance.ledger.book.startup import (
    CLEAN,
    OTHER_BOARD,
    UNCLEAN,
    Stop,
    begins,
    last_stop,
    settled,
    stopped_cleanly,
)
from tests.support.village import Village

BOARD = "100000003d1d1c36"


def start(river: Village, boot: str, process: str = "portal", board: str = BOARD) -> Stop:
    return begins(river.hub.store, process, boot, board)


def test_a_first_start_and_an_orderly_one_are_clean(river: Village) -> None:
    assert start(river, "monday") is CLEAN
    stopped_cleanly(river.hub.store, "portal")
    assert start(river, "tuesday") is CLEAN
    assert last_stop(river.hub.store) is CLEAN


def test_power_that_was_cut_is_remembered_until_somebody_has_made_sure(river: Village) -> None:
    store = river.hub.store
    start(river, "monday")
    assert start(river, "tuesday") is UNCLEAN
    stopped_cleanly(store, "portal")
    assert start(river, "wednesday") is CLEAN, "the disk was looked at on Tuesday"
    assert last_stop(store) is UNCLEAN, "and nobody was heard since"
    settled(store)
    assert last_stop(store) is CLEAN


def test_the_portals_power_cut_is_the_radios_too_which_starts_after_it(river: Village) -> None:
    start(river, "monday")
    start(river, "tuesday")
    assert start(river, "tuesday", "radio") is CLEAN, "nothing new for the disk"
    assert last_stop(river.hub.store) is UNCLEAN, "and yet nothing may be said"


def test_a_process_that_was_killed_within_one_boot_lost_nothing(river: Village) -> None:
    start(river, "monday")
    assert start(river, "monday") is CLEAN
    assert last_stop(river.hub.store) is CLEAN


def test_a_machine_that_names_no_boot_is_careful(river: Village) -> None:
    start(river, "unknown")
    assert start(river, "unknown") is UNCLEAN


def test_a_card_in_another_board_says_so_even_after_an_orderly_stop(river: Village) -> None:
    store = river.hub.store
    start(river, "monday")
    stopped_cleanly(store, "portal")
    assert start(river, "tuesday", board="another") is OTHER_BOARD
    assert start(river, "wednesday", board="another") is UNCLEAN
    assert last_stop(store) is OTHER_BOARD, "the greater doubt stays"
    settled(store)
    assert last_stop(store) is CLEAN


@pytest.mark.parametrize("damaged", ["", "{", "7", json.dumps(["running"])])
def test_a_note_that_cannot_be_read_counts_as_a_power_cut(river: Village, damaged: str) -> None:
    with river.hub.store.write() as tx:
        tx.put(Note, name="run:portal", value=damaged)
    assert start(river, "monday") is UNCLEAN
