"""Commands about a district's data and its division into grids: load, plan, cut."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.cli import planning
from gateway.cli.failures import REFUSED, CliFailure
from gateway.cli.loading import LoadOptions, load_case, show_loaded
from gateway.cli.session import Session, command

REASON = "acknowledged at the command line"
CaseArgument = Annotated[Path, typer.Argument(help="Folder of a case: GeoJSON files, gzip or not.")]


@command
def load(
    session: Session,
    case: CaseArgument,
    area_prefix: Annotated[
        str | None, typer.Option(help="File the case under these six digits.")
    ] = None,
    households: Annotated[
        bool, typer.Option("--households", help="Also load the single households.")
    ] = False,
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="Bad rows: take nothing, or leave them out.")
    ] = "stop",
) -> None:
    """Load a case into the registry and the partition service; twice changes nothing."""
    options = LoadOptions(area_prefix, households, on_error)
    with session.door() as door:
        loaded = load_case(door, session.screen, case, options)
    show_loaded(session.screen, loaded)
    session.screen.result(loaded.as_json())
    if not loaded.is_good:
        raise typer.Exit(REFUSED)


@command
def plan(
    session: Session,
    area: Annotated[str, typer.Option(help="District, street or community code.")],
    publish: Annotated[
        bool, typer.Option("--publish", help="Submit, approve and publish the result.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another equally good plan.")] = 1,
    rule_set: Annotated[str | None, typer.Option(help="Name of a rule set.")] = None,
    base: Annotated[
        Literal["in_force"] | None, typer.Option(help="Build on the grids in force.")
    ] = None,
    acknowledge: Annotated[
        str, typer.Option(help="Reason given for each violation when publishing.")
    ] = REASON,
    effective_date: Annotated[
        str | None, typer.Option(help="YYYY-MM-DD; without it in force at once.")
    ] = None,
) -> None:
    """Divide an area into grids, show the result, and on request take it into force."""
    screen = session.screen
    wish = planning.PlanWish(area, seed, rule_set, base, effective_date)
    with session.door() as door:
        made = planning.make_plan(door, wish)
        made = planning.follow_plan(door, screen, made["id"])
        communities = planning.communities_of(door, made["id"])
        violations = planning.violations_of(door, made["id"])
        planning.show_plan(screen, made, communities, violations)
        if publish and violations:
            screen.say(f"{len(violations)} violations acknowledged with the reason: {acknowledge}")
        if publish:
            for action, state in planning.publish(door, made, acknowledge):
                made = state
                screen.say(f"{action}: {made['state']}")
    screen.result({"plan": made, "communities": communities, "violations": violations})


@command
def cut(
    session: Session,
    case: CaseArgument,
    out: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    seed: Annotated[int, typer.Option(help="Another seed, another equally good plan.")] = 1,
    rules: Annotated[
        Path | None, typer.Option(help="JSON file with the rules that differ.")
    ] = None,
    base: Annotated[
        Literal["none", "legacy"], typer.Option(help="Start from the case's old grids, or not.")
    ] = "none",
) -> None:
    """Cut a case on files, with no server.

    Writes grids.geojson, assignments.csv, summary.json and map.svg.
    """
    words = [sys.executable, "-m", "services.grid_partition", "cut", str(case), "-o", str(out)]
    words += ["--seed", str(seed), "--base", base]
    words += [
        *(["--rules", str(rules)] if rules else []),
        *(["--json"] if session.screen.as_json else []),
    ]
    # Another process: the gateway's package may not import a service's.
    done = subprocess.run(words, check=False)  # noqa: S603 - our own interpreter and module
    if done.returncode:
        raise CliFailure(
            "cli.cut_failed",
            f"The engine ended with exit code {done.returncode}.",
            cure="What it said stands above.",
            exit_code=done.returncode if done.returncode > 0 else REFUSED,
        )
