"""The registry's command line: serving, migrating, keys, audit trail, retention."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import structlog
import typer

from kit import logs
from kit.audit.checkpoints import Trail
from kit.audit.commands import add_audit_commands, print_json, run_with_database
from kit.audit.trail import Entry, append, of_command
from kit.cli import Deployable, command_line
from kit.clock import SystemClock, local_date
from kit.db import Database
from kit.sealing.checks import check_keys, retire_older
from kit.sealing.keys import KeyFileError, SealBroken
from kit.sealing.rewrap import Rewrapped, rewrap
from kit.sealing.vault import Vault
from services.registry.app import DEFAULT_PORT, PACKAGE_DIR, create_app
from services.registry.domain.retention import months_before
from services.registry.operations import erasing, shipped
from services.registry.operations.guarding import SEALED, people_of
from services.registry.operations.personal import MEMBER, RESIDENT
from services.registry.settings import Settings
from services.registry.storage.tables import SEAL_CHECKS

cli = command_line(Deployable("registry", PACKAGE_DIR, Settings, create_app, DEFAULT_PORT))
log = structlog.get_logger()


def _vault_and_trail(settings: Settings) -> tuple[Vault, Trail]:
    people = people_of(settings)
    return people.vault, people.trail


add_audit_commands(cli, "registry", Settings, _vault_and_trail)


@cli.command("load-divisions")
def load_divisions() -> None:
    """Create the divisions that come with the product, where they are missing."""
    settings = Settings()
    logs.configure("registry", settings.log_level)
    created = asyncio.run(_load(settings))
    log.info("divisions_loaded", created=created)


async def _load(settings: Settings) -> int:
    at = SystemClock().now()
    database = Database(settings.database_url, application="registry-load", pool_size=1)
    try:
        rows = shipped.read_files(PACKAGE_DIR / "data")
        return await shipped.load(database, rows, at=at, today=local_date(at, settings.time_zone))
    finally:
        await database.close()


@cli.command("rewrap")
def rewrap_command() -> None:
    """Seal anew, under the newest key, what lies under older ones; the service may go on.

    Prints the counts by table.  When nothing is left, older keys may leave the key ring.
    """
    settings = Settings()
    logs.configure("registry", settings.log_level)
    done = run_with_database("registry", settings, lambda database: _rewrap(database, settings))
    print_json([asdict(table) for table in done])
    if any(table.left for table in done):
        raise typer.Exit(1)


async def _rewrap(database: Database, settings: Settings) -> list[Rewrapped]:
    people = people_of(settings)
    people.vault.open()
    async with database.unit_of_work() as tx:
        await check_keys(tx, SEAL_CHECKS, people.vault)
    try:
        done = await rewrap(
            database,
            people.vault,
            SEALED,
            tell=lambda table, count: log.info("rewrapped", table=table, values=count),
        )
    except SealBroken as error:
        raise KeyFileError(str(error)) from error
    details = {"version": people.vault.ring.newest, "tables": [asdict(table) for table in done]}
    async with database.unit_of_work() as tx:
        if not any(table.left for table in done):
            await retire_older(tx, SEAL_CHECKS, people.vault)
        entry = Entry(action="rewrapped", noun="key", details=details)
        await append(tx, people.trail.table, of_command("rewrap"), entry, at=SystemClock().now())
    return done


@cli.command("retention")
def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="Erase; without it only count who is due.")
    ] = False,
) -> None:
    """Tell whose data are kept longer than the settings say; erase them with --apply."""
    settings = Settings()
    logs.configure("registry", settings.log_level)
    print_json(
        run_with_database(
            "registry", settings, lambda database: _retain(database, settings, apply=apply)
        )
    )


async def _retain(database: Database, settings: Settings, *, apply: bool) -> list[dict[str, Any]]:
    people = people_of(settings)
    clock = SystemClock()
    report: list[dict[str, Any]] = []
    for of, months in (
        (RESIDENT, settings.retention_residents_months),
        (MEMBER, settings.retention_members_months),
    ):
        if months is None:
            report.append({"noun": of.noun, "months": None, "due": 0, "erased": 0})
            continue
        before = months_before(clock.now(), months)
        found = await erasing.retain(database, people, of, before, apply=apply, clock=clock.now)
        report.append(
            {
                "noun": of.noun,
                "months": months,
                "before": before.isoformat(),
                "due": found.due,
                "by_area": found.by_area,
                "erased": found.erased,
            }
        )
    return report


if __name__ == "__main__":
    cli()
