"""What people type into the one box: a number, a name, a code, or an address read from a QR code."""

import re
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.errors import Action, BadNumber, Code, Refusal
from appliance.ledger.reads import care, crossings
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.life import moved_named
from appliance.ledger.reads.people import Person, named, person
from appliance.ledger.reads.village import end_of_open_request
from appliance.ledger.values import Account, AccountNumber, parse_account, parse_code, western_digits
from appliance.web.ground.here import the_hub
from appliance.web.wording.words import refusal

FULL_DIGITS = 8
"""From here on digits in a row are a number in its full form (``values.parse_account``)."""

_ADDRESS = re.compile(r"/([prc])/([0-9a-z-]+)/?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What the text means: people (one, several to choose from), or a page, or neither.

    Attributes:
        people: whom it may be.
        page: the path of a request or a care claim that it names.
        problem: why it means nothing.
        nobody: it is a name, or some word, that fits nobody.
    """

    people: tuple[Person, ...] = ()
    page: str | None = None
    problem: Refusal | None = None
    nobody: bool = False


def look_up(tx: Tx, text: str, viewer: int, far: bool = False, payer: int | None = None) -> Found:
    """What ``text`` means to ``viewer``; with ``far``, people of other villages are found, too.

    ``payer``: the account that is acted on, when it is not the viewer's own first one.
    """
    text = text.strip()
    if match := _ADDRESS.search(text):
        kind, rest = match[1].lower(), match[2]
        if kind == "p":
            return _number(tx, rest, far)
        code = parse_code(rest)
        path = f"/{kind.upper()}/{code}" if code else None
        return Found(page=path) if path else Found(problem=_nobody())
    if looks_like_number(text):
        found = _number(tx, text, far)
        return found if found.people else _code(tx, text, viewer) or found
    if page := _code(tx, text, viewer):
        return page
    people = named(tx, text, accounts_too=True) + (crossings.far_named(tx, text) if far else ())
    own = viewer if payer is None else payer
    others = tuple(someone for someone in people if someone.far or someone.number != own)
    if far and not people:
        others = people = moved_named(tx, text)
    if people and not others:
        return Found(problem=refusal(Code.OWN_ACCOUNT, Action.HOME))
    return Found(people=others, nobody=not others)


def example_elsewhere() -> str:
    """A number in another village, as an example of what may be typed; empty when there is none."""
    with the_hub().reading() as tx:
        hubs = crossings.other_hubs(tx)
    return Account(hubs[0].number, AccountNumber(42)).full if hubs else ""


def number_elsewhere(path: str) -> str:
    """The number to pay from elsewhere, of a path ``/P/<account>`` of this hub; empty when it is none.

    Who reads the code of a card with the phone comes to the box of whoever is paid: somebody of
    another village is nobody there. Whether anybody has the number is not looked up, and so not told.
    """
    match = _ADDRESS.fullmatch(path.partition("?")[0])
    account = account_in(match[2]) if match and match[1].lower() == "p" else None
    if account is None or account.hub != the_hub().number or not example_elsewhere():
        return ""
    return account.full


def fits_nobody(text: str) -> str:
    """What to say of a name that nobody here has."""
    return _("Nobody here fits “%(text)s”. Check the name or the number.", text=text)


def looks_like_number(text: str) -> bool:
    """Whether it has digits and no letters."""
    plain = western_digits(text)
    return any(c.isdigit() for c in plain) and not any(c.isalpha() for c in plain)


def account_in(text: str) -> Account | None:
    """The account of a typed number; None when it is none or its check digit does not fit."""
    try:
        return parse_account(text, the_hub().number)
    except BadNumber:
        return None


def payee(tx: Tx, text: str, far: bool = False) -> Person | Refusal:
    """The one person whom a number names: at this hub, or, with ``far``, at any of the community.

    Nobody here can say whether a number of another hub is anybody's: its check digit fits.
    """
    account = account_in(text)
    if account is None:
        return _mistyped(tx, text) if far else _nobody()
    if account.hub == the_hub().number:
        return person(tx, account.number) or _nobody()
    if not far:
        return _nobody()
    if crossings.other_hub(tx, account.hub) is None:
        return refusal(Code.UNKNOWN_HUB, Action.CHECK_NUMBER, hub=account.hub)
    return crossings.far_person(tx, account.hub, account.number) or _nobody()


def _mistyped(tx: Tx, text: str) -> Refusal:
    """What to say of no number: that it is nobody's, or that a digit of another village's is wrong."""
    digits = "".join(c for c in western_digits(text) if c.isdecimal())
    hub = crossings.other_hub(tx, int(digits[:3])) if len(digits) >= FULL_DIGITS else None
    return _nobody() if hub is None else refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER, hub=hub.number)


def _number(tx: Tx, text: str, far: bool) -> Found:
    someone = payee(tx, text, far)
    return Found(problem=someone) if isinstance(someone, Refusal) else Found(people=(someone,))


def _code(tx: Tx, text: str, viewer: int) -> Found | None:
    code = parse_code(text)
    if code is None:
        return None
    if reads.request_by_code(tx, code, viewer) is not None or end_of_open_request(tx, code) is not None:
        return Found(page=url_for("ask.request_page", code=code))
    if care.claim_by_code(tx, code, viewer) is not None:
        return Found(page=f"/C/{code}")
    return None


def _nobody() -> Refusal:
    return refusal(Code.UNKNOWN_ACCOUNT, Action.CHECK_NUMBER)
