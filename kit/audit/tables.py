"""The audit trail as a table: append-only, each row chained to the one before it.

The database itself gives a row its number and its link, under a lock that is taken when the row is
inserted and freed with the transaction.  So an audited transaction inserts its row last, and others
never wait for it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.db import UtcDateTime, new_metadata

#: `hash` comes in as the digest of the row's content and is stored as the link: SHA-256 over the
#: link before, the number and that digest.
_LINK = """
CREATE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  head record;
BEGIN
  PERFORM pg_advisory_xact_lock(704217);
  SELECT seq, hash INTO head FROM audit ORDER BY seq DESC LIMIT 1;
  NEW.seq := coalesce(head.seq, 0) + 1;
  NEW.prev_hash := coalesce(head.hash, decode(repeat('00', 32), 'hex'));
  NEW.hash := sha256(NEW.prev_hash || int8send(NEW.seq) || NEW.hash);
  RETURN NEW;
END
$$
"""
_REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$
"""
_TRIGGERS = (
    "CREATE TRIGGER audit_link BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_link()",
    """
    CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
)


def audit_table(metadata: MetaData) -> Table:
    """Add the audit trail to a service's metadata."""
    table = Table(
        "audit",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("at", UtcDateTime, nullable=False, index=True),
        Column("client_id", Text, nullable=False),
        Column("areas", ARRAY(Text), nullable=False),
        Column("action", Text, nullable=False),
        Column("noun", Text, nullable=False),
        Column("subjects", ARRAY(Text), nullable=False),
        Column("area", Text(collation="C"), nullable=False),
        Column("purpose", Text, nullable=True),
        Column("purpose_note", Text, nullable=True),
        Column("outcome", Text, nullable=False),
        Column("ip", Text, nullable=True),
        Column("request_id", Text, nullable=False),
        Column("fields", ARRAY(Text), nullable=False),
        Column("details", JSONB, nullable=False),
        Column("prev_hash", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
    Index("ix_audit_client_id_at", table.c.client_id, table.c.at)
    Index("ix_audit_subjects", table.c.subjects, postgresql_using="gin")
    return table


def create_audit_table(op: Any) -> None:
    """Create the table and what guards it in a migration (`op` is alembic.op)."""
    metadata = new_metadata()
    audit_table(metadata)
    metadata.create_all(op.get_bind())
    for statement in (_LINK, _REFUSE, *_TRIGGERS):
        op.execute(statement)


def drop_audit_table(op: Any) -> None:
    """Drop the table and what guards it in a migration (`op` is alembic.op)."""
    op.drop_table("audit")
    for function in ("audit_link", "audit_refuse"):
        op.execute(f"DROP FUNCTION {function}()")
