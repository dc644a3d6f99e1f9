"""What is wrong with a row, what a file holds, and a row as it was understood: in the reader's language.

The sentences are those of ``ledger.files.words``; a test holds both together.
"""

from collections.abc import Callable, Mapping
from typing import Final

from flask_babel import gettext as _

from appliance.ledger.files.reading import Problem
from appliance.ledger.files.rows import Account, Understood
from appliance.ledger.files.words import AMOUNTS
from appliance.ledger.people.imports import LISTINGS, MEMBERS, OPENINGS, TRANSFERS
from appliance.web.wording.amounts import money
from appliance.web.wording.kind_words import UNIT_WORDS
from appliance.web.wording.labels import date_words, group_word
from appliance.web.wording.words import about

TITLES: Final[Mapping[str, Callable[[], str]]] = {
    MEMBERS: lambda: _("Members"),
    OPENINGS: lambda: _("Opening balances"),
    LISTINGS: lambda: _("Offers and wants"),
    TRANSFERS: lambda: _("Earlier payments"),
}
"""What a file that comes in may hold."""

ALL: Final[Mapping[str, Callable[[], str]]] = {
    MEMBERS: lambda: _("All members"),
    LISTINGS: lambda: _("All offers and wants"),
    TRANSFERS: lambda: _("All payments"),
}
"""What a file that goes out holds."""

HINTS: Final[Mapping[str, Callable[[], str]]] = {
    MEMBERS: lambda: _(
        "One row for each person. Needed: “name”. Also: “kind”, “number” (in the old list), “low” and “high”, “opening”."
    ),
    OPENINGS: lambda: _(
        "One row for each account. Needed: “number” or “name”, and “amount”. All amounts together must be zero."
    ),
    LISTINGS: lambda: (
        _("One row for each offer or want. Needed: “owner”, “kind” (“offer” or “want”), “title”.")
        + " "
        + _("Also: %(columns)s.", columns="category, text, price, unit, quantity, times, place, until")
    ),
    TRANSFERS: lambda: _("One row for each payment. Needed: “day”, “payer”, “payee”, “amount”."),
}
"""Which columns it needs."""

_WORDS: Final[Mapping[str, Callable[[], str]]] = {
    # the file as a whole
    "large": lambda: _("The file is too large: at most %(most)s MB. Split it."),
    "spreadsheet": lambda: _("This is a spreadsheet, not a CSV file. Open it and save it as CSV."),
    "no_text": lambda: _("This is no text that can be read. Save it as CSV in UTF-8."),
    "empty": lambda: _("The file is empty."),
    "rows": lambda: _("The file has too many rows: at most %(most)s. Split it."),
    "columns": lambda: _("The first line must name the columns. Missing: %(missing)s."),
    "column_twice": lambda: _("Two columns have this name. Remove one."),
    "taken": lambda: _("This very file has been taken in already, as entry %(entry)s."),
    "nothing": lambda: _("There is nothing in it to take in."),
    "not_balanced": lambda: _(
        "The opening balances must be zero in all; they are %(difference)s. Find the mistake, or add a row for the commons with the difference."
    ),
    # a row
    "row": lambda: _(
        "From here on the file cannot be read: a quotation mark is missing, or a cell is far too long."
    ),
    "cells": lambda: _(
        "The row has %(cells)s cells, the first line has %(columns)s. Put a cell with a separator inside into quotation marks."
    ),
    "long": lambda: _("The cell is too long: at most %(longest)s characters."),
    "missing": lambda: _("This cell must not be empty."),
    "too_long": lambda: _("The text has %(length)s characters; at most %(longest)s fit. Shorten it."),
    "choice": lambda: _("Write one of: %(options)s."),
    "twice": lambda: _("The same stands in line %(before)s already. Remove one of the two."),
    # amounts and days
    "amount": lambda: _("This is no amount that is certain. Write it like 1500.00 or -2.50."),
    "minor": lambda: _("Write a whole number here, without a point."),
    "too_much": lambda: _("This is more than can be counted: at most %(ceiling)s."),
    "differ": lambda: _("It is not the same amount as in the column %(other)s. Empty one of the two."),
    "not_positive": lambda: _("Write an amount above zero."),
    "levy": lambda: _("The levy must be less than the amount, and payments of the commons have none."),
    "limit_side": lambda: _("The low limit is zero or less, the high one zero or more."),
    "limit_missing": lambda: _("Write both limits or neither; none stands for no limit."),
    "day": lambda: _("This is no day that is certain. Write it like 2024-05-31."),
    "day_range": lambda: _("The day must be after 1969 and not in the future."),
    "until_over": lambda: _(
        "This day is over. Write a later one, or nothing: then it stays as long as the village's rules say."
    ),
    "until_far": lambda: _(
        "This is too far ahead: at most %(days)s days from now. Write nothing, and it stays as long as the village's rules say."
    ),
    "quantity": lambda: _("Write a whole number from 0 to %(most)s, or nothing."),
    # people
    "number": lambda: _(
        "This is no account number: its check digit does not fit. Write it like %(example)s, or say that the numbers are old ones."
    ),
    "other_hub": lambda: _("This account is at the hub %(hub)s. Only accounts of this hub can stand here."),
    "nobody": lambda: _("Nobody here has this account."),
    "nobody_old": lambda: _(
        "Nobody came out of the old list with this number. Take in the file of members first."
    ),
    "nobody_named": lambda: _("Nobody here has this name. Write the account number."),
    "several": lambda: _("%(count)s people fit. Write the account number."),
    "left": lambda: _("%(name)s cannot trade here now: frozen, or has left."),
    "other_name": lambda: _("This account is that of %(name)s. Correct the number or the name."),
    "same": lambda: _("Payer and payee are the same."),
    "old_known": lambda: _("Somebody with this old number has been taken in before."),
    "has_moved": lambda: _(
        "Something has been paid on the account of %(name)s already: it gets no opening balance."
    ),
}


def problem_words(problem: Problem) -> str:
    """What is wrong, and what to do."""
    told = {name: money(int(value)) if name in AMOUNTS else value for name, value in problem.numbers.items()}
    return _WORDS[problem.why]() % told


def row_words(one: Understood, what: str) -> str:
    """A row as it was understood."""
    who = _name(one.account)
    if what == MEMBERS:
        kind = _("the commons") if not one.kind else group_word(one.kind)
        if one.amount:
            return _(
                "%(name)s: %(kind)s, begins with %(amount)s", name=who, kind=kind, amount=money(one.amount)
            )
        return f"{who}: {kind}"
    if what == OPENINGS:
        return _("%(name)s begins with %(amount)s", name=who, amount=money(one.amount))
    if what == LISTINGS:
        kind = _("offers") if one.kind == "offer" else _("wants")
        price = "" if one.price is None else f", {money(one.price)}"
        price += f" {UNIT_WORDS[one.unit]()}" if one.unit else ""
        said = ", ".join([f"{about(one.category)}{price}", *one.beside])
        return f"{who} {kind}: {one.title} ({said})"
    return _(
        "%(day)s: %(payer)s paid %(amount)s to %(payee)s",
        day=date_words(one.day),
        payer=who,
        amount=money(one.amount),
        payee=_name(one.other),
    )


def _name(account: Account | None) -> str:
    return account.name if account is not None and account.number else _("the commons")
