"""The pages of the engine's tables say what the engine does."""

from pathlib import Path

from appliance.radio.events import Sending
from appliance.radio.states import TURNS, page
from tests.radio import reactions
from tests.radio.test_engine import NOW, RIVER, Hub

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current() -> None:
    assert (DOCS / "engine.md").read_text("utf-8") == page(), (
        "python -m appliance.radio.states > docs/engine.md"
    )


def test_the_engine_does_what_the_page_of_its_reactions_says() -> None:
    made = "python -m tests.radio.reactions > docs/reactions.md, and look at what has changed"
    assert (DOCS / "reactions.md").read_text("utf-8") == reactions.page(), made


def test_the_turns_are_the_engine_s_in_its_order() -> None:
    turns = Hub(RIVER).engine._saying.turns()
    found = [(make.__name__.removeprefix("_"), sending) for _, sending, make in turns]
    assert found == [(turn.maker, turn.sending or Sending.DATA) for turn in TURNS]
    assert Hub(RIVER).engine.next_wake(NOW) < float("inf")
