"""When Alice can, in her words, and when Bob can: what both have in common."""

import pytest

from appliance.matching import times
from appliance.matching.lexicon import _lines
from appliance.matching.matcher import Suggestion

HOURS = {
    "Friday mornings": {4: (5, 12)},
    "Friday mornings, Saturdays 2-5 pm": {4: (5, 12), 5: (14, 17)},
    "evenings on Mondays and Tuesdays": {0: (17, 22), 1: (17, 22)},
    "Mon-Fri": dict.fromkeys(range(5), (0, 24)),
    "Fri to Mon, 8-10": dict.fromkeys((4, 5, 6, 0), (8, 10)),
    "lunes a viernes de 8 a 12": dict.fromkeys(range(5), (8, 12)),
    "samedi et dimanche après-midi": {5: (12, 18), 6: (12, 18)},
    "segunda a quarta, de manhã": dict.fromkeys(range(3), (5, 12)),
    "Jumamosi asubuhi": {5: (5, 12)},
    "शनिवार शाम": {5: (17, 22)},
    "السبت صباحا": {5: (5, 12)},
    "weekends": {5: (0, 24), 6: (0, 24)},
    "not on Sundays": dict.fromkeys(range(6), (0, 24)),
    "tous les jours sauf lundi": dict.fromkeys(range(1, 7), (0, 24)),
    "14:00-17:30": dict.fromkeys(range(7), (14, 18)),
    "Saturdays 2-5": {5: (14, 17)},
    "१०-१२": dict.fromkeys(range(7), (10, 12)),
}


def shown(hours: times.Hours | None) -> dict[int, tuple[int, int]] | None:
    if hours is None:
        return None
    found = {}
    for day in times.days_of(hours):
        of_day = [hour for hour in range(24) if hours >> day * 24 + hour & 1]
        assert of_day == list(range(of_day[0], of_day[-1] + 1))
        found[day] = (of_day[0], of_day[-1] + 1)
    return found


@pytest.mark.parametrize("said", HOURS)
def test_a_few_words_are_hours_of_the_week(said: str) -> None:
    assert shown(times.read(said)) == HOURS[said]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "after the harvest",
        "3-5 May",
        "2-3 hours",
        "2.5.-7.5.",
        "sur mon temps libre",
        "by the sun",
        "8-99",
        "🥚",
    ],
)
def test_nothing_is_made_of_what_says_no_time(said: str) -> None:
    assert times.read(said) is None


def test_every_word_for_a_time_is_read_as_one() -> None:
    for line in _lines("times"):
        name, _, words = (part.strip() for part in line.partition("|"))
        if name in ("to", "except"):
            continue
        for word in words.split(","):
            assert times.read(word) is not None, word
            if name.isdigit():
                assert times.days_of(times.read(word) or 0) == (int(name),), word


def told(market, name: str) -> list[tuple[str, times.Hours | None]]:
    def title(one: Suggestion) -> str:
        with market.village.hub.reading() as tx:
            return str(
                tx.first(
                    "SELECT text FROM private_text JOIN listing ON text_entry = entry WHERE id = ? AND field = 'title'",
                    one.theirs,
                )[0]
            )

    return [(title(one), one.hours) for one in market.suggested(name)]


def test_who_has_time_when_alice_has_comes_first_and_who_never_has_comes_last(market) -> None:
    saturday = times.read("Saturdays")
    # Of equals the newest comes first: here the one who never can.
    market.lists("Bob", "offer", "garden", "Help in the garden (both)", times="los sábados y domingos")
    market.lists("Dina", "offer", "garden", "Help in the garden (any)", times="as we agree")
    market.lists("Chandra", "offer", "garden", "Help in the garden (never)", times="Monday to Friday")
    market.lists("Alice", "want", "garden", "Help in the garden", times="Saturdays")
    assert told(market, "Alice") == [
        ("Help in the garden (both)", saturday),
        ("Help in the garden (any)", None),
        ("Help in the garden (never)", 0),
    ]
    assert told(market, "Chandra")[0][1] == 0, "both are told"


def test_who_is_in_the_same_part_of_the_village_comes_first(market) -> None:
    market.lists("Bob", "offer", "garden", "Help in the garden (near)", place="behind the Mill")
    market.lists("Dina", "offer", "garden", "Help in the garden (far)", place="by the bridge")
    market.lists("Alice", "want", "garden", "Help in the garden", place="by the mill")
    assert [title for title, _ in told(market, "Alice")] == [
        "Help in the garden (near)",
        "Help in the garden (far)",
    ]
