"""Saying what one offers or needs, one thing a page: the words, the kind, the price, when and where.

What was said on the pages before rides along in the form, so nothing is kept at the hub until the last
one. Later each page changes its own part. Works without script.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.book.taxonomy import UNITS, Category
from appliance.ledger.errors import Action, BadAmount, Code, Refusal
from appliance.ledger.market import listings
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.listings import OFFER, WANT, OpenListing
from appliance.ledger.people.words import LONGEST_TEXT, tidy, too_long
from appliance.ledger.reads.far_listings import trading_hubs
from appliance.ledger.reads.listings import ListingView
from appliance.ledger.values import western_digits
from appliance.matching.kinds import proposed
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub, the_kinds
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.market import pictures
from appliance.web.market.listings import listing_or_404
from appliance.web.wording.amounts import typed, zero_or_more
from appliance.web.wording.kind_words import UNIT_WORDS
from appliance.web.wording.words import refusal

bp = Blueprint("listing_form", __name__, url_prefix="/market")

STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "words": ("title", "text"),
    "sort": ("category",),
    "price": ("price", "unit", "quantity"),
    "when": ("times", "place"),
}
"""The pages in their order, each with its fields."""

FIELDS: Final = tuple(name for fields in STEPS.values() for name in fields)

TITLES: Final[Mapping[str, Callable[[], str]]] = {
    "words": lambda: _("What is it?"),
    "sort": lambda: _("What kind is it?"),
    "price": lambda: _("What does it cost?"),
    "when": lambda: _("When and where?"),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A listing as it is being typed. ``listing``: the one that is changed; None: a new one. ``group``: whose kinds are looked at."""

    kind: str
    step: str
    key: str
    said: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    problem: Problem | None = None
    listing: ListingView | None = None
    group: str = ""

    @property
    def place(self) -> int:
        """Which page it is, from 1."""
        return list(STEPS).index(self.step) + 1

    @property
    def pages(self) -> int:
        return len(STEPS)

    @property
    def others(self) -> list[tuple[str, str]]:
        """What rides along: the fields of the other pages."""
        here = STEPS[self.step]
        return [(name, text) for name, text in self.said.items() if name not in here]

    @property
    def last(self) -> bool:
        return self.listing is not None or self.place == self.pages


@bp.get("/new")
def new() -> Any:
    """The first page for an offer or a want; before it the question which of the two."""
    active_member_or_redirect()
    kind = request.args.get("kind")
    if kind not in (OFFER, WANT):
        return render_template("market/which.html")
    return _page(Draft(kind, "words", fresh_key()))


@bp.post("/new")
def add() -> Any:
    """Take in a page: the next one; after the last it is on the market."""
    me = active_member_or_redirect()
    kind, step = request.form.get("kind", ""), request.form.get("step", "")
    if kind not in (OFFER, WANT) or step not in STEPS:
        abort(400)
    draft = Draft(kind, step, form_key().hex(), _said(), group=_group())
    if _only_looks():
        return _page(draft)
    if (problem := _wrong(draft)) is not None:
        return _page(_with(draft, step, problem)), REFUSED
    if not draft.last:
        return _page(_with(draft, list(STEPS)[draft.place]))
    for earlier in STEPS:  # whoever sends the last page by hand has seen no other
        if (problem := _wrong(_with(draft, earlier))) is not None:
            return _page(_with(draft, earlier, problem)), REFUSED
    return _done(draft, OpenListing(me.number, kind, **_terms(draft.said)))


@bp.get("/<record>/edit")
def edit(record: str) -> Any:
    """What can be said otherwise, part by part."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    if Action.EDIT not in view.actions:
        return redirect(url_for("market.show", record=record))
    parts = [(step, words()) for step, words in TITLES.items()]
    return render_template("market/listing_edit.html", listing=view, parts=parts, photos=pictures.can())


@bp.get("/<record>/edit/<step>")
def edit_part(record: str, step: str) -> Any:
    """One part of it, as it stands."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    if step not in STEPS:
        abort(404)
    if Action.EDIT not in view.actions:
        return redirect(url_for("market.show", record=record))
    return _page(Draft(view.kind, step, fresh_key(), _stands(view), listing=view))


@bp.post("/<record>/edit/<step>")
def change(record: str, step: str) -> Any:
    """Change one part; the others stay as they are now."""
    me = active_member_or_redirect()
    view = listing_or_404(record, me)
    if step not in STEPS:
        abort(404)
    said = {**_stands(view), **{name: request.form.get(name, "").strip() for name in STEPS[step]}}
    draft = Draft(view.kind, step, form_key().hex(), said, listing=view, group=_group())
    if _only_looks():
        return _page(draft)
    if (problem := _wrong(draft)) is not None:
        return _page(_with(draft, step, problem)), REFUSED
    return _done(draft, EditListing(view.id, **_terms(said)))


def _done(draft: Draft, command: Command) -> Any:
    result = act(command, bytes.fromhex(draft.key))
    if not isinstance(result, Receipt):
        return _page(_with(draft, draft.step, result)), REFUSED
    if draft.listing is None:
        return redirect(url_for("photos.choose", record=result.record.hex(), new=1))
    return redirect(url_for("market.show", record=draft.listing.id.hex()))


def _only_looks() -> bool:
    """Whether a group was tapped, to see its kinds: nothing else is done then."""
    return "open" in request.form


def _group() -> str:
    """The group whose kinds are looked at, now or on the page that was sent; empty for none."""
    asked, kinds = request.form.get("open") or request.form.get("opened", ""), the_kinds()
    return asked if asked in {group.key for group in kinds.groups()} else ""


def _said() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in FIELDS}


def _stands(view: ListingView) -> dict[str, str]:
    """A listing as its forms have it."""
    return {
        "title": view.title,
        "text": view.text,
        "category": view.category,
        "price": "" if view.price is None else typed(view.price),
        "unit": view.unit or "",
        "quantity": "" if view.quantity is None else str(view.quantity),
        "times": view.times,
        "place": view.place,
    }


def _with(draft: Draft, step: str, problem: Problem | None = None) -> Draft:
    return Draft(draft.kind, step, draft.key, draft.said, problem, draft.listing, draft.group)


def _wrong(draft: Draft) -> Refusal | None:
    """What is not right on one page, before the ledger is asked about all of it."""
    said = draft.said
    if draft.step == "words":
        if not tidy("title", said["title"]):
            return refusal(Code.TEXT_MISSING, Action.TRY_AGAIN)
        return too_long(said["title"], listings.LONGEST_TITLE) or too_long(said["text"], LONGEST_TEXT)
    if draft.step == "sort":
        stays = draft.listing is not None and said["category"] == draft.listing.category
        known = stays or the_kinds().offered(said["category"])
        return None if known else refusal(Code.UNKNOWN_CATEGORY, Action.TRY_AGAIN)
    if draft.step == "price":
        try:
            _terms(said)
        except BadAmount:
            return refusal(Code.AMOUNT_WRONG)
        except ValueError:
            return refusal(Code.QUANTITY_WRONG, Action.TRY_AGAIN, most=listings.MOST_LEFT)
        return listings.refuse_more(said["unit"] or None, _count(said["quantity"]), "", "")
    return listings.refuse_more(None, None, said["times"], said["place"])


def _terms(said: Mapping[str, str]) -> dict[str, Any]:
    """What was said, as a command takes it.

    Raises:
        BadAmount: the price is no amount.
        ValueError: the quantity is no whole number.
    """
    return {
        "category": said["category"],
        "title": said["title"],
        "text": said["text"],
        "price": zero_or_more(said["price"]) if said["price"] else None,
        "unit": said["unit"] or None,
        "quantity": _count(said["quantity"]),
        "times": said["times"],
        "place": said["place"],
    }


def _count(text: str) -> int | None:
    if not text:
        return None
    plain = western_digits(text)
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 9):
        raise ValueError(text)
    return int(plain)


def _page(draft: Draft) -> str:
    with the_hub().reading() as tx:
        villages = trading_hubs(tx)
    kinds, chosen = the_kinds(), draft.said["category"]
    choices: tuple[Category, ...] = ()
    if draft.step == "sort" and draft.group:
        choices = (*kinds.children(draft.group), kinds.get(draft.group))
    elif draft.step == "sort":
        keys = (*((chosen,) if chosen else ()), *proposed(draft.said["title"], draft.said["text"]))
        likely = (kinds.get(key) for key in dict.fromkeys(kinds.get(key).key for key in keys))
        choices = tuple(one for one in likely if kinds.offered(one.key) or one.key == chosen)
    return render_template(
        "market/listing_form.html",
        draft=draft,
        heading=TITLES[draft.step](),
        groups=kinds.groups() if draft.step == "sort" else (),
        choices=choices,
        units=[("", _("for all of it")), *((unit, UNIT_WORDS[unit]()) for unit in UNITS)],
        longest={
            "title": listings.LONGEST_TITLE,
            "text": LONGEST_TEXT,
            "times": listings.LONGEST_TIMES,
            "place": listings.LONGEST_PLACE,
        },
        villages=villages,
    )
