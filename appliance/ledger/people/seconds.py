"""Acts that need two keepers: one proposes, a second one agrees.

::

    (nothing) --propose (by a keeper)--> open --agree (by a second)--> done, and the act takes effect
                                         open --object (by a second, with a reason)--> declined
                                         open --take_back (by the proposer)--> withdrawn
                                         open --lapse_proposal (by rule)--> expired

Neither of the two has a part in the act. Nothing is kept aside meanwhile: what the commons has,
and everything else, is looked at anew when the second agrees; a refusal leaves the proposal open.
Silence never agrees.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Member
from appliance.ledger.book.schema_credit import Proposal
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant, Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, commons, dues
from appliance.ledger.money.transfers import GRANT, refuse_basics
from appliance.ledger.people import founding, powers, timing
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.values import COMMONS, MAX_AMOUNT, RecordId

OPEN: Final = "open"
AGREED: Final = "done"
DECLINED: Final = "declined"
WITHDRAWN: Final = "withdrawn"
LAPSED: Final = "expired"

PAY: Final = "pay_commons"
CLEAR: Final = "clear"
DISMISS: Final = "dismiss_keeper"
RULES: Final = "change_rules"
TIME: Final = "set_time"
LIMITS: Final = "set_limits"

DEFAULT_DAYS: Final = 14
"""How long a proposal waits where the community's rules are older than this question."""

DAY_MS: Final = 86_400_000

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Propose:
    """A keeper proposes an act that needs two, and says why.

    ``act`` is one of ``DEEDS``, ``terms`` what exactly.
    """

    KIND: ClassVar[str] = "propose"
    VERSION: ClassVar[int] = 1

    act: str
    terms: codec.Body
    reason: str

    def payload(self) -> codec.Body:
        return {"act": self.act, "terms": self.terms}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class _Of(Wordless):
    """What ends a proposal names it only: its id binds its terms."""

    proposal: RecordId

    def payload(self) -> codec.Body:
        return {"proposal": self.proposal}


@dataclass(frozen=True, slots=True)
class Agree(_Of):
    """A second keeper agrees: the act takes effect."""

    KIND: ClassVar[str] = "agree"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Object:
    """A second keeper says no, and why."""

    KIND: ClassVar[str] = "object"
    VERSION: ClassVar[int] = 1

    proposal: RecordId
    reason: str

    def payload(self) -> codec.Body:
        return {"proposal": self.proposal}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class TakeBack(_Of):
    """The keeper who proposed it takes it back."""

    KIND: ClassVar[str] = "take_back"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class LapseProposal(_Of):
    """By rule: nobody has answered a proposal in time."""

    KIND: ClassVar[str] = "lapse_proposal"
    VERSION: ClassVar[int] = 1


def _nothing_wrong(_terms: Terms, _now: rules.Rules) -> Refusal | None:
    return None


def _nothing_now(_tx: Tx, _terms: Terms, _at: Instant) -> Refusal | None:
    return None


@dataclass(frozen=True, slots=True)
class Deed:
    """One kind of act that needs two.

    Attributes:
        shape: what its terms are.
        parts: the accounts that it moves, and the members whom it is about: none of them, nor
            anybody who may act on such an account, is one of the two.
        refuse: why it cannot be done in this state. It is part of the fold.
        apply: does it; given the entry, the terms, the proposal.
        wrong: what this release's rules say against the terms, before anybody signs them.
        now: what this box, at this moment, says against them, whenever one of the two signs.
    """

    shape: shape.Shape
    parts: Callable[[Terms], tuple[int, ...]]
    refuse: Callable[[Tx, Terms], Refusal | None]
    apply: Callable[[Tx, Entry, Terms, Proposal], None]
    wrong: Callable[[Terms, rules.Rules], Refusal | None] = field(default=_nothing_wrong)
    now: Callable[[Tx, Terms, Instant], Refusal | None] = field(default=_nothing_now)


def _pay(tx: Tx, entry: Entry, terms: Terms, proposal: Proposal) -> None:
    line = (COMMONS, terms["payee"], terms["amount"])
    commons.spend(tx, entry, GRANT, line, terms["category"], proposal.entry, proposal.keeper)


def _clear(tx: Tx, entry: Entry, terms: Terms, proposal: Proposal) -> None:
    number, balance, to = terms["account"], terms["balance"], terms["to"]
    commons.clear(tx, entry, number, balance, to, proposal.keeper, proposal.entry)


def _refuse_dismissal(tx: Tx, terms: Terms) -> Refusal | None:
    member = tx.get(Member, number=terms["member"])
    if member is None:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return None if member.keeper else Refusal(Code.WRONG_STATUS, {}, (Action.SHOW,))


def _dismiss(tx: Tx, _entry: Entry, terms: Terms, _proposal: Proposal) -> None:
    tx.update(Member, {"number": terms["member"]}, keeper=False)


def _change(tx: Tx, entry: Entry, terms: Terms, _proposal: Proposal) -> None:
    founding.change(tx, entry.number, terms["group"], terms["changes"])


def _refuse_limits(tx: Tx, terms: Terms) -> Refusal | None:
    account = accounts.get(tx, terms["account"])
    if account is None or account.kind != accounts.MEMBER:
        return Refusal(Code.UNKNOWN_ACCOUNT, {}, (Action.CHECK_NUMBER,))
    return None


def _refuse_until(_tx: Tx, terms: Terms, at: Instant) -> Refusal | None:
    over = terms["until"] is not None and terms["until"] <= at.ms
    return Refusal(Code.TIME_WRONG, {}, (Action.TRY_AGAIN,)) if over else None


def _set_time(tx: Tx, entry: Entry, terms: Terms, _proposal: Proposal) -> None:
    timing.apply(tx, entry, terms["shift_ms"], Quality.KEEPER)


def _wrong_rules(terms: Terms, now: rules.Rules) -> Refusal | None:
    try:
        now.changed(terms["group"], terms["changes"])
    except (TypeError, ValueError):
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    return None


def _same_rules(tx: Tx, terms: Terms) -> Refusal | None:
    now = rules.kept(tx, terms["group"])
    if all(now.get(name) == value for name, value in terms["changes"].items()):
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    return None


DEEDS: Final[Mapping[str, Deed]] = {
    PAY: Deed(
        {"payee": shape.MEMBER, "amount": shape.AMOUNT, "category": shape.word},
        lambda terms: (terms["payee"],),
        lambda tx, terms: commons.refuse_payment(tx, terms["payee"], terms["amount"]),
        _pay,
        lambda terms, _now: refuse_basics(terms["amount"], terms["category"], ""),
    ),
    CLEAR: Deed(
        {
            "account": shape.MEMBER,
            "balance": shape.whole(-MAX_AMOUNT, MAX_AMOUNT),
            "to": shape.ACCOUNT,
        },
        lambda terms: (terms["account"], terms["to"]),
        lambda tx, terms: commons.refuse_clearing(tx, terms["account"], terms["balance"], terms["to"]),
        _clear,
    ),
    DISMISS: Deed({"member": shape.MEMBER}, lambda terms: (terms["member"],), _refuse_dismissal, _dismiss),
    RULES: Deed(
        {"group": shape.one_of(*founding.GUARDED), "changes": shape.mapping},
        lambda _terms: (),
        _same_rules,
        _change,
        _wrong_rules,
    ),
    LIMITS: Deed(
        accounts.LIMITS_SHAPE,
        lambda terms: (terms["account"],),
        _refuse_limits,
        lambda tx, entry, terms, _proposal: accounts.give_limits(tx, entry.number, dict(terms)),
        now=_refuse_until,
    ),
    TIME: Deed(
        timing.TERMS,
        lambda _terms: (),
        lambda _tx, _terms: None,
        _set_time,
        now=lambda tx, terms, at: timing.refuse_now(tx, terms) or timing.refuse_time(at, terms["shift_ms"]),
    ),
}
"""The acts that need two keepers."""


def terms_of(proposal: Proposal) -> codec.Body:
    """What exactly was proposed."""
    return codec.decode_map(bytes(proposal.body))


def _refuse_part(tx: Tx, deed: Deed, terms: Terms, keeper: int | None) -> Refusal | None:
    parts = deed.parts(terms)
    if keeper in parts:
        return Refusal(Code.PARTY, {}, (Action.ASK_KEEPER,))
    return commons.refuse_part(tx, keeper, *parts)


def could_be_second(tx: Tx, act: str, terms: Terms, proposer: int | None) -> tuple[int, ...]:
    """The keepers who could agree to what ``proposer`` proposes: none of them has a part in it."""
    others = (number for number in powers.keepers(tx) if number != proposer)
    return tuple(number for number in others if _refuse_part(tx, DEEDS[act], terms, number) is None)


def _decide_propose(tx: Tx, command: Propose, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    deed, terms = DEEDS.get(command.act), command.terms
    if refusal := refuse_reason(command.reason):
        return refusal
    if deed is None or not shape.fits(terms, deed.shape):
        amount = terms.get("amount", 1)
        known = refuse_basics(amount, "other", "") if type(amount) is int else None
        return known or Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    refused = (
        deed.wrong(terms, asking.rules)
        or deed.now(tx, terms, asking.at)
        or _refuse_part(tx, deed, terms, asking.actor)
        or deed.refuse(tx, terms)
    )
    if refused:
        return refused
    if not could_be_second(tx, command.act, terms, asking.actor):
        return Refusal(Code.NO_SECOND, {"keepers": len(powers.keepers(tx))}, (Action.ASK_KEEPER,))
    return _refuse_twice(tx, command.act, terms) or {}


def _refuse_twice(tx: Tx, act: str, terms: Terms) -> Refusal | None:
    """Two keepers who propose the same, and each agree to the other's, would do it twice."""
    if tx.get(Proposal, kind=act, body=codec.encode(dict(terms)), state=OPEN) is not None:
        return Refusal(Code.ALREADY_PROPOSED, {}, (Action.SHOW,))
    return None


def _may_propose(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    deed = DEEDS.get(p["act"])
    if entry.actor is None or deed is None or not shape.fits(p["terms"], deed.shape):
        return False
    fine = _refuse_part(tx, deed, p["terms"], entry.actor) is None
    return fine and powers.by_keeper(tx, entry) and _refuse_twice(tx, p["act"], p["terms"]) is None


def _apply_propose(tx: Tx, entry: Entry) -> None:
    p, at = entry.act.payload, entry.act.at
    days = rules.kept(tx, "credit").get("proposal_days", DEFAULT_DAYS)
    tx.insert(
        Proposal,
        id=entry.record,
        kind=p["act"],
        body=codec.encode(p["terms"]),
        keeper=entry.actor,
        state=OPEN,
        until_ms=at.ms + days * DAY_MS,
        entry=entry.number,
    )


def _open(tx: Tx, record: bytes) -> Proposal | Refusal:
    proposal = tx.get(Proposal, id=record)
    if proposal is None:
        return Refusal(Code.UNKNOWN_PROPOSAL, {}, (Action.HOME,))
    if proposal.state != OPEN:
        return Refusal(Code.PROPOSAL_CLOSED, {}, (Action.SHOW, Action.HOME))
    return proposal


def _as_second(tx: Tx, record: bytes, actor: int | None) -> Proposal | Refusal:
    """The open proposal that ``actor``, another keeper without a part in it, can answer."""
    if refusal := powers.refuse_unless_keeper(tx, actor):
        return refusal
    proposal = _open(tx, record)
    if isinstance(proposal, Refusal):
        return proposal
    if proposal.keeper == actor:
        return Refusal(Code.OWN_PROPOSAL, {}, (Action.ASK_KEEPER,))
    return _refuse_part(tx, DEEDS[proposal.kind], terms_of(proposal), actor) or proposal


def _to_agree(tx: Tx, record: bytes, actor: int | None) -> Proposal | Refusal:
    """The proposal that takes effect when ``actor`` agrees, looked at anew."""
    proposal = _as_second(tx, record, actor)
    if isinstance(proposal, Refusal):
        return proposal
    deed, terms = DEEDS[proposal.kind], terms_of(proposal)
    if powers.refuse_unless_keeper(tx, proposal.keeper) or _refuse_part(tx, deed, terms, proposal.keeper):
        return Refusal(Code.PROPOSER_GONE, {}, (Action.DECLINE,))
    return deed.refuse(tx, terms) or proposal


def _decide_agree(tx: Tx, command: Agree, asking: Asking) -> codec.Body | Refusal:
    proposal = _to_agree(tx, command.proposal, asking.actor)
    if isinstance(proposal, Refusal):
        return proposal
    deed, terms = DEEDS[proposal.kind], terms_of(proposal)
    return deed.wrong(terms, asking.rules) or deed.now(tx, terms, asking.at) or {}


def _attach_agree(tx: Tx, _entry: Entry, command: Agree) -> None:
    """The box's own clock follows the book."""
    proposal = tx.get(Proposal, id=command.proposal)
    if proposal is not None and proposal.kind == TIME:
        timing.move(tx, terms_of(proposal)["shift_ms"], Quality.KEEPER, timing.KEEPERS)


def _may_agree(tx: Tx, entry: Entry) -> bool:
    return not isinstance(_to_agree(tx, entry.act.payload["proposal"], entry.actor), Refusal)


def _apply_agree(tx: Tx, entry: Entry) -> None:
    proposal = tx.get(Proposal, id=entry.act.payload["proposal"])
    if proposal is not None:
        DEEDS[proposal.kind].apply(tx, entry, terms_of(proposal), proposal)
    _apply_end(tx, entry)


def _decide_object(tx: Tx, command: Object, asking: Asking) -> codec.Body | Refusal:
    proposal = _as_second(tx, command.proposal, asking.actor)
    if isinstance(proposal, Refusal):
        return proposal
    return refuse_reason(command.reason) or {}


def _may_object(tx: Tx, entry: Entry) -> bool:
    return not isinstance(_as_second(tx, entry.act.payload["proposal"], entry.actor), Refusal)


def _own(tx: Tx, record: bytes, actor: int | None) -> Proposal | Refusal:
    proposal = _open(tx, record)
    if isinstance(proposal, Refusal):
        return proposal
    return proposal if proposal.keeper == actor else Refusal(Code.NOT_YOURS, {}, (Action.HOME,))


def _decide_take_back(tx: Tx, command: TakeBack, asking: Asking) -> codec.Body | Refusal:
    proposal = _own(tx, command.proposal, asking.actor)
    return proposal if isinstance(proposal, Refusal) else {}


def _may_take_back(tx: Tx, entry: Entry) -> bool:
    return not isinstance(_own(tx, entry.act.payload["proposal"], entry.actor), Refusal)


def _lapsed(tx: Tx, record: bytes, at: Instant) -> Proposal | Refusal:
    proposal = _open(tx, record)
    if isinstance(proposal, Refusal):
        return proposal
    due = dues.over(tx, proposal.entry, proposal.until_ms, at)
    return proposal if due else Refusal(Code.NOT_YET, {}, (Action.WAIT,))


def _decide_lapse(tx: Tx, command: LapseProposal, asking: Asking) -> codec.Body | Refusal:
    proposal = _lapsed(tx, command.proposal, asking.at)
    return proposal if isinstance(proposal, Refusal) else {}


def _may_lapse(tx: Tx, entry: Entry) -> bool:
    return not isinstance(_lapsed(tx, entry.act.payload["proposal"], entry.act.at), Refusal)


def overdue(tx: Tx, now: Instant, most: int = 50) -> tuple[RecordId, ...]:
    """Proposals that wait although their time is over, the longest overdue first."""
    found = tx.select(_OVERDUE, OPEN, dues.latest(tx, now), dues.MOST_LOOKED_AT)
    waiting = [(RecordId(bytes(record)), begun, until) for record, begun, until in found]
    return dues.those_over(tx, waiting, now, most)


_OVERDUE: Final = """
SELECT id, entry, until_ms FROM proposal WHERE state = ? AND until_ms <= ? ORDER BY until_ms LIMIT ?
"""


_ENDS: Final = {
    "agree": AGREED,
    "object": DECLINED,
    "take_back": WITHDRAWN,
    "lapse_proposal": LAPSED,
}


def _apply_end(tx: Tx, entry: Entry) -> None:
    kind = entry.act.kind
    second = entry.actor if kind in ("agree", "object") else None
    ended = {"state": _ENDS[kind], "second": second, "closed_entry": entry.number}
    tx.update(Proposal, {"id": entry.act.payload["proposal"]}, **ended)


_PROPOSAL: Final = {"proposal": shape.RECORD}

HANDLERS = (
    Handler(
        Propose,
        _decide_propose,
        _apply_propose,
        _may_propose,
        {"act": shape.one_of(*DEEDS), "terms": shape.mapping},
    ),
    Handler(Agree, _decide_agree, _apply_agree, _may_agree, _PROPOSAL, attach=_attach_agree),
    Handler(Object, _decide_object, _apply_end, _may_object, _PROPOSAL),
    Handler(TakeBack, _decide_take_back, _apply_end, _may_take_back, _PROPOSAL),
    Handler(LapseProposal, _decide_lapse, _apply_end, _may_lapse, _PROPOSAL, ("hub",)),
)
