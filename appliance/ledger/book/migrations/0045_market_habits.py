"""What messages between hubs are about; when members looked at the market, and who wants no news of matches. Frozen once released."""

from typing import Any

STATEMENTS = (
    """ALTER TABLE "far_message" ADD COLUMN "about_hub" INTEGER""",
    """ALTER TABLE "far_message" ADD COLUMN "about" INTEGER""",
    """
    CREATE TABLE "market_seen" ("member" INTEGER NOT NULL PRIMARY KEY, "at_ms" INTEGER NOT NULL,
    "before_ms" INTEGER NOT NULL)
    """,
    """CREATE TABLE "no_match_news" ("member" INTEGER NOT NULL PRIMARY KEY)""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
