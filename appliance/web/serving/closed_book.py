"""The portal of a hub whose book cannot be opened, damaged or on a card that refuses: each address says what to do."""

from typing import Final

from flask import Flask, jsonify
from flask.wrappers import Response
from werkzeug.exceptions import HTTPException

import appliance

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
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
_CARD_ENGLISH: Final = """<h1>&#9888; The card of this hub does not work now</h1>
<p>Nobody can pay or look at accounts until it does. Nothing is deleted. The hub tries again by itself every half minute.</p>
<p><strong>Members:</strong> write payments on paper slips, and tell a keeper.</p>
<p><strong>Keepers:</strong> make room on the card if it is full. If it is not, switch the hub off and on once. If this page
comes again, the card is dying: take a new one, and restore the hub from its backup: <code>hub restore</code></p>"""

_CARD_SPANISH: Final = """<div lang="es"><h1>&#9888; La tarjeta de este hub no funciona ahora</h1>
<p>Hasta que funcione, nadie puede pagar ni ver cuentas. No se borra nada. El hub lo intenta de nuevo cada medio minuto.</p>
<p><strong>Miembros:</strong> anoten los pagos en papeletas y avisen a un encargado.</p>
<p><strong>Encargados:</strong> hagan sitio en la tarjeta si está llena. Si no lo está, apaguen y enciendan el hub una vez. Si
esta página vuelve, la tarjeta se muere: pongan una nueva y restauren el hub desde su copia: <code>hub restore</code></p></div>"""
# Both beside each other: which language somebody reads is kept in the book, too.


DAMAGED: Final = ("The book is damaged", _ENGLISH + _SPANISH, "book damaged")
CARD: Final = ("The card does not work", _CARD_ENGLISH + _CARD_SPANISH, "ledger down")


def create_app(page_of: tuple[str, str, str] = DAMAGED) -> Flask:
    """An app that needs no book. Every answer is 503, so that machines understand it as well.

    Args:
        page_of: title and words of its one page, and its word for machines (``/health``).
    """
    title, words, status = page_of
    app = Flask("appliance.web", static_folder=None)

    @app.get("/health")
    def health() -> tuple[Response, int]:
        return jsonify(status=status, version=appliance.__version__), 503

    @app.errorhandler(HTTPException)
    def page(_error: HTTPException) -> tuple[str, int]:
        return _PAGE.format(title=title, words=words), 503

    return app
