"""A member's own pages: home, statement, receipts, me."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.money.limits import level_high, level_low
from appliance.ledger.people import sheets, tries
from appliance.ledger.people.powers import ACTIVE, STANDING
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.crossings import came_back, name_shown, other_hubs
from appliance.ledger.reads.held import Held, asked_of, granted, held
from appliance.ledger.reads.life import vouchers
from appliance.ledger.reads.listings import never_offered, to_renew
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.proposals import keepers_of
from appliance.ledger.reads.slips import not_seen, slip_of
from appliance.ledger.reads.trading import loops_of
from appliance.ledger.reads.troubles import (
    DAY_MS,
    SOON_DAYS,
    Trouble,
    Waits,
    asked_back,
    open_disputes,
    trouble,
    unanswered,
    waits,
)
from appliance.ledger.reads.village import NewKey, given_back_by_keeper, new_key
from appliance.web.ground import qr
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_hub
from appliance.web.ground.numbers import number_asked
from appliance.web.ground.secure import active_member_or_redirect, as_keeper, member_or_redirect, visitor
from appliance.web.people.notices import Known, Notice, keep_seen, notices
from appliance.web.people.whose import account_of_others, mine_first
from appliance.web.wording import way
from appliance.web.wording.amounts import account_of

bp = Blueprint("home", __name__)

ON_HOME = 5
"""How many paper slips the first page tells; the others are one tap further."""

TOLD_DAYS = 30
"""How long a member reads that somebody else has replaced the PIN."""

BACK_DAYS = 3
"""How long the first page tells of a payment that came back."""

BAR = 300
"""Width of the picture of the limits, in its own units."""


@bp.get("/")
def home() -> str:
    """Where I stand, what waits for me, what I can do; for a stranger, what this is."""
    if visitor() is None:
        return render_template("people/welcome.html")
    me = member_or_redirect()
    with the_hub().reading() as tx:
        view = reads.home(tx, me.number)
        replaced = new_key(tx, me.number)
        reentry = sheets.waiting(tx, me.number) is not None
        tried = tries.since(tx, me.number)
        vouched = len(vouchers(tx, me.number))
        now = the_hub().clock.now()
        slips = not_seen(tx, me.number)
        loops = [view for view in loops_of(tx, me.number, now) if view.waits_for_me]
        contested = open_disputes(tx, now, me.number)
        ending = _ending(tx, view, now) if view else {}
        renewals = to_renew(tx, me.number, now)
        first_offer = me.status == ACTIVE and not renewals and never_offered(tx, me.number)
        others, helpers = held(tx, me.number), granted(tx, me.number)
        lapsed = [
            t
            for record in unanswered(tx, me.number, now.ms - BACK_DAYS * DAY_MS)
            if (t := reads.transfer(tx, record, me.number)) is not None
        ]
        told: tuple[Notice, ...] = ()
        if view is not None and view.balance is not None:
            refused = tuple(t for t in view.asked if t.split is not None and t.split.declined)
            against = tuple(d for d in contested if d.by is None or d.by.number != me.number)
            known = Known(
                home=view,
                to_agree=asked_of(tx, me.number),
                back_asked=asked_back(tx, me.number),
                against=against,
                refused=refused,
                back=_came_back(tx, me.number),
                lapsed=tuple(lapsed),
                ending=ending,
                loops=tuple(loops),
                renewals=renewals,
            )
            told = notices(tx, me, known, now)
    if view is None:
        abort(404)
    if view.balance is None:
        return render_template("people/waiting.html", me=me, vouched=vouched)
    keep_seen(me, told)
    return render_template(
        "people/home.html",
        me=me,
        home=view,
        bar=bar_of(view.low, view.high, view.balance),
        owes=level_low(view.balance, view.low),
        has=level_high(view.balance, view.high),
        replaced=_still_told(replaced),
        reentry=reentry,
        tried=tried,
        notices=told,
        contested=contested,
        ending=ending,
        first_offer=first_offer,
        slips=slips,
        slips_on_home=ON_HOME,
        my_accounts=mine_first(others)[0],
        act_for=mine_first(others)[1],
        helpers=helpers,
    )


def _ending(tx: Tx, view: reads.Home, now: Instant) -> dict[bytes, Waits]:
    """Requests of and to the member that end within days, by their ids."""
    found: dict[bytes, Waits] = {}
    for t in (*view.to_pay, *view.asked, *view.to_share, *view.agreed):
        row = tx.get(Transfer, id=t.id)
        due = waits(tx, row, now) if row is not None else None
        if due is not None and due.days_left <= SOON_DAYS:
            found[t.id] = due
    return found


def _came_back(tx: Tx, number: int) -> tuple[tuple[TransferView, str], ...]:
    """Payments that came back from other villages in the last days, each with why."""
    since = the_hub().clock.now().ms - BACK_DAYS * 86_400_000
    found = [reads.transfer(tx, record, number) for record in came_back(tx, number, since)]
    return tuple((t, way.why(t.way)) for t in found if t is not None and t.way is not None)


def _still_told(replaced: NewKey | None) -> NewKey | None:
    """For a while, and not until somebody taps it away: that could be who knows the new PIN."""
    if replaced is None or the_hub().clock.now().ms - replaced.at.ms > TOLD_DAYS * 86_400_000:
        return None
    return replaced


def bar_of(low: int | None, high: int | None, balance: int | None) -> dict[str, int] | None:
    """Where a balance stands between its limits, in the picture's units; None without limits."""
    if low is None or high is None or balance is None or high == low:
        return None

    def place(amount: int) -> int:
        return (min(max(amount, low), high) - low) * BAR // (high - low)

    zero, here = place(0), place(balance)
    return {"zero": zero, "here": here, "from": min(zero, here), "width": abs(here - zero)}


@bp.get("/statement")
def statement() -> str:
    """All my lines, newest first, a page at a time."""
    me = member_or_redirect()
    before = number_asked("before") or None
    with the_hub().reading() as tx:
        page = reads.statement(tx, me.number, before)
    return render_template("people/statement.html", me=me, page=page, first=before is None)


@bp.get("/me")
def me() -> str:
    """My number, my QR, my PIN; leaving."""
    return _me(member_or_redirect())


def _me(who: Person, problem: Problem | None = None) -> str:
    with the_hub().reading() as tx:
        tried = tries.since(tx, who.number)
        shown = name_shown(tx, who.number) if other_hubs(tx) and who.status in STANDING else None
    return render_template(
        "people/me.html",
        me=who,
        changed=request.args.get("changed"),
        shown=shown,
        key=fresh_key(),
        problem=problem,
        tried=tried,
    )


@bp.post("/me/name")
def show_name() -> tuple[str, int] | Response:
    """Let other villages find me by name; or no longer."""
    who, key = active_member_or_redirect(), form_key()
    result = act(ShowName(who.number, request.form.get("shown") == "1"), key)
    if isinstance(result, Receipt):
        return redirect(url_for(".me", changed="name"))
    return _me(who, result), REFUSED


@bp.get("/me/qr")
def my_qr() -> str:
    """The QR that others pay me by."""
    who = member_or_redirect()
    account = account_of(who)
    return render_template(
        "people/my_qr.html", me=who, account=account, address=qr.address("pay.to", account=account.compact)
    )


@bp.get("/t/<record>")
def transfer(record: str) -> str:
    """A payment or request: the receipt, and what I may do with it."""
    me = active_member_or_redirect()
    t = transfer_or_404(record, me)
    if t.way is not None:
        return render_template(
            "people/crossing.html",
            me=me,
            t=t,
            told=way.told(t, t.way),
            trouble=_trouble(t, me),
            key=fresh_key(),
            **_sides(t, me),
        )
    page = "people/transfer.html" if t.split is None else "people/split.html"
    with the_hub().reading() as tx:
        by_keeper = given_back_by_keeper(tx, t.reversal or t.id)
        paid_by = keepers_of(tx, t.id)
        slip = slip_of(tx, t.id)
        slip_waits = slip is not None and any(s.transfer == t.id for s in not_seen(tx, me.number))
    return render_template(
        page,
        me=me,
        t=t,
        by_keeper=by_keeper,
        paid_by=paid_by,
        slip=slip,
        slip_waits=slip_waits,
        trouble=_trouble(t, me),
        key=fresh_key(),
        **_sides(t, me),
    )


def _sides(t: TransferView, me: Person) -> dict[str, Held | None]:
    """On whose accounts, beside the own first one, ``me`` reads this receipt."""
    near = {"payer_held": t.payer, "payee_held": t.payee}
    return {
        side: None if who is None or who.far else account_of_others(me, who.number)
        for side, who in near.items()
    }


def _trouble(t: TransferView, me: Person) -> Trouble:
    with the_hub().reading() as tx:
        return trouble(tx, t.id, me.number, the_hub().clock.now(), as_keeper(me))


def transfer_or_404(record: str, me: Person, keeper: bool = False) -> TransferView:
    """The transfer of this id, if ``me`` may see it; ``keeper``: as one, wherever this one is."""
    try:
        key = bytes.fromhex(record)
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        found = reads.transfer(tx, key, me.number, keeper or as_keeper(me))
    if found is None:
        abort(404)
    return found
