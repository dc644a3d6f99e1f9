"""Refusals, states and kinds in plain words, with their numbers and what to do next.

One place, so that every screen says the same thing the same way. A test asserts that every
``Code`` and every ``Action`` has words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.amounts import Why
from appliance.ledger.book.taxonomy import Category
from appliance.ledger.errors import Action, BadAmount, Code, Refusal
from appliance.ledger.values import MAX_AMOUNT
from appliance.web.ground.acting import PinNeeded, Problem
from appliance.web.ground.here import the_kinds
from appliance.web.ground.secure import as_keeper, visitor
from appliance.web.wording.kind_words import KIND_WORDS
from appliance.web.wording.sentences import SENTENCES, number_or_pin_wrong


def sentence(problem: Problem, number_typed: bool = False) -> str:
    """Why not, in one or two sentences.

    Args:
        number_typed: the form asked for a number beside the PIN, so that may be the wrong one.
    """
    if isinstance(problem, PinNeeded):
        return _("Please type your PIN to do this.")
    if problem.code is Code.PIN_WRONG and number_typed:
        return number_or_pin_wrong(problem.numbers)
    said = SENTENCES[problem.code](problem.numbers)
    if (row := problem.numbers.get("row")) is not None:
        return _("Row %(row)s: %(why)s", row=row, why=said)
    return said


LABELS: Final[Mapping[Action, Callable[[], str]]] = {
    Action.PAY: lambda: _("Pay"),
    Action.PAY_LESS: lambda: _("Choose a smaller amount"),
    Action.PAY_AGAIN: lambda: _("Yes, pay again"),
    Action.ASK: lambda: _("Ask for payment"),
    Action.ACCEPT: lambda: _("Pay this"),
    Action.DECLINE: lambda: _("Say no"),
    Action.LEAVE_OUT: lambda: _("Go on without somebody"),
    Action.CANCEL: lambda: _("Take it back"),
    Action.REVERSE: lambda: _("Give it back"),
    Action.ASK_BACK: lambda: _("Ask for it back"),
    Action.KEEP: lambda: _("It was right, I keep it"),
    Action.DISPUTE: lambda: _("Something is wrong"),
    Action.WITHDRAW: lambda: _("All is well now"),
    Action.DISPUTE_FOR: lambda: _("Note what somebody without a phone says is wrong"),
    Action.END: lambda: _("Write down how it ended"),
    Action.RECALL: lambda: _("Ask for it back"),
    Action.PAY_BACK: lambda: _("Pay it back"),
    Action.SEND_BACK: lambda: _("Send it back"),
    Action.CLOSE: lambda: _("Take it down"),
    Action.RENEW: lambda: _("Keep it on the market"),
    Action.CLEAR: lambda: _("Bring the account to zero"),
    Action.PROPOSE: lambda: _("Ask a second keeper"),
    Action.AGREE: lambda: _("I agree: do it"),
    Action.COSIGN: lambda: _("Confirm"),
    Action.EDIT: lambda: _("Change it"),
    Action.OBJECT: lambda: _("Say that this is not right"),
    Action.SETTLE: lambda: _("Pay from the commons"),
    Action.WAIT: lambda: _("Wait a while"),
    Action.TRY_AGAIN: lambda: _("Try again"),
    Action.CHECK_NUMBER: lambda: _("Check the number"),
    Action.ASK_KEEPER: lambda: _("Ask a keeper"),
    Action.SHOW: lambda: _("Look at it"),
    Action.HOME: lambda: _("Go to the first page"),
}
"""What stands on the button or link of an action."""

_PLACES: Final[Mapping[Action, str]] = {
    Action.HOME: "/",
    Action.ASK_KEEPER: "/keepers",
    Action.PAY: "/pay",
    Action.ASK: "/ask",
}
"""Where an action leads from any page. The others depend on the page: it says so, or gives only the words."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next; ``href`` None when it is only said."""

    label: str
    href: str | None


def next_steps(problem: Problem, links: Mapping[Action, str] | None = None) -> tuple[Step, ...]:
    """What the person can do next, best first.

    Args:
        links: where the actions of this page lead.
    """
    if isinstance(problem, PinNeeded):
        return ()
    places = {**_PLACES, **(links or {})}
    actions = problem.actions
    if Action.ASK_KEEPER in actions and (who := visitor()) is not None and as_keeper(who):
        actions = tuple(action for action in actions if action is not Action.ASK_KEEPER)
    return tuple(Step(LABELS[action](), places.get(action)) for action in actions)


def refusal(code: Code, *actions: Action, **numbers: int) -> Refusal:
    """A refusal that the portal itself gives, before it asks the ledger: a number mistyped."""
    return Refusal(code, numbers, actions)


def amount_refusal(error: BadAmount) -> Refusal:
    """The refusal of an amount that was mistyped; its numbers say what was not right."""
    told = {
        Why.TOO_LARGE: {"most": int(MAX_AMOUNT)},
        Why.ZERO: {"zero": 0},
        Why.NEGATIVE: {"negative": 1},
        Why.UNCLEAR: {"unclear": 1},
    }
    numbers = next((found for why, found in told.items() if why == error.why), {})
    return Refusal(Code.AMOUNT_WRONG, numbers, (Action.TRY_AGAIN,))


STATES: Final[Mapping[str, Callable[[], str]]] = {
    "pending": lambda: _("waits for an answer"),
    "done": lambda: _("done"),
    "declined": lambda: _("declined"),
    "cancelled": lambda: _("taken back"),
    "expired": lambda: _("lapsed"),
    "on_way": lambda: _("on its way"),
    "arrived": lambda: _("arrived"),
    "returned": lambda: _("came back"),
    "held": lambda: _("waits"),
}
"""States of a transfer."""

CATEGORY_WORDS: Final[Mapping[str, Callable[[], str]]] = {
    "food": lambda: _("Food"),
    "garden": lambda: _("Garden and field"),
    "animals": lambda: _("Animals"),
    "household": lambda: _("Household"),
    "repair": lambda: _("Repair"),
    "building": lambda: _("Building"),
    "tools": lambda: _("Tools"),
    "transport": lambda: _("Transport"),
    "clothing": lambda: _("Clothing"),
    "crafts": lambda: _("Crafts"),
    "teaching": lambda: _("Teaching"),
    "health": lambda: _("Health"),
    "children": lambda: _("Children"),
    "digital": lambda: _("Phones and computers"),
    "events": lambda: _("Feasts and events"),
    "other": lambda: _("Other"),
}
"""What payments and listings are about, in the order of ``rules.CATEGORIES``."""

CARE_WORDS: Final[Mapping[str, Callable[[], str]]] = {
    "child": lambda: _("Caring for a child"),
    "elder": lambda: _("Caring for an old person"),
    "sick": lambda: _("Caring for somebody sick"),
    "birth": lambda: _("Birth and first weeks"),
    "household": lambda: _("Help in the household"),
    "company": lambda: _("Company and listening"),
    "commons": lambda: _("Work for everybody"),
    "other": lambda: _("Other care"),
}
"""Kinds of care, in the order of ``rules.CARE_CATEGORIES``."""


PHRASES: Final[Mapping[str, Callable[[], str]]] = {
    "not_now": lambda: _("Not now: please ask me again later"),
    "already_paid": lambda: _("I think I have paid this already"),
    "other_amount": lambda: _("I remember another amount"),
    "wrong_person": lambda: _("I think this is meant for somebody else"),
    "talk_first": lambda: _("Let us talk about it first"),
}
"""Why somebody declines, in kind words."""


def phrase(name: str) -> str:
    """A kind phrase; what a later release wrote is shown as it is."""
    return PHRASES[name]() if name in PHRASES else name


def choices_of(table: Mapping[str, Callable[[], str]]) -> list[tuple[str, str]]:
    """A table of words as the options of a list."""
    return [(value, words()) for value, words in table.items()]


def about(category: str) -> str:
    """A category in words, as this village calls it; a care payment's category is a kind of care."""
    kinds = the_kinds()
    if category in kinds.all:
        return kind_word_of(kinds.get(category))
    words = CARE_WORDS.get(category)
    return words() if words else category


def kind_word_of(kind: Category) -> str:
    """A kind of listings as keepers call it; else by its shipped word."""
    words = CATEGORY_WORDS.get(kind.key) or KIND_WORDS.get(kind.key)
    return kind.name or (words() if words else kind.key)


def state(name: str) -> str:
    """A transfer's state in words."""
    return STATES[name]()
