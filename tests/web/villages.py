"""River and Hill with their portals, and people with browsers at either."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from werkzeug.test import TestResponse

from appliance.web import create_app
from tests.support.two_villages import TwoVillages
from tests.support.village import PIN, Village
from tests.web.conftest import PHONE, Browser


@dataclass
class Portals:
    """Two villages and their portals."""

    two: TwoVillages
    apps: dict[int, Flask]

    def at(self, name: str, address: str = PHONE) -> Browser:
        """``name``, signed in at the portal at home."""
        village: Village = self.two.home_of(name)
        browser = Browser(self.apps[village.hub.number].test_client(), address)
        answer = browser.sign_in(village.account(name).short)
        assert answer.status_code == 302, answer.text
        return browser

    def number(self, name: str) -> str:
        """The number on the card of ``name``."""
        return self.two.home_of(name).account(name).full

    def pay(self, payer: Browser, payee: str, amount: str, **typed: str) -> TestResponse:
        """``payer`` goes all the way to the receipt; ``payee`` is a name or a full number."""
        number = self.number(payee) if payee[0].isalpha() else payee
        typed["amount"] = amount
        page = payer.fill(f"/P/{number.replace('-', '')}", "/pay/check", False, **typed)
        return payer.fill(page, "/pay/send", pin=PIN, follow=True)


def portals(two: TwoVillages) -> Portals:
    """The portals of two villages."""
    make: Callable[..., Flask] = create_app
    hubs = (two.river.hub, two.hill.hub)
    return Portals(two, {hub.number: make(hub, TESTING=True, PROPAGATE_EXCEPTIONS=False) for hub in hubs})
