"""The portal of a hub whose book cannot be opened: every address answers with one page that says what to do."""

from typing import Final

from flask import Flask
from werkzeug.exceptions import HTTPException

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The book is damaged</title>
<style>body{{font:1.25rem/1.5 sans-serif;max-width:34rem;margin:auto;padding:1rem;color:#111;background:#fff}}
h1{{font-size:1.6rem;border-left:.4rem solid #a11;padding-left:.7rem}}</style></head><body>{words}</body></html>
"""

_ENGLISH: Final = """<h1>&#9888; The book of this hub is damaged</h1>
<p>Nobody can pay or look at accounts now. The damaged book is kept: nothing is deleted.</p>
<p><strong>Members:</strong> write payments on paper slips, and tell a keeper.</p>
<p><strong>Keepers:</strong> restore the hub from its backup: <code>hub restore</code></p>"""

_SPANISH: Final = """<div lang="es"><h1>&#9888; El libro de este hub está dañado</h1>
<p>Ahora nadie puede pagar ni ver cuentas. El libro dañado se guarda: no se borra nada.</p>
<p><strong>Miembros:</strong> anoten los pagos en papeletas y avisen a un encargado.</p>
<p><strong>Encargados:</strong> restauren el hub desde su copia: <code>hub restore</code></p></div>"""
# Both beside each other: which language somebody reads is kept in the book, too.


def create_app() -> Flask:
    """An app that needs no book. Every answer is 503, so that machines understand it as well."""
    app = Flask("appliance.web", static_folder=None)

    @app.errorhandler(HTTPException)
    def page(_error: HTTPException) -> tuple[str, int]:
        return _PAGE.format(words=_ENGLISH + _SPANISH), 503

    return app
