"""The desk's page for proofs of care between villages: asking for one, letting one go, reading what came."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from appliance.ledger import proofpost
from appliance.ledger.book.local import ProofAsked
from appliance.ledger.book.store import Tx
from appliance.ledger.care.proof.checking import Held, check
from appliance.ledger.care.proof.form import decode
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import BadProof
from appliance.ledger.people import powers, roster
from appliance.ledger.reads import care as care_reads
from appliance.ledger.reads import care_proof
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.crossings import far_person
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.radio import radio_running
from appliance.ledger.values import AccountNumber
from appliance.web.care.proving import signer
from appliance.web.ground.acting import REFUSED
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import keeper_at_own_screen

bp = Blueprint("desk_proofs", __name__, url_prefix="/desk/proofs")

_WHY: Final[Mapping[str, Callable[[], str]]] = {
    "not_for_you": lambda: _(
        "They do not send it: there is no such care there, or it is not for this village. Ask a keeper there to let it."
    ),
    "not_settled": lambda: _("Not enough people have confirmed it there yet, or it was taken back."),
    "no_form": lambda: _("It cannot go by radio. Let somebody bring it as a file."),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A proof that was asked for: how it stands in words; ``here``: one that holds can be read; ``again``: it can be asked for anew."""

    hub: int
    village: str
    about: str
    at: Instant
    words: str
    here: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A proof that another village asked us for and may not have."""

    hub: int
    village: str
    claim: ClaimView
    at: Instant


@bp.get("")
def overview() -> Any:
    """What was asked of us, what we asked for, and the two forms."""
    keeper_at_own_screen()
    return _page()


def _page(wrong: str = "", typed: str = "") -> str:
    hub = the_hub()
    with hub.reading() as tx:
        villages = proofpost.others(tx, hub.number)
        names = dict(villages)
        rows = [_asked(row, names) for row in proofpost.asked(tx)]
        wanted = list(_wanted(tx, names))
    return render_template(
        "desk/proofs.html",
        villages=[(str(number), f"{name} ({number})") for number, name in villages],
        rows=rows,
        wanted=wanted,
        wrong=wrong,
        typed=typed,
        done=request.args.get("done"),
        let=request.args.get("let", ""),
        runs=radio_running(hub.data),
    )


def _asked(row: ProofAsked, names: Mapping[int, str]) -> Asked:
    at = Instant(Millis(row.at_ms), Quality(row.quality))
    village = names.get(row.hub, str(row.hub))
    state = str(row.state)
    over = state not in (proofpost.ASKED, proofpost.VALID)
    return Asked(row.hub, village, bytes(row.about).hex(), at, _words(row), row.proof is not None, over)


def _words(row: ProofAsked) -> str:
    if row.state == proofpost.VALID:
        return _("It is here, and it holds.")
    if row.state == proofpost.ASKED:
        if not row.parts:
            return _("Asked. Nothing is here yet.")
        return _("Asked. %(held)s of %(parts)s parts are here.", held=row.held, parts=row.parts)
    if row.state == proofpost.REFUSED:
        return _WHY.get(row.why, _WHY["not_for_you"])()
    if row.state == proofpost.SILENT:
        return _("No answer came.")
    return _("What came does not hold. Do not rely on it; talk to the keepers there.")


def _wanted(tx: Tx, names: Mapping[int, str]) -> Iterator[Wanted]:
    for row in proofpost.wanted(tx):
        view = care_reads.claim(tx, bytes(row.claim), 0)
        if view is not None and row.hub in names:
            yield Wanted(row.hub, names[row.hub], view, Instant(Millis(row.at_ms), Quality(row.quality)))


def _village(tx: Tx) -> int | None:
    """The other hub that a form names."""
    text = request.form.get("hub", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return number if number != the_hub().number and proofpost.in_roster(tx, number) else None


@bp.post("/ask")
def ask() -> Any:
    """Ask a village for the proof of its claim; the radio does the rest."""
    keeper_at_own_screen()
    hub, text = the_hub(), request.form.get("claim", "").strip()
    with hub.store.write() as tx:
        village = _village(tx)
        about = None if village is None else proofpost.about_named(tx, village, text)
        asked = (
            village is not None and about is not None and proofpost.ask(tx, village, about, hub.clock.now())
        )
    if village is None:
        return _page(_("Choose a village.")), REFUSED
    if about is None:
        return _page(
            _("This is no number of care: it has 32 letters and digits. A keeper there can read it to you."),
            text,
        ), REFUSED
    if not asked:
        return _page(
            _("Too many proofs are being asked for already. Wait until some have come."), text
        ), REFUSED
    return redirect(url_for(".overview", done="asked"))


@bp.post("/let")
def let() -> Any:
    """Let a village have the proof of a claim of ours, when it asks."""
    keeper_at_own_screen()
    hub, text = the_hub(), request.form.get("claim", "")
    with hub.store.write() as tx:
        village, found = _village(tx), care_proof.find(tx, text)
        if village is not None and found is not None:
            proofpost.let(tx, found, village, hub.clock.now())
    if village is None:
        return _page(_("Choose a village.")), REFUSED
    if found is None:
        return _page(_("There is no care with this code.")), REFUSED
    return redirect(url_for(".overview", done="let", let=bytes(found.id).hex()))


def _held(hub: int, about: str) -> Held:
    """A proof that came, checked once more; 404 when none that holds is here."""
    try:
        named = bytes.fromhex(about)
    except ValueError:
        abort(404)
    with the_hub().reading() as tx:
        row = tx.get(ProofAsked, hub=hub, about=named)
        root = roster.community_key(tx)
    if row is None or not row.proof:
        abort(404)
    try:
        return check(decode(bytes(row.proof)), (root,))
    except BadProof:
        abort(404)


@bp.get("/<number:number>/<about>")
def one(number: int, about: str) -> Any:
    """What a proof that holds says, in words."""
    keeper_at_own_screen()
    held = _held(number, about)
    stated = held.proof.statement
    with the_hub().reading() as tx:
        who = {member: _there(tx, held, member) for member in _members(held)}
    return render_template(
        "desk/proof.html",
        held=held,
        number=number,
        about=about,
        village=held.proof.home.name,
        carer=who[held.carer],
        recipient=None if held.said.get("recipient") is None else who[int(held.said["recipient"])],
        signers=[signer(one, who[one.member]) for one in held.cosigners],
        amount=_decimal(stated.amount, stated.decimals, stated.symbol),
        quorum=stated.quorum,
        paid=stated.paid is not None,
        made=Instant(Millis(held.proof.home.word.ms), Quality(held.proof.home.word.quality)),
    )


def _there(tx: Tx, held: Held, member: int) -> Person:
    """A member of the claim's hub, with the name if it was told here."""
    home = held.proof.home
    nameless = Person(AccountNumber(member), "", powers.ACTIVE, hub=home.number, hub_name=home.name)
    return far_person(tx, home.number, member) or nameless


def _members(held: Held) -> set[int]:
    recipient = held.said.get("recipient")
    found = {held.carer, *(one.member for one in held.cosigners)}
    return found | ({int(recipient)} if recipient is not None else set())


def _decimal(amount: int, decimals: int, symbol: str) -> str:
    """In that village's unit, which need not be ours."""
    if not 0 < decimals <= 18:
        return f"{amount} {symbol}"
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole}.{rest:0{decimals}d} {symbol}"


@bp.get("/<number:number>/<about>/file")
def file(number: int, about: str) -> Any:
    """The same as a file, for ``hub care verify``."""
    keeper_at_own_screen()
    answered = Response(_held(number, about).proof.encode(), mimetype="application/octet-stream")
    answered.headers["Content-Disposition"] = f'attachment; filename="{number}-{about[:32]}.proof"'
    return answered
