"""What is wrong with a row, in a sentence, and what to do: for the command line.

The portal says the same in the reader's language (``web.file_words``); a test holds both together.
"""

from collections.abc import Mapping
from typing import Final

from appliance.ledger.files.reading import Problem
from appliance.ledger.values import Unit

AMOUNTS: Final = ("difference", "ceiling")
"""Numbers of problems that are amounts in minor units."""

WORDS: Final[Mapping[str, str]] = {
    # the file as a whole
    "large": "The file is too large: at most %(most)s MB. Split it.",
    "spreadsheet": "This is a spreadsheet, not a CSV file. Open it and save it as CSV.",
    "no_text": "This is no text that can be read. Save it as CSV in UTF-8.",
    "empty": "The file is empty.",
    "rows": "The file has too many rows: at most %(most)s. Split it.",
    "columns": "The first line must name the columns. Missing: %(missing)s.",
    "column_twice": "Two columns have this name. Remove one.",
    "taken": "This very file has been taken in already, as entry %(entry)s.",
    "nothing": "There is nothing in it to take in.",
    "not_balanced": "The opening balances must be zero in all; they are %(difference)s. Find the mistake, or add a row for the commons with the difference.",
    # a row
    "row": "From here on the file cannot be read: a quotation mark is missing, or a cell is far too long.",
    "cells": "The row has %(cells)s cells, the first line has %(columns)s. Put a cell with a separator inside into quotation marks.",
    "long": "The cell is too long: at most %(longest)s characters.",
    "missing": "This cell must not be empty.",
    "too_long": "The text has %(length)s characters; at most %(longest)s fit. Shorten it.",
    "choice": "Write one of: %(options)s.",
    "twice": "The same stands in line %(before)s already. Remove one of the two.",
    # amounts and days
    "amount": "This is no amount that is certain. Write it like 1500.00 or -2.50.",
    "minor": "Write a whole number here, without a point.",
    "too_much": "This is more than can be counted: at most %(ceiling)s.",
    "differ": "It is not the same amount as in the column %(other)s. Empty one of the two.",
    "not_positive": "Write an amount above zero.",
    "levy": "The levy must be less than the amount, and payments of the commons have none.",
    "limit_side": "The low limit is zero or less, the high one zero or more.",
    "limit_missing": "Write both limits or neither; none stands for no limit.",
    "day": "This is no day that is certain. Write it like 2024-05-31.",
    "day_range": "The day must be after 1969 and not in the future.",
    "until_over": "This day is over. Write a later one, or nothing: then it stays as long as the village's rules say.",
    "until_far": "This is too far ahead: at most %(days)s days from now. Write nothing, and it stays as long as the village's rules say.",
    "quantity": "Write a whole number from 0 to %(most)s, or nothing.",
    # people
    "number": "This is no account number: its check digit does not fit. Write it like %(example)s, or say that the numbers are old ones.",
    "other_hub": "This account is at the hub %(hub)s. Only accounts of this hub can stand here.",
    "nobody": "Nobody here has this account.",
    "nobody_old": "Nobody came out of the old list with this number. Take in the file of members first.",
    "nobody_named": "Nobody here has this name. Write the account number.",
    "several": "%(count)s people fit. Write the account number.",
    "left": "%(name)s cannot trade here now: frozen, or has left.",
    "other_name": "This account is that of %(name)s. Correct the number or the name.",
    "same": "Payer and payee are the same.",
    "old_known": "Somebody with this old number has been taken in before.",
    "has_moved": "Something has been paid on the account of %(name)s already: it gets no opening balance.",
}


def sentence(problem: Problem, unit: Unit) -> str:
    """What is wrong, and what to do."""
    return WORDS[problem.why] % told(problem, unit)


def told(problem: Problem, unit: Unit) -> dict[str, object]:
    """A problem's numbers as plain text."""
    return {
        name: f"{unit.plain(int(value))} {unit.symbol}" if name in AMOUNTS else value
        for name, value in problem.numbers.items()
    }
