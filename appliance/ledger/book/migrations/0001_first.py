"""The first tables. Frozen: what a released migration says is never changed."""

from typing import Any

STATEMENTS = (
    """
    CREATE TABLE "account" ("number" INTEGER NOT NULL PRIMARY KEY, "kind" TEXT NOT NULL, "owner"
    INTEGER, "balance" INTEGER NOT NULL, "held" INTEGER NOT NULL, "low" INTEGER, "high" INTEGER,
    "entry" INTEGER NOT NULL)
    """,
    """
    CREATE TABLE "attempt" ("member" INTEGER NOT NULL, "device" BLOB NOT NULL, "failures" INTEGER
    NOT NULL, "boot" TEXT NOT NULL, "until_ms" INTEGER NOT NULL, "wait_ms" INTEGER NOT NULL, PRIMARY
    KEY ("member", "device"))
    """,
    """
    CREATE TABLE "claim" ("id" BLOB NOT NULL PRIMARY KEY, "code" TEXT NOT NULL, "carer" INTEGER NOT
    NULL, "category" TEXT NOT NULL, "minutes" INTEGER NOT NULL, "day" INTEGER NOT NULL, "amount"
    INTEGER NOT NULL, "quorum" INTEGER NOT NULL, "state" TEXT NOT NULL, "terms" BLOB NOT NULL,
    "text_entry" INTEGER NOT NULL, "opened_entry" INTEGER NOT NULL, "opened_ms" INTEGER NOT NULL,
    "closed_entry" INTEGER, "transfer" BLOB)
    """,
    """
    CREATE UNIQUE INDEX "claim_code" ON "claim" ("code")
    """,
    """
    CREATE INDEX "claim_carer" ON "claim" ("carer")
    """,
    """
    CREATE INDEX "claim_state" ON "claim" ("state")
    """,
    """
    CREATE TABLE "device" ("member" INTEGER NOT NULL, "device" BLOB NOT NULL, "seq" INTEGER
    NOT NULL, PRIMARY KEY ("member", "device"))
    """,
    """
    CREATE TABLE "entry" ("number" INTEGER NOT NULL PRIMARY KEY, "hash" BLOB NOT NULL, "body" BLOB
    NOT NULL, "authority" TEXT NOT NULL, "key" BLOB NOT NULL, "kind" TEXT NOT NULL)
    """,
    """
    CREATE INDEX "entry_kind" ON "entry" ("kind")
    """,
    """
    CREATE UNIQUE INDEX "entry_authority_key" ON "entry" ("authority", "key")
    """,
    """
    CREATE TABLE "listing" ("id" BLOB NOT NULL PRIMARY KEY, "owner" INTEGER NOT NULL, "kind" TEXT
    NOT NULL, "category" TEXT NOT NULL, "price" INTEGER, "state" TEXT NOT NULL, "text_entry" INTEGER
    NOT NULL, "opened_entry" INTEGER NOT NULL, "opened_ms" INTEGER NOT NULL, "closed_entry" INTEGER)
    """,
    """
    CREATE INDEX "listing_owner" ON "listing" ("owner")
    """,
    """
    CREATE INDEX "listing_state" ON "listing" ("state")
    """,
    """
    CREATE INDEX "listing_opened_entry" ON "listing" ("opened_entry")
    """,
    """
    CREATE TABLE "member" ("number" INTEGER NOT NULL PRIMARY KEY, "status" TEXT NOT NULL, "keeper"
    INTEGER NOT NULL, "name_entry" INTEGER NOT NULL, "applied_entry" INTEGER NOT NULL,
    "status_entry" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "member_status" ON "member" ("status")
    """,
    """
    CREATE TABLE "member_key" ("member" INTEGER NOT NULL, "seq" INTEGER NOT NULL, "public" BLOB NOT
    NULL, "entry" INTEGER NOT NULL, "ended_entry" INTEGER, PRIMARY KEY ("member", "seq"))
    """,
    """
    CREATE TABLE "note" ("name" TEXT NOT NULL PRIMARY KEY, "value" TEXT NOT NULL)
    """,
    """
    CREATE TABLE "posting" ("transfer" BLOB NOT NULL, "account" INTEGER NOT NULL, "amount" INTEGER
    NOT NULL, "balance_after" INTEGER NOT NULL, "entry" INTEGER NOT NULL, PRIMARY KEY ("transfer",
    "account"))
    """,
    """
    CREATE INDEX "posting_account_entry" ON "posting" ("account", "entry")
    """,
    """
    CREATE TABLE "private_salt" ("entry" INTEGER NOT NULL PRIMARY KEY, "salt" BLOB NOT NULL)
    """,
    """
    CREATE TABLE "private_text" ("entry" INTEGER NOT NULL, "field" TEXT NOT NULL, "text" TEXT NOT
    NULL, PRIMARY KEY ("entry", "field"))
    """,
    """
    CREATE TABLE "sealed_key" ("member" INTEGER NOT NULL PRIMARY KEY, "public" BLOB NOT NULL, "salt"
    BLOB NOT NULL, "passes" INTEGER NOT NULL, "memory" INTEGER NOT NULL, "box" BLOB NOT NULL)
    """,
    """
    CREATE TABLE "session" ("token" BLOB NOT NULL PRIMARY KEY, "member" INTEGER, "data" TEXT NOT
    NULL, "boot" TEXT NOT NULL, "seen_ms" INTEGER NOT NULL)
    """,
    """
    CREATE INDEX "session_member" ON "session" ("member")
    """,
    """
    CREATE INDEX "session_seen_ms" ON "session" ("seen_ms")
    """,
    """
    CREATE TABLE "setting" ("name" TEXT NOT NULL PRIMARY KEY, "body" BLOB NOT NULL, "entry" INTEGER
    NOT NULL)
    """,
    """
    CREATE TABLE "transfer" ("id" BLOB NOT NULL PRIMARY KEY, "code" TEXT, "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL, "payer" INTEGER, "payee" INTEGER NOT NULL, "amount" INTEGER NOT NULL,
    "category" TEXT NOT NULL, "text_entry" INTEGER, "opened_entry" INTEGER NOT NULL, "opened_ms"
    INTEGER NOT NULL, "closed_entry" INTEGER, "closed_ms" INTEGER, "closed_quality" INTEGER,
    "reverses" BLOB, "reversed_by" BLOB, "claim" BLOB)
    """,
    """
    CREATE UNIQUE INDEX "transfer_code" ON "transfer" ("code")
    """,
    """
    CREATE UNIQUE INDEX "transfer_reverses" ON "transfer" ("reverses")
    """,
    """
    CREATE INDEX "transfer_payer_state" ON "transfer" ("payer", "state")
    """,
    """
    CREATE INDEX "transfer_payee_state" ON "transfer" ("payee", "state")
    """,
    """
    CREATE INDEX "transfer_payer_payee_amount_closed_ms" ON "transfer" ("payer", "payee", "amount",
    "closed_ms")
    """,
    """
    CREATE TABLE "witness" ("claim" BLOB NOT NULL, "member" INTEGER NOT NULL, "state" TEXT NOT NULL,
    "entry" INTEGER NOT NULL, PRIMARY KEY ("claim", "member"))
    """,
    """
    CREATE INDEX "witness_member" ON "witness" ("member")
    """,
)


def up(_migrator: object, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
