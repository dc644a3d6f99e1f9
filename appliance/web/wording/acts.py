"""Acts of keepers, of the root paper and of the hub, told in words: for the log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.book.schema import Crossing
from appliance.ledger.book.schema_closing import Closing
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.reads import care, slips
from appliance.ledger.reads import member as reads
from appliance.ledger.reads.crossings import other_hub
from appliance.ledger.reads.desk import LogLine
from appliance.ledger.reads.people import person
from appliance.ledger.reads.village import rules_before
from appliance.web.wording import (
    acts_clock,
    acts_files,
    acts_grants,
    acts_market,
    acts_restored,
    acts_rules,
    acts_sheets,
    acts_talk,
    acts_two,
)
from appliance.web.wording.amounts import getter, giver, money, name_of, on_foot
from appliance.web.wording.labels import care_word, date_words, group_word


@dataclass(frozen=True, slots=True)
class Told:
    """One act: its number in the book, when, what in one sentence, why (may be empty)."""

    entry: int
    at: Instant
    what: str
    why: str


def told(tx: Tx, line: LogLine) -> Told:
    """``line`` in words."""
    return Told(line.entry, line.at, _SENTENCES.get(line.kind, _other)(tx, line), line.reason)


def who_of(line: LogLine) -> str:
    """Who acted: a keeper, the root paper, or the hub by its rules."""
    if line.who is not None:
        return name_of(line.who)
    if line.authority.startswith("root:"):
        return _("The root paper")
    if line.authority.startswith("hub:"):
        return _("The hub, by its rules,")
    return _("A newcomer")


def _found(_tx: Tx, _line: LogLine) -> str:
    return _("The hub was founded.")


def _approve(_tx: Tx, line: LogLine) -> str:
    return _("%(who)s let %(name)s in.", who=who_of(line), name=name_of(line.about))


def _turn_away(_tx: Tx, line: LogLine) -> str:
    return _("%(who)s did not let %(name)s in.", who=who_of(line), name=name_of(line.about))


def _appoint(_tx: Tx, line: LogLine) -> str:
    return _("%(who)s made %(name)s a keeper.", who=who_of(line), name=name_of(line.about))


def _new_pin(_tx: Tx, line: LogLine) -> str:
    return _("%(who)s gave %(name)s a new PIN.", who=who_of(line), name=name_of(line.about))


def _limits(_tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s set the limits of %(name)s: down to %(low)s, up to %(high)s.",
        who=who_of(line),
        name=name_of(line.about),
        low=_limit(line.payload["low"]),
        high=_limit(line.payload["high"]),
    )


def _limit(amount: int | None) -> str:
    return _("no limit") if amount is None else money(amount)


def _settle(tx: Tx, line: LogLine) -> str:
    claim = care.claim(tx, line.payload["claim"], 0)
    return _(
        "%(who)s paid %(name)s %(amount)s from the commons for care: %(kind)s.",
        who=who_of(line),
        name=name_of(line.about),
        amount=money(claim.amount if claim else 0),
        kind=care_word(claim.category if claim else "other"),
    )


def _reverse(tx: Tx, line: LogLine) -> str:
    undone = reads.transfer(tx, line.payload["transfer"], line.who.number if line.who else 0, as_keeper=True)
    if undone is None:
        return _other(tx, line)
    return _(
        "%(who)s gave back %(amount)s from %(payer)s to %(payee)s.",
        who=who_of(line),
        amount=money(undone.amount),
        payer=getter(undone),
        payee=giver(undone),
    )


def _end_dispute(tx: Tx, line: LogLine) -> str:
    t = reads.transfer(tx, line.payload["transfer"], line.who.number if line.who else 0, as_keeper=True)
    if t is None:
        return _other(tx, line)
    return _(
        "%(who)s wrote down how it ended that %(amount)s from %(payer)s to %(payee)s was contested.",
        who=who_of(line),
        amount=money(t.amount),
        payer=giver(t),
        payee=getter(t),
    )


def _end_objection(tx: Tx, line: LogLine) -> str:
    claim = care.of_objection(tx, line.payload["objection"])
    if claim is None:
        return _other(tx, line)
    told = {
        "who": who_of(line),
        "name": name_of(claim.carer),
        "amount": money(claim.amount),
        "kind": care_word(claim.category),
    }
    if line.payload["verdict"] == "upheld":
        return _("%(who)s found that care of %(name)s is not right: %(kind)s, %(amount)s.", **told)
    return _("%(who)s found that care of %(name)s is right: %(kind)s, %(amount)s.", **told)


def _dispute_for(tx: Tx, line: LogLine) -> str:
    t = reads.transfer(tx, line.payload["transfer"], line.who.number if line.who else 0, as_keeper=True)
    if t is None:
        return _other(tx, line)
    return _(
        "%(who)s noted for %(name)s, who has no PIN, that something is wrong with %(amount)s from %(payer)s to %(payee)s.",
        who=who_of(line),
        name=name_of(line.about),
        amount=money(t.amount),
        payer=giver(t),
        payee=getter(t),
    )


def _admit(_tx: Tx, line: LogLine) -> str:
    return _(
        "The founders admitted %(village)s (%(number)s) to the community.",
        village=line.payload["name"],
        number=line.payload["hub"],
    )


def _village(tx: Tx, hub: int) -> str:
    found = other_hub(tx, hub)
    return found.name if found else str(hub)


def _trunk(tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s set the limits toward %(village)s: it may owe us %(low)s, we may owe it %(high)s.",
        who=who_of(line),
        village=_village(tx, line.payload["hub"]),
        low=money(-line.payload["low"]),
        high=money(line.payload["high"]),
    )


def _distance(tx: Tx, line: LogLine) -> str:
    village, minutes = _village(tx, line.payload["hub"]), line.payload["minutes"]
    if minutes is None:
        return _("%(who)s took back how far %(village)s is.", who=who_of(line), village=village)
    return _(
        "%(who)s wrote down how far %(village)s is: %(far)s.",
        who=who_of(line),
        village=village,
        far=on_foot(minutes),
    )


def _send_back(tx: Tx, line: LogLine) -> str:
    crossing = tx.get(Crossing, id=line.payload["transfer"])
    if crossing is None:
        return _other(tx, line)
    return _(
        "%(who)s sent %(amount)s back to %(village)s that waited for %(name)s.",
        who=who_of(line),
        amount=money(crossing.amount),
        village=_village(tx, crossing.hub),
        name=name_of(line.about) if line.about else _("nobody here"),
    )


def _recall(tx: Tx, line: LogLine) -> str:
    crossing = tx.get(Crossing, id=line.payload["transfer"])
    if crossing is None:
        return _other(tx, line)
    return _(
        "%(who)s asked %(village)s for %(amount)s of %(name)s back.",
        who=who_of(line),
        village=_village(tx, crossing.hub),
        amount=money(crossing.amount),
        name=name_of(line.about),
    )


def _other(_tx: Tx, line: LogLine) -> str:
    return f"{who_of(line)}: {line.kind}"


def _rules(tx: Tx, line: LogLine) -> str:
    before = rules_before(tx, line.payload["group"], line.entry)
    words = acts_rules.words_of(line.payload["changes"], before)
    return _("%(who)s changed the rules: %(changes)s.", who=who_of(line), changes=words)


_LIFE: Final[Mapping[str, Callable[[str, str], str]]] = {
    "freeze": lambda who, name: _("%(who)s froze the account of %(name)s.", who=who, name=name),
    "unfreeze": lambda who, name: _("%(who)s freed the account of %(name)s.", who=who, name=name),
    "reopen": lambda who, name: _("%(who)s took %(name)s in again.", who=who, name=name),
    "away": lambda who, name: _("%(who)s wrote down that %(name)s is away.", who=who, name=name),
    "back": lambda who, name: _("%(who)s wrote down that %(name)s is back.", who=who, name=name),
    "move": lambda who, name: _(
        "%(who)s wrote down that %(name)s moves to another village.", who=who, name=name
    ),
    "stay": lambda who, name: _("%(who)s wrote down that %(name)s stays here.", who=who, name=name),
    "close_moved": lambda _who, name: _(
        "The account of %(name)s was at zero and is closed: %(name)s has moved to another village.", name=name
    ),
    "erase": lambda who, name: _(
        "%(who)s wrote down that personal words of %(name)s are to be erased in a week.", who=who, name=name
    ),
    "keep_texts": lambda who, name: _(
        "%(who)s wrote down that the words of %(name)s are not to be erased.", who=who, name=name
    ),
    "erase_now": lambda _who, name: _("Personal words of %(name)s were erased.", name=name),
    "vouch": lambda who, name: _("%(who)s vouched for %(name)s.", who=who, name=name),
}


def _life(tx: Tx, line: LogLine) -> str:
    about = person(tx, int(line.payload["newcomer"])) if line.kind == "vouch" else line.about
    return _LIFE[line.kind](who_of(line), name_of(about))


def _register(tx: Tx, line: LogLine) -> str:
    newcomer = person(tx, int(line.outcome["number"]))
    return _("%(who)s took in %(name)s, who has no phone.", who=who_of(line), name=name_of(newcomer))


def _close_member(_tx: Tx, line: LogLine) -> str:
    if line.payload["how"] == "died":
        return _(
            "%(who)s closed the account of %(name)s, who has died.",
            who=who_of(line),
            name=name_of(line.about),
        )
    return _(
        "%(who)s closed the account of %(name)s, who has left.", who=who_of(line), name=name_of(line.about)
    )


def _group(_tx: Tx, line: LogLine) -> str:
    return _(
        "%(who)s changed the kind of account of %(name)s: %(group)s, down to %(low)s, up to %(high)s.",
        who=who_of(line),
        name=name_of(line.about),
        group=group_word(line.payload["group"]),
        low=_limit(line.outcome["low"]),
        high=_limit(line.outcome["high"]),
    )


def _lapse(_tx: Tx, line: LogLine) -> str:
    return _(
        "The limits of %(name)s that were set for a while have ended: down to %(low)s, up to %(high)s.",
        name=name_of(line.about),
        low=_limit(line.outcome["low"]),
        high=_limit(line.outcome["high"]),
    )


def _pile(tx: Tx, line: LogLine) -> str:
    pile = slips.pile(tx, line.payload["pile"])
    assert pile is not None  # the line is one of its slips
    return ngettext(
        "%(who)s typed in %(num)s paper slip, %(amount)s in all.",
        "%(who)s typed in %(num)s paper slips, %(amount)s in all.",
        pile.count,
        who=who_of(line),
        amount=money(pile.amount),
    )


def _slip(tx: Tx, line: LogLine) -> str:
    p = line.payload
    return _(
        "%(who)s typed in a paper slip: %(payer)s paid %(payee)s %(amount)s on %(day)s.",
        who=who_of(line),
        payer=name_of(person(tx, p["payer"])),
        payee=name_of(person(tx, p["payee"])),
        amount=money(p["amount"]),
        day=date_words(p["day"]),
    )


def _restored(say: acts_restored.Sentence) -> Callable[[Tx, LogLine], str]:
    return lambda tx, line: say(tx, line, who_of(line))


def _close_year(tx: Tx, line: LogLine) -> str:
    closed = tx.get(Closing, entry=line.entry)
    upto = closed.upto if closed else line.entry
    return _(
        "%(who)s closed the year: the book up to line %(line)s is in the archive.",
        who=who_of(line),
        line=upto,
    )


_SENTENCES: Final[Mapping[str, Callable[[Tx, LogLine], str]]] = {
    "found": _found,
    "approve": _approve,
    "turn_away": _turn_away,
    "appoint_keeper": _appoint,
    "replace_key": _new_pin,
    "set_limits": _limits,
    "change_rules": _rules,
    "settle": _settle,
    "reverse": _reverse,
    "admit_hub": _admit,
    "set_trunk": _trunk,
    "set_distance": _distance,
    **{kind: _restored(say) for kind, say in acts_restored.SENTENCES.items()},
    "send_back": _send_back,
    "speak": lambda _tx, line: _("%(who)s let the hub speak to other villages again.", who=who_of(line)),
    "close_year": _close_year,
    "end_dispute": _end_dispute,
    "end_objection": _end_objection,
    "dispute_for": _dispute_for,
    "recall": _recall,
    "register": _register,
    **dict.fromkeys(_LIFE, _life),
    "close_member": _close_member,
    "move_group": _group,
    "lapse_limits": _lapse,
    **acts_grants.SENTENCES,
    **{kind: _restored(say) for kind, say in acts_market.SENTENCES.items()},
    "enter_pile": _pile,
    "enter_slip": _slip,
    **acts_files.SENTENCES,
    **acts_two.SENTENCES,
    **acts_clock.SENTENCES,
    **acts_sheets.SENTENCES,
    **acts_talk.SENTENCES,
}
