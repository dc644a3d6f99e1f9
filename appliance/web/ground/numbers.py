"""Whole numbers in addresses: as far as the database can hold them, no further."""

from typing import Final

from flask import request
from werkzeug.routing import IntegerConverter

_MOST_DIGITS: Final = 15


class Number(IntegerConverter):
    """``<number:n>`` in a route: a member's number, from 1; one that is too long names no page."""

    regex = rf"[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}"


def number_asked(name: str) -> int | None:
    """The whole number ``name`` behind the question mark; None when there is none that could be meant."""
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None
