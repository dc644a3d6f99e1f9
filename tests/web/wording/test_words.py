"""Everything the ledger can say has words, in both languages."""

import pytest

from appliance.ledger.book.rules import CARE_CATEGORIES, CATEGORIES
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import transfers
from appliance.web import create_app
from appliance.web.ground.acting import PinNeeded
from appliance.web.wording import words
from tests.support.village import a_village

NUMBERS = dict.fromkeys(
    (
        "amount",
        "can_give",
        "can_receive",
        "can_send",
        "balance",
        "held",
        "limit",
        "seconds",
        "tries_left",
        "longest",
        "length",
    ),
    3,
) | dict.fromkeys(("longest_minutes", "days_back", "missing", "most", "number", "shortest"), 2)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """One portal for all: nothing here changes anything."""
    with a_village(tmp_path_factory.mktemp("words") / "river") as village:
        yield create_app(village.hub)


@pytest.mark.parametrize("numbers", [{}, NUMBERS], ids=["bare", "with numbers"])
@pytest.mark.parametrize("code", Code)
def test_every_refusal_has_a_sentence(app, code, numbers):
    with app.test_request_context():
        said = words.sentence(Refusal(code, numbers))
    assert said[-1] in ".?"
    assert "%(" not in said
    assert "_" not in said


def test_every_action_has_a_label(app):
    with app.test_request_context():
        steps = words.next_steps(Refusal(Code.BUSY, {}, tuple(Action)))
        assert all(step.label for step in steps)
        assert words.next_steps(PinNeeded()) == ()
        assert words.sentence(PinNeeded())


def test_a_page_says_where_its_actions_lead(app):
    with app.test_request_context():
        steps = words.next_steps(
            Refusal(Code.NOT_PENDING, {}, (Action.SHOW, Action.HOME)), {Action.SHOW: "/t/1"}
        )
    assert [step.href for step in steps] == ["/t/1", "/"]


def test_every_state_and_category_has_words(app):
    with app.test_request_context():
        states = (
            transfers.PENDING,
            transfers.DONE,
            transfers.DECLINED,
            transfers.CANCELLED,
            transfers.ON_WAY,
            transfers.ARRIVED,
            transfers.RETURNED,
            transfers.HELD,
        )
        assert all(words.state(name) for name in states)
        assert tuple(words.CATEGORY_WORDS) == CATEGORIES
        assert tuple(words.CARE_WORDS) == CARE_CATEGORIES
