"""Terms of accounts, who acts for whom, what waits for a second person. Frozen once released."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "answered" ("transfer" BLOB NOT NULL PRIMARY KEY, "phrase" TEXT NOT NULL,
    "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "aside" ("account" INTEGER NOT NULL PRIMARY KEY, "amount" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "departure" ("member" INTEGER NOT NULL PRIMARY KEY, "how" TEXT NOT NULL, "hub"
    INTEGER, "account" INTEGER, "told" INTEGER NOT NULL, "entry" INTEGER NOT NULL, "closed_entry"
    INTEGER)
    """,
    """
    CREATE TABLE "dispute" ("transfer" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL,
    "state" TEXT NOT NULL, "until_ms" INTEGER NOT NULL, "entry" INTEGER NOT NULL, "closed_entry"
    INTEGER)
    """,
    """
    CREATE INDEX "dispute_member" ON "dispute" ("member")
    """,
    """
    CREATE INDEX "dispute_state" ON "dispute" ("state")
    """,
    """
    CREATE TABLE "due" ("transfer" BLOB NOT NULL PRIMARY KEY, "until_ms" INTEGER NOT NULL,
    "entry" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "due_until_ms" ON "due" ("until_ms")
    """,
    """
    CREATE TABLE "further" ("account" INTEGER NOT NULL PRIMARY KEY, "name_entry" INTEGER NOT
    NULL, "state" TEXT NOT NULL, "closed_entry" INTEGER)
    """,
    """
    CREATE TABLE "grant" ("account" INTEGER NOT NULL, "member" INTEGER NOT NULL, "kind" TEXT NOT
    NULL, "state" TEXT NOT NULL, "asked_entry" INTEGER NOT NULL, "agreed_entry" INTEGER,
    "ended_entry" INTEGER, PRIMARY KEY ("account", "member"))
    """,
    """
    CREATE INDEX "grant_member" ON "grant" ("member")
    """,
    """
    CREATE TABLE "import" ("digest" BLOB NOT NULL, "what" TEXT NOT NULL, "terms" BLOB NOT NULL,
    "agreed" INTEGER, "agreed_entry" INTEGER, "keeper" INTEGER, "left" INTEGER NOT NULL, "others"
    INTEGER NOT NULL, "entry" INTEGER, PRIMARY KEY ("digest", "what"))
    """,
    """
    CREATE TABLE "proposal" ("id" BLOB NOT NULL PRIMARY KEY, "kind" TEXT NOT NULL, "body" BLOB
    NOT NULL, "keeper" INTEGER NOT NULL, "state" TEXT NOT NULL, "until_ms" INTEGER NOT NULL,
    "entry" INTEGER NOT NULL, "second" INTEGER, "closed_entry" INTEGER)
    """,
    """
    CREATE INDEX "proposal_state" ON "proposal" ("state")
    """,
    """
    CREATE TABLE "share" ("transfer" BLOB NOT NULL, "account" INTEGER NOT NULL, "amount" INTEGER
    NOT NULL, "state" TEXT NOT NULL, "phrase" TEXT NOT NULL, "entry" INTEGER NOT NULL, PRIMARY KEY
    ("transfer", "account"))
    """,
    """
    CREATE INDEX "share_account" ON "share" ("account")
    """,
    """
    CREATE TABLE "slip" ("transfer" BLOB NOT NULL PRIMARY KEY, "pile" BLOB NOT NULL, "line"
    INTEGER NOT NULL, "day" INTEGER NOT NULL, "payer" INTEGER NOT NULL, "payee" INTEGER NOT NULL,
    "keeper" INTEGER NOT NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "slip_payee" ON "slip" ("payee")
    """,
    """
    CREATE INDEX "slip_entry" ON "slip" ("entry")
    """,
    """
    CREATE UNIQUE INDEX "slip_pile_line" ON "slip" ("pile", "line")
    """,
    """
    CREATE INDEX "slip_payer_payee_day" ON "slip" ("payer", "payee", "day")
    """,
    """
    CREATE TABLE "slip_draft" ("pile" BLOB NOT NULL PRIMARY KEY, "keeper" INTEGER NOT NULL,
    "body" TEXT NOT NULL, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "slip_draft_keeper" ON "slip_draft" ("keeper")
    """,
    """
    CREATE TABLE "slip_seen" ("member" INTEGER NOT NULL, "transfer" BLOB NOT NULL, PRIMARY KEY
    ("member", "transfer"))
    """,
    """
    CREATE TABLE "spending" ("transfer" BLOB NOT NULL PRIMARY KEY, "keeper" INTEGER NOT NULL,
    "second" INTEGER, "amount" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "spending_keeper" ON "spending" ("keeper")
    """,
    """
    CREATE TABLE "terms" ("account" INTEGER NOT NULL PRIMARY KEY, "grp" TEXT NOT NULL,
    "until_ms" INTEGER, "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "undo_ask" ("transfer" BLOB NOT NULL PRIMARY KEY, "member" INTEGER NOT NULL,
    "state" TEXT NOT NULL, "entry" INTEGER NOT NULL, "closed_entry" INTEGER)
    """,
    """
    CREATE TABLE "voucher" ("newcomer" INTEGER NOT NULL, "member" INTEGER NOT NULL, "entry"
    INTEGER NOT NULL, PRIMARY KEY ("newcomer", "member"))
    """,
    """
    CREATE TABLE "tried" ("member" INTEGER NOT NULL, "seq" INTEGER NOT NULL, "good" INTEGER NOT
    NULL, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL, "source" TEXT NOT NULL, PRIMARY KEY
    ("member", "seq"))
    """,
    """
    CREATE TABLE "printed" ("account" INTEGER NOT NULL, "what" TEXT NOT NULL, "first" INTEGER NOT
    NULL, "end" INTEGER NOT NULL, "at_ms" INTEGER NOT NULL, "quality" INTEGER NOT NULL, PRIMARY KEY
    ("account", "what"))
    """,
    """
    CREATE INDEX "transfer_opened_entry" ON "transfer" ("opened_entry")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
