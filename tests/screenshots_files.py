"""The pages of files at the desk: out and in, what is wrong with one, what another would do, done."""

from playwright.sync_api import FilePayload, Page, Response

from appliance.demo import PIN
from appliance.demo.village import ALICE, BOB, KIRA
from appliance.ledger.values import Account
from tests.support.lists import as_csv
from tests.support.pictures import MISSING, POST_BUTTON, REFUSED, Shot, at, click, send

LIST = "New members of May.csv"


def shots(hub: int) -> list[Shot]:
    """Every kind of page of a file."""
    people = [["name", "kind", "old number"], ["Emma Brook", "household", "17"], ["Alice", "person", "18"]]
    wrong = [*people, ["", "person", "19"], ["The Mill", "ship", "18"]]
    alice, bob = (Account(hub, who).full for who in (ALICE, BOB))
    paid = [
        ["day", "payer", "payee", "amount", "note"],
        *(["2024-05-31", alice, bob, f"{n}.50", "a new roof"] for n in range(40, 44)),
    ]

    def brings(what: str, rows: list[list[str]], until: str) -> "Bring":
        return Bring(what, as_csv(rows), until)

    def takes(page: Page) -> Response | None:
        brings("members", people, "form[action$=take]")(page)
        send(page, "form[action$=take] button", reason="They move in from the other valley", pin=PIN)
        return _rests(page, "dl")

    return [
        Shot("files", KIRA, at("/desk/files")),
        Shot("files_bring", KIRA, at("/desk/files/in/members")),
        Shot("files_bring_numbers", KIRA, at("/desk/files/in/transfers")),
        Shot("files_wrong", KIRA, brings("members", wrong, "ol.lines")),
        Shot("files_members", KIRA, brings("members", people, "form[action$=take]")),
        Shot("files_payments", KIRA, brings("transfers", paid, "form[action$=take]")),
        Shot("files_no_reason", KIRA, _without_reason, REFUSED),
        Shot("files_done", KIRA, takes),
        Shot("files_gone", KIRA, at("/desk/files/job/members-00"), MISSING),
    ]


def _without_reason(page: Page) -> Response | None:
    page.goto("/desk/files")
    click(page, "main a[href*='/job/']")
    return send(page, "form[action$=take] button", reason=" ", pin=PIN)


def _rests(page: Page, until: str) -> Response | None:
    """The page, once the work is over: it comes again by itself."""
    page.locator(f"main {until}").first.wait_for()
    return page.reload()


class Bring:
    """By bringing a file, and waiting until it was looked at."""

    def __init__(self, what: str, data: bytes, until: str) -> None:
        self._what, self._data, self._until = what, data, until

    def __call__(self, page: Page) -> Response | None:
        page.goto(f"/desk/files/in/{self._what}")
        page.set_input_files("[name=file]", FilePayload(name=LIST, mimeType="text/csv", buffer=self._data))
        click(page, POST_BUTTON)
        return _rests(page, self._until)
