"""Bytes of what hubs say about trade loops; docs/wire.md has the table that is made here."""

from pathlib import Path

from appliance.ledger.book import letters_loops
from appliance.ledger.book.letters import Named
from appliance.ledger.book.letters_loops import Leg
from appliance.ledger.book.records import LONGEST_SEALED
from appliance.ledger.values import MAX_AMOUNT

PAGE = Path(__file__).parents[2] / "docs" / "wire.md"


def legs(people: int, member: int, listing: int, amount: int | None) -> list[Leg]:
    return [Leg(101 + n, member, listing, listing, amount) for n in range(people)]


def test_the_page_has_the_sizes() -> None:
    page = PAGE.read_text("utf-8")
    asked = Named(1, 900)
    for people in (2, 3, 4):
        sizes = (
            len(letters_loops.loop(20800, legs(people, 12, 900, 100))),
            len(letters_loops.answer(asked, 12, 100, yes=True)),
            len(letters_loops.end(asked, "agreed", [100] * people)),
            len(letters_loops.loop(20800, legs(people, 2000, 70_000, 100_000))),
        )
        assert f"| {people} | {' | '.join(map(str, sizes))} |" in page
        assert max(sizes) <= LONGEST_SEALED


def test_what_is_said_is_read_again() -> None:
    for people in (2, 3, 4):
        said = legs(people, 12, 900, None)
        assert letters_loops.read_loop(letters_loops.loop(20800, said)) == (20800, tuple(said))
        ended = letters_loops.end(Named(2, 900), "declined", [None, *[5] * (people - 1)])
        assert letters_loops.read_end(ended) == (Named(2, 900), "declined", (None, *[5] * (people - 1)))
    assert letters_loops.read_answer(letters_loops.answer(Named(1, 3), 4, None, yes=False)) == (
        Named(1, 3),
        4,
        False,
        None,
    )


def test_prices_beyond_any_village_do_not_fit_and_are_not_proposed() -> None:
    assert letters_loops.fits(20800, legs(4, 10**9, 10**6, 10**6))
    assert not letters_loops.fits(10**6, legs(4, 10**9, (1 << 40) - 1, MAX_AMOUNT))
