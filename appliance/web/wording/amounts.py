"""Amounts, times and people in the reader's language. Integers in, text out; never a float."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, dates, numbers
from flask import g
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from appliance.ledger.amounts import Notation, parse_amount
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.money import levy
from appliance.ledger.reads.member import TransferView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.splits import SplitView
from appliance.ledger.values import Account, AccountNumber, Amount, Unit, western_digits
from appliance.web.ground.here import the_hub, the_rules, the_unit
from appliance.web.ground.i18n import apart, direction_of, from_the_right, language

_NO_BREAK = "\u00a0"

_JUST_NOW_MS = 20_000
_LEFT_TO_RIGHT = "\u200e"
_OPENED, _MARKS = "\u2068", dict.fromkeys(range(0x2066, 0x206A))
_FROM_THE_LEFT, _FROM_THE_RIGHT, _CLOSED = "\u2066", "\u2067", "\u2069"

_DATES = {"en": "en_001"}
"""English as most of the world writes dates: 1 Jun 2026, 19:42."""


def date_locale() -> Locale:
    """How dates are written: in English the day before the month, as in most of the world."""
    locale = get_locale()
    return Locale.parse(_DATES.get(str(locale), str(locale)))


def _writing() -> tuple[Unit, str]:
    """What amounts are counted in, and the reader's language: found once a request, neither changes within it."""
    known: tuple[Unit, str] | None = g.get("writing")
    if known is None:
        known = g.writing = (the_unit(), language())
    return known


@lru_cache(maxsize=4096)
def _written(amount: int, decimals: int, pattern: str, locale: str) -> str:
    """Remembered, as it is always the same: a page has a dozen amounts, and many pages the same ones."""
    places = f".{'0' * decimals}" if decimals else ""
    return numbers.format_decimal(Decimal(amount).scaleb(-decimals), format=pattern + places, locale=locale)


def money(amount: int) -> str:
    """``3.50 h``; a debt has a real minus sign."""
    return _amount("−" if amount < 0 else "", amount, _writing()[0].symbol)


def _amount(sign: str, amount: int, symbol: str) -> str:
    unit, code = _writing()
    return _in_line(sign, _written(abs(amount), unit.decimals, "#,##0", code), symbol, code)


@lru_cache(maxsize=4096)
def _in_line(sign: str, digits: str, symbol: str, code: str) -> str:
    """Sign, digits and unit, in this order whatever they stand among (isolates of Unicode, UAX 9).

    Among letters that are read from the right a sign would go behind its number, and a unit before it.
    """
    text = sign + digits + (_NO_BREAK + symbol if symbol else "")
    if not from_the_right(symbol):
        return apart(text, code)
    opens = _FROM_THE_RIGHT if direction_of(code) == "rtl" else _FROM_THE_LEFT
    return f"{opens}{_LEFT_TO_RIGHT}{text}{_CLOSED}"


def levy_on(amount: int, payee: Person) -> int:
    """What the commons keeps of a payment of ``amount`` to ``payee`` by the rules in force now."""
    credit = the_rules().credit
    if payee.far or payee.commons:
        return 0
    return levy.of(amount, credit.levy_rate, credit.levy_round, credit.levy_from)


def percent(per_mille: int) -> str:
    """``2.5 %``, as the reader's language writes it."""
    return numbers.format_percent(Decimal(per_mille).scaleb(-3), format="#,##0.#\u00a0%", locale=get_locale())


def signed(amount: int) -> str:
    """``+3.50 h`` or ``−3.50 h``, for lines of a statement."""
    return _amount(_sign(amount), amount, _writing()[0].symbol)


def figure(amount: int) -> str:
    """``+3.50`` or ``−3.50``: for columns whose heading names the unit."""
    return _amount(_sign(amount), amount, "")


def _sign(amount: int) -> str:
    return "−" if amount < 0 else "+" if amount > 0 else ""


def hundredths(number: int) -> str:
    """``1.25`` of 125."""
    return numbers.format_decimal(Decimal(number).scaleb(-2), format="0.00", locale=get_locale())


def notation() -> Notation:
    """How the reader's language writes numbers."""
    return _notation_in(_writing()[1])


@lru_cache(maxsize=32)
def _notation_in(code: str) -> Notation:
    return notation_of(Locale.parse(code))


def notation_of(locale: Locale) -> Notation:
    """How ``locale`` writes numbers (Unicode CLDR, by Babel)."""
    signs, pattern = locale.number_symbols["latn"], locale.decimal_formats[None]
    grouping = signs["group"]
    return Notation(signs["decimal"], grouping if grouping in ".," else " ", pattern.grouping[1] == 2)


def read_amount(text: str) -> Amount:
    """A positive amount in the community's unit, as the reader types it. Raises BadAmount."""
    return parse_amount(text, _writing()[0], notation())


def zero_or_more(typed: str) -> int:
    """An amount that may be zero, as people type it. Raises BadAmount."""
    plain = western_digits(typed).strip()
    if plain and not plain.strip("0") and len(plain) <= 12:
        return 0
    return read_amount(typed)


def typed(amount: int) -> str:
    """As one would type it into a field: no grouping, no unit."""
    unit, code = _writing()
    return _written(amount, unit.decimals, "0", code)


def when(instant: Instant) -> str:
    """The moment in the village's own time, as the hub believed it."""
    moment = datetime.fromtimestamp(instant.ms / 1000, UTC).astimezone()
    locale = date_locale()
    comma = "،" if locale.language == "ar" else ","
    return f"{dates.format_date(moment.date(), 'medium', locale)}{comma} {dates.format_time(moment.time(), 'HH:mm', locale=locale)}"


def day(instant: Instant) -> str:
    """The day of ``instant``."""
    return date_of(datetime.fromtimestamp(instant.ms / 1000, UTC).astimezone().date())


def date_of(day: date, length: str = "medium") -> str:
    """A date of the calendar, as people write it."""
    return _dated(day, length, _writing()[1])


@lru_cache(maxsize=1024)
def _dated(day: date, length: str, locale: str) -> str:
    return dates.format_date(day, length, _DATES.get(locale, locale))


def moment(ms: int) -> Instant:
    """Milliseconds since 1970 as a moment of which nothing else is known."""
    return Instant(Millis(ms), Quality.NONE)


def doubtful(instant: Instant) -> bool:
    """Whether a receipt should say that the hub was not certain of the time."""
    return instant.quality < Quality.RTC


def duration(seconds: int) -> str:
    """``30 seconds``, ``10 minutes``; at least a second."""
    return dates.format_timedelta(max(1, seconds), threshold=1.2, locale=get_locale())


def decibel(level: float) -> str:
    """``−2.5 dB``."""
    digits = numbers.format_decimal(abs(level), format="0.#", locale=get_locale())
    return apart(("−" if level < 0 else "") + digits + _NO_BREAK + "dB", language())


def on_foot(minutes: int) -> str:
    """How far a village is: ``40 min on foot``, ``1 h 20 min on foot``."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        text = _("%(minutes)s min on foot", minutes=rest)
    elif not rest:
        text = _("%(hours)s h on foot", hours=hours)
    else:
        text = _("%(hours)s h %(minutes)s min on foot", hours=hours, minutes=rest)
    return apart(text, language())


def ago(instant: Instant) -> str:
    """How long ago, as ``5 minutes ago``; the moment itself when the clock has been set back since."""
    passed = the_hub().clock.now().ms - instant.ms
    if passed < 0:
        return when(instant)
    if passed < _JUST_NOW_MS:
        return _("just now")
    return _("%(time)s ago", time=duration(passed // 1000))


def name_of(who: Person | None) -> str:
    """The name to show; the commons and the nameless get a word, people of other villages theirs.

    One in Arabic or Hebrew ends with a mark: what follows in the sentence, an amount above all, stays after it. On
    a page that is read from the right, others are kept apart.
    """
    name = _named(who)
    if not from_the_right(name):
        return apart(name, language())
    return name + _LEFT_TO_RIGHT if direction_of(language()) == "ltr" else name


def plain_name(who: Person | None) -> str:
    """The name as ``name_of`` shows it, without any mark: for files."""
    name = _named(who)
    return name.translate(_MARKS) if _OPENED in name else name


def _named(who: Person | None) -> str:
    if who is None:
        return _("anybody")
    if who.far:
        return _far_name(who)
    if who.commons:
        return _("the commons")
    if who.unresolved:
        return _("not yet known")
    if who.owner is not None:
        name = who.name or _("account %(number)s", number=account_of(who).short)
        return _("%(account)s (%(owner)s)", account=name, owner=plain_name(who.owner))
    return who.name or _("member %(number)s", number=account_of(who).short)


def name_and_number(who: Person) -> str:
    """The name and the number here, as plain text."""
    return f"{name_of(who)} {account_of(who).short}"


def _far_name(who: Person) -> str:
    if who.commons:
        return _("the commons of %(village)s", village=who.hub_name)
    if who.unchecked:
        return _("%(number)s of %(village)s", number=account_of(who).full, village=who.hub_name)
    return _("%(name)s of %(village)s", name=who.name, village=who.hub_name)


def giver(t: TransferView) -> str:
    """From whom credit goes, or is asked to go; several people of a split by their number."""
    if t.split is None:
        return name_of(t.payer)
    return _several(t.split) if t.split.several_pay == (t.undoes is None) else name_of(t.split.one)


def getter(t: TransferView) -> str:
    """To whom it goes; several people of a split by their number."""
    if t.split is None:
        return name_of(t.payee)
    return name_of(t.split.one) if t.split.several_pay == (t.undoes is None) else _several(t.split)


def _several(split: SplitView) -> str:
    return ngettext("%(num)s person", "%(num)s people", split.asked)


def account_of(who: Person | int) -> Account:
    """The account of somebody, at whatever hub; of a number, at this one."""
    if isinstance(who, Person):
        return Account(who.hub or the_hub().number, who.number)
    return Account(the_hub().number, AccountNumber(who))
