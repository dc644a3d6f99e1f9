"""The market by kinds: groups with what they hold, then the kinds of one group, each with how many there are."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, request

from appliance.ledger.book.taxonomy import Taxonomy
from appliance.ledger.market import marks
from appliance.ledger.market.listings import OFFER, WANT
from appliance.ledger.reads.far_listings import minutes_on_foot, trading_hubs
from appliance.ledger.reads.village import not_trading
from appliance.matching import Query, counts
from appliance.web.ground.here import keep_kinds, the_kinds
from appliance.web.ground.searching import searching
from appliance.web.ground.secure import active_member_or_redirect
from appliance.web.market.filters import Where

bp = Blueprint("kinds", __name__, url_prefix="/market/kinds")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind, and how many offers or wants are under it."""

    key: str
    count: int
    group: bool


@bp.get("")
def groups() -> Any:
    """The first level."""
    return _page(None)


@bp.get("/<group>")
def of_group(group: str) -> Any:
    """The kinds of one group."""
    return _page(group)


def _page(group: str | None) -> Any:
    me = active_member_or_redirect()
    kind = WANT if request.args.get("kind") == WANT else OFFER
    with searching() as (index, tx):
        keep_kinds(tx)
        villages = trading_hubs(tx)
        where = Where.of(request.args.get("where"), villages, minutes_on_foot(tx))
        blocked = marks.blocked_by(tx, me.number)
        query = Query(kind=kind, hidden=not_trading(tx), without=blocked, hubs=where.hubs, own=where.own)
        found = counts(index, query)
    kinds = the_kinds()
    if group is not None and (group not in kinds.all or kinds.get(group).parent is not None):
        abort(404)
    here = None if group is None else kinds.get(group).key
    shown = kinds.groups(hidden=True) if here is None else kinds.children(here, hidden=True)
    lines = [Kind(one.key, _count(kinds, found, one.key), here is None) for one in shown]
    lines = [line for line in lines if line.count or kinds.offered(line.key)]
    return render_template(
        "market/kinds.html",
        kind=kind,
        by_village=where.by_name,
        others=where.others,
        where=where.asked,
        villages=villages,
        group=here,
        lines=lines,
        whole=sum(found.values()) if here is None else _count(kinds, found, here),
    )


def _count(kinds: Taxonomy, found: dict[str, int], key: str) -> int:
    return sum(found.get(one, 0) for one in kinds.under(key))
