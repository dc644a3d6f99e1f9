"""The portal: server-made pages that need no script.

It shows what ``ledger.reads`` says and asks for commands; it decides nothing about credit.
Who is signed in, and whose key is open for how long, is its own business.
"""

from appliance.web.app import create_app

__all__ = ["create_app"]
