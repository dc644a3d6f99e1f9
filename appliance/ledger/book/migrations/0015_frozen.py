"""What members were before they were frozen. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "frozen" ("member" INTEGER NOT NULL PRIMARY KEY, "before" TEXT NOT NULL, "entry" INTEGER
    NOT NULL)
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
