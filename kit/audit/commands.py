"""Commands at the machine: verify a service's audit trail, take a checkpoint."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from kit import logs
from kit.audit import checkpoints
from kit.audit.breach import seen_in_clear
from kit.audit.checkpoints import Trail
from kit.audit.verifying import Verdict, verify
from kit.clock import SystemClock
from kit.db import Database
from kit.sealing.keys import KeyFileError
from kit.sealing.vault import Vault
from kit.settings import ServiceSettings

T = TypeVar("T")
Made = Callable[[Any], tuple[Vault, Trail]]


def run_with_database(
    name: str, settings: ServiceSettings, work: Callable[[Database], Awaitable[T]]
) -> T:
    """Run an operator's command with a database of its own; a wrong key is one line, exit 1."""

    async def run() -> T:
        database = Database(settings.database_url, application=f"{name}-cli", pool_size=2)
        try:
            return await work(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except KeyFileError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(1) from error


def print_json(content: Any) -> None:
    """Print an object as JSON, one line."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, default=str) + "\n")


def add_audit_commands(
    cli: typer.Typer, name: str, read_settings: Callable[[], ServiceSettings], made: Made
) -> None:
    """Add `audit-verify`, `audit-checkpoint`, `breach-report`.

    `made` makes vault and trail of the settings.
    """

    @cli.command("audit-verify")
    def audit_verify(
        checkpoint: Annotated[
            Path | None,
            typer.Option(help="A file of checkpoints kept elsewhere, to hold the trail against."),
        ] = None,
    ) -> None:
        """Walk the whole trail; prints what was found, exit code 1 when it is broken."""
        settings = read_settings()
        logs.configure(name, "WARNING")
        vault, trail = made(settings)

        async def work(database: Database) -> Verdict:
            vault.open()
            kept = [*trail.kept()]
            if checkpoint is not None:
                kept += trail.notary.read(checkpoint.read_text(encoding="utf-8"))
            async with database.reading() as tx:
                return await verify(tx, trail.table, kept)

        found = run_with_database(name, settings, work)
        print_json(
            {
                "ok": not found.faults,
                "checked": found.checked,
                "faults": [{"kind": fault.kind, "seq": fault.seq} for fault in found.faults],
                "head_seq": found.head_seq,
                "head_hash": found.head_hash.hex(),
            }
        )
        if found.faults:
            raise typer.Exit(1)

    _add_breach_report(cli, name, read_settings, made)

    @cli.command("audit-checkpoint")
    def audit_checkpoint() -> None:
        """Sign the state of the trail, keep it beside the others and print it."""
        settings = read_settings()
        logs.configure(name, "WARNING")
        vault, trail = made(settings)

        async def work(database: Database) -> None:
            vault.open()
            await checkpoints.take(trail, database, at=SystemClock().now())

        run_with_database(name, settings, work)
        kept = trail.kept()
        if kept:
            sys.stdout.write(kept[-1].line() + "\n")


def _aware(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        message = "an RFC 3339 time is needed, such as 2026-03-02T00:00:00+08:00"
        raise typer.BadParameter(message) from error
    if at.tzinfo is None:
        message = "the time needs its offset, such as +08:00"
        raise typer.BadParameter(message)
    return at


def _add_breach_report(
    cli: typer.Typer, name: str, read_settings: Callable[[], ServiceSettings], made: Made
) -> None:
    @cli.command("breach-report")
    def breach_report(
        client: Annotated[str, typer.Option(help="The client whose reads are asked for.")],
        begin: Annotated[datetime, typer.Option("--from", parser=_aware, help="From this time.")],
        end: Annotated[datetime, typer.Option("--to", parser=_aware, help="Before this time.")],
    ) -> None:
        """Print whom a client has read in clear between two times: one JSON line a person."""
        settings = read_settings()
        logs.configure(name, "WARNING")
        _, trail = made(settings)

        async def work(database: Database) -> None:
            async for row in seen_in_clear(database, trail.table, client, begin, end):
                print_json(row)

        run_with_database(name, settings, work)
