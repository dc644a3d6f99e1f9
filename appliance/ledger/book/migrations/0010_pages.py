"""What the first page asks, found without reading a history or a village through. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE INDEX "account_owner" ON "account" ("owner")
    """,
    """
    CREATE INDEX "undo_ask_state" ON "undo_ask" ("state")
    """,
    """
    CREATE INDEX "transfer_refund" ON "transfer" ("payee", "opened_ms") WHERE kind = 'refund'
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
