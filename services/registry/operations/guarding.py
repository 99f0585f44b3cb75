"""What guards personal data, put together from the settings; nothing is read before it runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kit.audit.checkpoints import CheckpointFile, Notary, Trail
from kit.quota import Quota
from kit.sealing.rewrap import SealedTable
from kit.sealing.vault import Vault
from services.registry.domain.people_lists import SHIPPED, read_lists
from services.registry.operations.personal import DWELLING, MEMBER, RESIDENT
from services.registry.operations.work import People
from services.registry.settings import Settings
from services.registry.storage.tables import AUDIT

_SERVICE = "registry"
SEALED = [SealedTable(of.table, of.fields) for of in (RESIDENT, MEMBER, DWELLING)]


def people_of(settings: Settings) -> People:
    """Return the guard of personal data; reads the file of lists, but no key yet."""
    vault = Vault(settings.read_keys)
    # Where summer time is kept, a day of the quota begins an hour off in summer.
    offset = datetime(2026, 1, 1, tzinfo=ZoneInfo(settings.time_zone)).utcoffset()
    return People(
        vault=vault,
        lists=read_lists(settings.people_file or SHIPPED),
        trail=Trail(
            _SERVICE,
            AUDIT,
            Notary(_SERVICE, vault),
            CheckpointFile(settings.audit_folder, _SERVICE),
        ),
        clear_rows=Quota(
            "clear_rows", settings.clear_rows_per_day, timedelta(days=1), offset or timedelta(0)
        ),
        lookups=Quota("lookups", settings.lookups_per_minute, timedelta(minutes=1)),
    )
