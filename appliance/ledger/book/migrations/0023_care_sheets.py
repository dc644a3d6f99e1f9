"""Weekly sheets of care, care that is being written down, who held an account together. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "care_sheet" ("claim" BLOB NOT NULL PRIMARY KEY, "sheet" BLOB NOT NULL, "code" TEXT NOT NULL)
    """,
    """CREATE INDEX "care_sheet_sheet" ON "care_sheet" ("sheet")""",
    """CREATE INDEX "care_sheet_code" ON "care_sheet" ("code")""",
    """
    CREATE TABLE "parting" ("account" INTEGER NOT NULL, "member" INTEGER NOT NULL, "entry" INTEGER NOT NULL,
    "owner" INTEGER NOT NULL, "ended_ms" INTEGER NOT NULL, PRIMARY KEY ("account", "member", "entry"))
    """,
    """CREATE INDEX "parting_member" ON "parting" ("member")""",
    """CREATE INDEX "parting_owner" ON "parting" ("owner")""",
    """
    CREATE TABLE "care_draft" ("id" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL, "kind" TEXT NOT NULL,
    "body" TEXT NOT NULL, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL)
    """,
    """CREATE INDEX "care_draft_member" ON "care_draft" ("member")""",
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
