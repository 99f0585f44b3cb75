"""The registry, wired: who lives where, and what grids are cut from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI

from kit.app import Parts, build_app
from kit.audit.checkpoints import checkpointing
from kit.audit.router import audit_router
from kit.auth import TokenVerifier
from kit.bulk.noun import Noun
from kit.bulk.router import imports_router
from kit.bulk.runner import import_runner
from kit.bulk.service import Bulk
from kit.bulk.words import Words, described, read_words
from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.sealing.checks import keys_check, opening
from services.registry.api import (
    appointments,
    buildings,
    changes,
    counts,
    divisions,
    dwellings,
    estates,
    grids,
    households,
    kinds,
    members,
    memberships,
    organizations,
    people_lists,
    residents,
    rights,
    service_points,
    snapshots,
    teams,
    units,
)
from services.registry.domain.rules import Rules
from services.registry.operations.guarding import people_of
from services.registry.operations.imports.appointments import appointment_noun
from services.registry.operations.imports.buildings import building_noun
from services.registry.operations.imports.divisions import division_noun
from services.registry.operations.imports.dwellings import dwelling_noun
from services.registry.operations.imports.estates import estate_noun
from services.registry.operations.imports.households import household_noun
from services.registry.operations.imports.members import member_noun
from services.registry.operations.imports.memberships import membership_noun
from services.registry.operations.imports.organizations import organization_noun
from services.registry.operations.imports.residents import resident_noun
from services.registry.operations.imports.service_points import service_point_noun
from services.registry.operations.imports.teams import team_noun
from services.registry.operations.imports.units import unit_noun
from services.registry.operations.work import People
from services.registry.settings import Settings
from services.registry.storage.tables import IMPORTS, KEYS, SEAL_CHECKS

PACKAGE_DIR = Path(__file__).parent
DEFAULT_PORT = 8101


def nouns(rules: Rules, people: People) -> list[Noun[Any]]:
    """Return what can be imported."""
    return [
        division_noun(rules),
        organization_noun(rules),
        estate_noun(rules),
        building_noun(rules),
        unit_noun(rules),
        dwelling_noun(rules, people),
        household_noun(),
        resident_noun(people),
        member_noun(people),
        appointment_noun(people),
        service_point_noun(rules),
        team_noun(rules),
        membership_noun(rules, people),
    ]


def create_app(
    settings: Settings, *, verifier: TokenVerifier | None = None, clock: Clock | None = None
) -> FastAPI:
    """Build the registry; touches nothing until it serves."""
    database = Database(
        settings.database_url,
        application="registry",
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )
    rules = settings.rules
    people = people_of(settings)
    words = read_words(settings.import_words or PACKAGE_DIR / "data" / "import_columns.json")
    bulk = _bulk(rules, people, words)
    return build_app(
        settings,
        Parts(
            name="registry",
            title="Jingwei registry",
            description="Divisions, buildings, households, residents, organizations.",
            package_dir=PACKAGE_DIR,
            database=database,
            idempotency_table=KEYS,
            routers=_routers(bulk, people),
            hooks=[
                opening(people.vault, SEAL_CHECKS),
                checkpointing(people.trail, every_s=settings.audit_checkpoint_s),
                import_runner(bulk),
            ],
            checks={"keys": keys_check(people.vault, SEAL_CHECKS, database)},
            state={"people": people, "rules": rules},
            verifier=verifier,
            clock=clock or SystemClock(),
        ),
    )


def _bulk(rules: Rules, people: People, words: Words) -> Bulk:
    return Bulk(
        service="registry",
        prefix="/registry/v1",
        nouns=[described(noun, words) for noun in nouns(rules, people)],
        tables=IMPORTS,
        scope_read="registry:read",
        scope_write="registry:write",
        vault=people.vault,
    )


def _routers(bulk: Bulk, people: People) -> list[APIRouter]:
    return [
        divisions.router,
        estates.router,
        buildings.router,
        units.router,
        dwellings.router,
        dwellings.addresses,
        households.router,
        snapshots.router,
        grids.router,
        counts.router,
        changes.router,
        organizations.router,
        service_points.router,
        teams.router,
        memberships.router,
        kinds.router,
        residents.router,
        members.router,
        appointments.router,
        rights.router,
        people_lists.router,
        audit_router("/registry/v1", people.trail),
        imports_router(bulk),
    ]
