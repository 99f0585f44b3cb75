from alembic import op

from kit.bulk.tables import add_import_report, create_import_tables, drop_import_tables
from tests.kit.bulk.harbour.app import BERTHS, KEYS, METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_import_tables(op)
    add_import_report(op)
    METADATA.create_all(op.get_bind(), tables=[KEYS, BERTHS])


def downgrade() -> None:
    drop_import_tables(op)
    METADATA.drop_all(op.get_bind(), tables=[KEYS, BERTHS])
