"""What a service states once so that its nouns can be imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.bulk.noun import Noun
from kit.bulk.tables import ImportTables
from kit.sealing.vault import Vault


@dataclass(frozen=True, slots=True)
class Bulk:
    """Bulk imports of one service.

    `service` names its operations (`registry` -> `registryCreateImport`) and its spool folder,
    `prefix` is its path (`/registry/v1`).  With a `vault` the uploads lie sealed on disk.
    """

    service: str
    prefix: str
    nouns: Sequence[Noun[Any]]
    tables: ImportTables
    scope_read: str
    scope_write: str
    vault: Vault | None = None
