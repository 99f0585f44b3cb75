"""Alembic's entry; the work is in kit.migrations."""

from kit.migrations import run_env
from services.registry.storage.tables import METADATA

run_env(METADATA)
