"""Why something was refused, in one or two sentences for people, with its numbers.

A test asserts that every ``Code`` has words. What can be done next is in ``words.py``.
"""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.errors import Code
from appliance.ledger.reads.crossings import other_hub, other_hubs
from appliance.ledger.reads.people import person
from appliance.web.ground.here import the_hub, the_rules, the_unit
from appliance.web.wording import (
    sentences_care,
    sentences_market,
    sentences_restored,
    sentences_talk,
    sentences_two,
)
from appliance.web.wording.amounts import duration, money, name_of, typed

Numbers = Mapping[str, int]


def _pin_wrong(n: Numbers) -> str:
    left = n.get("tries_left", 0)
    if not left:
        return _("The PIN is not right. Wait %(time)s before the next try.", time=_time(n))
    return ngettext(
        "The PIN is not right. You can try %(num)s more time.",
        "The PIN is not right. You can try %(num)s more times.",
        left,
    )


def number_or_pin_wrong(n: Numbers) -> str:
    left = n.get("tries_left", 0)
    if not left:
        return _("The number or the PIN is not right. Wait %(time)s before the next try.", time=_time(n))
    return ngettext(
        "The number or the PIN is not right. You can try %(num)s more time.",
        "The number or the PIN is not right. You can try %(num)s more times.",
        left,
    )


def _amount_wrong(n: Numbers) -> str:
    decimals = the_unit().decimals
    if "most" in n:
        return _("This is more than can be counted: at most %(most)s.", most=money(n["most"]))
    if "zero" in n:
        return _("Type more than nothing, like %(example)s.", example=typed(150 if decimals == 2 else 15))
    if "negative" in n:
        return _("Type the amount without a minus sign.")
    if "unclear" in n:
        return _(
            "This could be more than one amount, so nothing was done. Type it plainly, like %(example)s.",
            example=typed(1500 * 10**decimals),
        )
    if not decimals:
        return _(
            "This is not an amount we can count. Type a whole number, like %(example)s.", example=typed(15)
        )
    return ngettext(
        "This is not an amount we can count. Type it like %(example)s (at most %(num)s digit after the point).",
        "This is not an amount we can count. Type it like %(example)s (at most %(num)s digits after the point).",
        decimals,
        example=typed(15 * 10 ** (decimals - 1)),
    )


def _time(n: Numbers) -> str:
    return duration(n.get("seconds", 0))


def _payer_limit(n: Numbers) -> str:
    if "can_give" not in n:
        return _("The payer cannot give this much now.")
    return _(
        "%(amount)s is more than you can give now. You can still give %(room)s; your limit is %(limit)s.",
        amount=money(n["amount"]),
        room=money(n["can_give"]),
        limit=money(n["limit"]),
    )


def _payee_limit(n: Numbers) -> str:
    if "can_receive" not in n:
        return _("This person cannot receive that much now. A smaller amount may work.")
    return _(
        "%(amount)s is more than you can receive now. You can still receive %(room)s; your limit is %(limit)s.",
        amount=money(n["amount"]),
        room=money(n["can_receive"]),
        limit=money(n["limit"]),
    )


def _too_long(n: Numbers) -> str:
    if "longest" not in n:
        return _("This text is too long.")
    return _(
        "This text is too long: at most %(longest)s letters, yours has %(length)s.",
        longest=n["longest"],
        length=n.get("length", 0),
    )


def _time_wrong(n: Numbers) -> str:
    if "longest_minutes" in n:
        return _(
            "This is not a time we can count: at most %(time)s at once.",
            time=duration(n["longest_minutes"] * 60),
        )
    if "days_back" in n:
        return ngettext(
            "The day must not be in the future, and at most %(num)s day ago.",
            "The day must not be in the future, and at most %(num)s days ago.",
            n["days_back"],
        )
    return _("This time or day cannot be right.")


def _quorum(n: Numbers) -> str:
    return ngettext(
        "%(num)s more person must confirm.", "%(num)s more people must confirm.", n.get("missing", 1)
    )


def _same_again(n: Numbers) -> str:
    if "amount" not in n:
        return _("You have just paid the same. Pay again?")
    return _(
        "You paid the same person %(amount)s %(time)s ago. Pay the same again?",
        amount=money(n["amount"]),
        time=_time(n),
    )


def _same_slip(n: Numbers) -> str:
    if "amount" not in n:
        return _("An equal slip is in the book already.")
    return _(
        "An equal slip of this day is in the book already: the same two people, %(amount)s. Is this another one?",
        amount=money(n["amount"]),
    )


def _own_claim(n: Numbers) -> str:
    if "recipient" in n:
        return _("Who cared and who was cared for cannot be the same person. Write whom the care was for.")
    return _("Nobody confirms their own care. Name others who were there.")


def _already_signed(n: Numbers) -> str:
    if "most" in n:
        return _("Name every person once, and at most %(most)s people.", most=n["most"])
    return _("You have already confirmed this.")


def _unknown_account(n: Numbers) -> str:
    if "hub" in n:
        return _("A digit of this number is wrong: nobody can have it. Compare it with the card.")
    if "number" in n:
        return _("Nobody here has the number %(number)s.", number=n["number"])
    return _("Nobody here has this number.")


def _hub_forked(n: Numbers) -> str:
    with the_hub().reading() as tx:
        found = other_hub(tx, n.get("hub", 0))
    return _(
        "%(village)s has sent two different posts under one number, so nothing goes there until its founders have looked at it.",
        village=found.name if found else _("This village"),
    )


def _unknown_hub(n: Numbers) -> str:
    with the_hub().reading() as tx:
        others = other_hubs(tx)
    if not others:
        return _("This number is of another village, and no other village is connected with this one yet.")
    here = the_rules().community
    villages = [(here.hub, here.hub_name), *((hub.number, hub.name) for hub in others)]
    names = ", ".join(f"{name} ({number})" for number, name in sorted(villages))
    if "hub" not in n:
        return _("There is no such village. There are: %(names)s.", names=names)
    return _("No village has the number %(number)s. There are: %(names)s.", number=n["hub"], names=names)


def _trunk_limit(n: Numbers) -> str:
    if "can_send" not in n or "hub" not in n:
        return _("The limit between the two villages is reached.")
    with the_hub().reading() as tx:
        hub = other_hub(tx, n["hub"])
    village = hub.name if hub else str(n["hub"])
    if not n["can_send"]:
        return _(
            "Nothing can go to %(village)s now: the limit between the two villages is reached. A keeper can raise it.",
            village=village,
        )
    return _(
        "%(amount)s is more than can go to %(village)s now: %(room)s can, by the limit between the two villages.",
        amount=money(n["amount"]),
        village=village,
        room=money(n["can_send"]),
    )


def _shares_wrong(n: Numbers) -> str:
    if "nobody" in n:
        return _("Nobody would be left to pay. Take all of it back instead.")
    if "twice" in n:
        return _("This person stands here twice. Name everybody once.")
    return _(
        "Name %(fewest)s to %(most)s people, everybody once, each with an amount.",
        fewest=n.get("fewest", 2),
        most=n.get("most", 20),
    )


def _share_stuck(n: Numbers) -> str:
    with the_hub().reading() as tx:
        who = person(tx, n.get("number", 0))
    return _(
        "%(name)s has agreed, but cannot pay just now, so nothing was paid. Who asked can go on without that person.",
        name=name_of(who),
    )


def _weak(n: Numbers) -> str:
    return _(
        "This PIN is too easy or has the wrong length. Take %(shortest)s to %(longest)s digits, not all the same and "
        "not in a row like 1234.",
        shortest=n.get("shortest", 4),
        longest=n.get("longest", 8),
    )


def _moving(n: Numbers) -> str:
    if "can_give" in n:
        return _(
            "You are moving to another village: your account here only goes to zero. It can give %(room)s.",
            room=money(n["can_give"]),
        )
    return _(
        "You are moving to another village: your account here only goes to zero. It can receive %(room)s.",
        room=money(n.get("can_receive", 0)),
    )


def _not_zero(n: Numbers) -> str:
    balance = n.get("balance", 0)
    if balance < 0:
        return _(
            "This account still owes %(amount)s. It can be earned back; or two keepers let the commons carry it.",
            amount=money(-balance),
        )
    return _(
        "This account still has %(amount)s. It can be spent or given away; or two keepers give it to the commons or "
        "to somebody who is named.",
        amount=money(balance),
    )


SENTENCES: Final[Mapping[Code, Callable[[Numbers], str]]] = {
    Code.NOT_ACTIVE: lambda _n: _("A keeper must say yes before you can do this."),
    Code.FROZEN: lambda _n: _(
        "A keeper has frozen this account. Nothing moves until a keeper frees it again."
    ),
    Code.MOVING: _moving,
    Code.ACCOUNT_NOT_ZERO: _not_zero,
    Code.ACCOUNT_ZERO: lambda _n: _("The balance is zero: the account can be closed as it is."),
    Code.UNDER_WAY: lambda _n: _(
        "A payment to another hub, a contested payment or confirmed care is not finished yet. It must end first."
    ),
    Code.GRANT_STANDS: lambda _n: _(
        "This person has been asked already, or may act on this account already."
    ),
    Code.NO_GRANT: lambda _n: _("Nobody's consent to this stands any more. Nothing was done."),
    Code.VOUCHERS_MISSING: lambda n: ngettext(
        "%(num)s member must say that they know this person; %(have)s have done so.",
        "%(num)s members must say that they know this person; %(have)s have done so.",
        n.get("wanted", 0),
        have=n.get("have", 0),
    ),
    Code.WRONG_STATUS: lambda _n: _(
        "This does not fit how things stand with this person now. Please look again."
    ),
    Code.STILL_KEEPER: lambda _n: _(
        "This person is a keeper. That must be ended first, by two other keepers or by the root paper."
    ),
    Code.NOT_KEEPER: lambda _n: _("Only a keeper can do this."),
    Code.NOT_YOURS: lambda _n: _("This is not yours to do."),
    Code.PIN_WRONG: _pin_wrong,
    Code.PIN_WAIT: lambda n: _(
        "Too many wrong PINs. Wait %(time)s, then try again. A keeper can give you a new PIN.", time=_time(n)
    ),
    Code.PIN_WEAK: _weak,
    Code.SHEET_WRONG: lambda _n: _(
        "Number and sheet do not belong together: a letter may be wrong, or a newer sheet was made."
    ),
    Code.NO_REENTRY: lambda _n: _("This is over: it was stopped, or done already. Ask again with the sheet."),
    Code.REENTRY_WAITS: lambda _n: _(
        "Not yet: a keeper who sees you must say yes, or a day must pass after you have asked."
    ),
    Code.BUSY: lambda _n: _("The hub is busy. Nothing has happened. Wait a moment and try again."),
    Code.CANNOT_WRITE: lambda _n: _(
        "The hub cannot write now: its card is full or failing. Nothing was moved. Please tell a keeper."
    ),
    Code.BOOK_DAMAGED: lambda _n: _(
        "The book is damaged, so nobody can pay now. Nothing was moved. Write the payment on a paper slip, and tell a keeper."
    ),
    Code.LOOKED_AT: lambda _n: _(
        "The hub looks at its book after a power cut. Nothing was moved. Wait a minute or two and press the same button again."
    ),
    Code.NOT_SURE: lambda _n: _(
        "It is not known yet whether this was done: the hub's card failed at the last step. Press the same button again:"
        " it is done once, never twice. If that does not help, look at your first page later, and tell a keeper."
    ),
    Code.KEY_REUSED: lambda _n: _(
        "This page was already sent once, with other words or another amount. Nothing was moved now."
    ),
    Code.UNKNOWN_ACCOUNT: _unknown_account,
    Code.ACCOUNT_CLOSED: lambda _n: _("This person cannot trade here now."),
    Code.OWN_ACCOUNT: lambda _n: _("This is your own account."),
    Code.AMOUNT_WRONG: _amount_wrong,
    Code.PAYER_LIMIT: _payer_limit,
    Code.PAYEE_LIMIT: _payee_limit,
    Code.LIMITS_WRONG: lambda _n: _(
        "These limits cannot be: the low one is zero or less, the high one zero or more."
    ),
    Code.SAME_AGAIN: _same_again,
    Code.SAME_SLIP: _same_slip,
    Code.PILE_CLOSED: lambda _n: _("This pile has been typed in already. Nothing is added to it."),
    Code.UNKNOWN_TRANSFER: lambda _n: _("There is no such payment or request."),
    Code.NOT_PENDING: lambda _n: _("This request has already been answered or cancelled."),
    Code.NOT_REVERSIBLE: lambda _n: _("This payment cannot be given back."),
    Code.ALREADY_REVERSED: lambda _n: _("This payment has already been given back."),
    Code.UNKNOWN_HUB: _unknown_hub,
    Code.HUB_FORKED: _hub_forked,
    Code.PARTY: lambda _n: _("You have a part in this yourself: another keeper must do it."),
    Code.ALREADY_ASKED: lambda _n: _(
        "It has been asked back once already. If that was not answered well, say that something is wrong."
    ),
    Code.DISPUTED: lambda _n: _("Somebody has already said that something is wrong with this payment."),
    Code.HAS_KEY: lambda _n: _(
        "This person has a PIN and says it with that: on a phone, or here at the hub."
    ),
    Code.NOT_DISPUTED: lambda _n: _("Nobody says any more that something is wrong with this payment."),
    Code.SHARES_WRONG: _shares_wrong,
    Code.SHARE_STUCK: _share_stuck,
    Code.ALREADY_IMPORTED: lambda _n: _("This very file has been taken in already. It stands in the log."),
    Code.TWO_KEEPERS: lambda n: (
        _("You have a part in this file yourself, so a second keeper must agree to it.")
        if "own" in n
        else _(
            "A second keeper must agree to this file: what it brings passes rules that hold for everybody."
        )
    ),
    Code.NOT_BALANCED: lambda n: _(
        "The amounts must be zero in all, and they are %(difference)s. Nobody makes up the difference by itself.",
        difference=money(n.get("difference", 0)),
    ),
    Code.HAS_MOVED: lambda n: _(
        "Something has already been paid on account %(number)s: it cannot begin with another balance.",
        number=n.get("number", ""),
    ),
    Code.TRUNK_LIMIT: _trunk_limit,
    Code.NOT_ON_WAY: lambda _n: _(
        "This payment is not on its way any more, or it has been asked back already."
    ),
    Code.NOT_HELD: lambda _n: _("This payment does not wait any more."),
    Code.NOT_YET: lambda _n: _("It is too early for this."),
    Code.NOT_APPLIED: lambda _n: _("This person is not waiting to be let in."),
    Code.NAME_MISSING: lambda _n: _("Please type a name."),
    Code.TEXT_MISSING: lambda _n: _("Please write something here; it must not be empty."),
    Code.TEXT_TOO_LONG: _too_long,
    Code.UNKNOWN_CATEGORY: lambda _n: _("Please choose a kind from the list."),
    Code.SETTING_WRONG: lambda _n: _("This rule cannot have that value."),
    Code.UNKNOWN_LISTING: lambda _n: _("This offer or want is not there."),
    Code.LISTING_CLOSED: lambda _n: _("This offer or want has been taken down."),
    **sentences_market.SENTENCES,
    Code.UNKNOWN_CLAIM: lambda _n: _("There is no care with this code."),
    Code.CLAIM_CLOSED: lambda _n: _("This care has already been confirmed, paid or taken back."),
    Code.OWN_CLAIM: _own_claim,
    Code.ALREADY_SIGNED: _already_signed,
    Code.TERMS_CHANGED: lambda _n: _("This has changed since you looked. Please look again."),
    Code.TIME_WRONG: _time_wrong,
    Code.QUORUM_MISSING: _quorum,
    Code.CLOCK_FAR: lambda _n: _(
        "So far one keeper alone does not set the clock. Propose it to a second keeper."
    ),
    Code.CLOCK_MOVED: lambda _n: _(
        "The hub's clock has been set meanwhile, or the hub was switched off. Please begin anew."
    ),
    Code.CLOCK_WRONG: lambda _n: _(
        "That cannot be the time now. Type the day and the time, like 25/3/2027 and 14:32."
    ),
    **sentences_care.SENTENCES,
    **sentences_two.SENTENCES,
    **sentences_talk.SENTENCES,
    **sentences_restored.SENTENCES,
}
