"""Further accounts and those who act for others: who may, because both said so, and how it ends."""

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.keys import KeySigner
from appliance.ledger.money.accounts import SetLimits
from appliance.ledger.money.disputes import EndDispute
from appliance.ledger.money.requests import Accept, Request
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.further import CloseAccount, OpenAccount
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant, EndGrant, WriteGrant
from appliance.ledger.people.leaving import CloseMember
from appliance.ledger.people.life import Freeze, Unfreeze
from appliance.ledger.people.members import ReplaceKey
from appliance.ledger.values import AccountNumber, Amount
from tests.ledger.book.machine.base import AMOUNT, ODDLY, PICK, STANDING
from tests.ledger.book.machine.life import Life
from tests.ledger.book.machine.limits import GROUP

KIND = st.sampled_from([HELPER, JOINT])
MOST_FURTHER = 6


class Grants(Life):
    """A bakery's account, a family's; helpers; consent on paper of those who have no key."""

    def _begin(self) -> None:
        super()._begin()
        self.owners: dict[int, int] = {}
        self.open: set[int] = set()
        self.grants: dict[tuple[int, int], tuple[str, str]] = {}

    def _owner(self, account: int) -> int:
        return self.owners.get(account, account)

    def _acts(self, who: int, account: int) -> bool:
        owner = self._owner(account)
        fine = self.status.get(owner) in STANDING and (account not in self.owners or account in self.open)
        return fine and (who == owner or self.grants.get((account, who), ("", ""))[1] == "agreed")

    def _has_part(self, who: int, member: int) -> bool:
        return any(
            self._owner(account) == member and helper == who and state == "agreed"
            for (account, helper), (_, state) in self.grants.items()
        )

    def _model(self, command: Command, signer: KeySigner, receipt: Receipt) -> None:
        who = self._who(signer)
        match command:  # what must have been so before
            case Pay(payer) | Accept(_, payer):
                assert self._acts(who, payer)
            case Request(payee):
                assert self._acts(who, payee)
            case SetLimits(account):
                assert self.grants.get((account, who), ("", ""))[1] != "agreed"
            case Freeze(member) | Unfreeze(member) | CloseMember(member) | ReplaceKey(member):
                assert not self._has_part(who, member)
            case EndDispute(transfer):
                assert not any(self._acts(who, side) for side in self.transfers[transfer][:2])
        super()._model(command, signer, receipt)
        match command:
            case OpenAccount(owner):
                number = receipt.outcome["number"]
                assert number not in self.balance
                assert number not in self.status
                assert who in self.keepers - {owner}
                self.owners[number], self.balance[number], self.held[number] = owner, 0, 0
                self.open.add(number)
            case CloseAccount(account):
                assert self.balance[account] == 0
                assert who == self.owners[account] or who in self.keepers
                self._close_account(account)
            case AskGrant(account, member, kind):
                assert who == self._owner(account) != member
                self._asked(account, member, kind)
            case WriteGrant(account, member, kind):
                assert who in self.keepers - {member, self._owner(account)}
                assert self._owner(account) not in self.signers
                self._asked(account, member, kind)
            case AgreeGrant(account, kind):
                assert self.grants[account, who] == (kind, "asked")
                self.grants[account, who] = (kind, "agreed")
            case EndGrant(account, member):
                assert self.grants[account, member][1] != "ended"
                assert who in (member, self._owner(account)) or who in self.keepers
                self._over(account, member)

    def _asked(self, account: int, member: int, kind: str) -> None:
        assert self.grants.get((account, member), ("", "ended"))[1] == "ended"
        assert self.status[member] in STANDING
        self.grants[account, member] = (kind, "asked")

    def _over(self, account: int, member: int) -> None:
        self.grants[account, member] = (self.grants[account, member][0], "ended")

    def _close_account(self, account: int) -> None:
        self.open.discard(account)
        for record, (payer, payee, _) in list(self.requests.items()):
            if account in (payer, payee):
                self._drop(record)
        for record, state in self.asked_back.items():
            if state == "open" and account in self.transfers[record][:2]:
                self.asked_back[record] = "over"
        for on, member in self.grants:
            if on == account:
                self._over(on, member)

    def _close(self, member: int) -> None:
        super()._close(member)
        for account, helper in self.grants:
            if member in (helper, account):
                self._over(account, helper)
        for account in [a for a, owner in self.owners.items() if owner == member]:
            assert self.balance[account] == 0
            self._close_account(account)

    @invariant()
    def the_grants_are_the_model(self) -> None:
        if not self.founded:
            return
        with self.hub.reading() as tx:
            grants = tx.select('SELECT account, member, kind, state FROM "grant"')
            further = tx.select("SELECT account, state FROM further")
        assert {(a, m): (kind, state) for a, m, kind, state in grants} == self.grants
        assert {a: state == "open" for a, state in further} == {a: a in self.open for a in self.owners}

    # -- further accounts ---------------------------------------------------------------------

    def _opened(self, pick: int, other: int, oddly: bool, group: str) -> int | None:
        """A further account that is open; a new one, while there are few."""
        if len(self.owners) < MOST_FURTHER:
            owner = self._anybody(pick, oddly)
            command = OpenAccount(AccountNumber(owner), group, "Bakery", "they bake on Fridays")
            receipt = self._ask(command, self._keeper(other, oddly, owner))
            if receipt is not None:
                return int(receipt.outcome["number"])
        usable = sorted(a for a in self.open if self.owners[a] in self._able())
        return usable[pick % len(usable)] if usable else None

    @rule(pick=PICK, other=PICK, oddly=ODDLY, group=GROUP, amount=AMOUNT)
    def shop_day(self, pick: int, other: int, oddly: bool, group: str, amount: int) -> None:
        """A shop opens, is paid, and pays."""
        shop = self._opened(pick, other, oddly, group)
        if shop is None:
            return
        customer = self._active(other)
        self._ask(Pay(AccountNumber(customer), AccountNumber(shop), Amount(amount)), self.signers[customer])
        payer = self.signers[self._active(pick) if oddly else self.owners[shop]]
        pay = Pay(AccountNumber(shop), AccountNumber(customer), Amount(max(1, amount // 2)), again=True)
        self._ask(pay, payer)

    @rule(pick=PICK, other=PICK, oddly=ODDLY, group=GROUP, own=st.booleans())
    def close_shop(self, pick: int, other: int, oddly: bool, group: str, own: bool) -> None:
        shop = self._opened(pick, other, False, group)
        if shop is None:
            return
        owner, balance = self.owners[shop], self.balance[shop]
        if balance and not oddly:
            payer, payee = (shop, owner) if balance > 0 else (owner, shop)
            pay = Pay(AccountNumber(payer), AccountNumber(payee), Amount(abs(balance)), again=True)
            self._ask(pay, self.signers[owner])
        signer = self.signers[owner] if own else self._keeper(other, oddly, owner)
        self._ask(CloseAccount(AccountNumber(shop), "" if own else "the oven is cold"), signer)

    # -- acting for others ----------------------------------------------------------------------

    @rule(pick=PICK, other=PICK, oddly=ODDLY, kind=KIND, says=st.sampled_from(["yes", "no", "later"]))
    def ask_grant(self, pick: int, other: int, oddly: bool, kind: str, says: str) -> None:
        account = sorted(self.open)[pick % len(self.open)] if self.open and pick % 2 else self._active(pick)
        owner = self._owner(account)
        able = [n for n in self._able() if n != owner]
        member = self._anybody(other, True) if oddly else able[other % len(able)]
        signer = self.signers[self._active(other) if oddly else owner]
        if self._ask(AskGrant(AccountNumber(account), AccountNumber(member), kind), signer):
            self._say(account, member, kind, says)

    def _say(self, account: int, member: int, kind: str, says: str) -> None:
        if says == "yes":
            self._ask(AgreeGrant(AccountNumber(account), kind), self.signers[member])
        elif says == "no":
            self._ask(EndGrant(AccountNumber(account), AccountNumber(member)), self.signers[member])

    @rule(pick=PICK, other=PICK, oddly=ODDLY, kind=KIND, says=st.sampled_from(["yes", "no", "later"]))
    def write_grant(self, pick: int, other: int, oddly: bool, kind: str, says: str) -> None:
        """Consent on paper of somebody without a key."""
        keyless = [n for n, s in self.status.items() if s in STANDING and n not in self.signers]
        if not keyless:
            return
        owner = self._active(pick) if oddly else keyless[pick % len(keyless)]
        able = [n for n in self._able() if n not in self.keepers] or self._able()
        member = self._anybody(other, True) if oddly else able[other % len(able)]
        command = WriteGrant(AccountNumber(owner), AccountNumber(member), kind, "signed at the desk")
        if self._ask(command, self._keeper(pick, oddly, member)):
            self._say(owner, member, kind, says)

    @precondition(lambda self: any(state == "asked" for _, state in self.grants.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY)
    def agree_grant(self, pick: int, other: int, oddly: bool) -> None:
        asked = [key for key, (_, state) in self.grants.items() if state == "asked" or oddly]
        account, member = asked[pick % len(asked)]
        kind = self.grants[account, member][0]
        signer = self.signers[self._active(other) if oddly else member]
        self._ask(AgreeGrant(AccountNumber(account), kind), signer)

    @precondition(lambda self: any(state != "ended" for _, state in self.grants.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY, by=st.sampled_from(["owner", "helper", "keeper"]))
    def end_grant(self, pick: int, other: int, oddly: bool, by: str) -> None:
        standing = [key for key, (_, state) in self.grants.items() if state != "ended" or oddly]
        account, member = standing[pick % len(standing)]
        owner = self._owner(account)
        ends = {"owner": owner, "helper": member}.get(by, 0)
        signer = self.signers[ends] if ends in self.signers and not oddly else self._keeper(other, oddly)
        self._ask(EndGrant(AccountNumber(account), AccountNumber(member), "as they say"), signer)

    @precondition(lambda self: any(state == "agreed" for _, state in self.grants.values()))
    @rule(pick=PICK, other=PICK, oddly=ODDLY, amount=AMOUNT)
    def act_for(self, pick: int, other: int, oddly: bool, amount: int) -> None:
        """A helper pays for somebody, or one whose grant has ended tries to."""
        wanted = ("ended", "asked") if oddly else ("agreed",)
        found = [key for key, (_, state) in self.grants.items() if state in wanted]
        if not found:
            return
        account, member = found[pick % len(found)]
        payee = self._another(other, account, oddly=False)
        pay = Pay(AccountNumber(account), AccountNumber(payee), Amount(min(amount, 60)), again=True)
        self._ask(pay, self.signers[member])
