"""The partition service's command line: serve, worker, cut, migrate, openapi."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit import logs
from kit.cli import Deployable, command_line
from services.grid_partition.app import DEFAULT_PORT, PACKAGE_DIR, create_app
from services.grid_partition.cut import CutOptions, run_cut
from services.grid_partition.settings import Settings
from services.grid_partition.worker import default_processes, serve_worker

cli = command_line(Deployable("grid_partition", PACKAGE_DIR, Settings, create_app, DEFAULT_PORT))


@cli.command("worker")
def worker_command(
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=512, help="Processes that compute; all cores but one by default."),
    ] = None,
) -> None:
    """Compute plans, and put them into force on their day, until stopped."""
    settings = Settings()
    logs.configure("grid_partition.worker", settings.log_level)
    serve_worker(settings, processes or default_processes())


@cli.command("cut")
def cut_command(
    case: Annotated[Path, typer.Argument(help="Folder with communities, buildings, barriers.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 1,
    rules: Annotated[Path | None, typer.Option(help="JSON file with the rules to change.")] = None,
    base: Annotated[
        str, typer.Option(help="`legacy`: start from the case's old grids; `none`: do not.")
    ] = "none",
    processes: Annotated[int | None, typer.Option(min=1, max=512)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Cut a case folder into grids, with no server and no database."""
    options = CutOptions(case=case, out=out, seed=seed, rules=rules, base=base)
    raise typer.Exit(run_cut(options, processes=processes or default_processes(), as_json=as_json))


if __name__ == "__main__":
    cli()
