"""`load`: a case folder into the registry and the partition service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.case_folder import CaseFolder
from gateway.cli.case_rows import CaseRows, Row
from gateway.cli.door import JSON, Door
from gateway.cli.failures import CliFailure
from gateway.cli.imports import Outcome, Package, Target, pack_features, pack_rows, send_import
from gateway.cli.screen import Screen

_DIVISIONS = Target("registry", "divisions", "divisions")
_COMMUNITIES = Target("registry", "divisions", "communities")
_ESTATES = Target("registry", "estates", "estates")
_BUILDINGS = Target("registry", "buildings", "buildings")
_HOUSEHOLDS = Target("registry", "households", "households")
_BARRIERS = Target("partition", "barriers", "barriers")
_COUNTS = ("read", "created", "updated", "unchanged", "refused")


@dataclass(slots=True)
class Loaded:
    """What a load did: the areas it filled and how each import ended."""

    case: str
    areas: list[str]
    codes: dict[str, str]
    outcomes: list[Outcome] = field(default_factory=list)
    estates_nowhere: int = 0

    @property
    def is_good(self) -> bool:
        """Tell whether every row of every layer was applied."""
        return all(outcome.is_good for outcome in self.outcomes)

    def as_json(self) -> JSON:
        """Return what `--json` prints of it."""
        return {
            "case": self.case,
            "areas": self.areas,
            "codes": self.codes,
            "estates_outside_every_community": self.estates_nowhere,
            "imports": [outcome.as_json() for outcome in self.outcomes],
        }


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load: under which six digits, with single households, what to do with bad rows."""

    prefix: str | None = None
    households: bool = False
    on_error: str = "stop"


def load_case(door: Door, screen: Screen, folder: Path, options: LoadOptions) -> Loaded:
    """Load a case layer by layer; stops after the first layer that is not taken wholly.

    Loading the same case again changes nothing: rows are known by (source, source_id), divisions
    by their codes.
    """
    rows = CaseRows(CaseFolder(folder), options.prefix)
    loaded = Loaded(rows.source, rows.codes.areas, rows.codes.own if rows.codes.is_mapped else {})
    with tempfile.TemporaryDirectory(prefix="jingwei-load-") as scratch:
        for target, package in _packages(door, rows, options, Path(scratch)):
            if not package.rows:
                continue
            outcome = send_import(door, screen, target, package, options.on_error)
            loaded.outcomes.append(outcome)
            package.path.unlink()
            if not outcome.is_good and options.on_error == "stop":
                break
    loaded.estates_nowhere = rows.estates_nowhere
    return loaded


def _packages(
    door: Door, rows: CaseRows, options: LoadOptions, scratch: Path
) -> Iterator[tuple[Target, Package]]:
    above = list(_missing_divisions(door, rows))
    yield _DIVISIONS, pack_rows(above, scratch / "divisions")
    yield _COMMUNITIES, pack_features(rows.communities(), scratch / "communities")
    yield _ESTATES, pack_features(rows.estates(), scratch / "estates")
    yield _BUILDINGS, pack_features(rows.buildings(), scratch / "buildings")
    if options.households:
        yield _HOUSEHOLDS, pack_rows(rows.households(), scratch / "households")
    yield _BARRIERS, pack_features(rows.barriers(), scratch / "barriers")


def _missing_divisions(door: Door, rows: CaseRows) -> Iterator[Row]:
    """Yield the districts and streets that the registry lacks; those it has keep their names."""
    for place in rows.divisions():
        try:
            door.get(f"/registry/v1/divisions/{place.code}")
        except CliFailure as failure:
            if failure.code != "division.not_found":
                raise
            yield {"code": place.code, "name": place.name}


def show_loaded(screen: Screen, loaded: Loaded) -> None:
    """Print the counts, the first row errors and what to do next."""
    screen.table(
        f"{loaded.case} -> {', '.join(loaded.areas)}",
        ["import", *_COUNTS, "state"],
        [
            [o.layer, *(o.counts.get(name, 0) for name in _COUNTS), o.job["state"]]
            for o in loaded.outcomes
        ],
    )
    for outcome in loaded.outcomes:
        for error in outcome.errors:
            screen.say(
                f"  {outcome.layer} row {error.get('row')} {error.get('column') or ''} "
                f"{error.get('code')}: {error.get('message')}"
            )
    if loaded.estates_nowhere:
        screen.note(
            f"{loaded.estates_nowhere} estates name no community and lie in none; left out."
        )
    if loaded.codes:
        first = next(iter(loaded.codes.items()))
        screen.note(
            f"The case has codes of its own; they are filed under twelve digits, e.g. {first[0]} "
            f"-> {first[1]} (all in --json)."
        )
    if loaded.is_good:
        for area in loaded.areas:
            screen.say(f"Next: ./jingwei plan --area {area} --publish")
