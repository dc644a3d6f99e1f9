"""The first entry of a book: which hub, of which community, by which rules.

It is signed by the hub root, whose public key it carries together with the certificate of
the first signing key. From here on every signature can be checked out of the book alone; who
keeps the root's public key elsewhere (it is printed on the root paper) can check that too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from appliance.ledger import codec, keys
from appliance.ledger.book import rules as book_rules
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.rules import COMMONS_TWO_0004, Rules
from appliance.ledger.book.schema import Setting
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless, always
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, limits
from appliance.ledger.people import powers
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import COMMONS


@dataclass(frozen=True, slots=True)
class Found(Wordless):
    """Begin the book of a hub."""

    KIND: ClassVar[str] = "found"
    VERSION: ClassVar[int] = 1

    community_key: bytes
    root_key: bytes
    certificate: keys.Certificate
    certificate_signature: bytes
    rules: Rules

    def payload(self) -> codec.Body:
        return {
            "community_key": self.community_key,
            "root_key": self.root_key,
            "incarnation": self.certificate.incarnation,
            "signing_key": self.certificate.signing_key,
            "certificate": self.certificate_signature,
            **{name: group.to_map() for name, group in self.rules.groups().items()},
        }


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """A keeper changes some rules of one group, and says why.

    Accounts that stand at the old limits of their group get the new ones (since version 2). What
    ``GUARDED`` names guards the acts that need two, and is changed by two (``seconds.py``).
    """

    KIND: ClassVar[str] = "change_rules"
    VERSION: ClassVar[int] = 2

    group: str
    changes: codec.Body
    reason: str

    def payload(self) -> codec.Body:
        return {"group": self.group, "changes": self.changes}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


GUARDED: Final[Mapping[str, tuple[str, ...]]] = {
    "credit": (
        *("low", "high", "low_household", "high_household", "low_business", "high_business"),
        *("low_organisation", "high_organisation", "trunk_low", "trunk_high"),
        *("commons_low", "commons_two", "levy_rate", "levy_round", "levy_from", "vouchers"),
    ),
    "care": (
        *("quorum", "rates", "longest_minutes", "days_back", "caps", "need_recipient", "need_keeper"),
        *("household", "expire_days", "period_days", "carer_most", "pair_most", "signer_most", "budget"),
        *("cool_above", "cool_days", "object_days", "ring_share", "ring_people", "ring_days", "far_most"),
        *("household_days", "helper_stands_in", "beyond_limit"),
    ),
}
"""Rules that one keeper does not change alone where there are others: how far credit goes (the
keepers' own accounts follow it), what goes into and out of the commons, who is let in. Books are
replayed with it: a name is never taken out."""


def guarded(group: str, changes: Mapping[str, Any]) -> bool:
    """Whether a rule is among ``changes`` of ``group`` that two keepers change, where there are two."""
    return any(name in changes for name in GUARDED.get(group, ()))


def _decide_found(tx: Tx, command: Found, asking: Asking) -> codec.Body | Refusal:
    if tx.get(Setting, name="community") is not None:
        return Refusal(Code.SETTING_WRONG, {}, ())
    return {}


def _apply_found(tx: Tx, entry: Entry) -> None:
    payload = entry.act.payload
    for group in ("community", "credit", "care"):
        book_rules.save(tx, group, payload[group], entry.number)
    accounts.open_account(
        tx, COMMONS, accounts.COMMONS_KIND, None, payload["credit"]["commons_low"], None, entry.number
    )


def _decide_change(tx: Tx, command: ChangeRules, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if not tidy("reason", command.reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.reason, LONGEST_LINE):
        return refusal
    try:
        asking.rules.changed(command.group, command.changes)
    except (TypeError, ValueError):
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    return _refuse_alone(tx, command.group, command.changes) or {}


def _refuse_alone(tx: Tx, group: str, changes: codec.Body) -> Refusal | None:
    """Why one keeper cannot change this: it guards what needs two.

    Where there is only one keeper, that one sets the floor, and may lower what one pays alone, but
    not raise it: else one could do by two steps what needs two.
    """
    now = book_rules.kept(tx, group)
    # A book that says nothing of a rule has what held before the question was asked.
    changed = [name for name in GUARDED.get(group, ()) if name in changes and changes[name] != now.get(name)]
    if not changed:
        return None
    if len(powers.keepers(tx)) > 1:
        return Refusal(Code.NEEDS_TWO, {}, (Action.PROPOSE,))
    if "commons_two" in changed and changes["commons_two"] > now.get("commons_two", COMMONS_TWO_0004):
        return Refusal(Code.NO_SECOND, {"keepers": 1}, (Action.ASK_KEEPER,))
    return None


def _may_change(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    return powers.by_keeper(tx, entry) and _refuse_alone(tx, p["group"], p["changes"]) is None


def _apply_change(tx: Tx, entry: Entry) -> None:
    change(tx, entry.number, entry.act.payload["group"], entry.act.payload["changes"])


def change(tx: Tx, entry: int, group: str, changes: codec.Body) -> None:
    """Change rules of a group as ``entry`` says; accounts at the old limits of theirs follow."""
    before = book_rules.kept(tx, "credit")
    _merge(tx, entry, group, changes)
    if group == "credit":
        limits.follow(tx, before, book_rules.kept(tx, "credit"))


def _apply_change_1(tx: Tx, entry: Entry) -> None:
    """Version 1 left the limits of accounts as they were."""
    _merge(tx, entry.number, entry.act.payload["group"], entry.act.payload["changes"])


def _merge(tx: Tx, entry: int, group: str, changes: codec.Body) -> None:
    # The maps are merged, not today's classes: a rule of a later release has no default here.
    body = book_rules.kept(tx, group) | changes
    book_rules.save(tx, group, body, entry)
    if group == "credit":
        account = accounts.get(tx, COMMONS)
        if account is not None and account.low != body["commons_low"]:
            accounts.move_floor(tx, body["commons_low"])


_FOUND: Final = {
    "community_key": shape.PUBLIC_KEY,
    "root_key": shape.PUBLIC_KEY,
    "incarnation": shape.whole(1, 10**6),
    "signing_key": shape.PUBLIC_KEY,
    "certificate": shape.blob(64),
    "community": shape.mapping,
    "credit": shape.mapping,
    "care": shape.mapping,
}
_CHANGE: Final = {"group": shape.one_of("credit", "care", "market"), "changes": shape.mapping}

HANDLERS = (
    Handler(Found, _decide_found, _apply_found, always, _FOUND, ("root",)),
    Handler(ChangeRules, _decide_change, _apply_change, _may_change, _CHANGE),
)

OLD: Final = {
    ("change_rules", 1): Handler(ChangeRules, _decide_change, _apply_change_1, powers.by_keeper, _CHANGE)
}
"""How earlier versions are folded."""
