"""Asking several people for their parts: one transfer, done when the last of them has agreed.

::

    (nothing) --ask_split--> pending --accept_share (by the last one asked)--> done
                             pending --leave_out (by who asked; all others have agreed)--> done
                             pending --cancel_split (by who asked)--> cancelled
                             pending --expire_split (by rule, not all agreed in time)--> expired

    a share: asked --accept_share--> accepted --take_back_share--> asked
             asked, accepted --decline_share--> declined --accept_share--> accepted
             asked, accepted, declined --leave_out--> left_out

While it waits, the whole is held on the high side of who asked, and each agreed part is kept aside
on the low side of who agreed. A no ends nothing by itself: who asked goes on without that person and gets
so much less, or takes all back; whoever said no may still say yes. Whatever ends it frees everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.schema_credit import Aside, Share
from appliance.ledger.book.shape import ACCOUNT, AMOUNT, RECORD, one_of, word
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, levy, requests
from appliance.ledger.money.requests import PHRASES, is_over, set_due
from appliance.ledger.money.splits import (
    ACCEPTED,
    ASKED,
    DECLINED,
    LEFT_OUT,
    Shares,
    as_lists,
    insert,
    post_shares,
    refuse_shares,
    several_pay,
    shares_shape,
    total,
)
from appliance.ledger.money.transfers import (
    CANCELLED,
    DONE,
    EXPIRED,
    PENDING,
    SPLIT,
    close,
    hold,
    own,
    refuse_basics,
)
from appliance.ledger.people import powers
from appliance.ledger.values import AccountNumber, Amount, RecordId


@dataclass(frozen=True, slots=True)
class AskSplit:
    """Ask several people, each for an own part."""

    KIND: ClassVar[str] = "ask_split"
    VERSION: ClassVar[int] = 1

    payee: AccountNumber
    shares: Shares
    category: str = "other"
    note: str = ""

    def payload(self) -> codec.Body:
        return {"payee": self.payee, "shares": as_lists(self.shares), "category": self.category}

    def private(self) -> dict[str, str]:
        return {"note": self.note} if self.note else {}


@dataclass(frozen=True, slots=True)
class _OfShare(Wordless):
    """What all acts on one share carry: the split, and whose part it is."""

    split: RecordId
    payer: AccountNumber

    def payload(self) -> codec.Body:
        return {"split": self.split, "payer": self.payer}


@dataclass(frozen=True, slots=True)
class AcceptShare(_OfShare):
    """Agree to pay one's part. ``payee`` and ``amount`` are there so that the signature covers them."""

    KIND: ClassVar[str] = "accept_share"
    VERSION: ClassVar[int] = 1

    payee: AccountNumber
    amount: Amount

    def payload(self) -> codec.Body:
        return {"split": self.split, "payer": self.payer, "payee": self.payee, "amount": self.amount}


@dataclass(frozen=True, slots=True)
class DeclineShare(_OfShare):
    """Say no to one's part; ``phrase`` is why, out of ``requests.PHRASES``, or empty."""

    KIND: ClassVar[str] = "decline_share"
    VERSION: ClassVar[int] = 1

    phrase: str = ""

    def payload(self) -> codec.Body:
        return {"split": self.split, "payer": self.payer, "phrase": self.phrase}


@dataclass(frozen=True, slots=True)
class TakeBackShare(_OfShare):
    """Who has agreed does not agree any more, and is asked again."""

    KIND: ClassVar[str] = "take_back_share"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class LeaveOut(_OfShare):
    """Who asked goes on without somebody, and gets that much less."""

    KIND: ClassVar[str] = "leave_out"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class _OfSplit(Wordless):
    """What ends a split names it only."""

    split: RecordId

    def payload(self) -> codec.Body:
        return {"split": self.split}


@dataclass(frozen=True, slots=True)
class CancelSplit(_OfSplit):
    """Who asked takes all of it back."""

    KIND: ClassVar[str] = "cancel_split"
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class ExpireSplit(_OfSplit):
    """By rule: a split to which not everybody agreed in time ends."""

    KIND: ClassVar[str] = "expire_split"
    VERSION: ClassVar[int] = 1


# ---- asking


_PAYERS: Final = (accounts.MEMBER,)


def _decide_ask(tx: Tx, command: AskSplit, asking: Asking) -> codec.Body | Refusal:
    payee = own(tx, command.payee, asking)
    if isinstance(payee, Refusal):
        return payee
    if refusal := refuse_shares(tx, command.payee, command.shares, _PAYERS):
        return refusal
    whole = total(command.shares)
    if refusal := refuse_basics(whole, command.category, command.note):
        return refusal
    return accounts.refuse_receiving(payee, whole, own=True) or {}


def _may_ask(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    payee = accounts.get(tx, p["payee"])
    if payee is None or accounts.refuse_receiving(payee, total(p["shares"]), own=True):
        return False
    return accounts.owned(tx, p["payee"], entry.actor) and not refuse_shares(
        tx, p["payee"], p["shares"], _PAYERS
    )


def _apply_ask(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    insert(tx, entry, None, p["payee"], closed=False)
    hold(tx, p["payee"], total(p["shares"]))
    set_due(tx, entry)


# ---- what all answers share


def _pending(tx: Tx, record: bytes) -> Transfer | Refusal:
    split = tx.get(Transfer, id=record)
    if split is None or split.kind != SPLIT or not several_pay(split):
        return Refusal(Code.UNKNOWN_TRANSFER, {}, (Action.HOME,))
    if split.state != PENDING:
        return Refusal(Code.NOT_PENDING, {}, (Action.SHOW, Action.HOME))
    return split


def _open_share(
    tx: Tx, record: bytes, account: int, states: tuple[str, ...]
) -> tuple[Transfer, Share] | Refusal:
    """The waiting split and the share of ``account``, when that stands at one of ``states``."""
    split = _pending(tx, record)
    if isinstance(split, Refusal):
        return split
    share = tx.get(Share, transfer=record, account=account)
    if share is None:
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if share.state not in states:
        return Refusal(Code.NOT_PENDING, {}, (Action.SHOW, Action.HOME))
    return split, share


def _remaining(tx: Tx, record: bytes) -> list[Share]:
    rows = tx.rows(Share.select().where(Share.transfer == record).order_by(Share.account))
    return [row for row in rows if row.state != LEFT_OUT]


def refuse_completing(tx: Tx, split: Transfer, shares: Sequence[Share]) -> Refusal | None:
    """The refusal when ``shares``, all agreed to, cannot be posted now; it names who cannot pay.

    What was kept aside is there, unless a keeper has moved a limit or frozen somebody since.
    """
    for share in shares:
        payer = accounts.usable(tx, share.account)
        if isinstance(payer, Refusal):
            return _stuck(share)
        payer.aside -= share.amount if share.state == ACCEPTED else 0
        if accounts.refuse_giving(payer, share.amount):
            return _stuck(share)
    payee = accounts.usable(tx, split.payee)
    if isinstance(payee, Refusal):
        return payee
    payee.held -= split.amount
    net = sum(share.amount - levy.on(tx, split.payee, share.amount) for share in shares)
    return accounts.refuse_receiving(payee, net, own=False)


def _stuck(share: Share) -> Refusal:
    return Refusal(Code.SHARE_STUCK, {"number": share.account}, (Action.SHOW, Action.ASK_KEEPER))


def _complete_if_all_agree(tx: Tx, entry: Entry, record: bytes) -> None:
    split, shares = tx.get(Transfer, id=record), _remaining(tx, record)
    if split is None or any(share.state != ACCEPTED for share in shares):
        return
    for share in shares:
        keep_aside(tx, share.account, -share.amount)
    hold(tx, split.payee, -split.amount)
    tx.update(Share, {"transfer": record, "state": ACCEPTED}, state=DONE)
    close(tx, entry, record, DONE)
    post_shares(tx, entry, record, split.payee, [(s.account, s.amount) for s in shares], several=True)


def keep_aside(tx: Tx, account: int, amount: int) -> None:
    """Keep ``amount`` more (negative: less) aside on the low side of ``account``."""
    row = tx.get(Aside, account=account)
    after = amount + (row.amount if row else 0)
    if after:
        tx.put(Aside, account=account, amount=after)
    else:
        tx.delete(Aside, Aside.account == account)


def _set_state(tx: Tx, entry: Entry, share: Share, state: str, phrase: str = "") -> None:
    """Let a share stand at ``state``; what it kept aside is free when it was agreed to."""
    if share.state == ACCEPTED:
        keep_aside(tx, share.account, -share.amount)
    key = {"transfer": share.transfer, "account": share.account}
    tx.update(Share, key, state=state, phrase=phrase, entry=entry.number)


# ---- answers


_CAN_ACCEPT: Final = (ASKED, DECLINED)
"""Who has said no may come back to it as long as it waits."""


def _refuse_accepting(tx: Tx, split: Transfer, share: Share) -> Refusal | None:
    payer, payee = accounts.usable(tx, share.account), accounts.usable(tx, split.payee)
    if isinstance(payer, Refusal):
        return payer
    if isinstance(payee, Refusal):
        return payee
    if refusal := accounts.refuse_giving(payer, share.amount):
        return refusal
    shares = _remaining(tx, split.id)
    last = all(one.state == ACCEPTED or one.account == share.account for one in shares)
    return refuse_completing(tx, split, shares) if last else None


def _decide_accept(tx: Tx, command: AcceptShare, asking: Asking) -> codec.Body | Refusal:
    payer = own(tx, command.payer, asking)
    if isinstance(payer, Refusal):
        return payer
    found = _open_share(tx, command.split, command.payer, _CAN_ACCEPT)
    if isinstance(found, Refusal):
        return found
    split, share = found
    if (split.payee, share.amount) != (command.payee, command.amount):
        return Refusal(Code.TERMS_CHANGED, {"amount": share.amount}, (Action.SHOW,))
    return _refuse_accepting(tx, split, share) or {}


def _may_accept(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    found = _open_share(tx, p["split"], p["payer"], _CAN_ACCEPT)
    if isinstance(found, Refusal) or not accounts.owned(tx, p["payer"], entry.actor):
        return False
    split, share = found
    same = (split.payee, share.amount) == (p["payee"], p["amount"])
    return same and _refuse_accepting(tx, split, share) is None


def _apply_accept(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    key = {"transfer": p["split"], "account": p["payer"]}
    tx.update(Share, key, state=ACCEPTED, phrase="", entry=entry.number)
    keep_aside(tx, p["payer"], p["amount"])
    _complete_if_all_agree(tx, entry, p["split"])


_CAN_END: Final = {DeclineShare.KIND: (ASKED, ACCEPTED), TakeBackShare.KIND: (ACCEPTED,)}


def _decide_no(tx: Tx, command: DeclineShare | TakeBackShare, asking: Asking) -> codec.Body | Refusal:
    if isinstance(command, DeclineShare) and command.phrase not in ("", *PHRASES):
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if not accounts.owned(tx, command.payer, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    found = _open_share(tx, command.split, command.payer, _CAN_END[command.KIND])
    return found if isinstance(found, Refusal) else {}


def _may_say_no(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    found = _open_share(tx, p["split"], p["payer"], _CAN_END[entry.act.kind])
    return not isinstance(found, Refusal) and accounts.owned(tx, p["payer"], entry.actor)


def _apply_no(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    share = tx.get(Share, transfer=p["split"], account=p["payer"])
    if share is not None:
        state = DECLINED if entry.act.kind == DeclineShare.KIND else ASKED
        _set_state(tx, entry, share, state, p.get("phrase", ""))


# ---- by who asked


_CAN_LEAVE_OUT: Final = (ASKED, ACCEPTED, DECLINED)


def _refuse_leaving_out(tx: Tx, record: bytes, account: int) -> Refusal | None:
    found = _open_share(tx, record, account, _CAN_LEAVE_OUT)
    if isinstance(found, Refusal):
        return found
    rest = [share for share in _remaining(tx, record) if share.account != account]
    if not rest:
        return Refusal(Code.SHARES_WRONG, {"nobody": 1}, (Action.CANCEL,))
    agreed = all(share.state == ACCEPTED for share in rest)
    return refuse_completing(tx, found[0], rest) if agreed else None


def _decide_by_asker(tx: Tx, command: LeaveOut | CancelSplit, asking: Asking) -> codec.Body | Refusal:
    split = _pending(tx, command.split)
    if isinstance(split, Refusal):
        return split
    if refusal := powers.refuse_unless_active(tx, asking.actor):
        return refusal
    if not accounts.owned(tx, split.payee, asking.actor):
        return Refusal(Code.NOT_YOURS, {}, (Action.HOME,))
    if isinstance(command, LeaveOut):
        return _refuse_leaving_out(tx, command.split, command.payer) or {}
    return {}


def _may_by_asker(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    split = _pending(tx, p["split"])
    if isinstance(split, Refusal) or not accounts.owned(tx, split.payee, entry.actor):
        return False
    return entry.act.kind == CancelSplit.KIND or _refuse_leaving_out(tx, p["split"], p["payer"]) is None


def _apply_leave_out(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    split = tx.get(Transfer, id=p["split"])
    share = tx.get(Share, transfer=p["split"], account=p["payer"])
    if split is None or share is None:
        return
    # Why somebody declined stays beside the name.
    _set_state(tx, entry, share, LEFT_OUT, share.phrase)
    hold(tx, split.payee, -share.amount)
    tx.update(Transfer, {"id": p["split"]}, amount=split.amount - share.amount)
    _complete_if_all_agree(tx, entry, p["split"])


# ---- the end without a payment


def end(tx: Tx, entry: Entry, record: bytes, state: str) -> None:
    """A waiting split ends without a payment: what it held and what it kept aside is free again.

    Its shares stay as they stood.
    """
    split = tx.get(Transfer, id=record)
    if split is None:
        return
    for share in _remaining(tx, record):
        if share.state == ACCEPTED:
            keep_aside(tx, share.account, -share.amount)
    hold(tx, split.payee, -split.amount)
    close(tx, entry, record, state)


_ENDS: Final = {CancelSplit.KIND: CANCELLED, ExpireSplit.KIND: EXPIRED}


def _apply_end(tx: Tx, entry: Entry) -> None:
    end(tx, entry, entry.act.payload["split"], _ENDS[entry.act.kind])


def _decide_expire(tx: Tx, command: ExpireSplit, asking: Asking) -> codec.Body | Refusal:
    split = _pending(tx, command.split)
    if isinstance(split, Refusal):
        return split
    return {} if is_over(tx, command.split, asking.at) else Refusal(Code.NOT_YET, {}, (Action.WAIT,))


def _may_expire(tx: Tx, entry: Entry) -> bool:
    record = entry.act.payload["split"]
    return not isinstance(_pending(tx, record), Refusal) and is_over(tx, record, entry.act.at)


def overdue(tx: Tx, now: Instant, most: int = 50) -> tuple[RecordId, ...]:
    """Splits that wait although their time is over, the longest overdue first."""
    return requests.overdue(tx, now, most, SPLIT)


_SHARE: Final = {"split": RECORD, "payer": ACCOUNT}

HANDLERS = (
    Handler(
        AskSplit,
        _decide_ask,
        _apply_ask,
        _may_ask,
        {"payee": ACCOUNT, "shares": shares_shape, "category": word},
    ),
    Handler(
        AcceptShare, _decide_accept, _apply_accept, _may_accept, _SHARE | {"payee": ACCOUNT, "amount": AMOUNT}
    ),
    Handler(DeclineShare, _decide_no, _apply_no, _may_say_no, _SHARE | {"phrase": one_of("", *PHRASES)}),
    Handler(TakeBackShare, _decide_no, _apply_no, _may_say_no, _SHARE),
    Handler(LeaveOut, _decide_by_asker, _apply_leave_out, _may_by_asker, _SHARE),
    Handler(CancelSplit, _decide_by_asker, _apply_end, _may_by_asker, {"split": RECORD}),
    Handler(ExpireSplit, _decide_expire, _apply_end, _may_expire, {"split": RECORD}, ("hub",)),
)
