"""Tables of the gateway: service clients, their secrets, signing keys."""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, ForeignKey, Integer, LargeBinary, Table, Text, Uuid

from kit.db import UtcDateTime, new_metadata
from kit.idempotency import idempotency_table

METADATA = new_metadata()
KEYS = idempotency_table(METADATA)

CLIENTS = Table(
    "clients",
    METADATA,
    Column("client_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("areas", ARRAY(Text), nullable=False),
    Column("organization_id", Text),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime, index=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
)

SECRETS = Table(
    "client_secrets",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column(
        "client_id",
        Text,
        ForeignKey("clients.client_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

SIGNING_KEYS = Table(
    "signing_keys",
    METADATA,
    Column("kid", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    Column("published_until", UtcDateTime),
)
