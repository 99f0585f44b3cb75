"""Categories, incidents, their history; saved answers and the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None

AT = sa.DateTime(timezone=True)


def _text(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, AT, nullable=nullable) for name in names]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def upgrade() -> None:
    _categories()
    _keys_and_outbox()
    _incidents()
    _incident_indexes()
    _history()


def _categories() -> None:
    op.create_table(
        "categories",
        *_text("code"),
        *_text("parent_code", nullable=True),
        *_text("name_zh", "name_en", "level"),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        *_text("set_version"),
        *_counts("version"),
        *_times("created_at", "updated_at"),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["categories.code"], name="fk_categories_parent_code_categories"
        ),
        sa.PrimaryKeyConstraint("code", name="pk_categories"),
    )
    op.create_index("ix_categories_parent_code", "categories", ["parent_code"])


def _keys_and_outbox() -> None:
    op.create_table(
        "idempotency_keys",
        *_text("client_id", "route", "key"),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        *_counts("status"),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *_times("created_at"),
        sa.PrimaryKeyConstraint("client_id", "route", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        *_text("type", "subject", "area"),
        *_times("at"),
        sa.Column("data", JSONB(), nullable=False),
        *_times("delivered_at", nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
    )
    op.create_index(
        "ix_outbox_undelivered",
        "outbox",
        ["seq"],
        postgresql_where=sa.text("delivered_at IS NULL"),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_text("area"),
        sa.Column("is_placed", sa.Boolean(), nullable=False),
        *_text("category_code", "level", "source", "text"),
        sa.Column("attributes", JSONB(), nullable=False),
        *_times("occurred_at", nullable=True),
        *_text("reported_by"),
        *_text("dedup_key", "dedup_claim", "address", nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        *_text("named_grid_code", nullable=True),
        *_text("placement"),
        *_text("grid_code", "community_code", "grid_code_at_report", nullable=True),
        *_text("nearest_grid_code", nullable=True),
        sa.Column("nearest_m", sa.Float(), nullable=True),
        *_times("locate_after", nullable=True),
        *_text("state"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        *_text("handling_party", nullable=True),
        sa.Column("master_id", sa.Uuid(), nullable=True),
        *_text("linked_id", "resolved_by", nullable=True),
        *_times("resolved_at", "closed_at", "urged_at", nullable=True),
        *_times("extended_until", "suspended_until", nullable=True),
        sa.Column("flags", ARRAY(sa.Text()), nullable=False),
        *_counts("returned_count", "rework_count", "reopened_count", "extended_count"),
        *_counts("suspended_count", "urged_count", "escalated_level", "repeated_count"),
        *_counts("version"),
        *_times("created_at", "updated_at"),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name="fk_incidents_category_code_categories"
        ),
        sa.ForeignKeyConstraint(
            ["master_id"], ["incidents.id"], name="fk_incidents_master_id_incidents"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.UniqueConstraint("serial", name="uq_incidents_serial"),
    )


def _incident_indexes() -> None:
    op.create_index(
        "ix_incidents_area", "incidents", ["area"], postgresql_ops={"area": "text_pattern_ops"}
    )
    op.create_index("ix_incidents_updated_at", "incidents", ["updated_at"])
    op.create_index(
        "ix_incidents_handling_party",
        "incidents",
        ["handling_party"],
        postgresql_where=sa.text("handling_party IS NOT NULL"),
    )
    op.create_index(
        "ix_incidents_locating",
        "incidents",
        ["locate_after"],
        postgresql_where=sa.text("placement = 'locating'"),
    )
    op.create_index(
        "uq_incidents_dedup_claim",
        "incidents",
        ["reported_by", "dedup_claim"],
        unique=True,
        postgresql_where=sa.text("dedup_claim IS NOT NULL"),
    )


def _history() -> None:
    op.create_table(
        "incident_history",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        *_counts("version"),
        *_times("at"),
        *_text("actor"),
        *_text("organization_id", nullable=True),
        *_text("action"),
        *_text("from_state", nullable=True),
        *_text("to_state"),
        *_text("reason", "note", nullable=True),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("counters", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name="fk_incident_history_incident_id_incidents"
        ),
        sa.PrimaryKeyConstraint("incident_id", "version", name="pk_incident_history"),
    )


def downgrade() -> None:
    for name in ("incident_history", "incidents", "outbox", "idempotency_keys", "categories"):
        op.drop_table(name)
