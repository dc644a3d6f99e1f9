"""Held payments in their order. Frozen: what a released migration says is never changed."""

from typing import Any

STATEMENTS = (
    """
    DROP INDEX "crossing_state_hub"
    """,
    """
    CREATE INDEX "crossing_state_hub_opened_entry" ON "crossing" ("state", "hub", "opened_entry")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
