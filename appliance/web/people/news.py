"""What a member wants the first page to tell, and what not: new matches."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.ledger.book.schema_market import NoMatchNews
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import active_member_or_redirect

bp = Blueprint("news", __name__, url_prefix="/me/news")


@bp.get("")
def page() -> str:
    """Whether the first page tells of new matches."""
    me = active_member_or_redirect()
    with the_hub().reading() as tx:
        off = tx.get(NoMatchNews, member=me.number) is not None
    return render_template("people/news.html", off=off)


@bp.post("")
def change() -> Response:
    """Turn it off, or on again. The suggestions have the matches all the same."""
    me = active_member_or_redirect()
    with the_hub().store.write() as tx:
        if request.form.get("tell") == "1":
            tx.delete(NoMatchNews, NoMatchNews.member == me.number)
        else:
            tx.put(NoMatchNews, member=me.number)
    return redirect(url_for(".page"))
