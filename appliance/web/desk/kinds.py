"""The kinds of offers and wants at the keeper's desk: added, renamed, hidden, put together."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.taxonomy import OTHER, SHIPPED, SHIPPED_PARENT, Category
from appliance.ledger.market.categories import LONGEST_WORD, NEW, MergeCategory, SetCategory
from appliance.web.ground.acting import REFUSED, Problem, act, form_key, fresh_key
from appliance.web.ground.here import the_kinds
from appliance.web.ground.secure import keeper_at_own_screen
from appliance.web.wording.words import about

bp = Blueprint("desk_kinds", __name__, url_prefix="/desk/kinds")


@bp.get("")
def overview() -> Any:
    """All kinds, hidden ones too."""
    keeper_at_own_screen()
    kinds = the_kinds()
    groups = [(group, kinds.children(group.key, hidden=True)) for group in kinds.groups(hidden=True)]
    return render_template("desk/kinds.html", groups=groups)


@bp.get("/of/new")
def new() -> Any:
    """The form for one more."""
    keeper_at_own_screen()
    return _form(NEW, {"parent": request.args.get("parent", ""), "icon": OTHER})


@bp.get("/of/<kind>")
def one(kind: str) -> Any:
    """One kind: how it is called, where it stands, whether it is offered."""
    keeper_at_own_screen()
    found = _found(kind)
    return _form(
        kind,
        {
            "name": found.name,
            "parent": found.parent or "",
            "icon": found.icon,
            "hidden": "1" if found.hidden else "",
        },
    )


@bp.post("/of/<kind>")
def change(kind: str) -> Any:
    """Add it, or change it."""
    keeper_at_own_screen()
    if kind != NEW:
        _found(kind)
    typed = {name: request.form.get(name, "").strip() for name in ("name", "parent", "icon", "hidden")}
    parent = typed["parent"] or None
    icon = typed["icon"] or parent or OTHER
    result = act(SetCategory(kind, parent, typed["name"], icon, bool(typed["hidden"])), form_key())
    if isinstance(result, Receipt):
        return redirect(url_for("desk_kinds.overview"))
    return _form(kind, typed, result), REFUSED


@bp.get("/of/<kind>/merge")
def ask_merge(kind: str) -> Any:
    """With which other kind it is to be put together."""
    keeper_at_own_screen()
    return _merge_form(_found(kind))


@bp.post("/of/<kind>/merge")
def merge(kind: str) -> Any:
    """Its listings are the other one's from now on."""
    keeper_at_own_screen()
    result = act(MergeCategory(_found(kind).key, request.form.get("into", "")), form_key())
    if isinstance(result, Receipt):
        return redirect(url_for("desk_kinds.overview"))
    return _merge_form(_found(kind), result), REFUSED


def _found(kind: str) -> Category:
    found = the_kinds().all.get(kind)
    if found is None or found.merged_into is not None:
        abort(404)
    return found


def _form(kind: str, typed: Mapping[str, str], problem: Problem | None = None) -> str:
    kinds = the_kinds()
    has_kinds = bool(kinds.children(kind, hidden=True))
    parents = [one for one in kinds.groups(hidden=True) if one.key not in (OTHER, kind)]
    return render_template(
        "desk/kind.html",
        kind=kind,
        new=kind == NEW,
        shipped=kind in SHIPPED_PARENT,
        typed=typed,
        parents=[] if has_kinds or kind == OTHER else parents,
        drawings=tuple(SHIPPED),
        longest=LONGEST_WORD,
        key=fresh_key(),
        problem=problem,
        can_merge=kind not in (NEW, OTHER),
        can_hide=kind not in (NEW, OTHER),
    )


def _merge_form(found: Category, problem: Problem | None = None) -> str:
    kinds = the_kinds()
    groups_only = bool(kinds.children(found.key, hidden=True))
    # Nothing is chosen beforehand: it is not easily undone.
    into = [("", "—")] + [
        (one.key, about(one.key) if one.parent is None else f"{about(one.parent)}: {about(one.key)}")
        for group in kinds.groups()
        for one in ((group,) if groups_only else (group, *kinds.children(group.key)))
        if found.key not in (one.key, one.parent) and not (groups_only and one.key == OTHER)
    ]
    return render_template("desk/kind_merge.html", kind=found, into=into, key=fresh_key(), problem=problem)
