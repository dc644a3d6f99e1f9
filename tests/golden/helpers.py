"""Further accounts and who acts for whom, for the golden books: once at least."""

from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.further import CloseAccount, OpenAccount
from appliance.ledger.people.grants import HELPER, JOINT, AgreeGrant, AskGrant, EndGrant, WriteGrant
from appliance.ledger.people.life import Register
from appliance.ledger.values import AccountNumber, Amount
from tests.support.village import Village


def helpers(river: Village) -> None:
    """Chandra acts for Hanna, who signed a paper; she and Dina hold a household's account, and a shop closes."""
    n = river.numbers

    def account(owner: str, group: str, name: str) -> AccountNumber:
        opened = river.do("Kira", OpenAccount(n[owner], group, name, "as the assembly agreed"))
        return AccountNumber(int(str(opened.outcome["number"])))

    home, shop = account("Chandra", "household", "Family Rao"), account("Dina", "business", "Bakery")
    river.do("Chandra", AskGrant(home, n["Dina"], JOINT))
    river.do("Dina", AgreeGrant(home, JOINT))
    river.do("Dina", Pay(home, n["Chandra"], Amount(15)))
    river.do("Chandra", AskGrant(n["Chandra"], n["Dina"]))
    river.do("Dina", EndGrant(n["Chandra"], n["Dina"]))
    hanna = AccountNumber(int(str(river.do("Kira", Register("Hanna", "has no phone")).outcome["number"])))
    river.do("Kira", WriteGrant(hanna, n["Chandra"], HELPER, "signed at the desk"))
    river.do("Chandra", AgreeGrant(hanna, HELPER))
    river.do("Chandra", Pay(hanna, n["Dina"], Amount(25)))
    river.do("Kira", EndGrant(hanna, n["Chandra"], "on Hanna's word"))
    river.do("Dina", CloseAccount(shop))
