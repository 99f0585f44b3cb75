"""What imports of units, dwellings and households share: their building and its community."""

from __future__ import annotations

from collections.abc import Sequence

from kit.bulk.noun import ImportContext, Staging
from kit.db import Tx
from services.registry.domain.problems import BuildingNotFound, CommunityMismatch
from services.registry.operations.imports.judging import issue_of
from services.registry.storage import households, imports
from services.registry.storage.imports import Imported
from services.registry.storage.tables import BUILDINGS


async def check_building(
    tx: Tx, staging: Staging, context: ImportContext, imported: Imported, facts: Sequence[str]
) -> None:
    """Resolve the building of staged rows, and refuse those without one or of other communities.

    Fills what rows leave unstated from the stored rows they stand for.
    """
    areas = context.areas
    await imports.resolve_own(tx, staging, BUILDINGS, ("building_source_id", "building_id"), areas)
    await households.resolve_buildings(tx, areas)
    await households.refuse_lost(staging, issue_of(BuildingNotFound))
    await imports.keep_unstated(tx, imported, facts, areas)
    await households.take_communities(tx, areas)
    await households.refuse_houseless(staging, issue_of(BuildingNotFound))
    await households.refuse_misplaced(staging, issue_of(CommunityMismatch))
