"""Paper for the village, at the desk: cards to carry, and the list of what people offer and want."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for

from appliance.ledger.book.store import Tx
from appliance.ledger.people import powers, printing
from appliance.ledger.reads import directory as reads
from appliance.ledger.reads.people import Person, folded, further_accounts, people
from appliance.web.ground import qr
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.wording.amounts import account_of

bp = Blueprint("printing", __name__, url_prefix="/desk/print")

CARDS: Final = 8
"""Cards on one sheet of A4: two beside each other, four below."""

PAGE: Final = 24


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on a card: whose it is, and where its code leads."""

    who: Person
    address: str


def card_of(who: Person) -> Card:
    """The card of somebody of this village."""
    return Card(who, qr.address("pay.to", account=account_of(who).compact))


@bp.get("")
def overview() -> str:
    """What can be printed."""
    keeper_at_own_screen()
    with the_hub().reading() as tx:
        without = len(_without_card(tx))
    return render_template("desk/printing.html", without=without)


def _carriers(tx: Tx) -> list[Person]:
    """Who can be paid, further accounts as well, by name."""
    found = [who for who in (*people(tx), *further_accounts(tx)) if who.status in powers.STANDING]
    return sorted(found, key=lambda who: (folded(who.name), who.number))


def _without_card(tx: Tx) -> list[Person]:
    have = printing.with_card(tx)
    return [who for who in _carriers(tx) if who.number not in have]


@bp.get("/cards/choose")
def choose() -> str:
    """Boxes to tick: for whom a card is printed."""
    keeper_at_own_screen()
    page = number_asked("page") or 0
    with the_hub().reading() as tx:
        found, have = _carriers(tx), printing.with_card(tx)
    shown = found[page * PAGE : (page + 1) * PAGE]
    more = page + 1 if len(found) > (page + 1) * PAGE else None
    return render_template(
        "desk/printing_choose.html", people=shown, have=have, more=more, page=page, most=CARDS
    )


@bp.get("/cards")
def cards() -> str:
    """A sheet of cards: of those who were ticked, else of those who have none yet."""
    keeper_at_own_screen()
    chosen = _numbers(request.args.getlist("n"))
    with the_hub().reading() as tx:
        found = [who for who in _carriers(tx) if who.number in chosen] if chosen else _without_card(tx)
    sheet, rest = found[:CARDS], found[CARDS:]
    return render_template(
        "desk/printing_cards.html",
        cards=[card_of(who) for who in sheet],
        rest=rest,
        done=request.args.get("done"),
    )


def _numbers(typed: list[str]) -> frozenset[int]:
    """The numbers of a form's boxes; what is no number is nobody's."""
    return frozenset(
        int(text) for text in typed[:200] if text.isascii() and text.isdigit() and len(text) <= 12
    )


@bp.post("/cards")
def printed() -> Any:
    """They are on paper: the box remembers it, and shows the next sheet."""
    keeper_at_own_screen()
    numbers = _numbers(request.form.getlist("n"))
    with the_hub().reading() as tx:
        known = tuple(who.number for who in _carriers(tx) if who.number in numbers)
    printing.cards_printed(the_hub().store, known, the_hub().clock.now())
    rest = sorted(_numbers(request.form.getlist("rest")))
    return redirect(
        url_for(".cards", n=rest, done=len(known)) if rest else url_for(".cards", done=len(known))
    )


@bp.get("/list")
def directory() -> str:
    """One sheet of offers and wants by category, or of people by name."""
    keeper_at_own_screen()
    sheet, of_people = number_asked("sheet") or 1, request.args.get("of") == "people"
    with the_hub().reading() as tx:
        found = reads.people(tx, sheet) if of_people else reads.offered(tx, sheet)
    groups = [(name, list(group)) for name, group in groupby(found.offered, key=lambda one: one.category)]
    return render_template(
        "desk/printing_list.html", s=found, groups=groups, of_people=of_people, now=the_hub().clock.now()
    )
