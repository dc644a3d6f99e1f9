"""The table of keepers' acts: who may do each, what the log says of it, and where it is done.

A new kind of act needs a line in ``ACTS``, or stands in one of the lists below it with the reason;
``test_matrix.py`` asks for it. In the village are the keepers Kira, Fatima and Hugo; Alice, whom most acts
are about; Emil, who helps Alice, Fatima and Greta; Fatima, who helps Alice and Greta too; Greta, who
has no phone; Bob, who trades with Alice; and Dora, whom nothing concerns.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from appliance.ledger import reentry
from appliance.ledger.book import startup
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema_clock import ClockRow
from appliance.ledger.book.subject import Command
from appliance.ledger.care.claims import ClaimCare
from appliance.ledger.care.objections import EndObjection, ObjectClaim
from appliance.ledger.care.signing import Cosign
from appliance.ledger.clock import ManualClock, Quality
from appliance.ledger.errors import Code
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KeySigner, new_seed, seal
from appliance.ledger.market import complaints, talks
from appliance.ledger.market.categories import NEW as NEW_KIND
from appliance.ledger.market.categories import MergeCategory, SetCategory
from appliance.ledger.market.complaints import AnswerComplaint
from appliance.ledger.market.distances import SetDistance
from appliance.ledger.market.keeping import HideListing, MergeListing, MoveListing, ShowListing
from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.market.photos import DropPhoto, SetPhoto
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.arrivals import SendBack
from appliance.ledger.money.commons import PayFromCommons
from appliance.ledger.money.crossings import Recall, Send
from appliance.ledger.money.disputes import Dispute, DisputeFor, EndDispute
from appliance.ledger.money.limits import MoveGroup
from appliance.ledger.money.reversals import Reverse
from appliance.ledger.money.slips import EnterSlip
from appliance.ledger.money.trunks import SetTrunk
from appliance.ledger.people.erasing import Erase
from appliance.ledger.people.founding import ChangeRules
from appliance.ledger.people.further import CloseAccount, OpenAccount
from appliance.ledger.people.grants import HELPER, AgreeGrant, AskGrant, EndGrant, WriteGrant
from appliance.ledger.people.leaving import LEFT, CloseMember
from appliance.ledger.people.life import Away, Back, Freeze, Register, Reopen, Unfreeze
from appliance.ledger.people.members import AppointKeeper, Approve, ReplaceKey, TurnAway
from appliance.ledger.people.moving import Move, Stay
from appliance.ledger.people.seconds import Agree, Object, Propose, TakeBack
from appliance.ledger.people.sheets import AllowReentry, StopReentry
from appliance.ledger.people.speaking import Speak
from appliance.ledger.people.timing import SetTime
from appliance.ledger.reads import desk
from appliance.ledger.reads import talks as talk_reads
from appliance.ledger.values import Account, AccountNumber, Amount, RecordId
from tests.support.two_villages import HILL, RIVER, TwoVillages, make_two_villages
from tests.support.village import CHEAP, MONDAY_NOON, PIN, Village

WHY = "agreed by all of us"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Asked:
    """An act that is ready to be asked for.

    ``page``, ``to``: the page with its form, and where the form goes; empty when it is not one
    form (then a walk of its own shows it). ``typed``: what is typed there beside the reason.
    """

    command: Command
    page: str = ""
    to: str = ""
    typed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeeperAct:
    """One line: an act, what others are told who ask for it, and what is read of it.

    Attributes:
        ready: prepares the act about somebody.
        says: what the log says; ``why``: the reason that stands there, empty for acts without.
        member, helper: the refusal for a member, and for one who helps the person concerned
            (None: may, as it is for an owner to do).
        helping: for a keeper who helps the person concerned; None: may do it all the same.
        own: for a keeper about herself; None: may; "-": it cannot be about a keeper.
        about: whom it concerns; empty for nobody in particular, "new" for who is made by it.
        reads: whether who is concerned can still sign in and read it.
        everybody: whether every member reads it among what concerns them.
        walk: it is more than one form, and a walk of its own shows it through the portal.
    """

    kind: str
    ready: Callable[[TwoVillages, str], Asked]
    says: str
    why: str = WHY
    member: Code = Code.NOT_KEEPER
    helper: Code | None = Code.NOT_KEEPER
    helping: Code | None = Code.PARTY
    own: Code | str | None = Code.PARTY
    about: str = "Alice"
    reads: bool = True
    walk: bool = False
    everybody: bool = False


def _number(two: TwoVillages, who: str) -> AccountNumber:
    return two.river.numbers[who]


def _paid(two: TwoVillages, who: str) -> RecordId:
    return two.river.pay(who, "Bob", 120).record


def _page(two: TwoVillages, who: str) -> str:
    return f"/desk/people/{_number(two, who)}"


def _approve(two: TwoVillages, _who: str) -> Asked:
    number = two.river.join("Gina")
    return Asked(Approve(number), f"/desk/people/{number}", "/approve")


def _turn_away(two: TwoVillages, _who: str) -> Asked:
    number = two.river.join("Gina")
    return Asked(TurnAway(number, WHY), f"/desk/people/{number}", "/turn-away", {"reason": WHY})


def _register(_two: TwoVillages, _who: str) -> Asked:
    typed = {"name": "Ines", "reason": WHY}
    return Asked(Register("Ines", WHY), "/desk/people/new", "/desk/people/new", typed)


def _limits(two: TwoVillages, who: str) -> Asked:
    typed = {"low": "5", "high": "7", "reason": WHY}
    return Asked(SetLimits(_number(two, who), -500, 700, WHY), _page(two, who), "/limits", typed)


def _group(two: TwoVillages, who: str) -> Asked:
    page, typed = f"{_page(two, who)}/group", {"group": "business", "reason": WHY}
    return Asked(MoveGroup(_number(two, who), "business", WHY), page, "/life/group", typed)


def _step(step: str, command: Any, two: TwoVillages, who: str, before: Any = None) -> Asked:
    if before is not None:
        two.river.do("Kira" if who != "Kira" else "Fatima", before(_number(two, who), "for a while"))
    page = f"{_page(two, who)}/{step}"
    return Asked(command(_number(two, who), WHY), page, f"/life/{step}", {"reason": WHY})


def _close(number: AccountNumber, why: str) -> CloseMember:
    return CloseMember(number, LEFT, why)


def _replace_key(two: TwoVillages, who: str) -> Asked:
    sealed = seal(new_seed(), "7391", two.river.hub.pepper, CHEAP)
    typed = {"new": "7391", "new2": "7391", "pin": PIN}
    return Asked(ReplaceKey(_number(two, who), sealed), _page(two, who), "/pin", typed)


def _reentry(command: Any, to: str, two: TwoVillages, who: str) -> Asked:
    made = reentry.make(two.river.hub, two.river.signers[who])
    assert isinstance(made, reentry.Printed)
    asked = reentry.ask(two.river.hub, _number(two, who), made.letters, b"s" * 16)
    assert isinstance(asked, Receipt)
    return Asked(command(asked.record, _number(two, who)), "/desk/sheets", to, {"pin": PIN})


def _reverse(two: TwoVillages, who: str) -> Asked:
    record = _paid(two, who)
    return Asked(Reverse(record, WHY), f"/t/{record.hex()}/undo", "/undo", {"reason": WHY, "pin": PIN})


def _end_dispute(two: TwoVillages, who: str) -> Asked:
    record = _paid(two, who)
    two.river.do(who, Dispute(record, "it never came"))
    return Asked(EndDispute(record, WHY), f"/t/{record.hex()}/end", "/end", {"words": WHY})


def _end_objection(two: TwoVillages, who: str) -> Asked:
    river, changes = two.river, {"object_days": 14}
    proposed = river.do("Kira", Propose("change_rules", {"group": "care", "changes": changes}, WHY))
    river.do("Hugo", Agree(RecordId(proposed.record)))
    day = river.clock.now().ms // DAY_MS
    made = river.do(who, ClaimCare(_number(two, who), "elder", 60, day, "Old Tom"))
    for name in ("Bob", "Emil"):
        river.do(name, Cosign(RecordId(made.record), made.outcome["terms"]))
    record = RecordId(river.do("Emil", ObjectClaim(RecordId(made.record), "it was Monday")).record)
    page = f"/desk/objections/{made.outcome['code']}"
    return Asked(EndObjection(record, "dismissed", WHY), page, page, {"reason": WHY, "verdict": "dismissed"})


def _dispute_for(two: TwoVillages, _who: str) -> Asked:
    record = two.river.pay("Bob", "Greta", 90).record
    command = DisputeFor(record, _number(two, "Greta"), WHY)
    typed = {"member": str(_number(two, "Greta")), "words": WHY}
    return Asked(command, f"/t/{record.hex()}/on-word", "/on-word", typed)


def _write_grant(two: TwoVillages, _who: str) -> Asked:
    greta, bob = _number(two, "Greta"), _number(two, "Bob")
    typed = {"of": "Bob", "kind": HELPER, "reason": WHY}
    return Asked(WriteGrant(greta, bob, HELPER, WHY), f"/desk/people/{greta}/consent", "/consent", typed)


def _end_grant(two: TwoVillages, who: str) -> Asked:
    number, bob = _number(two, who), _number(two, "Bob")
    two.river.do(who, AskGrant(number, bob))
    two.river.do("Bob", AgreeGrant(number, HELPER))
    page = f"/desk/grants/{number}/{bob}/end"
    return Asked(EndGrant(number, bob, WHY), page, "/end", {"reason": WHY})


def _open_account(two: TwoVillages, who: str) -> Asked:
    typed = {"name": "The mill", "group": "business", "reason": WHY}
    command = OpenAccount(_number(two, who), "business", "The mill", WHY)
    return Asked(command, f"{_page(two, who)}/account", "/account", typed)


def _close_account(two: TwoVillages, who: str) -> Asked:
    keeper = "Fatima" if who == "Kira" else "Kira"
    made = two.river.do(keeper, OpenAccount(_number(two, who), "business", "The mill", "a new wheel"))
    number = AccountNumber(made.outcome["number"])
    return Asked(CloseAccount(number, WHY), f"/desk/accounts/{number}/close", "/close", {"reason": WHY})


def _close_listing(two: TwoVillages, who: str) -> Asked:
    made = two.river.do(who, OpenListing(_number(two, who), "offer", "food", "Bread"))
    page = f"/market/{made.record.hex()}"
    return Asked(CloseListing(made.record, WHY), page, "/close", {"reason": WHY})


def _listed(two: TwoVillages, who: str, title: str = "Bread") -> RecordId:
    return two.river.do(who, OpenListing(_number(two, who), "offer", "food", title)).record


def _hide_listing(two: TwoVillages, who: str) -> Asked:
    record = _listed(two, who)
    return Asked(HideListing(record, WHY), f"/market/{record.hex()}/hide", "/hide", {"reason": WHY})


def _show_listing(two: TwoVillages, who: str) -> Asked:
    record = _listed(two, who)
    two.river.do("Kira" if who != "Kira" else "Hugo", HideListing(record, "not for sale"))
    return Asked(ShowListing(record, WHY), f"/market/{record.hex()}/show", "/show", {"reason": WHY})


def _move_listing(two: TwoVillages, who: str) -> Asked:
    record, typed = _listed(two, who), {"category": "bread", "reason": WHY}
    return Asked(MoveListing(record, "bread", WHY), f"/market/{record.hex()}/move", "/move", typed)


def _merge_listing(two: TwoVillages, who: str) -> Asked:
    record, into = _listed(two, who), _listed(two, who, "Fresh bread")
    typed = {"into": into.hex(), "reason": WHY}
    return Asked(MergeListing(record, into, WHY), f"/market/{record.hex()}/merge", "/merge", typed)


def _drop_photo(two: TwoVillages, who: str) -> Asked:
    record = _listed(two, who)
    two.river.do(who, SetPhoto(record, b"large", b"small", bytes(16)))
    return Asked(DropPhoto(record, WHY), f"/market/{record.hex()}/photo/drop", "/drop", {"reason": WHY})


def _set_category(_two: TwoVillages, _who: str) -> Asked:
    typed = {"name": "Cheese", "parent": "food", "icon": "food"}
    return Asked(SetCategory(NEW_KIND, "food", "Cheese", "food"), "/desk/kinds/of/new", "/of/new", typed)


def _merge_category(_two: TwoVillages, _who: str) -> Asked:
    command, page = MergeCategory("bread", "meal"), "/desk/kinds/of/bread/merge"
    return Asked(command, page, "/merge", {"into": "meal"})


def _change_rules(_two: TwoVillages, _who: str) -> Asked:
    typed = {"pin_above": "3", "reason": WHY}
    command = ChangeRules("credit", {"pin_above": 300}, WHY)
    return Asked(command, "/desk/rules/credit", "/rules/credit", typed)


def _set_trunk(_two: TwoVillages, _who: str) -> Asked:
    page, typed = f"/desk/neighbours/{HILL}", {"low": "5", "high": "7", "reason": WHY}
    return Asked(SetTrunk(HILL, -500, 700, WHY), page, "/limits", typed)


def _set_distance(_two: TwoVillages, _who: str) -> Asked:
    return Asked(SetDistance(HILL, 40), f"/desk/neighbours/{HILL}", "/distance", {"minutes": "40"})


def _speak(two: TwoVillages, _who: str) -> Asked:
    page = "/desk/neighbours/speak"
    for boot in ("boot-1", "boot-2"):  # the first ended without a word
        startup.begins(two.river.hub.store, "radio", boot, "board-1")
    return Asked(Speak(WHY), page, page, {"reason": WHY})


def _send_back(two: TwoVillages, who: str) -> Asked:
    two.limit(HILL)
    two.limit(RIVER, low=0)
    number = two.river.numbers[who]
    two.hill.do("Chandra", Send(two.hill.numbers["Chandra"], RIVER, number, Amount(250)))
    two.carry()
    with two.river.hub.reading() as tx:
        (held,) = desk.held(tx, HILL)
    page = f"/desk/held/{held.id.hex()}"
    return Asked(SendBack(held.id, WHY), page, page, {"reason": WHY})


def _recall(two: TwoVillages, who: str) -> Asked:
    two.limit(RIVER)
    to = two.hill.numbers["Chandra"]
    sent = two.river.do(who, Send(_number(two, who), HILL, to, Amount(250)))
    page = f"/t/{sent.record.hex()}/recall"
    return Asked(Recall(sent.record, WHY), page, "/recall", {"reason": WHY})


def _moves(two: TwoVillages, who: str, why: str = WHY) -> Move:
    return Move(_number(two, who), HILL, two.hill.numbers["Chandra"], True, why)


def _move(two: TwoVillages, who: str) -> Asked:
    there = Account(HILL, two.hill.numbers["Chandra"]).full
    typed = {"there": there, "told": "1", "reason": WHY}
    return Asked(_moves(two, who), f"{_page(two, who)}/move", "/move", typed)


def _stay(two: TwoVillages, who: str) -> Asked:
    two.river.do(who, _moves(two, who, ""))
    page = f"{_page(two, who)}/stay"
    return Asked(Stay(_number(two, who), WHY), page, "/life/stay", {"reason": WHY})


def _slip(two: TwoVillages, who: str) -> Asked:
    terms: dict[str, Any] = {"pile": bytes(16), "line": 1, "day": MONDAY_NOON // DAY_MS - 1}
    payer, payee = _number(two, who), _number(two, "Bob")
    return Asked(EnterSlip(payer=payer, payee=payee, amount=Amount(75), **terms))


def _grant_of(two: TwoVillages, who: str) -> dict[str, Any]:
    return {"payee": _number(two, who), "amount": 900, "category": "other"}


def _complaint(two: TwoVillages, who: str) -> Asked:
    hub, number, bob = two.river.hub, _number(two, who), _number(two, "Bob")
    sent = talks.send(hub.store, number, bob, "You are a goat", hub.clock.now(), b"k" * 16)
    assert isinstance(sent, talks.Sent)
    what = (complaints.MESSAGE, 0, sent.seq)
    assert complaints.tell(hub.store, b"c" * 16, bob, what, "it hurts", hub.clock.now()) is None
    with hub.reading() as tx:
        (told,) = talk_reads.complaints_waiting(tx, 0)
    page = f"/desk/complaints/{told.id.hex()}"
    command = AnswerComplaint(told.id, number, complaints.WORD, 0, WHY)
    return Asked(command, page, page, {"step": "word", "reason": WHY})


def _pay_commons(two: TwoVillages, who: str) -> Asked:
    return Asked(PayFromCommons(_number(two, who), Amount(120), "other", WHY))


def _propose(two: TwoVillages, who: str) -> Asked:
    return Asked(Propose("pay_commons", _grant_of(two, who), WHY))


def _set_time(two: TwoVillages, _who: str) -> Asked:
    up = two.river.clock.uptime()
    zero = two.river.clock.now().ms - up.ms
    two.river.clock.set(two.river.clock.now().ms, Quality.FLOOR)
    with two.river.hub.store.write() as tx:
        row = {
            "boot": up.boot,
            "zero_ms": zero,
            "quality": 1,
            "source": "floor",
            "base_ms": zero,
            "saved_ms": 0,
        }
        tx.put(ClockRow, id=1, **row)
    return Asked(SetTime(up.boot, zero, 3_600_000, WHY))


def _answer(step: str, command: Any, two: TwoVillages, who: str, by: str = "Hugo") -> Asked:
    made = two.river.do(by, Propose("pay_commons", _grant_of(two, who), WHY))
    typed = {"reason": WHY} if step == "object" else {}
    return Asked(command(made.record), f"/desk/two/{made.record.hex()}", f"/{step}", {"pin": PIN, **typed})


NEW: dict[str, Any] = {"own": "-", "helping": None, "about": "Gina"}
"""What concerns newcomers concerns no keeper, and nobody helps them yet."""
VILLAGE: dict[str, Any] = {"own": "-", "helping": None, "about": ""}
OF_OWNER: dict[str, Any] = {"member": Code.NOT_YOURS, "helper": Code.NOT_YOURS}
"""Acts that are an owner's or a party's own, and a keeper's when not."""
OF_GRETA: dict[str, Any] = {"own": "-", "about": "Greta", "reads": False}

ACTS: tuple[KeeperAct, ...] = (
    KeeperAct("approve", _approve, "Kira let Gina in.", why="", **NEW),
    KeeperAct("turn_away", _turn_away, "Kira did not let Gina in.", reads=False, **NEW),
    KeeperAct("register", _register, "Kira took in Ines", own="-", helping=None, about="new", reads=False),
    KeeperAct("set_limits", _limits, "Kira set the limits of Alice"),
    KeeperAct("move_group", _group, "Kira changed the kind of account of Alice: Business"),
    KeeperAct("away", partial(_step, "away", Away), "Kira wrote down that Alice is away.", own=None),
    KeeperAct(
        "back", partial(_step, "back", Back, before=Away), "Kira wrote down that Alice is back.", own=None
    ),
    KeeperAct("freeze", partial(_step, "freeze", Freeze), "Kira froze the account of Alice."),
    KeeperAct(
        "unfreeze",
        partial(_step, "unfreeze", Unfreeze, before=Freeze),
        "Kira freed the account of Alice.",
        own="-",
    ),
    KeeperAct("close_member", partial(_step, "left", _close), "who has left", reads=False),
    KeeperAct(
        "reopen",
        partial(_step, "reopen", Reopen, before=_close),
        "Kira took Alice in again.",
        helping=None,  # whatever others might do for her had ended
        own="-",
        reads=False,
    ),
    KeeperAct(
        "erase",
        partial(_step, "erase", Erase, before=_close),
        "Kira wrote down that personal words of Alice are to be erased in a week.",
        helping=None,  # whatever others might do for her had ended
        own="-",
        reads=False,
    ),
    KeeperAct(
        "replace_key", _replace_key, "Kira gave Alice a new PIN.", why="", own=Code.STILL_KEEPER, reads=False
    ),
    KeeperAct(
        "allow_reentry",
        partial(_reentry, AllowReentry, "/allow"),
        "Kira let Alice choose a new PIN with the sheet from home.",
        why="",
    ),
    KeeperAct(
        "stop_reentry",
        partial(_reentry, StopReentry, "/stop"),
        "Kira stopped that somebody comes in with the sheet of Alice.",
        why="",
        helping=None,  # to stop it takes nothing from anybody
        own=None,
        **OF_OWNER,
    ),
    KeeperAct("reverse", _reverse, "Kira gave back", **OF_OWNER),
    KeeperAct("end_dispute", _end_dispute, "Kira wrote down how it ended"),
    KeeperAct("end_objection", _end_objection, "Kira found that care of Alice is right"),
    KeeperAct("dispute_for", _dispute_for, "Greta", **OF_GRETA),
    KeeperAct("write_grant", _write_grant, "Kira wrote down that Greta wants Bob", **OF_GRETA),
    KeeperAct("end_grant", _end_grant, "Kira ended that Bob may act", own=None, **OF_OWNER),
    KeeperAct("open_account", _open_account, "Kira opened a further account for Alice"),
    KeeperAct(
        "close_account",
        _close_account,
        "Kira closed the account The mill",
        own=None,
        helping=None,  # who helps with one account has no part in another
        **OF_OWNER,
    ),
    KeeperAct("close_listing", _close_listing, "Kira took down", own=None, helping=None, **OF_OWNER),
    KeeperAct("hide_listing", _hide_listing, "Kira hid “Bread” of"),
    KeeperAct("show_listing", _show_listing, "Kira put “Bread” of"),
    KeeperAct("move_listing", _move_listing, "Kira moved “Bread” of"),
    KeeperAct("merge_listing", _merge_listing, "Kira put “Bread” of"),
    KeeperAct("drop_photo", _drop_photo, "Kira took the photo of", own=None, helping=None, **OF_OWNER),
    KeeperAct(
        "set_category", _set_category, "Kira added the kind “Cheese”", why="", everybody=True, **VILLAGE
    ),
    KeeperAct(
        "merge_category",
        _merge_category,
        "Kira put the kind “Bread and cakes” together with “Cooked meals”",
        why="",
        everybody=True,
        **VILLAGE,
    ),
    KeeperAct("answer_complaint", _complaint, "Kira had a word with Alice about what was written."),
    KeeperAct("change_rules", _change_rules, "Kira changed the rules", everybody=True, **VILLAGE),
    KeeperAct("set_time", _set_time, "Kira set the hub's clock", walk=True, everybody=True, **VILLAGE),
    KeeperAct("set_trunk", _set_trunk, "Kira set the limits toward Hill", **VILLAGE),
    KeeperAct(
        "set_distance", _set_distance, "Kira wrote down how far Hill is: 40 min on foot.", why="", **VILLAGE
    ),
    KeeperAct("speak", _speak, "Kira let the hub speak", **VILLAGE),
    KeeperAct("send_back", _send_back, "Kira sent"),
    KeeperAct(
        "recall", _recall, "Kira asked Hill for", member=Code.NOT_YOURS, helper=None, own=None, helping=None
    ),
    KeeperAct("move", _move, "Alice", own=None),
    KeeperAct("stay", _stay, "Alice", own=None),
    KeeperAct("enter_slip", _slip, "", why="", walk=True),
    KeeperAct("pay_commons", _pay_commons, "from the commons", walk=True),
    KeeperAct("propose", _propose, "Kira proposed to a second keeper", walk=True),
    KeeperAct("agree", partial(_answer, "agree", Agree), "Hugo and Kira agreed, and it is done"),
    KeeperAct(
        "object",
        partial(_answer, "object", lambda record: Object(record, WHY)),
        "Kira said no to what Hugo proposed",
    ),
    KeeperAct(
        "take_back",
        partial(_answer, "take-back", TakeBack, by="Kira"),
        "Kira took the proposal back",
        why="",
        helping=Code.NOT_YOURS,
        own=Code.NOT_YOURS,
        **OF_OWNER,
    ),
)

BY_NO_KEEPER = (
    *("found", "appoint_keeper", "settle", "admit_hub", "lapse_limits", "close_moved"),
    *("dismiss_keeper", "lapse_proposal", "correct_time", "erase_now", "renew"),
)
"""Acts of the root, of the founders and of the hub by its rules: no member's key is enough."""

BY_MEMBERS = ("vouch",)
"""What members do to each other, and the one concerned reads like an act of a keeper's."""

SHOWN_ELSEWHERE = {
    "close_year": "tests/web/desk/test_closing.py",
    "allow_match": "tests/web/market/test_trading.py",
    **dict.fromkeys(("name_risk", "open_sign_in", "claim_unresolved"), "tests/web/desk/test_restored.py"),
    "keep_texts": "tests/ledger/people/test_erasing.py",
    "agree_import": "tests/ledger/people/test_imports.py",
    "import_file": "tests/ledger/people/test_imports.py",
    "import_opening": "tests/ledger/files/test_taking.py",
}
"""Acts of more than one keeper, with a table of their own."""


@cache
def _settled_once() -> tuple[Path, TwoVillages]:
    room = Path(tempfile.mkdtemp(prefix="matrix-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    two = make_two_villages(room)
    river = two.river
    for name in ("Emil", "Fatima", "Dora", "Hugo"):
        river.do("Kira", Approve(river.join(name)))
    for name in ("Fatima", "Hugo"):
        river.root(AppointKeeper(river.numbers[name]))
    made = river.do("Kira", Register("Greta", "has no phone"))
    river.numbers["Greta"] = AccountNumber(made.outcome["number"])
    for owner, helper in (("Alice", "Emil"), ("Alice", "Fatima"), ("Fatima", "Emil")):
        river.do(owner, AskGrant(river.numbers[owner], river.numbers[helper]))
        river.do(helper, AgreeGrant(river.numbers[owner], HELPER))
    for helper in ("Emil", "Fatima"):
        river.do("Kira", WriteGrant(river.numbers["Greta"], river.numbers[helper], HELPER, "she asked"))
        river.do(helper, AgreeGrant(river.numbers["Greta"], HELPER))
    two.close()
    return room, two


def settled(path: Path) -> TwoVillages:
    """River with everybody in it, and Hill; close them afterwards."""
    room, made = _settled_once()
    clock = ManualClock(MONDAY_NOON)
    copies = []
    for name, village in (("river", made.river), ("hill", made.hill)):
        shutil.copytree(room / name, path / name)
        copy = Village(Hub.open(path / name, clock), village.papers, clock, dict(village.numbers))
        copy.signers = {who: KeySigner(key.authority, key.seed()) for who, key in village.signers.items()}
        copies.append(copy)
    river, hill = copies
    return TwoVillages(river, hill, clock)


def new_number(receipt: Receipt) -> int:
    """Whom an act has made."""
    return int(receipt.outcome["number"])
