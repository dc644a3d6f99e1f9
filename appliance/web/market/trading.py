"""Matches that people act on, and trade loops; at the desk, what people say is no match.

::

    /market/suggestions --> /market/match/<offer>/<want> --yes, not for me, no match, it happened--> the same page
    both have said yes --> pay, with payee, amount and kind filled in --> it happened (``deals``)
    /market/loops --> /market/loops/<loop> --yes or no--> all have said yes --> pay what one gets
"""

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Listing
from appliance.ledger.book.store import Tx
from appliance.ledger.book.taxonomy import for_payment
from appliance.ledger.errors import BadAmount, Code
from appliance.ledger.market import marks, talks_far
from appliance.ledger.market.listings import OFFER
from appliance.ledger.market.loops import AnswerLoop
from appliance.ledger.market.matches import ACCEPT, DISMISS, HAPPENED, WRONG, AllowMatch, AnswerMatch, Node
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.reads import listings as reads
from appliance.ledger.reads import trading
from appliance.ledger.reads.far_listings import FarListingView, far_listing
from appliance.ledger.reads.listings import ListingView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.trading import Answers, LoopView, Pair
from appliance.ledger.values import RecordId, western_digits
from appliance.matching import Why, known, times, why
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key, key_for
from appliance.web.ground.here import forget_rules, the_hub
from appliance.web.ground.searching import searching
from appliance.web.ground.secure import active_member_or_redirect, keeper_at_own_screen
from appliance.web.market import ring
from appliance.web.market.finding import look_for_loops
from appliance.web.money import deals
from appliance.web.wording.amounts import account_of, name_of, read_amount, typed
from appliance.web.wording.labels import date_words
from appliance.web.wording.standing import note
from appliance.web.wording.words import refusal

bp = Blueprint("trading", __name__)

DAY_MS: Final = 86_400_000
Side = ListingView | FarListingView


@dataclass(frozen=True, slots=True)
class Match:
    """A match as one of the two reads it. ``pay``: where what was got is paid; empty for who is paid.

    ``write``: where one writes to somebody of another village; empty for nobody whom one can write to.
    ``standing``: how it stands with the other one (away, moved, gone), in words; empty for who is simply here.
    """

    pair: Pair
    mine: Side
    theirs: Side
    why: Why | None
    said: Answers
    pay: str
    write: str = ""
    standing: str = ""

    @property
    def path(self) -> tuple[int, ...]:
        """The numbers of its page's address."""
        return (*self.pair[0], *self.pair[1])

    @property
    def hours(self) -> times.Hours | None:
        """When both could; None where one has said nothing of it, as nobody of another village does."""
        one, other = (
            times.read(side.times) if isinstance(side, ListingView) else None
            for side in (self.mine, self.theirs)
        )
        return times.meeting(one, other)


def match_of(tx: Tx, pair: Pair, me: Person) -> Match | None:
    """The match of an offer and a want, one of which is of ``me``; None when that is not so."""
    offer, want = (_side(tx, node, me) for node in pair)
    if offer is None or want is None or offer.kind != OFFER or want.kind == OFFER:
        return None
    own_offer, own_want = (not one.owner.far and one.owner.number == me.number for one in (offer, want))
    if own_offer == own_want:
        return None
    said, other = trading.answers(tx, pair, me.number), want.owner if own_offer else offer.owner
    if said.transfer is None and (other.hub or marks.OWN, other.number) in marks.apart(tx, me.number):
        return None  # suggested to neither; of what was paid the receipt stays
    texts = [(one.title, one.text if isinstance(one, ListingView) else "") for one in (offer, want)]
    pay = ""
    if own_want:
        pay = url_for(
            "pay.to",
            account=account_of(offer.owner).compact,
            amount=typed(offer.price) if offer.price else None,
            category=for_payment(offer.category),
            deal=deals.of_match(pair),
        )
    mine, theirs = (offer, want) if own_offer else (want, offer)
    write = _far_talk(tx, me, other, of=other.hub, listing=theirs.number) if other.far else ""
    stands = note(tx, other)
    return Match(pair, mine, theirs, why(*texts), said, pay, write, stands.words if stands else "")


def _far_talk(tx: Tx, me: Person, other: Person, **about: int | None) -> str:
    """Where one writes to somebody of another village; empty for nobody whom one can write to."""
    if not talks_far.is_known(tx, me.number, other.hub or 0, other.number):
        return ""
    values: dict[str, Any] = {"hub": other.hub, "other": other.number, **about}
    return url_for("talks_far.talk", **values) + "#last"


def _side(tx: Tx, node: Node, me: Person) -> Side | None:
    hub, number = node
    if hub != the_hub().number:
        return far_listing(tx, hub, number)
    row = tx.get(Listing, opened_entry=number)
    return None if row is None else reads.listing(tx, bytes(row.id), me.number)


def _match(pair: Pair, me: Person) -> Match:
    with the_hub().reading() as tx:
        found = match_of(tx, pair, me)
    if found is None:
        abort(404)
    return found


@bp.get("/market/match/<number:one>/<number:offer>/<number:other>/<number:want>")
def match(one: int, offer: int, other: int, want: int) -> Any:
    """One match: why it is one, what both have said, and what can be done."""
    me = active_member_or_redirect()
    return _match_page(_match(((one, offer), (other, want)), me), me)


def _match_page(found: Match, me: Person, problem: Problem | None = None) -> str:
    with searching() as (index, tx):
        more = known(index, tx, me.number, found.pair, the_hub().clock.now().ms)
    return render_template("market/match.html", m=found, known=more, key=fresh_key(), problem=problem)


@bp.post("/market/match/<number:one>/<number:offer>/<number:other>/<number:want>")
def answer(one: int, offer: int, other: int, want: int) -> Any:
    """Say yes, not for me, no match, or that it happened."""
    me, key, said = active_member_or_redirect(), form_key(), request.form.get("answer", "")
    pair: Pair = ((one, offer), (other, want))
    found = _match(pair, me)
    if said not in (ACCEPT, DISMISS, WRONG, HAPPENED):
        abort(400)
    terms = ("", "")
    if said == WRONG:
        terms = (found.why.offered, found.why.wanted) if found.why else _titles(found)
    result = act(AnswerMatch(*pair, said, None, *terms), key)
    if not isinstance(result, Receipt):
        return _match_page(_match(pair, me), me, result), REFUSED
    if said in (DISMISS, WRONG):
        return redirect(url_for("market.could_trade"))
    if said == HAPPENED and found.pay and found.said.transfer is None:
        return redirect(found.pay)
    return redirect(url_for(".match", one=one, offer=offer, other=other, want=want))


def _titles(found: Match) -> tuple[str, str]:
    offer, want = (found.mine, found.theirs) if found.mine.kind == OFFER else (found.theirs, found.mine)
    return offer.title[:60], want.title[:60]


# ------------------------------------------------------------------------------------ loops


@bp.get("/market/loops")
def loops() -> Any:
    """The trade loops that one is in."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        found = trading.loops_of(tx, me.number, the_hub().clock.now())
    return render_template("market/loops.html", loops=found)


def _loop(record: str, me: Person) -> LoopView:
    try:
        wanted = bytes.fromhex(record)
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        view = trading.loop(tx, wanted, me.number, the_hub().clock.now())
    if view is None:
        abort(404)
    return view


@bp.get("/market/loops/<record>")
def loop(record: str) -> Any:
    """One loop as a picture and in words, what each has said, and what one can do."""
    return _loop_page(_loop(record, active_member_or_redirect()))


def _loop_page(view: LoopView, problem: Problem | None = None, amount: str | None = None) -> str:
    due = view.to_pay
    pay = ""
    if due.giver is not None:
        pay = url_for(
            "pay.to",
            account=account_of(due.giver).compact,
            amount=typed(due.amount) if due.amount else None,
            deal=deals.of_loop(view.id) if view.state == "agreed" else None,
        )
    mine = typed(view.mine.amount) if view.mine.amount else ""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        talks = [
            (one, _far_talk(tx, me, one) if one.far else url_for("talks.talk", other=one.number) + "#last")
            for one in dict.fromkeys((view.to_pay.giver, view.mine.taker))
            if one is not None
        ]
    return render_template(
        "market/loop.html",
        l=view,
        drawing=ring.drawn([name_of(leg.giver) for leg in view.legs], [leg.answer for leg in view.legs]),
        until=date_words(view.until_ms // DAY_MS),
        pay=pay,
        talks=[(one, where) for one, where in talks if where],
        amount=mine if amount is None else amount,
        key=fresh_key(),
        problem=problem,
    )


@bp.post("/market/loops/<record>")
def say(record: str) -> Any:
    """Say yes, and what one wants for what one gives; or no."""
    me, key = active_member_or_redirect(), form_key()
    view, yes, amount = _loop(record, me), request.form.get("say") == "yes", None
    text = request.form.get("amount", "").strip()
    if yes and text:
        try:
            amount = int(read_amount(text))
        except BadAmount:
            return _loop_page(view, refusal(Code.AMOUNT_WRONG), text), REFUSED
    result = act(AnswerLoop(view.id, yes, amount), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".loop", record=record))
    return _loop_page(_loop(record, me), result, text), REFUSED


# ------------------------------------------------------------------------------------ the desk


@bp.get("/desk/matching")
def desk() -> Any:
    """What people say is no match, how many loops there are, and the rules of both."""
    keeper_at_own_screen()
    return _desk_page()


def _desk_page(problem: Problem | None = None) -> str:
    hub = the_hub()
    with hub.reading() as tx:
        apart, counts = trading.unfit(tx), trading.loop_counts(tx)
    return render_template(
        "desk/matching.html",
        apart=apart,
        counts=counts,
        market=hub.rules().market,
        key=fresh_key(),
        problem=problem,
        proposed=request.args.get("proposed", ""),
    )


@bp.post("/desk/matching/<record>/allow")
def allow(record: str) -> Any:
    """Take back that two terms are no match."""
    keeper_at_own_screen()
    try:
        unfit = RecordId(bytes.fromhex(record))
    except ValueError:
        abort(404)
    result = act(AllowMatch(unfit), key_for("allow_match", unfit))
    return redirect(url_for(".desk")) if isinstance(result, Receipt) else (_desk_page(result), REFUSED)


@bp.post("/desk/matching/loops")
def look() -> Any:
    """Look for trade loops now, and ask their people."""
    keeper_at_own_screen()
    return redirect(url_for(".desk", proposed=look_for_loops(the_hub())))


@bp.post("/desk/matching/rules")
def change() -> Any:
    """Change how long people have to answer, and whether one household is suggested to each other."""
    keeper_at_own_screen()
    days = western_digits(request.form.get("loop_days", "")).strip()
    if not days.isascii() or not days.isdigit() or len(days) > 3:
        return _desk_page(refusal(Code.SETTING_WRONG)), REFUSED
    changes = {"loop_days": int(days), "match_household": request.form.get("match_household") == "yes"}
    result = act(ChangeRules("market", changes, request.form.get("reason", "").strip()), form_key())
    forget_rules()
    return redirect(url_for(".desk")) if isinstance(result, Receipt) else (_desk_page(result), REFUSED)
