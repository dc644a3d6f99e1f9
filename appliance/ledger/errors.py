"""What can go wrong, in two kinds.

*Refusals* are values. The rules of the community say no to a person: the answer carries a
code, the numbers that matter and what can be done next. Nothing has been written.

*Errors* are exceptions, all under ``HubError``: a damaged book, a data directory that cannot
be used, bytes that are not what they claim, or a mistake in our own code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class HubError(Exception):
    """Root of every error that this product raises on purpose."""


class BadNumber(HubError, ValueError):
    """Text that is no account number, or whose check digit does not fit."""


class BadAmount(HubError, ValueError):
    """Text that is no positive amount in the community's unit. ``why``: one of ``amounts.Why``."""

    def __init__(self, text: str, why: str = "no_number") -> None:
        super().__init__(f"{text!r}: {why}")
        self.why = why


class BadEncoding(HubError, ValueError):
    """Bytes that are not deterministic CBOR of the types we use."""


class BadSignature(HubError, ValueError):
    """A signature that does not fit its key and bytes, or a certificate that does not hold."""


class BadProof(HubError, ValueError):
    """A proof of care that does not hold. ``why``: one word for the first reason found (docs/keepers.md)."""

    def __init__(self, why: str, what: str) -> None:
        super().__init__(f"{why}: {what}")
        self.why = why
        self.what = what


class BadPaper(HubError, ValueError):
    """Text that is not a root paper."""


class PaperDoesNotFit(BadPaper):
    """A root paper, but not the one that is needed: another hub's, or the community's."""


class BackupRefused(HubError):
    """A backup that cannot be used; its kinds say why. Nothing was changed."""


class BackupDamaged(BackupRefused):
    """Its bytes are not those that were written, or its content contradicts itself."""


class NotABackup(BackupDamaged):
    """A file of another kind."""


class BackupCutOff(BackupDamaged):
    """Its end is missing: the copying stopped half-way."""


class BackupNewer(BackupRefused):
    """A newer release wrote it."""


class BackupOfAnother(BackupRefused):
    """It is another hub's, or another community's."""


class BackupFailed(HubError):
    """A backup could not be made, or did not read back as it was written. Older ones are as they were."""


class DataDirectoryError(HubError, OSError):
    """The data directory is missing, not ours, already in use or cannot be written."""


class CannotWrite(DataDirectoryError):
    """The disk is full, failing or read-only, or the book is closed for writing. Nothing was written."""


class BookClosed(CannotWrite):
    """The book is damaged: it can only be read, until the hub is restored."""


class BookLookedAt(BookClosed):
    """The book is being looked at after a bad stop: it can only be read, for a minute or two."""


class NotSure(CannotWrite):
    """The disk refused the last step: whether it was written is not known before the disk works again.

    The same command under the same key is safe: it has its effect once.
    """


class ArchiveMissing(DataDirectoryError):
    """What a closing moved to an archive is needed, and that file is not there. ``entry``: which one, when known."""

    def __init__(self, reason: str, entry: int | None = None) -> None:
        super().__init__(reason)
        self.entry = entry


class BookDamaged(HubError):
    """The book contradicts itself. ``entry`` is the first entry that does, when known."""

    def __init__(self, reason: str, entry: int | None = None) -> None:
        super().__init__(reason if entry is None else f"entry {entry}: {reason}")
        self.reason = reason
        self.entry = entry


class NestedWrite(HubError, RuntimeError):
    """Our mistake: a write began inside a write. The inner one would lose its lock."""


class UnbalancedPosting(HubError, RuntimeError):
    """Our mistake: lines of a transfer that do not sum to zero. Nothing is posted."""


class Code(StrEnum):
    """Why a command was refused. Stable: the API and the tests rely on these words."""

    # the person who acts
    NOT_ACTIVE = "not_active"
    FROZEN = "frozen"
    MOVING = "moving"
    NOT_KEEPER = "not_keeper"
    NOT_YOURS = "not_yours"
    PIN_WRONG = "pin_wrong"
    PIN_WAIT = "pin_wait"
    PIN_WEAK = "pin_weak"
    SHEET_WRONG = "sheet_wrong"
    NO_REENTRY = "no_reentry"
    REENTRY_WAITS = "reentry_waits"
    BUSY = "busy"
    CANNOT_WRITE = "cannot_write"
    NOT_SURE = "not_sure"
    BOOK_DAMAGED = "book_damaged"
    LOOKED_AT = "looked_at"
    KEY_REUSED = "key_reused"
    # accounts and amounts
    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_CLOSED = "account_closed"
    OWN_ACCOUNT = "own_account"
    AMOUNT_WRONG = "amount_wrong"
    PAYER_LIMIT = "payer_limit"
    PAYEE_LIMIT = "payee_limit"
    LIMITS_WRONG = "limits_wrong"
    ACCOUNT_NOT_ZERO = "account_not_zero"
    ACCOUNT_ZERO = "account_zero"
    UNDER_WAY = "under_way"
    GRANT_STANDS = "grant_stands"
    NO_GRANT = "no_grant"
    HAS_KEY = "has_key"
    # transfers
    SAME_AGAIN = "same_again"
    SAME_SLIP = "same_slip"
    PILE_CLOSED = "pile_closed"
    UNKNOWN_TRANSFER = "unknown_transfer"
    NOT_PENDING = "not_pending"
    NOT_REVERSIBLE = "not_reversible"
    ALREADY_REVERSED = "already_reversed"
    PARTY = "party"
    ALREADY_ASKED = "already_asked"
    NOT_DISPUTED = "not_disputed"
    SHARES_WRONG = "shares_wrong"
    SHARE_STUCK = "share_stuck"
    DISPUTED = "disputed"
    # the hub's time
    CLOCK_FAR = "clock_far"
    CLOCK_MOVED = "clock_moved"
    CLOCK_WRONG = "clock_wrong"
    # files
    ALREADY_IMPORTED = "already_imported"
    TWO_KEEPERS = "two_keepers"
    NOT_BALANCED = "not_balanced"
    HAS_MOVED = "has_moved"
    # other hubs
    UNKNOWN_HUB = "unknown_hub"
    TRUNK_LIMIT = "trunk_limit"
    NOT_ON_WAY = "not_on_way"
    NOT_HELD = "not_held"
    NOT_YET = "not_yet"
    HUB_FORKED = "hub_forked"
    # after a restore
    RECOVERING = "recovering"
    SIGN_IN_WAITS = "sign_in_waits"
    NOT_AWAITED = "not_awaited"
    NOT_UNRESOLVED = "not_unresolved"
    # people and words
    NOT_APPLIED = "not_applied"
    VOUCHERS_MISSING = "vouchers_missing"
    WRONG_STATUS = "wrong_status"
    STILL_KEEPER = "still_keeper"
    NAME_MISSING = "name_missing"
    TEXT_MISSING = "text_missing"
    TEXT_TOO_LONG = "text_too_long"
    UNKNOWN_CATEGORY = "unknown_category"
    SETTING_WRONG = "setting_wrong"
    # market
    UNKNOWN_LISTING = "unknown_listing"
    LISTING_CLOSED = "listing_closed"
    LISTING_HIDDEN = "listing_hidden"
    LISTING_SHOWN = "listing_shown"
    NOT_THE_SAME = "not_the_same"
    QUANTITY_WRONG = "quantity_wrong"
    CATEGORY_THERE = "category_there"
    PHOTO_WRONG = "photo_wrong"
    PHOTO_ROOM = "photo_room"
    UNKNOWN_LOOP = "unknown_loop"
    LOOP_CLOSED = "loop_closed"
    # messages and marks
    QUIETED = "quieted"
    NO_MESSAGES = "no_messages"
    YOU_BLOCKED = "you_blocked"
    TOO_MANY_MESSAGES = "too_many_messages"
    TOO_MANY = "too_many"
    # care
    UNKNOWN_CLAIM = "unknown_claim"
    CLAIM_CLOSED = "claim_closed"
    OWN_CLAIM = "own_claim"
    ALREADY_SIGNED = "already_signed"
    TERMS_CHANGED = "terms_changed"
    TIME_WRONG = "time_wrong"
    QUORUM_MISSING = "quorum_missing"
    COMMONS_FLOOR = "commons_floor"
    CLAIM_SIGNED = "claim_signed"
    CLAIM_EXPIRED = "claim_expired"
    SAME_HOUSEHOLD = "same_household"
    HOUSEHOLD_SIGNED = "household_signed"
    CARE_DAY_FULL = "care_day_full"
    HUB_NOT_ADMITTED = "hub_not_admitted"
    CARE_CAP = "care_cap"
    CARER_CAP = "carer_cap"
    PAIR_CAP = "pair_cap"
    SIGNER_CAP = "signer_cap"
    CARE_BUDGET = "care_budget"
    CARE_COOLING = "care_cooling"
    CARE_OBJECTED = "care_objected"
    SHEET_CLOSED = "sheet_closed"
    NOT_OBJECTABLE = "not_objectable"
    ALREADY_OBJECTED = "already_objected"
    NOT_OBJECTED = "not_objected"
    # what needs two keepers
    NEEDS_TWO = "needs_two"
    NO_SECOND = "no_second"
    TWO_AGREED = "two_agreed"
    ALREADY_PROPOSED = "already_proposed"
    OWN_PROPOSAL = "own_proposal"
    UNKNOWN_PROPOSAL = "unknown_proposal"
    PROPOSAL_CLOSED = "proposal_closed"
    PROPOSER_GONE = "proposer_gone"


class Action(StrEnum):
    """What can be done next: with a refusal, or with an object somebody looks at."""

    PAY = "pay"
    PAY_LESS = "pay_less"
    PAY_AGAIN = "pay_again"
    ASK = "ask"
    ACCEPT = "accept"
    DECLINE = "decline"
    LEAVE_OUT = "leave_out"
    CANCEL = "cancel"
    REVERSE = "reverse"
    ASK_BACK = "ask_back"
    KEEP = "keep"
    DISPUTE = "dispute"
    DISPUTE_FOR = "dispute_for"
    WITHDRAW = "withdraw"
    END = "end"
    RECALL = "recall"
    PAY_BACK = "pay_back"
    SEND_BACK = "send_back"
    CLOSE = "close"
    RENEW = "renew"
    CLEAR = "clear"
    PROPOSE = "propose"
    AGREE = "agree"
    COSIGN = "cosign"
    EDIT = "edit"
    OBJECT = "object"
    SETTLE = "settle"
    WAIT = "wait"
    TRY_AGAIN = "try_again"
    CHECK_NUMBER = "check_number"
    ASK_KEEPER = "ask_keeper"
    SHOW = "show"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The community's rules, or the state of things, say no. Nothing has been written.

    Attributes:
        code: why.
        numbers: figures that explain it (minor units, counts, seconds), by name. Never
            another person's balance or headroom.
        actions: what the same person can do next, best first.
    """

    code: Code
    numbers: Mapping[str, int] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
